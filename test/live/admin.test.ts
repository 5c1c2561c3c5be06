import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RING_RETIRE_TIMEOUT_MS } from '../../src/capture/limits.ts';
import { ringBlockBytes } from '../../src/capture/packet-socket.ts';
import { parseMetrics, readValue } from '../admin/parse-metrics.ts';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { type HttplogProcess, runHttplog, startHttplog } from './httplog-process.ts';
import { CAPTURING, makeLogDirectory, removeLogDirectory } from './log-lines.ts';
import { createVethPair } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { curl, keepAliveRequests } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl');
const GETS_COUNT = 200;
const HEADS_COUNT = 3;
const MISSING_COUNT = 5;
const WAIT_MS = PATIENCE_MS;
const MEGABYTE = 1024 ** 2;
/** Of `-b 1`. */
const RING_BLOCKS_COUNT = MEGABYTE / ringBlockBytes(MEGABYTE);

describe.skipIf(noLive)(titleWithReason('the admin server of a live capture', noLive), () => {
  const { hosts } = useWebScene();

  function newDirectory(): string {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    return directory;
  }

  async function start(...args: string[]): Promise<HttplogProcess> {
    const { namespace, device } = hosts().server;
    const all = ['-i', device, ...args];
    const httplog = await startHttplog({ namespace, args: all, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    return httplog;
  }

  const send = async (path: string, ...args: string[]) =>
    curl([`http://${hosts().server.ipv4}${path}`, '-o', '/dev/null', ...args], {
      namespace: hosts().client.namespace,
    });

  async function ask(socket: string, path: string): Promise<{ status: string; body: string }> {
    const { stdout } = await curl([
      ...['--unix-socket', socket, `http://localhost${path}`, '-w', '\n%{http_code}'],
    ]);
    const end = stdout.lastIndexOf('\n');
    return { status: stdout.slice(end + 1), body: stdout.slice(0, end) };
  }

  const metricsOf = async (socket: string) => parseMetrics((await ask(socket, '/metrics')).body);

  test('its figures are those of the requests that were sent', async () => {
    const directory = newDirectory();
    const socket = join(directory, 'admin.sock');
    const output = join(directory, 'lines.json');
    const httplog = await start('--format', 'json', '-o', output, '--listen-admin', socket);
    expect(await ask(socket, '/healthz')).toEqual({ status: '200', body: 'ok\n' });
    const { answered } = await keepAliveRequests({
      namespace: hosts().client.namespace,
      url: `http://${hosts().server.ipv4}/`,
      count: GETS_COUNT,
      connections: 4,
    });
    expect(answered).toBe(GETS_COUNT);
    for (let index = 0; index < HEADS_COUNT; index++) {
      await send('/', '-I');
    }
    for (let index = 0; index < MISSING_COUNT; index++) {
      await send('/missing', '-X', 'PURGE');
    }
    const all = GETS_COUNT + HEADS_COUNT + MISSING_COUNT;
    await waitUntil(
      'every line written',
      async () => readValue(await metricsOf(socket), 'httplog_lines_written_total') >= all,
      WAIT_MS,
    );
    const metrics = await metricsOf(socket);
    const value = (name: string, labels = {}) => readValue(metrics, `httplog_${name}`, labels);
    expect(value('messages_total', { type: 'CQ' })).toBe(GETS_COUNT + HEADS_COUNT);
    expect(value('messages_total', { type: 'CR' })).toBe(all);
    expect(value('lines_written_total')).toBe(all);
    expect(value('requests_total', { method: 'GET' })).toBe(GETS_COUNT);
    expect(value('requests_total', { method: 'HEAD' })).toBe(HEADS_COUNT);
    expect(value('responses_total', { status_class: '2xx' })).toBe(GETS_COUNT + HEADS_COUNT);
    expect(value('responses_total', { status_class: '4xx' })).toBe(MISSING_COUNT);
    const firstByte = 'exchange_time_to_first_byte_seconds';
    expect(value(`${firstByte}_count`)).toBe(GETS_COUNT + HEADS_COUNT);
    expect(value(`${firstByte}_bucket`, { le: '+Inf' })).toBe(GETS_COUNT + HEADS_COUNT);
    expect(value(`${firstByte}_sum`)).toBeGreaterThan(0);
    expect(value('packets_received_total')).toBeGreaterThan(2 * all);
    expect(value('frame_bytes_total')).toBeGreaterThan(all * 200);
    expect(value('packets_dropped_total')).toBe(0);
    expect(value('ready')).toBe(1);
    expect(await ask(socket, '/readyz')).toEqual({ status: '200', body: 'ok\n' });

    const status = await runHttplog(['status', '--listen-admin', socket]);
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(new RegExp(`^pid +${httplog.pid}$`, 'm'));
    expect(status.stdout).toMatch(new RegExp(`^lines +${all} written, 0 dropped$`, 'm'));
    expect(status.stdout).toMatch(/^ready +yes$/m);
    expect((await httplog.end()).code).toBe(0);
    const stopped = await runHttplog(['status', '--listen-admin', socket], {
      env: { HTTPLOG_PIDFILE: join(directory, 'no.pid') },
    });
    expect([stopped.code, stopped.stdout]).toEqual([
      3,
      `httplog does not run (pid file ${join(directory, 'no.pid')})\n`,
    ]);
  });

  test('it tells how full the packet ring was', async () => {
    const directory = newDirectory();
    const socket = join(directory, 'admin.sock');
    const httplog = await start('-d', directory, '-b', '1', '--listen-admin', socket);
    const fill = async (kind = '') =>
      readValue(await metricsOf(socket), `httplog_ring_fill${kind}_ratio`);
    expect(await fill('_max')).toBeLessThan(1);
    // While nobody reads, each request takes a block of its own, which the kernel hands over soon after it.
    process.kill(httplog.pid, 'SIGSTOP');
    try {
      for (let index = 0; index < RING_BLOCKS_COUNT; index++) {
        await send('/');
        await sleep(2 * RING_RETIRE_TIMEOUT_MS);
      }
    } finally {
      process.kill(httplog.pid, 'SIGCONT');
    }
    await waitUntil('the full ring seen', async () => (await fill('_max')) === 1, WAIT_MS);
    await waitUntil('the ring empty again', async () => (await fill()) === 0, WAIT_MS);
    expect(await fill('_max')).toBe(1);
  });

  test('it counts messages, full files and deleted ones for plain lines, too', async () => {
    const directory = newDirectory();
    const socket = join(directory, 'admin.sock');
    const logs = join(directory, 'logs');
    mkdirSync(logs);
    const upkeep = ['--rotate-size', '1KB', '--keep-files', '2', '--compress', 'gzip'];
    await start('-d', logs, '--listen-admin', socket, ...upkeep);
    const { answered } = await keepAliveRequests({
      namespace: hosts().client.namespace,
      url: `http://${hosts().server.ipv4}/`,
      count: GETS_COUNT,
      connections: 1,
    });
    expect(answered).toBe(GETS_COUNT);
    const value = async (name: string, labels = {}) =>
      readValue(await metricsOf(socket), `httplog_${name}`, labels);
    await waitUntil(
      'every line written',
      async () => (await value('lines_written_total')) === 2 * GETS_COUNT,
      WAIT_MS,
    );
    expect(await value('requests_total', { method: 'GET' })).toBe(GETS_COUNT);
    expect(await value('responses_total', { status_class: '2xx' })).toBe(GETS_COUNT);
    expect(await value('files_rotated_total')).toBe((await value('files_opened_total')) - 1);
    await waitUntil(
      'the last but one compressed, the others gone',
      async () => {
        const names = readdirSync(logs)
          .filter((name) => name.startsWith('http-'))
          .map((name) => name.endsWith('.gz'));
        return names.length === 2 && names[0] && !names[1];
      },
      WAIT_MS,
    );
    expect(await value('files_deleted_total', { reason: 'keep_files' })).toBe(
      (await value('files_opened_total')) - 2,
    );
    expect(await value('files_compressed_total')).toBeGreaterThan(0);
    expect(await value('compression_input_bytes_total')).toBeGreaterThan(
      await value('compression_output_bytes_total'),
    );
    expect(await value('upkeep_errors_total')).toBe(0);
  });

  test('it is not ready while a file cannot be written, and is again when it can', async () => {
    const directory = newDirectory();
    const socket = join(directory, 'admin.sock');
    const logs = join(directory, 'logs');
    mkdirSync(logs);
    await start('-d', logs, '--listen-admin', socket);
    rmSync(logs, { recursive: true });
    await send('/');
    await waitUntil(
      'not ready',
      async () => (await ask(socket, '/readyz')).status === '503',
      WAIT_MS,
    );
    const { body } = await ask(socket, '/readyz');
    expect(body).toMatch(/^Cannot write \S+\/logs\/http-\d+\.log\n$/);
    const metrics = await metricsOf(socket);
    expect(readValue(metrics, 'httplog_files_failing')).toBe(1);
    expect(readValue(metrics, 'httplog_write_errors_total')).toBeGreaterThan(0);
    expect((await ask(socket, '/healthz')).status).toBe('200');
    mkdirSync(logs);
    await waitUntil(
      'ready again',
      async () => (await ask(socket, '/readyz')).status === '200',
      WAIT_MS,
    );
  });

  test('it is not ready while the interface is away', async () => {
    const directory = newDirectory();
    const socket = join(directory, 'admin.sock');
    const pair = await createVethPair();
    onTestFinished(() => pair.stop());
    const { namespace, device } = pair.server;
    const args = ['-i', device, '-d', directory, '--listen-admin', socket];
    const httplog = await startHttplog({ namespace, args, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    expect((await ask(socket, '/readyz')).status).toBe('200');
    spawnSync('ip', ['-n', namespace, 'link', 'del', device]);
    await waitUntil(
      'not ready',
      async () => (await ask(socket, '/readyz')).status === '503',
      WAIT_MS,
    );
    expect((await ask(socket, '/readyz')).body).toBe(`Not capturing on ${device}\n`);
  });

  test('a start ends with exit code 2 when the address is taken', async () => {
    const directory = newDirectory();
    const socket = join(directory, 'admin.sock');
    const first = await start('-d', directory, '--listen-admin', socket);
    const { namespace, device } = hosts().server;
    const args = ['-i', device, '-d', directory, '--listen-admin', socket];
    const second = await runHttplog(args, { namespace });
    expect(second.code).toBe(2);
    expect(second.stderr).toContain(`Cannot listen on ${socket}: `);
    expect((await ask(socket, '/healthz')).status).toBe('200');
    expect(first.hasExited()).toBe(false);
  });

  test('status knows the daemon of the pid file, and no other process', async () => {
    const directory = newDirectory();
    const pidFile = join(directory, 'httplog.pid');
    const { namespace, device } = hosts().server;
    const args = ['run', '-i', device, '-d', directory];
    const httplog = await startHttplog({ namespace, args, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    const ask = () => runHttplog(['status'], { env: { HTTPLOG_PIDFILE: pidFile } });
    writeFileSync(pidFile, `${httplog.pid}\n`);
    const running = await ask();
    expect(running.code).toBe(0);
    expect(running.stdout).toMatch(
      new RegExp(`^pid +${httplog.pid}\nuptime +0d 00:0\\d:\\d\\d\nmemory +\\d+ MB\n$`),
    );
    for (const text of [`${process.pid}`, '', 'text', '0', '99999999']) {
      writeFileSync(pidFile, text);
      expect((await ask()).code).toBe(3);
    }
    await httplog.end();
    writeFileSync(pidFile, `${httplog.pid}\n`);
    expect((await ask()).code).toBe(3);
  });
});
