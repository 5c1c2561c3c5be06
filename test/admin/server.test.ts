import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { type AdminAnswer, plainAnswer } from '../../src/admin/answer.ts';
import { askStatus } from '../../src/admin/client.ts';
import { ADMIN_HEAD_BYTES_MAX } from '../../src/admin/limits.ts';
import { openAdminServer } from '../../src/admin/server.ts';
import type { AdminAddress } from '../../src/config/admin-address.ts';
import { createHostCheck, parseAdminHosts } from '../../src/config/admin-hosts.ts';
import { ADMIN_CONNECTIONS_MAX } from '../../src/limits.ts';
import { waitUntil } from '../live/child-process.ts';
import { PATIENCE_MS } from '../patience.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-admin-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** More than any socket's buffers. */
const LARGE_BYTES = 16 * 1024 * 1024;
const WAIT_MS = PATIENCE_MS;

let socketsCount = 0;
function newPath(): string {
  return join(directory, `${socketsCount++}.sock`);
}

interface Opened {
  path: string;
  errors: Error[];
  close(): Promise<void>;
}

function findAnswer(path: string): AdminAnswer | undefined {
  if (path === '/broken') {
    throw new Error('no such counter');
  }
  if (path === '/large') {
    return plainAnswer(200, 'x'.repeat(LARGE_BYTES));
  }
  return path === '/here' ? plainAnswer(200, 'ok') : undefined;
}

async function open(path = newPath()): Promise<Opened> {
  const errors: Error[] = [];
  const close = await listen({ kind: 'socket', path }, [], (error) => errors.push(error));
  return { path, errors, close };
}

/** Gives what closes the server before the end of the test. */
async function listen(
  address: AdminAddress,
  hosts: readonly string[] = [],
  onError: (error: Error) => void = () => undefined,
): Promise<() => Promise<void>> {
  const server = await openAdminServer({ address, hosts, findAnswer, onError });
  onTestFinished(() => server.close());
  return () => server.close();
}

/** A port that nobody has at the moment. */
async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

