import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_CONNECTIONS_MAX } from '../../src/limits.ts';
import { type RunningProcess, startProcess, waitUntil } from '../live/child-process.ts';

/** Hostile clients of the admin server, which is a process of its own here: what they cost it, and who else is answered. */

const MAIN = fileURLToPath(new URL('server-main.ts', import.meta.url));
const WAIT_MS = 60_000;
/** Answers to all of them are some 180 MB: enough to be seen, and not so much that it hurts the machine. */
const REQUESTS_PIPELINED = 1000;
/** What all hostile connections together may cost. */
const COST_MAX_KB = 8 * 1024;
const MANY_CONNECTIONS = 300;
const SLOW_BYTE_INTERVAL_MS = 50;
const MEGABYTE = 1024 * 1024;
const WARM_UP_REQUESTS = 300;
const HONEST_REQUESTS = 30;
const METRICS_REQUEST = 'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n';

const directory = mkdtempSync(join(tmpdir(), 'httplog-attack-'));
const path = join(directory, 'admin.sock');
let server: RunningProcess;
/** Of a server that nobody is connected to. */
let socketsBefore: number;

beforeAll(async () => {
  server = await startProcess(process.execPath, [MAIN, path]);
  await server.waitForOutput('stdout', /listening/, WAIT_MS);
  socketsBefore = countSockets();
  for (let index = 0; index < WARM_UP_REQUESTS; index++) {
    await ask('/metrics');
  }
});

afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true });
});

/** The status of an answer that came whole, or what went wrong. */
function ask(target: string): Promise<number | string | undefined> {
  return new Promise((resolve) => {
    const reject = (error: Error) => resolve(error.message);
    const asked = request({ socketPath: path, path: target, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** A connection that writes, and reads nothing. */
function connectDeaf(text: string): Socket {
  const socket = connect(path, () => void socket.write(text));
  socket.pause();
  return socket;
}

/** A connection that writes byte after byte, for as long as it may. */
function connectSlow(text: string): Socket {
  const socket = connectOpen(text);
  const timer = setInterval(() => socket.write('x'), SLOW_BYTE_INTERVAL_MS);
  return socket.on('close', () => clearInterval(timer));
}

/** A connection that has nothing more to say behind this. */
function connectHalf(text: string): Socket {
  const socket = connect({ path, allowHalfOpen: true }, () => void socket.end(text));
  return socket.resume();
}

/** A connection that writes and throws away what it gets. */
function connectOpen(text: string): Socket {
  const socket = connect(path, () => void socket.write(text));
  socket.resume();
  return socket;
}

function readMemoryKb(name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]);
}

/** Those of connections, and of the socket that listens. */
function countSockets(): number {
  const descriptors = `/proc/${server.pid}/fd`;
  return readdirSync(descriptors).filter((name) => {
    try {
      return readlinkSync(join(descriptors, name)).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

interface Attack {
  /** Most memory at any moment of it beside that before it. */
  costKb: number;
  /** Of the honest requests that were asked meanwhile. */
  statuses: (number | string | undefined)[];
}

/** Lets the connections be, asks honestly beside them, and waits until the server has closed every one. */
async function attack(open: () => Socket, count: number): Promise<Attack> {
  // The peak is from now on. @see proc_pid_clear_refs(5)
  writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
  const beforeKb = readMemoryKb('VmRSS');
  const sockets = Array.from({ length: count }, () => {
    const socket = open();
    socket.on('error', () => undefined);
    return socket;
  });
  try {
    const statuses: (number | string | undefined)[] = [];
    for (let index = 0; index < HONEST_REQUESTS; index++) {
      statuses.push(await ask('/metrics'));
    }
    await waitUntil(
      'every hostile connection closed',
      () => countSockets() === socketsBefore,
      WAIT_MS,
    );
    return { costKb: readMemoryKb('VmHWM') - beforeKb, statuses };
  } finally {
    for (const socket of sockets) {
      socket.destroy();
    }
  }
}

const answered = Array.from({ length: HONEST_REQUESTS }, () => 200);

const ATTACKS: [name: string, open: () => Socket, count: number][] = [
  [
    'many requests in a row whose answers nobody reads',
    () => connectDeaf(METRICS_REQUEST.repeat(REQUESTS_PIPELINED)),
    ADMIN_CONNECTIONS_MAX,
  ],
  ['heads that come a byte at a time', () => connectSlow('GET /metrics'), ADMIN_CONNECTIONS_MAX],
  ['nothing at all', () => connectDeaf(''), ADMIN_CONNECTIONS_MAX],
  ['half a head and half a close', () => connectHalf('GET /metrics HTT'), ADMIN_CONNECTIONS_MAX],
  [
    'a request and half a close, unread',
    () => connectHalf(METRICS_REQUEST).pause(),
    ADMIN_CONNECTIONS_MAX,
  ],
  [
    'heads of a megabyte',
    () => connectOpen(`GET / HTTP/1.1\r\nX: ${'x'.repeat(MEGABYTE)}`),
    ADMIN_CONNECTIONS_MAX,
  ],
  [
    'bodies of a megabyte',
    () => connectOpen(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9${'0'.repeat(MEGABYTE)}`),
    ADMIN_CONNECTIONS_MAX,
  ],
  ['more connections than it takes', () => connectDeaf(METRICS_REQUEST), MANY_CONNECTIONS],
];

describe('what hostile clients cost the admin server is bounded, and others are answered, beside', () => {
  test.each(ATTACKS)('%s', { timeout: 2 * WAIT_MS }, async (_, open, count) => {
    const { costKb, statuses } = await attack(open, count);
    expect(costKb).toBeLessThan(COST_MAX_KB);
    expect(statuses).toEqual(answered);
  });
});
