import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { type HttplogExit, runHttplog, startHttplog } from './httplog-process.ts';
import { CAPTURING, makeLogDirectory, removeLogDirectory } from './log-lines.ts';
import { canCaptureLive, titleWithReason } from './requirements.ts';

const HTTPLOG_PROGRAM = fileURLToPath(new URL('../../bin/httplog', import.meta.url));
const CAPTURE = fileURLToPath(new URL('../fixtures/pcaps/nginx-ipv4.pcap', import.meta.url));
const WITH_LIMIT = 'ulimit -n "$0"; exec "$@"';
const SENTENCE =
  /^httplog: The limit of open files is \d+, of which \d+ are in use; httplog needs \d+ more( at least)?\n {2}Raise it: ulimit -n \d+, or LimitNOFILE=\d+ in its unit\n$/;
/** From one that the shell itself needs to one that is enough for what is asked here. */
const LIMITS = [14, 18, 20, 24, 30, 36, 38, 40, 42, 44, 48, 52, 56, 60];
const ENOUGH = 256;
/** A machine that does other things as well takes its time. */
const RUN_TIMEOUT_MS = PATIENCE_MS;

const noLive = canCaptureLive();

const limited = (limit: number, args: readonly string[]) => ({
  program: 'sh',
  args: ['-c', WITH_LIMIT, `${limit}`, HTTPLOG_PROGRAM, ...args],
});

const runLimited = (limit: number, args: readonly string[]): Promise<HttplogExit> =>
  runHttplog(limited(limit, args).args, { program: 'sh', timeoutMs: RUN_TIMEOUT_MS });

describe('a limit of open files', { timeout: 3 * RUN_TIMEOUT_MS }, () => {
  test('that is too low for a replay is one sentence, and else the lines are there', async () => {
    const args = ['replay', CAPTURE, '-p', 'any', '-o', '-'];
    const { stdout: lines } = await runLimited(ENOUGH, args);
    expect(lines).not.toBe('');
    const codes = new Set<number | null>();
    for (const limit of LIMITS) {
      const { code, stdout, stderr } = await runLimited(limit, args);
      codes.add(code);
      expect(stderr, `ulimit -n ${limit}`).toMatch(code === 0 ? /^$/ : SENTENCE);
      expect(stdout).toBe(code === 0 ? lines : '');
    }
    expect([...codes]).toEqual([4, 0]);
  });

  test.each([
    ['one worker', []],
    ['a worker more', ['-cpu', '2']],
    ['an admin server', ['--listen-admin', './admin.sock']],
  ])('that is too low for a run is one sentence: %s', async (_, more) => {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    const args = ['-i', 'lo', '-p', '65000', '-d', directory, ...more];
    for (const limit of [20, 36, 44]) {
      const { code, stderr } = await runLimited(limit, args);
      expect(stderr, `ulimit -n ${limit}`).toMatch(SENTENCE);
      expect(code).toBe(4);
    }
  });

  test.skipIf(noLive)(titleWithReason('that is enough is not mentioned', noLive), async () => {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    const args = ['-i', 'lo', '-p', '65000', '-d', directory];
    const httplog = await startHttplog({
      ...limited(ENOUGH, args),
      ready: CAPTURING,
      readyTimeoutMs: RUN_TIMEOUT_MS,
    });
    onTestFinished(async () => void (await httplog.stop()));
    const { code, stderr } = await httplog.end('SIGTERM', RUN_TIMEOUT_MS);
    expect(code).toBe(0);
    expect(stderr).not.toContain('open files');
  });
});