interface Answer {
  status: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

function ask(socketPath: string, method: string, path: string, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === '' ? {} : { 'content-length': body.length };
    const asked = request({ socketPath, method, path, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: text });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** Sends bytes as they are; gives all that came back when the server has closed. */
function sendRaw(place: string | number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = typeof place === 'number' ? connect(place, '127.0.0.1') : connect(place);
    socket.on('connect', () => socket.write(text));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

describe('the admin server', () => {
  test('answers GET, and HEAD without the body', async () => {
    const { path } = await open();
    const got = await ask(path, 'GET', '/here?x=1');
    expect(got).toMatchObject({ status: 200, body: 'ok\n' });
    expect(got.headers['cache-control']).toBe('no-store');
    const head = await ask(path, 'HEAD', '/here');
    expect(head).toMatchObject({ status: 200, body: '' });
    expect(head.headers['content-length']).toBe('3');
  });

  test('has no other path', async () => {
    const { path } = await open();
    for (const target of ['/', '/here/', '//here', '/HERE', '/here%20', '/../etc/passwd', '*']) {
      expect((await ask(path, 'GET', target)).status).toBe(404);
    }
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'])(
    'refuses %s',
    async (method) => {
      const { path } = await open();
      const { status, headers } = await ask(path, method, '/here');
      expect(status).toBe(405);
      expect(headers.allow).toBe('GET, HEAD');
      expect((await ask(path, 'POST', '/here', 'text')).status).toBe(405);
    },
  );

  test('takes no body', async () => {
    const { path } = await open();
    const { status, headers } = await ask(path, 'GET', '/here', 'body');
    expect(status).toBe(413);
    expect(headers.connection).toBe('close');
  });

  test('answers 500 when what is shown has a bug, tells it, and goes on', async () => {
    const { path, errors } = await open();
    expect((await ask(path, 'GET', '/broken')).status).toBe(500);
    expect(errors.map(({ message }) => message)).toEqual(['no such counter']);
    expect((await ask(path, 'GET', '/here')).status).toBe(200);
  });

  test('bounds the head, and refuses what is no HTTP', async () => {
    const { path } = await open();
    const long = `GET /here HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(ADMIN_HEAD_BYTES_MAX)}\r\n\r\n`;
    expect(await sendRaw(path, long)).toMatch(/^HTTP\/1\.1 431 /);
    expect(await sendRaw(path, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(path, 'GET', '/here')).status).toBe(200);
  });

  test('has room for one more when all its connections are held: the oldest gives way', async () => {
    const { path } = await open();
    const closed: number[] = [];
    const idle = Array.from({ length: ADMIN_CONNECTIONS_MAX }, (_, index) =>
      connect(path).on('close', () => closed.push(index)),
    );
    onTestFinished(() => {
      for (const socket of idle) {
        socket.destroy();
      }
    });
    for (const socket of idle) {
      await new Promise((resolve) =>
        socket.connecting ? socket.on('connect', resolve) : resolve(0),
      );
    }
    expect((await ask(path, 'GET', '/here')).status).toBe(200);
    await waitUntil('the oldest one closed', () => closed.length > 0, WAIT_MS);
    expect(closed).toEqual([0]);
  });

  test('answers one request a connection, and drops what stands behind it', async () => {
    const { path } = await open();
    const one = 'GET /here HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await sendRaw(path, one.repeat(3));
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1);
    expect(answer).toMatch(/\r\nConnection: close\r\n.*ok\n$/s);
  });

  test('closes a connection that asks for nothing, with a word where something was said', async () => {
    const { path } = await open();
    expect(await sendRaw(path, 'GET /here HTT')).toMatch(/^HTTP\/1\.1 408 /);
    expect(await sendRaw(path, '')).toBe('');
  });

  test('closes a connection that does not read its answer', async () => {
    const { path } = await open();
    const request = 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n';
    const socket = connect(path, () => void socket.write(request)).pause();
    let hasFailed = false;
    socket.on('error', () => {
      hasFailed = true;
    });
    // One that reads nothing hears of the close by what it writes.
    await waitUntil('the close', () => !socket.write('x') || hasFailed, WAIT_MS);
    await waitUntil('the failure', () => hasFailed, WAIT_MS);
  });

  test('reads heads as RFC 9112 has them, and no others', async () => {
    const { path } = await open();
    const statusOf = async (head: string) => (await sendRaw(path, head)).slice(9, 12);
    for (const head of [
      'GET /here HTTP/1.1\nHost: a\n\n',
      'GET /here HTTP/1.0\r\n\r\n',
      'GET /here?x=1#y HTTP/1.1\r\nhOST:a\r\nX:\r\nContent-Length: 0\r\n\r\n',
    ]) {
      expect(await statusOf(head)).toBe('200');
    }
    for (const head of [
      'GET /here\r\n\r\n',
      'GET /here HTTP/2.0\r\nHost: a\r\n\r\n',
      'GET  /here HTTP/1.1\r\nHost: a\r\n\r\n',
      'GET /here HTTP/1.1\r\n\r\n',
      'GET /here HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n',
      'GET /here HTTP/1.1\r\nHost : a\r\n\r\n',
      'GET /here HTTP/1.1\r\nHost: a\r\n b\r\n\r\n',
      'GET /here HTTP/1.1\r\nHost: a\r\nX: \u0000\r\n\r\n',
      '\r\n\r\n',
    ]) {
      expect(await statusOf(head)).toBe('400');
    }
    const chunked = 'GET /here HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(await statusOf(chunked)).toBe('413');
  });

  test('closes at once though a connection is open, and leaves no socket', async () => {
    const { path, close } = await open();
    const socket = connect(path);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.on('connect', resolve));
    await close();
    await closed;
    expect(existsSync(path)).toBe(false);
  });
});

describe('the place of the admin server', () => {
  test('is for user and group only', async () => {
    const { path } = await open();
    expect(statSync(path).mode & 0o777).toBe(0o660);
  });

  test('is taken over from a server that has crashed', async () => {
    const path = newPath();
    const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    const { spawnSync } = await import('node:child_process');
    spawnSync(process.execPath, ['-e', program]);
    expect(existsSync(path)).toBe(true);
    await open(path);
    expect((await ask(path, 'GET', '/here')).status).toBe(200);
  });

  test('is left to a server that runs, and to a file', async () => {
    const { path } = await open();
    const refused = { code: 'HTTPLOG_ADMIN_LISTEN', exitCode: 2 };
    await expect(open(path)).rejects.toMatchObject(refused);
    expect((await ask(path, 'GET', '/here')).status).toBe(200);
    const file = newPath();
    writeFileSync(file, 'text');
    await expect(open(file)).rejects.toMatchObject(refused);
    expect(statSync(file).size).toBe(4);
  });

  test('must be there', async () => {
    const missing = { code: 'HTTPLOG_ADMIN_LISTEN', exitCode: 3, hint: expect.any(String) };
    await expect(open(join(directory, 'missing', 'a.sock'))).rejects.toMatchObject(missing);
  });

  test('may be a port, which nobody else has, of an address that this host has', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const taken: AdminAddress = { kind: 'tcp', host: '127.0.0.1', port };
    await expect(listen(taken)).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}: `);
    await expect(listen({ kind: 'tcp', host: '192.0.2.1', port })).rejects.toMatchObject({
      exitCode: 2,
    });
  });
});

describe('the host that a request names', () => {
  const statusOf = async (place: string | number, host: string) =>
    (await sendRaw(place, `GET /here HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).slice(9, 12);

  test('must be the server: a page of elsewhere whose name points here is told 421', async () => {
    const port = await findFreePort();
    await listen({ kind: 'tcp', host: '127.0.0.1', port }, ['monitor.example']);
    const own = ['127.0.0.1', `127.0.0.1:${port}`, 'localhost', 'LOCALHOST:1', '[::1]:9090'];
    for (const host of [
      ...own,
      '127.9.9.9',
      'localhost.',
      'monitor.example',
      'Monitor.Example:80',
    ]) {
      expect([host, await statusOf(port, host)]).toEqual([host, '200']);
    }
    const foreign = ['evil.example', `evil.example:${port}`, 'localhost.evil.example', '192.0.2.1'];
    const odd = [
      '',
      'a b',
      '127.0.0.1.evil.example',
      'localhost@evil.example',
      'localhost/x',
      '::1',
    ];
    for (const host of [...foreign, ...odd, 'x.monitor.example', 'localhost:80:80']) {
      expect([host, await statusOf(port, host)]).toEqual([host, '421']);
    }
    await expect(askStatus({ kind: 'tcp', host: '127.0.0.1', port })).rejects.toThrow(
      'what answers there is not httplog',
    );
  });

  test('may be any on a Unix socket, which no page reaches', async () => {
    const { path } = await open();
    expect(await statusOf(path, 'evil.example')).toBe('200');
  });

  test('is the address listened on, or that of the connection where all are', () => {
    const check = (listening: string) =>
      createHostCheck({ kind: 'tcp', host: listening, port: 9090 }, []);
    expect(check('192.0.2.7')('192.0.2.7:9090', '192.0.2.7')).toBe(true);
    expect(check('192.0.2.7')('192.0.2.8:9090', '192.0.2.8')).toBe(false);
    expect(check('0.0.0.0')('192.0.2.8', '192.0.2.8')).toBe(true);
    expect(check('0.0.0.0')('192.0.2.9', '192.0.2.8')).toBe(false);
    expect(check('0.0.0.0')('0.0.0.0', '192.0.2.8')).toBe(false);
    expect(check('::')('[2001:DB8:0::7]:9090', '2001:db8::7')).toBe(true);
    expect(check('fe80::1%eth0')('[fe80::1]', 'fe80::1%eth0')).toBe(true);
    expect(check('::')('evil.example', undefined)).toBe(false);
  });

  test('is written in the option without a port, one or several', () => {
    expect(parseAdminHosts('Monitor.Example, 192.0.2.7\n2001:DB8::7 [::2]')).toEqual([
      'monitor.example',
      '192.0.2.7',
      '[2001:db8::7]',
      '[::2]',
    ]);
    const many = Array.from({ length: 33 }, (_, index) => `h${index}`).join();
    for (const text of ['', 'a:80', 'http://a', '*.example', 'a/b', '[::1', many]) {
      expect(parseAdminHosts(text)).toBeNull();
    }
  });
});

describe('askStatus', () => {
  test('gives undefined where nobody listens', async () => {
    await expect(askStatus({ kind: 'socket', path: newPath() })).resolves.toBeUndefined();
  });

  test('says when another program answers', async () => {
    const { path } = await open();
    await expect(askStatus({ kind: 'socket', path })).rejects.toMatchObject({
      code: 'HTTPLOG_ADMIN_ASK',
      exitCode: 1,
    });
  });

  test('does not read an answer without end', async () => {
    const path = newPath();
    const endless = createServer((_, response) => {
      const write = () => void (response.write('x'.repeat(10_000)) && setImmediate(write));
      write();
    });
    await new Promise<void>((resolve) => endless.listen(path, resolve));
    onTestFinished(() => {
      endless.closeAllConnections();
      endless.close();
    });
    await expect(askStatus({ kind: 'socket', path })).rejects.toThrow('the answer is too long');
  });
});
