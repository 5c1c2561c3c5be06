import { execFile } from 'node:child_process';
import { Agent, createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionExchanges } from '../../src/stream/exchanges.ts';
import {
  CLOSE_IN_ORDER,
  CLOSE_RESET,
  type Direction,
  FROM_CLIENT,
  FROM_SERVER,
} from '../../src/stream/http-events.ts';
import { createLines, FACTS } from './feed-stream.ts';

/**
 * Real clients and a real server with a byte relay between them that feeds a stream: the lines say what was sent.
 */

const run = promisify(execFile);
const { parts, take } = createLines();
/** Of connections that have not been closed both ways. */
const open = new Set<Socket>();
let seedWord = 0;

/** What a proxy needs: bytes go on first, the stream is fed with the same ones behind it. */
function relay(client: Socket, upstreamPort: number): void {
  const server = connect({ port: upstreamPort, host: '127.0.0.1', allowHalfOpen: true });
  const { stream } = new ConnectionExchanges(parts, { ...FACTS, seedWord: seedWord++ });
  open.add(client);
  const join = (from: Socket, to: Socket, direction: Direction): void => {
    from.on('data', (bytes: Buffer) => {
      to.write(bytes);
      const ms = Date.now();
      stream.feed(direction, bytes, 0, bytes.length, Math.floor(ms / 1000), (ms % 1000) * 1e6);
    });
    from.on('end', () => {
      to.end();
      stream.close(direction, CLOSE_IN_ORDER);
    });
    from.on('error', () => {
      to.destroy();
      stream.close(direction, CLOSE_RESET);
    });
    from.on('close', () => open.delete(client));
  };
  join(client, server, FROM_CLIENT);
  join(server, client, FROM_SERVER);
}

/** Answers by the path; what it has read stands in the answer. */
function answer(message: IncomingMessage, response: import('node:http').ServerResponse): void {
  let bytes = 0;
  message.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  message.on('end', () => {
    const path = message.url?.split('?')[0];
    switch (path) {
      case '/nothing':
        response.writeHead(204).end();
        return;
      case '/same':
        response.writeHead(304, { ETag: '"1"' }).end();
        return;
      case '/chunks':
        response.writeHead(200, { Trailer: 'X-Sum' });
        response.write('some');
        response.addTrailers({ 'X-Sum': '1' });
        response.end('thing');
        return;
      case '/large':
        response.writeHead(200, { 'Content-Length': LARGE_BYTES }).end(Buffer.alloc(LARGE_BYTES));
        return;
      case '/early':
        response.writeEarlyHints({ link: '</a.css>; rel=preload' });
        response.writeHead(200, 'Fine Day', { 'Content-Length': 2 }).end('ok');
        return;
      default: {
        const text = `${bytes}`;
        response.writeHead(200, { 'Content-Length': text.length }).end(text);
      }
    }
  });
}

const LARGE_BYTES = 3_000_000;

let upstream: Server;
let port: number;
let proxy: ReturnType<typeof createTcpServer>;

beforeAll(async () => {
  upstream = createServer(
    { shouldUpgradeCallback: ({ headers }) => headers.upgrade === 'echo' },
    answer,
  );
  upstream.on('upgrade', (_message, socket, head) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nhi',
    );
    if (head.length > 0) {
      socket.end(head);
    } else {
      socket.once('data', (bytes) => socket.end(bytes));
    }
  });
  upstream.on('connect', (_message, socket) => {
    socket.end('HTTP/1.1 200 Established\r\n\r\ntunnel');
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const upstreamPort = (upstream.address() as AddressInfo).port;
  proxy = createTcpServer({ allowHalfOpen: true }, (client) => relay(client, upstreamPort));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  port = (proxy.address() as AddressInfo).port;
});

afterAll(() => {
  upstream.closeAllConnections();
  upstream.close();
  proxy.close();
  for (const socket of open) {
    socket.destroy();
  }
});

// biome-ignore lint/suspicious/noExplicitAny: lines are looked at by names of the format
type Line = Record<string, any>;

/** The lines, once there are so many. */
async function lines(count: number): Promise<Line[]> {
  const found: Line[] = [];
  while (found.length < count) {
    found.push(...take().map((line): Line => JSON.parse(line)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

interface Sent {
  method?: string;
  path: string;
  headers?: Record<string, string | number>;
  body?: string | Buffer;
  /** Sends the body in pieces of a chunked one. */
  isChunked?: boolean;
}

async function send(agent: Agent, { method = 'GET', path, headers, body, isChunked }: Sent) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', agent, method, path, headers: headers ?? {} });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }),
      );
    });
    if (isChunked === true) {
      sent.setHeader('Transfer-Encoding', 'chunked');
      sent.write(body);
      sent.end(body);
    } else {
      sent.end(body);
    }
  });
}

