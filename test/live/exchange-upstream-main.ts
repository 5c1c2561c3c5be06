/**
 * A slow application server for `exchange-servers.ts`; port on the command line.
 *
 * Its path says how it answers; every response repeats the request's X-Id. Bodies of requests are
 * read to their end first.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds: longer than a run, so that no connection ends just when a request comes. */
const KEEP_ALIVE_MS = 120_000;
const CHUNKS_COUNT = 8;

/** By the first part of the path, with the number that is the second. */
const ANSWERS: Record<string, (response: ServerResponse, value: number) => Promise<void>> = {
  async length(response, byteLength) {
    response.end(Buffer.alloc(byteLength, 'a'));
  },
  async delay(response, delayMs) {
    await sleep(delayMs);
    response.end('late');
  },
  /** Chunks that leave one by one. */
  async chunked(response, byteLength) {
    for (let index = 0; index < CHUNKS_COUNT; index += 1) {
      response.write(Buffer.alloc(byteLength / CHUNKS_COUNT, 'b'));
      await sleep(1);
    }
    response.end();
  },
  /** Without a length: the end of the connection is that of the body. */
  async close(response, byteLength) {
    response.useChunkedEncodingByDefault = false;
    response.shouldKeepAlive = false;
    response.write(Buffer.alloc(byteLength / 2, 'c'));
    await sleep(1);
    response.end(Buffer.alloc(byteLength / 2, 'c'));
  },
  async status(response, statusCode) {
    response.writeHead(statusCode).end();
  },
};

async function readBody(request: IncomingMessage): Promise<number> {
  let byteLength = 0;
  for await (const chunk of request) {
    byteLength += chunk.length;
  }
  return byteLength;
}

const server = createServer(async (request, response) => {
  const bodyBytes = await readBody(request);
  const [, kind, value] = (request.url ?? '').split(/[/?]/);
  response.setHeader('X-Id', request.headers['x-id'] ?? '-');
  response.setHeader('X-Body-Bytes', bodyBytes);
  const answer = ANSWERS[kind] ?? ANSWERS.status;
  await answer(response, Number(value ?? 404));
});
server.on('upgrade', (request, socket) => {
  const head = ['HTTP/1.1 101 Switching Protocols', 'Connection: Upgrade', 'Upgrade: echo'];
  socket.write(`${head.join('\r\n')}\r\nX-Id: ${request.headers['x-id']}\r\n\r\nGET is no request`);
  socket.once('data', (data) => socket.end(data));
});
server.keepAliveTimeout = KEEP_ALIVE_MS;
server.listen(Number(process.argv[2]), '::', () => console.log('listening'));
