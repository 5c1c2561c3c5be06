import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { waitUntil } from '../live/child-process.ts';
import { canCaptureLive, titleWithReason } from '../live/requirements.ts';
import { PATIENCE_MS } from '../patience.ts';
import {
  createWorkplace,
  isRunning,
  readLines,
  START_SCRIPT,
  type Workplace,
} from './start-script.ts';

const SYSTEM_FILE = '/etc/sysconfig/httplog';
/** Lines are on the disk a second after their packet at the latest. */
const LINE_TIMEOUT_MS = PATIENCE_MS;
const noCapture = canCaptureLive();
const noLocalFile = existsSync(SYSTEM_FILE) ? `${SYSTEM_FILE} comes first` : undefined;

let server: Server;
let port: number;
let place: Workplace;
let script: Workplace['script'];
let logs: string;
/** What every start in a test has in common. */
let options: string[];

beforeAll(async () => {
  server = createServer((_, response) => response.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});

afterAll(() => {
  server.close();
});

beforeEach(() => {
  place = createWorkplace();
  ({ script, logs } = place);
  // Root that stays root unasked is told so, at each start.
  const user = process.getuid?.() === 0 ? ['--user', 'root'] : [];
  options = ['-i', 'lo', '-p', `${port}`, '-d', logs, ...user];
});

afterEach(() => place.remove());

async function request(path: string): Promise<void> {
  const [response] = await once(get({ port, path, host: '127.0.0.1', agent: false }), 'response');
  response.resume();
  await once(response, 'end');
}

describe.skipIf(noCapture)(titleWithReason('a daemon on lo', noCapture), () => {
  test('starts, is seen, logs real requests, drains at its stop', async () => {
    const start = await script(['start', ...options]);
    expect(start).toMatchObject({ code: 0, stderr: '' });
    expect(start.stdout).toContain(`httplog created ${logs}\n`);
    expect(start.stdout).toContain(`Capturing on lo (port ${port};`);
    const pid = place.readPid();
    expect(start.stdout).toContain(`httplog started (pid ${pid})\n`);
    expect(statSync(logs).mode & 0o777).toBe(0o750);

    const again = await script(['start', ...options]);
    expect(again).toMatchObject({ code: 4, stderr: `httplog runs already (pid ${pid})\n` });
    expect(place.readPid()).toBe(pid);

    await request('/first');
    await waitUntil(
      'the line is written',
      () => readLines(logs).includes('/first'),
      LINE_TIMEOUT_MS,
    );
    const status = await script(['status']);
    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect(status.stdout).toMatch(/^httplog runs \(pid \d+\) for 0d 00:00:\d\d, memory \d+ MB$/m);
    expect(status.stdout).toContain('Capturing on lo');
    expect(status.stdout).toMatch(/^writes .*\/logs\/http-\d{8}\.log$/m);
    expect(status.stdout).toContain(`writes ${place.folder}/httplog.out\n`);

    await request('/last');
    const stop = await script(['stop']);
    expect(stop).toMatchObject({ code: 0, stderr: '' });
    expect(stop.stdout).toContain('Messages: 2 CQ, 2 CR');
    expect(stop.stdout).toContain(`httplog stopped (pid ${pid})\n`);
    expect(isRunning(pid)).toBe(false);
    expect(existsSync(place.pidFile)).toBe(false);
    expect(readLines(logs)).toMatch(/CQ GET \/first .*CQ GET \/last .*CR HTTP\/1.1 200 OK 5 /s);
    expect((await script(['status'])).code).toBe(3);
    expect((await script(['stop'])).code).toBe(2);
  });

  test.each(['restart', 'force-reload'])('%s gives a new process, running or not', async (name) => {
    expect((await script([name, ...options])).code).toBe(0);
    const before = place.readPid();
    await request('/before');
    const exit = await script([name, ...options]);
    expect(exit.code).toBe(0);
    expect(exit.stdout).toContain(`httplog stopped (pid ${before})\n`);
    expect(place.readPid()).not.toBe(before);
    expect(isRunning(before)).toBe(false);
    expect(isRunning(place.readPid())).toBe(true);
    await request('/after');
    await script(['stop']);
    expect(readLines(logs)).toMatch(/CQ GET \/before .*CQ GET \/after /s);
  });

  test('a restart with a wrong configuration ends with 2 and stops nothing', async () => {
    await script(['start', ...options]);
    expect((await script(['restart', ...options, '-s', 'big'])).code).toBe(2);
    expect((await script(['status'])).code).toBe(0);
  });

  test('two starts at once give one daemon', async () => {
    const exits = await Promise.all([1, 2, 3].map(() => script(['start', ...options])));
    expect(exits.map(({ code }) => code).sort()).toEqual([0, 4, 4]);
  });

  test('it outlives its terminal: a session of its own and no pipe of the caller', async () => {
    await script(['start', ...options]);
    const stat = readFileSync(`/proc/${place.readPid()}/stat`, 'utf8');
    const [, , , session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    expect(Number(session)).toBe(place.readPid());
    expect(Number(terminal)).toBe(0);
  });

  test('a start replaces the pid file of a daemon that was killed', async () => {
    await script(['start', ...options]);
    const killed = place.readPid();
    process.kill(killed, 'SIGKILL');
    await waitUntil('it is gone', () => !isRunning(killed), PATIENCE_MS);
    expect((await script(['status'])).code).toBe(3);
    expect((await script(['start', ...options])).code).toBe(0);
    expect(place.readPid()).not.toBe(killed);
  });

  test('what does not end in time is killed, and that is said', async () => {
    await script(['start', ...options]);
    process.kill(place.readPid(), 'SIGSTOP');
    const exit = await script(['stop'], { env: { HTTPLOG_STOP_SECONDS: '1' } });
    expect(exit.code).toBe(0);
    expect(exit.stderr).toContain('has not ended after 1 s and is killed');
    expect((await script(['status'])).code).toBe(3);
  });

  const title = 'through a symbolic link it works with the httplog.conf of the working directory';
  test.skipIf(noLocalFile)(titleWithReason(title, noLocalFile), async () => {
    const elsewhere = join(place.folder, 'some where');
    const dailyLogs = join(elsewhere, 'daily logs');
    mkdirSync(elsewhere);
    symlinkSync(START_SCRIPT, join(elsewhere, 'httplogd'));
    const lines = ['HTTPLOG_DEVICE=lo', `HTTPLOG_PORT=${port}`, `HTTPLOG_DIR='${dailyLogs}'`];
    writeFileSync(join(elsewhere, 'httplog.conf'), `${lines.join('\n')}\n`);
    const settings = { program: './httplogd', cwd: elsewhere };
    expect(await script(['start'], settings)).toMatchObject({ code: 0, stderr: '' });
    await request('/configured');
    // The pid file tells: stop needs neither the directory nor the link.
    expect((await script(['stop'])).code).toBe(0);
    expect(readLines(dailyLogs)).toContain('CQ GET /configured ');
  });

  test('a quiet daemon and one with a service log are seen to capture, too', async () => {
    const quiet = await script(['start', ...options, '--quiet']);
    expect(quiet).toMatchObject({ code: 0, stderr: '' });
    expect(quiet.stdout).toMatch(/^httplog created .*\nhttplog started \(pid \d+\)\n$/);
    const service = join(place.folder, 'service');
    const logged = await script(['restart', ...options, '--service-log', service]);
    expect(logged).toMatchObject({ code: 0, stderr: '' });
    const names = readdirSync(service);
    expect(names).toEqual([expect.stringMatching(/\.jsonl$/)]);
    expect((await script(['status'])).stdout).toContain('.jsonl\n');
  });

  test('its own words are beside the pid file, and kept once more when they are many', async () => {
    const file = join(place.folder, 'lines.log');
    const own = join(place.folder, 'httplog.out');
    const many = `${'x'.repeat(127)}\n`.repeat(8192 + 1);
    writeFileSync(own, many);
    const start = await script(['start', '-i', 'lo', '-p', `${port}`, '-o', file]);
    expect(start.code).toBe(0);
    expect(readFileSync(`${own}.1`, 'utf8')).toBe(many);
    expect(readFileSync(own, 'utf8')).toMatch(/^20.* Capturing on lo/s);
    await request('/in-one-file');
    expect((await script(['stop'])).stdout).toContain('Messages: 1 CQ');
    expect(readFileSync(file, 'utf8')).toContain('CQ GET /in-one-file ');
  });
});