describe('a relay that feeds a stream', () => {
  it('Node\u2019s client, on one connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sent: Sent[] = [
      { path: '/a?b=c' },
      { path: '/post', method: 'POST', headers: { 'Content-Length': 5 }, body: 'hello' },
      { path: '/chunked', method: 'PUT', body: 'hello', isChunked: true },
      { path: '/chunks' },
      { path: '/large', method: 'HEAD' },
      { path: '/nothing', method: 'DELETE' },
      { path: '/same' },
      { path: '/early' },
      {
        path: '/large',
        method: 'POST',
        headers: { 'Content-Length': LARGE_BYTES },
        body: Buffer.alloc(LARGE_BYTES),
      },
      {
        path: '/end',
        method: 'PATCH',
        headers: { Expect: '100-continue', 'Content-Length': 2 },
        body: 'ok',
      },
    ];
    const answers: { status: number; text: string }[] = [];
    for (const one of sent) {
      answers.push(await send(agent, one));
    }
    agent.destroy();
    const found = await lines(sent.length);
    expect(
      found.map(({ method, target, status, complete }) => ({ method, target, status, complete })),
    ).toEqual(
      sent.map(({ method = 'GET', path }, index) => ({
        method,
        target: path,
        status: answers[index].status,
        complete: true,
      })),
    );
    // Chunked bodies count their framing: two chunks of five bytes, then `some`, `thing` and a trailer.
    const framed = '5\r\nhello\r\n5\r\nhello\r\n0\r\n\r\n'.length;
    const trailed = '4\r\nsome\r\n5\r\nthing\r\n0\r\nX-Sum: 1\r\n\r\n'.length;
    expect(found.map((line) => line.request_body_bytes)).toEqual([
      ...[0, 5, framed, 0, 0, 0, 0, 0],
      ...[LARGE_BYTES, 2],
    ]);
    expect(found.map((line) => line.response_body_bytes)).toEqual([
      ...[1, 1, 2, trailed, 0, 0, 0, 2],
      ...[LARGE_BYTES, 1],
    ]);
    expect(answers.map(({ text }) => text.length)).toEqual([
      1,
      1,
      2,
      9,
      0,
      0,
      0,
      2,
      LARGE_BYTES,
      1,
    ]);
    expect(found[7].reason).toBe('Fine Day');
    expect(found.every((line) => line.host === `127.0.0.1:${port}`)).toBe(true);
  });

  it('many connections at once', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const paths = Array.from({ length: 200 }, (_, index) => `/${index}`);
    await Promise.all(paths.map((path) => send(agent, { path })));
    agent.destroy();
    const found = await lines(paths.length);
    expect(found.map(({ target }) => target).sort()).toEqual(paths.sort());
    expect(found.every(({ status, complete }) => status === 200 && complete)).toBe(true);
    expect(new Set(found.map(({ id }) => id)).size).toBe(paths.length);
  });

  it('curl: HTTP/1.0, uploads that wait for leave, an upgrade that is not taken', async () => {
    const at = (path: string) => `http://127.0.0.1:${port}${path}`;
    const curl = (...given: string[]) => run('curl', ['-sS', '-A', 'curl', ...given]);
    await curl('--http1.0', at('/old'));
    await curl('-X', 'POST', '-H', 'Expect: 100-continue', '-d', 'x'.repeat(2000), at('/form'));
    await curl('-T', import.meta.filename, '-H', 'Transfer-Encoding: chunked', at('/up'));
    await curl('--http2', at('/h2c'), at('/again'));
    await curl('-I', at('/large'));
    const found = await lines(6);
    expect(
      found.map((line) => [line.method, line.target, line.version, line.status, line.complete]),
    ).toEqual([
      ['GET', '/old', '1.0', 200, true],
      ['POST', '/form', '1.1', 200, true],
      ['PUT', '/up', '1.1', 200, true],
      ['GET', '/h2c', '1.1', 200, true],
      ['GET', '/again', '1.1', 200, true],
      ['HEAD', '/large', '1.1', 200, true],
    ]);
    expect(found[1].request_body_bytes).toBe(2000);
  });

  it('a half-closed client, an upgrade, CONNECT, an abort', async () => {
    const talk = (text: string, isEnded: boolean) =>
      new Promise<string>((resolve) => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        let got = '';
        socket.on('data', (bytes) => {
          got += bytes.toString('latin1');
        });
        socket.on('end', () => {
          socket.end();
          resolve(got);
        });
        socket.write(text);
        if (isEnded) {
          socket.end();
        }
      });
    const half = await talk('GET /half HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', true);
    const upgraded = await talk(
      'GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nGET /no HTTP/1.1\r\n\r\n',
      false,
    );
    const tunnel = await talk('CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n', false);
    const aborted = connect({ port, host: '127.0.0.1' });
    aborted.write('POST /abort HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhe', () =>
      aborted.resetAndDestroy(),
    );
    const found = await lines(4);
    expect(found.map((line) => [line.target, line.status, line.incomplete])).toEqual([
      ['/half', 200, undefined],
      ['/echo', 101, undefined],
      ['x:1', 200, undefined],
      ['/abort', undefined, 'reset'],
    ]);
    expect(half).toContain('HTTP/1.1 200 OK');
    expect(upgraded).toMatch(/hi.*GET \/no/s);
    expect(tunnel).toMatch(/tunnel$/);
    expect(found[3].request_body_bytes).toBe(2);
  });
});
