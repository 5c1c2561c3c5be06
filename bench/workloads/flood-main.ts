/**
 * Both ends of the workload `flood`: six bytes that are no HTTP, there and back over 32 connections, until
 * SIGTERM. Arguments: `server`, or `client` and the server's address.
 */
import { createConnection, createServer, type Socket } from 'node:net';

const CONNECTIONS = 32;
const PORT = 80;
/** 14 bytes of Ethernet, 20 of IPv4, 20 of TCP without timestamps: with these 60. */
const MESSAGE = Buffer.from([0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff]);

function answer(socket: Socket): void {
  socket.setNoDelay(true);
  socket.on('data', () => socket.write(MESSAGE));
  socket.on('error', () => socket.destroy());
}

const [role, host] = process.argv.slice(2);
if (role === 'server') {
  createServer(answer).listen(PORT, () => console.log('listening'));
} else {
  for (let count = 0; count < CONNECTIONS; count++) {
    const socket = createConnection({ host, port: PORT });
    answer(socket);
    socket.on('connect', () => socket.write(MESSAGE));
  }
}
