import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import type { AdminAddress } from '../../src/daemon/admin-address.ts';
import { askStatus } from '../../src/daemon/admin-client.ts';
import { type AdminAnswer, openAdminServer, plainAnswer } from '../../src/daemon/admin-server.ts';
import { ADMIN_CONNECTIONS_MAX, ADMIN_HEAD_BYTES_MAX } from '../../src/limits.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-admin-'));
afterAll(() => rmSync(directory, { recursive: true }));

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
  return path === '/here' ? plainAnswer(200, 'ok') : undefined;
}

async function open(path = newPath()): Promise<Opened> {
  const errors: Error[] = [];
  const server = await openAdminServer({ kind: 'socket', path }, findAnswer, (error) =>
    errors.push(error),
  );
  onTestFinished(() => server.close());
  return { path, errors, close: () => server.close() };
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
function sendRaw(path: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(path, () => socket.write(text));
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

  test('closes what is too many, and answers again when there is room', async () => {
    const { path } = await open();
    const idle = Array.from({ length: ADMIN_CONNECTIONS_MAX }, () => connect(path));
    onTestFinished(() => {
      for (const socket of idle) {
        socket.destroy();
      }
    });
    await Promise.all(
      idle.map((socket) => new Promise((resolve) => socket.on('connect', resolve))),
    );
    await expect(ask(path, 'GET', '/here')).rejects.toThrow();
    for (const socket of idle) {
      socket.destroy();
    }
    await sleep(100);
    expect((await ask(path, 'GET', '/here')).status).toBe(200);
  });

  test('closes a connection that asks for nothing', async () => {
    const { path } = await open();
    const startMs = performance.now();
    const answer = await sendRaw(path, 'GET /here HTT');
    expect(answer === '' || /^HTTP\/1\.1 408 /.test(answer)).toBe(true);
    expect(performance.now() - startMs).toBeGreaterThan(4000);
    expect(performance.now() - startMs).toBeLessThan(9000);
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
    const place = openAdminServer(taken, findAnswer, () => undefined);
    await expect(place).rejects.toThrow(`Cannot listen on 127.0.0.1:${port}: `);
    const foreign: AdminAddress = { kind: 'tcp', host: '192.0.2.1', port };
    await expect(openAdminServer(foreign, findAnswer, () => undefined)).rejects.toMatchObject({
      exitCode: 2,
    });
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
