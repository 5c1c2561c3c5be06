import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { runChecked, waitUntil } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import {
  CAPTURING,
  type LogLine,
  makeLogDirectory,
  parseLines,
  parseSummary,
  removeLogDirectory,
  waitForLines,
} from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { curl, keepAliveRequests } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl');
const noLogrotate = noLive ?? missingTool('logrotate');
const SAMPLE = fileURLToPath(new URL('../../conf/httplog.logrotate', import.meta.url));
/** Milliseconds in which httplog must have said what it does on a signal. */
const ANSWER_TIMEOUT_MS = PATIENCE_MS;
const ROTATIONS_COUNT = 5;
const REQUESTS_COUNT = 6000;

describe.skipIf(noLive)(titleWithReason('signals of a live capture', noLive), () => {
  const { hosts } = useWebScene();

  function newDirectory(): string {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    return directory;
  }

  async function startDaemon(...args: string[]): Promise<HttplogProcess> {
    const { namespace, device } = hosts().server;
    const all = [...args, '-i', device];
    const httplog = await startHttplog({ namespace, args: all, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    return httplog;
  }

  const ask = (path: string) =>
    curl([`http://${hosts().server.ipv4}${path}`, '-o', '/dev/null'], {
      namespace: hosts().client.namespace,
    });
  const readLines = (path: string) => () => parseLines(readFileSync(path, 'utf8'));
  /** A worker hears of new networks when it next looks up from its packets. */
  const askUntil = (log: string, types: string[]) =>
    waitUntil(
      `lines of ${types}`,
      async () => {
        const before = readLines(log)().length;
        await ask('/again');
        const lines = await waitForLines(readLines(log), before + 2);
        return typesIn(lines.slice(before)).join() === types.join();
      },
      ANSWER_TIMEOUT_MS,
    );
  const typesIn = (lines: LogLine[]) => lines.map(({ type }) => type);

  async function signalAndAwait(
    httplog: HttplogProcess,
    signal: NodeJS.Signals,
    pattern: RegExp,
  ): Promise<string> {
    httplog.signal(signal);
    return (await httplog.waitForOutput('stderr', pattern, ANSWER_TIMEOUT_MS))[0];
  }

  test('SIGHUP changes what can change, and names what needs a restart', async () => {
    const directory = newDirectory();
    const [file, log] = [join(directory, 'conf'), join(directory, 'http.log')];
    writeFileSync(file, 'HTTPLOG_PORT=80\n');
    const httplog = await startDaemon('--config', file, '-o', log);
    await ask('/before');
    expect(typesIn(await waitForLines(readLines(log), 2))).toEqual(['CQ', 'CR']);
    writeFileSync(
      file,
      `HTTPLOG_CPUNO=2\nHTTPLOG_LOCAL=${hosts().client.ipv4}\nHTTPLOG_LOG_EVERY=7\n`,
    );
    await signalAndAwait(httplog, 'SIGHUP', /WARN .*Configuration read again on SIGHUP: .*\n/);
    expect(httplog.stderr()).toContain(
      `SIGHUP: taken over: --local (the addresses of this host; in replay none) -> ${hosts().client.ipv4}, -log_every 10000 -> 7; needing a restart: -cpu 1 -> 2; files`,
    );
    await askUntil(log, ['SQ', 'SR']);
    // And back: this host's own addresses count again.
    writeFileSync(file, 'HTTPLOG_PORT=80\nHTTPLOG_QUIET=true\n');
    httplog.signal('SIGHUP');
    await askUntil(log, ['CQ', 'CR']);
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(stderr.match(/Configuration read again/g), 'quiet is quiet').toHaveLength(1);
    expect(stderr).not.toContain('Packets: ');
  });

  test('SIGHUP with a wrong configuration tells it and keeps the old one', async () => {
    const directory = newDirectory();
    const [file, log] = [join(directory, 'conf'), join(directory, 'http.log')];
    writeFileSync(file, '');
    const httplog = await startDaemon('--config', file, '-o', log);
    writeFileSync(file, 'HTTPLOG_PORT=eighty\nHTTPLOG_LOG_EVERY=often\nHTTPLOG_QUIET=yes\n');
    await signalAndAwait(httplog, 'SIGHUP', /ERROR The configuration stays as it was/);
    expect(httplog.stderr()).toMatch(/ERROR .*-p cannot be "eighty" \(from .*conf line 1\)/);
    expect(httplog.stderr()).toMatch(/ERROR .*-log_every cannot be "often"/);
    await ask('/goes-on');
    await waitForLines(readLines(log), 2);
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(parseSummary(stderr)).toMatchObject({ written: 2, linesDropped: 0 });
  });

  test('SIGUSR1 goes on in a new file, without a debugger; SIGUSR2 tells the counts', async () => {
    const directory = newDirectory();
    const [log, moved] = [join(directory, 'http.log'), join(directory, 'moved')];
    const daemon = await startDaemon('-o', log);
    await ask('/one');
    await waitForLines(readLines(log), 2);
    renameSync(log, moved);
    await signalAndAwait(daemon, 'SIGUSR1', /INFO .*Opening the files anew on SIGUSR1/);
    await ask('/two');
    await waitForLines(readLines(log), 2);
    expect(readLines(moved)()).toHaveLength(2);
    const told = await signalAndAwait(daemon, 'SIGUSR2', /Packets: [\s\S]*Lines: .*\n/);
    expect(parseSummary(told)).toMatchObject({ written: 4, linesDropped: 0 });
    expect(daemon.hasExited()).toBe(false);
    expect(daemon.stderr()).not.toContain('Debugger');
  });

  test('SIGUSR2 is answered with --quiet too', async () => {
    const log = join(newDirectory(), 'http.log');
    const { namespace, device } = hosts().server;
    const args = ['-i', device, '-o', log, '--quiet'];
    const httplog = await startHttplog({ namespace, args });
    onTestFinished(async () => void (await httplog.stop()));
    await waitUntil(
      'a line',
      async () => {
        await ask('/quiet');
        return existsSync(log);
      },
      2 * ANSWER_TIMEOUT_MS,
    );
    expect(httplog.stderr()).toBe('');
    await signalAndAwait(httplog, 'SIGUSR2', /INFO .*Packets: [\s\S]*INFO .*Lines: .*\n/);
    const said = httplog.stderr();
    expect((await httplog.end()).stderr).toBe(said);
  });

  test('a second signal ends a stop that waits, at once, with exit 1', async () => {
    const directory = newDirectory();
    const pipe = join(directory, 'nobody-reads');
    await runChecked('mkfifo', [pipe]);
    const httplog = await startDaemon('-o', pipe);
    await ask('/lost');
    await httplog.waitForOutput('stderr', /ERROR .*Cannot write/, ANSWER_TIMEOUT_MS);
    await signalAndAwait(httplog, 'SIGTERM', /Stopping on SIGTERM/);
    // Again and again: what comes at once is the same wish, passed on by a program in between.
    const isEnding = /ERROR .*Ending at once/;
    await waitUntil(
      'an end at once',
      () => {
        httplog.signal('SIGINT');
        return isEnding.test(httplog.stderr()) || httplog.hasExited();
      },
      ANSWER_TIMEOUT_MS,
    );
    const { code, stderr } = await httplog.waitForExit();
    expect(code).toBe(1);
    expect(stderr).toMatch(/ERROR .*Ending at once on a second signal, SIGINT/);
    expect(stderr).not.toContain('Packets: ');
  });

  /** conf/httplog.logrotate for this daemon and this directory. */
  function writeSample(directory: string, log: string, pid: number, isCopied: boolean): string {
    const sample = readFileSync(SAMPLE, 'utf8');
    const signal = /kill -USR1 .*/.exec(sample)?.[0] ?? '';
    let text = sample
      .replace('/log/httplog/http.log {', `${log} {`)
      .replace('su httplog httplog', 'su root root')
      .replace('create 0640 httplog httplog', 'create 0640 root root')
      .replace(signal, `kill -USR1 ${pid}`);
    if (isCopied) {
      text = text.replace(/ *create [\s\S]*?endscript\n/, '    copytruncate\n');
    }
    expect(signal).not.toBe('');
    expect(text).toContain(isCopied ? '\n    copytruncate\n' : `kill -USR1 ${pid}\n`);
    const path = join(directory, 'logrotate.conf');
    writeFileSync(path, text, { mode: 0o644 });
    return path;
  }

  async function rotateUnderLoad(isCopied: boolean) {
    const directory = newDirectory();
    const logs = join(directory, 'logs');
    mkdirSync(logs, { mode: 0o750 });
    chownSync(logs, 0, 0);
    const log = join(logs, 'http.log');
    const httplog = await startDaemon('-o', log);
    const sample = writeSample(directory, log, httplog.pid, isCopied);
    const client = keepAliveRequests({
      namespace: hosts().client.namespace,
      url: `http://${hosts().server.ipv4}/`,
      count: REQUESTS_COUNT,
      connections: 4,
    });
    const state = join(directory, 'state');
    let isLoadOver = false;
    const loading = client.finally(() => {
      isLoadOver = true;
    });
    for (let rotation = 0; rotation < ROTATIONS_COUNT; rotation++) {
      // An empty file is not rotated.
      const hasLines = () => isLoadOver || (existsSync(log) && statSync(log).size > 0);
      await waitUntil('lines in the file', hasLines, 10 * ANSWER_TIMEOUT_MS);
      await runChecked('/usr/sbin/logrotate', ['--force', '--state', state, sample]);
    }
    const report = await loading;
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(parseSummary(stderr)).toMatchObject({ dropped: 0, linesDropped: 0 });
    expect(stderr).not.toMatch(/WARN|ERROR/);
    const texts = await Promise.all(
      readdirSync(logs).map((name) =>
        runChecked(name.endsWith('.gz') ? 'zcat' : 'cat', [join(logs, name)]),
      ),
    );
    return { report, texts, files: readdirSync(logs).sort() };
  }

  const countRequests = (lines: LogLine[]) =>
    lines.filter(({ type }) => type === 'CQ').map(({ message }) => message);

  describe.skipIf(noLogrotate)(titleWithReason('logrotate', noLogrotate), () => {
    test('with create and SIGUSR1 loses no line and doubles none', async () => {
      const { report, texts, files } = await rotateUnderLoad(false);
      expect(report).toMatchObject({ answered: REQUESTS_COUNT, failed: 0 });
      expect(files).toEqual([
        'http.log',
        'http.log.1',
        ...Array.from({ length: files.length - 2 }, (_, index) => `http.log.${index + 2}.gz`),
      ]);
      expect(files.length).toBeGreaterThan(2);
      const lines = texts.flatMap(parseLines);
      expect(lines).toHaveLength(2 * REQUESTS_COUNT);
      expect(new Set(countRequests(lines)).size).toBe(REQUESTS_COUNT);
    });

    test('with copytruncate leaves whole lines, each once', async () => {
      const { report, texts } = await rotateUnderLoad(true);
      expect(report).toMatchObject({ answered: REQUESTS_COUNT, failed: 0 });
      // The copy ends where the writer was just then.
      const lines = texts.flatMap((text) => parseLines(text.slice(0, text.lastIndexOf('\n') + 1)));
      const requests = countRequests(lines);
      expect(new Set(requests).size).toBe(requests.length);
      expect(requests.length).toBeLessThanOrEqual(REQUESTS_COUNT);
      expect(requests.length).toBeGreaterThan(REQUESTS_COUNT / 2);
    });
  });
});
