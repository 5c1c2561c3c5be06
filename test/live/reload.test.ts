/** SIGHUP: what is taken over while packets flow, and what is said of it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { type HoldPoint, startHeldDaemon } from './held-workers.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import {
  CAPTURING,
  type LogLine,
  parseLines,
  parseSummary,
  readLinesSoFar,
  readLogDirectory,
  waitForLines,
} from './log-lines.ts';
import { runInNamespace } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { keepAliveRequests } from './web-client.ts';
import { newDirectory, useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'sysctl');
const WAIT_MS = PATIENCE_MS;
const CONNECTIONS_COUNT = 20;
/** What SIGHUP is answered with. */
const ANSWER =
  /^.* (INFO|WARN|ERROR) +(Configuration read again on SIGHUP: .*|The configuration stays .*)$/gm;

const title = titleWithReason('a reload', noLive);

describe.skipIf(noLive)(title, { timeout: 4 * WAIT_MS }, () => {
  const scene = useWebScene({
    ports: [80, 8080],
    serverLines: ['location /missing { return 404; }', 'location / { return 200 "fine"; }'],
  });

  const ask = (path: string, { port = 80, count = 1, connections = 1, intervalMs = 0 } = {}) =>
    keepAliveRequests({
      namespace: scene.hosts().client.namespace,
      url: `http://${scene.hosts().server.ipv4}:${port}${path}`,
      count,
      connections,
      intervalMs,
    });
  /** Over so many connections that every worker has its share. */
  const askAll = (path: string, port = 80) =>
    ask(path, { port, count: 2 * CONNECTIONS_COUNT, connections: CONNECTIONS_COUNT });

  interface Reloadable {
    httplog: HttplogProcess;
    configure(text: string): void;
    /** Sends SIGHUP and gives what it is answered, level first. */
    hup(): Promise<string>;
    /** Paths asked for, in the order of the lines; **only after the end**: a line may be half there before. */
    paths(): string[];
    /** Ends when the requests have their lines: what is decoded later is under what holds then. */
    awaitLines(path: string, count: number): Promise<void>;
  }

  const args = (...more: string[]) => ['-i', scene.hosts().server.device, ...more];

  function reloadable(httplog: HttplogProcess, file: string, output: string): Reloadable {
    const pathsOf = (lines: LogLine[]) =>
      lines.filter(({ type }) => type === 'CQ').map(({ message }) => message.split(/[ ?]/)[1]);
    const pathsSoFar = () => pathsOf(readLinesSoFar(output));
    return {
      httplog,
      configure: (text) => writeFileSync(file, text),
      async hup() {
        const answers = () => [...httplog.stderr().matchAll(ANSWER)];
        const { length } = answers();
        httplog.signal('SIGHUP');
        await waitUntil('the answer', () => answers().length > length, WAIT_MS);
        const [, level, text] = answers()[length];
        return `${level} ${text}`;
      },
      paths: () => pathsOf(readLines(output)),
      awaitLines: (path, expected) =>
        waitUntil(`lines of ${path}`, () => count(pathsSoFar(), path) >= expected, WAIT_MS),
    };
  }

  const readLines = (output: string) =>
    existsSync(output) ? parseLines(readFileSync(output, 'utf8')) : [];

  async function startDaemon(...more: string[]): Promise<HttplogProcess> {
    const { namespace } = scene.hosts().server;
    const options = { namespace, args: args(...more), ready: CAPTURING, readyTimeoutMs: WAIT_MS };
    const httplog = await startHttplog(options);
    onTestFinished(async () => void (await httplog.stop()));
    return httplog;
  }

  async function start(text: string, ...more: string[]): Promise<Reloadable> {
    const directory = newDirectory();
    const [file, output] = [join(directory, 'conf'), join(directory, 'lines')];
    writeFileSync(file, text);
    const httplog = await startDaemon('--config', file, '-o', output, ...more);
    return reloadable(httplog, file, output);
  }

  async function startHeld(
    text: string,
    more: readonly string[],
    options: { ready?: RegExp; orders?: readonly [HoldPoint, number][] } = { ready: CAPTURING },
  ) {
    const directory = newDirectory();
    const [file, output] = [join(directory, 'conf'), join(directory, 'lines')];
    writeFileSync(file, text);
    const daemon = await startHeldDaemon(args('--config', file, '-o', output, ...more), {
      namespace: scene.hosts().server.namespace,
      ...options,
    });
    return { daemon, ...reloadable(daemon.httplog, file, output) };
  }

  const count = (paths: readonly string[], path: string) =>
    paths.filter((each) => each === path).length;

  async function endAndCheck({ httplog, paths }: Reloadable, expected: Record<string, number>) {
    const { code, stderr } = await httplog.end('SIGTERM', WAIT_MS);
    expect(code, stderr).toBe(0);
    const counts = Object.fromEntries(
      Object.keys(expected).map((path) => [path, count(paths(), path)]),
    );
    expect(counts, stderr).toEqual(expected);
    expect(parseSummary(stderr)).toMatchObject({ dropped: 0, linesDropped: 0 });
    return stderr;
  }

  test.each(['1', '2'])(
    'of ports loses nothing of a port that stays, with %s workers',
    async (workers) => {
      const daemon = await start('HTTPLOG_PORT=80\n', '-cpu', workers);
      await askAll('/unseen', 8080);
      const asking = ask('/stays', { count: 4000, connections: CONNECTIONS_COUNT, intervalMs: 5 });
      await daemon.awaitLines('/stays', 200);
      daemon.configure('HTTPLOG_PORT=80,8080\n');
      expect(await daemon.hup()).toBe(
        'INFO Configuration read again on SIGHUP: taken over: -p 80 -> 80,8080; files are opened anew',
      );
      await askAll('/seen', 8080);
      daemon.configure('HTTPLOG_PORT=80\n');
      expect(await daemon.hup()).toMatch(/^INFO .* taken over: -p 80,8080 -> 80; files are/);
      await askAll('/unseen', 8080);
      expect(await asking).toMatchObject({ answered: 4000, failed: 0 });
      const stderr = await endAndCheck(daemon, {
        '/stays': 4000,
        '/seen': 2 * CONNECTIONS_COUNT,
        '/unseen': 0,
      });
      expect(stderr).not.toMatch(/WARN|ERROR|restart/);
    },
  );

  test('of an expression takes a right one, and leaves the old one in place of a wrong one', async () => {
    const daemon = await start('HTTPLOG_FILTER="tcp port 80"\n', '-cpu', '2');
    daemon.configure('HTTPLOG_FILTER="tcp port 8080"\nHTTPLOG_LOG_EVERY=7\n');
    expect(await daemon.hup()).toContain('taken over: -f tcp port 80 -> tcp port 8080, -log_every');
    await askAll('/seen', 8080);
    await askAll('/unseen');
    daemon.configure('HTTPLOG_FILTER="tcp prot 80"\nHTTPLOG_LOG_EVERY=8\n');
    const answer = await daemon.hup();
    expect(answer).toMatch(
      /^WARN .* taken over: -log_every 7 -> 8; staying as it was: -f tcp port/,
    );
    expect(answer).toMatch(
      /-> tcp prot 80 \(Filter "tcp prot 80" is not valid: .*pcap-filter"\); files/,
    );
    await askAll('/seen', 8080);
    await endAndCheck(daemon, { '/seen': 4 * CONNECTIONS_COUNT, '/unseen': 0 });
  });

  test('of filters and redaction holds for what ends from then on', async () => {
    const daemon = await start('', '-cpu', '2');
    const all = 2 * CONNECTIONS_COUNT;
    await askAll('/plain');
    await daemon.awaitLines('/plain', all);
    daemon.configure('HTTPLOG_STATUS=4xx\nHTTPLOG_QUERY_MODE=redact\n');
    expect(await daemon.hup()).toBe(
      'INFO Configuration read again on SIGHUP: taken over: --status (every status) -> 400-499,' +
        ' --query-mode (keep) -> redact; files are opened anew',
    );
    await askAll('/left-out');
    await askAll('/missing');
    // What was not chosen has been decoded by then: it is before them in each worker's ring.
    await daemon.awaitLines('/missing', all);
    daemon.configure('');
    expect(await daemon.hup()).toMatch(/^INFO .*--status 400-499 -> \(every status\)/);
    await askAll('/again');
    const expected = { '/plain': all, '/left-out': 0, '/missing': all, '/again': all };
    const stderr = await endAndCheck(daemon, expected);
    expect(stderr).toMatch(new RegExp(`Redacted: ${all} query`));
  });

  test('of what needs a restart, what is taken and what is wrong says each once', async () => {
    const patterns = join(newDirectory(), 'patterns');
    writeFileSync(patterns, "- name: ticket\n  pattern: 'T-\\d+'\n");
    const file = `HTTPLOG_REDACT_FILE=${patterns}\n`;
    const daemon = await start(file);
    await ask('/T-1');
    await daemon.awaitLines('/[REDACTED:ticket]', 1);
    writeFileSync(patterns, "- name: order\n  pattern: 'O-\\d+'\n");
    expect(await daemon.hup()).toBe(
      `INFO Configuration read again on SIGHUP: taken over: the patterns of --redact-file ${patterns}` +
        '; files are opened anew',
    );
    await ask('/O-1/T-2');
    await daemon.awaitLines('/[REDACTED:order]/T-2', 1);
    rmSync(patterns);
    daemon.configure(`${file}HTTPLOG_CPUNO=2\nHTTPLOG_LOG_EVERY=7\n`);
    expect(await daemon.hup()).toBe(
      'WARN Configuration read again on SIGHUP: taken over: -log_every 10000 -> 7; needing a restart: -cpu 1 -> 2' +
        `; staying as it was: redaction (Patterns file ${patterns} is not there; Name a file that is there)` +
        '; files are opened anew',
    );
    await ask('/O-2');
    await daemon.awaitLines('/[REDACTED:order]', 1);
    daemon.configure(`${file}HTTPLOG_LOG_EVERY=7\n`);
    writeFileSync(patterns, "- name: order\n  pattern: 'O-\\d+'\n");
    expect(await daemon.hup()).toBe(
      'INFO Configuration read again on SIGHUP: nothing has changed; files are opened anew',
    );
    const stderr = await endAndCheck(daemon, {
      '/[REDACTED:ticket]': 1,
      '/[REDACTED:order]/T-2': 1,
      '/[REDACTED:order]': 1,
    });
    expect(stderr).toMatch(/Redacted: 1 ticket, 2 order/);
  });

  test('of a configuration that no start would take changes nothing', async () => {
    const daemon = await start('');
    daemon.configure('HTTPLOG_ENGINE=libpcap\nHTTPLOG_CPUNO=2\nHTTPLOG_LOG_EVERY=7\n');
    expect(await daemon.hup()).toBe(
      'ERROR The configuration stays as it was, because of what is wrong in it now; files are opened anew',
    );
    expect(daemon.httplog.stderr()).toMatch(/ERROR +The libpcap engine works with one worker/);
    daemon.configure('HTTPLOG_LOG_EVERY=7\n');
    expect(await daemon.hup()).toContain('taken over: -log_every 10000 -> 7;');
    await endAndCheck(daemon, {});
  });

  test('with libpcap leaves its filter, which would have a gap, and takes the rest', async () => {
    const daemon = await start('', '--engine', 'libpcap');
    daemon.configure('HTTPLOG_PORT=8080\nHTTPLOG_QUERY_MODE=redact\n');
    expect(await daemon.hup()).toBe(
      'WARN Configuration read again on SIGHUP: taken over: --query-mode (keep) -> redact' +
        '; needing a restart: -p 80 -> 8080 (with --engine libpcap); files are opened anew',
    );
    await ask('/seen');
    await ask('/unseen', { port: 8080 });
    const stderr = await endAndCheck(daemon, { '/seen': 1, '/unseen': 0 });
    expect(stderr).toContain('Redacted: 1 query');
  });

  /** Ranges of ports whose filter is larger than the kernel's memory for two is made here. */
  const manyPorts = () => Array.from({ length: 60 }, (_, index) => 8000 + 2 * index).join(',');
  const setFilterMemory = (bytes: string) =>
    runInNamespace(scene.hosts().server.namespace, 'sysctl', [
      '-qw',
      `net.core.optmem_max=${bytes}`,
    ]);

  test('of a filter that the kernel does not take leaves the old one', async (context) => {
    const { namespace } = scene.hosts().server;
    const { stdout: before } = await runInNamespace(namespace, 'sysctl', [
      '-n',
      'net.core.optmem_max',
    ]);
    const daemon = await start('', '-cpu', '2');
    if ((await setFilterMemory('1024')).code !== 0) {
      context.skip('this kernel has no net.core.optmem_max of a network namespace');
    }
    try {
      daemon.configure(`HTTPLOG_PORT=80,${manyPorts()}\nHTTPLOG_QUERY_MODE=redact\n`);
      const answer = await daemon.hup();
      expect(answer).toMatch(/^WARN .* staying as it was: -p 80 -> 80,8000,8002/);
      expect(answer).toMatch(
        /\(The kernel has no memory for a filter of this size; .*optmem_max\); files/,
      );
    } finally {
      await setFilterMemory(before.trim());
    }
    await askAll('/seen');
    const stderr = await endAndCheck(daemon, { '/seen': 2 * CONNECTIONS_COUNT });
    expect(stderr).not.toContain('Redacted');
    expect(daemon.paths()).not.toContain('/seen?n=REDACTED');
  });

  test('that one of several workers cannot take is taken by none', async () => {
    const { daemon, ...others } = await startHeld('', ['-cpu', '3']);
    daemon.order('refuse', 1);
    others.configure('HTTPLOG_PORT=8080\n');
    expect(await others.hup()).toMatch(
      /^WARN .* staying as it was: -p 80 -> 8080 \(The kernel has no memory/,
    );
    await askAll('/seen');
    await askAll('/unseen', 8080);
    daemon.release('refuse', 1);
    others.configure('HTTPLOG_PORT=80\n');
    expect(await others.hup()).toContain('nothing has changed');
    await endAndCheck(others, { '/seen': 2 * CONNECTIONS_COUNT, '/unseen': 0 });
  });

  test('holds for a worker that fails before it has heard of it', async () => {
    const { daemon, ...others } = await startHeld('', ['-cpu', '2']);
    await daemon.hold('poll', 1);
    others.configure('HTTPLOG_PORT=8080\nHTTPLOG_STATUS=200-299\n');
    const answer = others.hup();
    daemon.order('throw', 1);
    daemon.release('poll', 1);
    await others.httplog.waitForOutput(
      'stderr',
      /ERROR .*started anew: thrown while it waits/,
      WAIT_MS,
    );
    daemon.release('throw', 1);
    expect(await answer).toMatch(/^INFO .* taken over: -p 80 -> 8080, --status/);
    await others.httplog.waitForOutput('stderr', /Capturing on \S+ again/, WAIT_MS);
    await askAll('/seen', 8080);
    await askAll('/missing', 8080);
    await askAll('/unseen');
    await endAndCheck(others, { '/seen': 2 * CONNECTIONS_COUNT, '/missing': 0, '/unseen': 0 });
  });

  test('holds for a worker that was about to begin', async () => {
    // To load what compiles an expression takes longer than to hear of the change.
    const expression = 'HTTPLOG_FILTER="tcp port 80"\n';
    const { daemon, ...others } = await startHeld(expression, [], { orders: [['start', 0]] });
    await daemon.waitUntilHeld('start', 0);
    others.configure('HTTPLOG_PORT=8080\n');
    // Heard once there is a capture.
    const isAnswered = () => {
      others.httplog.signal('SIGUSR2');
      return others.httplog.stderr().includes('Packets: ');
    };
    await waitUntil('counts', isAnswered, WAIT_MS);
    const answer = others.hup();
    daemon.release('start', 0);
    expect(await answer).toMatch(/^INFO .* taken over: -p 80 -> 8080, -f /);
    await others.httplog.waitForOutput('stderr', CAPTURING, WAIT_MS);
    await askAll('/seen', 8080);
    await askAll('/unseen');
    await endAndCheck(others, { '/seen': 2 * CONNECTIONS_COUNT, '/unseen': 0 });
  });

  test('that comes during a stop says nothing after it', async () => {
    const { daemon, ...others } = await startHeld('', []);
    await daemon.hold('poll', 0);
    others.configure('HTTPLOG_PORT=8080\n');
    others.httplog.signal('SIGHUP');
    others.httplog.signal('SIGTERM');
    await others.httplog.waitForOutput('stderr', /Stopping on SIGTERM/, WAIT_MS);
    others.httplog.signal('SIGHUP');
    daemon.release('poll', 0);
    const { code, stderr } = await others.httplog.waitForExit(WAIT_MS);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('SIGHUP');
  });

  test('of limits of files holds at once', async () => {
    const logs = join(newDirectory(), 'logs');
    const file = join(newDirectory(), 'conf');
    mkdirSync(logs);
    for (const day of ['20190901', '20190902', '20190903']) {
      writeFileSync(join(logs, `http-${day}.log`), '');
    }
    writeFileSync(file, '');
    const httplog = await startDaemon('--config', file, '-d', logs);
    await ask('/one');
    await waitForLines(() => readLogDirectory(logs), 2);
    const daemon = reloadable(httplog, file, '');
    daemon.configure('HTTPLOG_KEEP_FILES=2\nHTTPLOG_COMPRESS=gzip\nHTTPLOG_ROTATE_SIZE=1KB\n');
    expect(await daemon.hup()).toMatch(
      /^INFO .*: taken over: --rotate-size 0 -> 1KB, --compress none -> gzip, --keep-files 0 -> 2; files/,
    );
    // Beside them stands the daemon's lock.
    const list = () => readdirSync(logs).filter((name) => name.startsWith('http-'));
    const isDone = () => list().sort().join().startsWith('http-20190903.log.gz,http-2');
    await waitUntil('files go, and one is compressed', isDone, WAIT_MS);
    expect(list()).toHaveLength(2);
    const { code } = await httplog.end('SIGTERM', WAIT_MS);
    expect(code).toBe(0);
  });

  test('a hundred times over is one configuration in the end', async () => {
    const daemon = await start('HTTPLOG_PORT=80\n', '-cpu', '2');
    const asking = ask('/stays', { count: 2000, connections: CONNECTIONS_COUNT });
    for (let times = 0; times < 100; times++) {
      daemon.configure(`HTTPLOG_PORT=80,${times % 2 === 0 ? 8080 : 8081}\n`);
      daemon.httplog.signal('SIGHUP');
    }
    expect(await asking).toMatchObject({ answered: 2000, failed: 0 });
    daemon.configure('HTTPLOG_PORT=80,8080\nHTTPLOG_LOG_EVERY=7\n');
    await daemon.hup();
    await daemon.httplog.waitForOutput('stderr', /-log_every 10000 -> 7/, WAIT_MS);
    await askAll('/seen', 8080);
    const stderr = await endAndCheck(daemon, { '/stays': 2000, '/seen': 2 * CONNECTIONS_COUNT });
    expect(stderr).not.toMatch(/WARN|ERROR/);
  });
});
