import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { Conversation, EPOCH_SEC, type TimedFrame } from '../exchange/conversation.ts';
import { pcap, request } from '../fixtures/build-captures.ts';
import { runHttplog } from '../live/httplog-process.ts';
import { folder, writeTemporary } from './run-replay.ts';

/** A capture with what filters and redaction look at, and the real command run on it. */

const NANOSECONDS_PER_SECOND = 1e9;
/** Of a path that takes a backtracking engine longer than the universe has. */
const LETTERS = 'a'.repeat(1200);

const SERVER = { address: '198.51.100.1', port: 80 };

const answer = (status: string, ...headers: string[]) =>
  request(`HTTP/1.1 ${status}`, ...headers, 'Content-Length: 0');

/** A browser with a session, then a login that takes 600 ms and fails. */
const browser = new Conversation({ client: { address: '192.0.2.2', port: 40_000 }, server: SERVER })
  .handshake()
  .fromClient(
    request(
      'GET /shop/cart?item=7&token=s3cr3t HTTP/1.1',
      'Host: shop.example',
      'User-Agent: Mozilla/5.0 ann@example.org T-1234',
      'Cookie: sid=abc123; theme=dark',
      'Authorization: Basic YW5uOnBhc3N3b3Jk',
      'X-Tenant: blue, green',
      'X-Forwarded-For: 203.0.113.77',
      'Referer: http://shop.example/?token=s3cr3t',
    ),
  )
  .wait(20)
  .fromServer(answer('200 OK', 'Content-Type: text/html', 'Set-Cookie: sid=abc123; Path=/'))
  .fromClient(
    request(
      'POST /login HTTP/1.1',
      'Host: shop.example:8080',
      'Authorization: Bearer abc.def',
      'Content-Length: 0',
    ),
  )
  .wait(600)
  .fromServer(answer('503 Service Unavailable', 'X-Tenant: red'));

/** A scanner from another network, in the second after that. */
const scanner = new Conversation({
  client: { address: '203.0.113.9', port: 40_001 },
  server: SERVER,
  startMs: 1000,
})
  .handshake()
  .fromClient(request(`GET /${LETTERS}! HTTP/1.1`, 'Host: 198.51.100.1', 'User-Agent: scan'))
  .fromServer(answer('404 Not Found'))
  .fromClient(request(`GET /${LETTERS} HTTP/1.1`, 'Host: 198.51.100.1', 'User-Agent: scan'))
  .fromServer(answer('404 Not Found'));

export const SHOP = writeTemporary('shop.pcap', toCapture([...browser.frames, ...scanner.frames]));

/** Its lines with the long path made short, and the paths of its exchanges. */
export const TEXT_LINES = [
  '2019-09-01 14:16:51.003 192.0.2.2#40000 198.51.100.1#80 CQ GET /shop/cart?item=7&token=s3cr3t HTTP/1.1 shop.example Mozilla/5.0 ann@example.org T-1234',
  '2019-09-01 14:16:51.024 198.51.100.1#80 192.0.2.2#40000 CR HTTP/1.1 200 OK 0 text/html',
  '2019-09-01 14:16:51.025 192.0.2.2#40000 198.51.100.1#80 CQ POST /login HTTP/1.1 shop.example:8080 -',
  '2019-09-01 14:16:51.626 198.51.100.1#80 192.0.2.2#40000 CR HTTP/1.1 503 Service Unavailable 0 -',
  '2019-09-01 14:16:52.003 203.0.113.9#40001 198.51.100.1#80 CQ GET /aaa! HTTP/1.1 198.51.100.1 scan',
  '2019-09-01 14:16:52.004 198.51.100.1#80 203.0.113.9#40001 CR HTTP/1.1 404 Not Found 0 -',
  '2019-09-01 14:16:52.005 203.0.113.9#40001 198.51.100.1#80 CQ GET /aaa HTTP/1.1 198.51.100.1 scan',
  '2019-09-01 14:16:52.006 198.51.100.1#80 203.0.113.9#40001 CR HTTP/1.1 404 Not Found 0 -',
];
export const PATHS = ['/shop/cart', '/login', '/aaa!', '/aaa'];

function toCapture(frames: readonly TimedFrame[]): Uint8Array {
  const packets = frames.map(({ bytes, wireLength, timeNs }) => ({
    bytes,
    wireLength,
    time: {
      sec: EPOCH_SEC + Math.floor(timeNs / NANOSECONDS_PER_SECOND),
      subsecNs: timeNs % NANOSECONDS_PER_SECOND,
    },
  }));
  return pcap(packets, { nanoseconds: true });
}

/** What a replay of the capture prints; nothing may be said beside it. */
export async function printed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runReplay(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** The same as lines, with the long path made short. */
export async function linesOf(...args: string[]): Promise<string[]> {
  return splitLines(await printed('-o', '-', ...args));
}

/** The lines of a text that the command has written, with the long path made short. */
export function splitLines(text: string): string[] {
  return text.replaceAll(LETTERS, 'aaa').split('\n').slice(0, -1);
}

/** Objects of a JSON format. */
export async function objectsOf(...args: string[]): Promise<Record<string, unknown>[]> {
  return (await linesOf(...args)).map((line) => JSON.parse(line));
}

export function runReplay(...args: string[]) {
  return runHttplog(['replay', SHOP, '--timezone', 'UTC', ...args], { cwd: folder });
}

/** A file of the folder that the command runs in. */
export function readOutput(name: string): string {
  return readFileSync(join(folder, name), 'utf8').replaceAll(LETTERS, 'aaa');
}
