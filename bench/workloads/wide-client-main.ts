/**
 * Client of the workload `wide`: each request on a connection of its own, 256 at a time, so that no flow comes
 * twice. Arguments: server's address, requests, own addresses (a port is not used again before long).
 */
import { createConnection } from 'node:net';

const CONNECTIONS = 256;
const REQUEST =
  'GET /small.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: bench/1.0\r\nConnection: close\r\n\r\n';

const [host, requests, ...localAddresses] = process.argv.slice(2);
const requestsCount = Number(requests);
let started = 0;
let failed = 0;

function request(localAddress: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port: 80, localAddress });
    socket.on('connect', () => socket.write(REQUEST));
    socket.on('error', () => failed++);
    socket.on('close', () => resolve());
    socket.resume();
  });
}

async function requestInTurn(): Promise<void> {
  while (started < requestsCount) {
    started++;
    await request(localAddresses[started % localAddresses.length]);
  }
}

await Promise.all(Array.from({ length: CONNECTIONS }, requestInTurn));
console.log(`${started} requests, ${failed} failed`);
