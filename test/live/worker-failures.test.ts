import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import { CAPTURING, parseSummary, readLogDirectory, waitForLines } from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { keepAliveRequests } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const BREAK_WORKER = fileURLToPath(new URL('break-worker.ts', import.meta.url));
const REQUESTS_COUNT = 8000;
const RECOVERY_TIMEOUT_MS = PATIENCE_MS;
const FAILURE =
  /ERROR A decode worker failed and was started anew: (.*); lost with it: (\d+) lines/g;

describe.skipIf(noLive)(titleWithReason('a decode worker that fails', noLive), () => {
  const { hosts } = useWebScene();

  interface BreakableDaemon {
    httplog: HttplogProcess;
    directory: string;
    /** Breaks one worker; resolves when one has taken the order. */
    breakWorker(how: string): Promise<void>;
  }

  async function startDaemon(...args: string[]): Promise<BreakableDaemon> {
    const folder = mkdtempSync(join(tmpdir(), 'httplog-failures-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const orderPath = join(folder, 'order');
    const { namespace, device } = hosts().server;
    const httplog = await startHttplog({
      namespace,
      args: ['-i', device, '-d', folder, ...args],
      env: { NODE_OPTIONS: `--import file://${BREAK_WORKER}`, BREAK_WORKER_FILE: orderPath },
      ready: CAPTURING,
    });
    onTestFinished(async () => void (await httplog.stop()));
    let failuresCount = 0;
    const breakWorker = async (how: string) => {
      failuresCount++;
      writeFileSync(orderPath, how);
      const isTold = () => [...httplog.stderr().matchAll(FAILURE)].length === failuresCount;
      await waitUntil(`failure ${failuresCount} is told`, isTold, RECOVERY_TIMEOUT_MS);
    };
    return { httplog, directory: folder, breakWorker };
  }

  const ask = (count: number) =>
    keepAliveRequests({
      namespace: hosts().client.namespace,
      url: `http://${hosts().server.ipv4}/`,
      count,
      connections: 8,
    });

  test.each([
    ['in its loop', 'loop', /^thrown in the loop$/],
    ['in a callback', 'callback', /^thrown in a callback$/],
    ['by the end of its thread', 'exit', /^its thread ended with exit code 7$/],
    ['for want of memory', 'memory', /memory limit/],
  ])(
    '%s is started anew under load: what is missing is counted',
    async (_title, how, reason) => {
      const { httplog, directory, breakWorker } = await startDaemon();
      const asking = ask(REQUESTS_COUNT);
      await waitUntil('lines', () => readLogDirectorySafely(directory) > 0, RECOVERY_TIMEOUT_MS);
      await breakWorker(how);
      expect(await asking).toMatchObject({ answered: REQUESTS_COUNT, failed: 0 });
      await httplog.waitForOutput('stderr', /Capturing on \S+ again/, RECOVERY_TIMEOUT_MS);
      const { code, stderr } = await httplog.end();
      expect(code).toBe(0);
      const [[, told, linesLost]] = [...stderr.matchAll(FAILURE)];
      expect(told).toMatch(reason);
      const abandoned = Number(/started anew after a failure, (\d+) packets/.exec(stderr)?.[1]);
      const lines = readLogDirectory(directory);
      const summary = parseSummary(stderr);
      expect(summary.written).toBe(lines.length);
      expect(summary.linesDropped).toBe(Number(linesLost));
      const missing = 2 * REQUESTS_COUNT - lines.length;
      expect(missing).toBeGreaterThanOrEqual(summary.linesDropped);
      // A packet holds one message at most. The kernel drops some while a thread fights for memory.
      expect(missing).toBeLessThanOrEqual(summary.linesDropped + abandoned + summary.dropped);
      // Those that came after the failure are there, to the last.
      expect(lines.at(-1)?.type).toBe('CR');
    },
    3 * PATIENCE_MS,
  );

  test(
    'among others is the only one that stops, and its connections are seen again',
    async () => {
      const { httplog, breakWorker } = await startDaemon('-cpu', '2', '--format', 'json');
      await breakWorker('loop');
      await httplog.waitForOutput('stderr', /Capturing on \S+ again/, RECOVERY_TIMEOUT_MS);
      await ask(400);
      const { code, stderr } = await httplog.end();
      expect(code).toBe(0);
      expect(stderr).toMatch(/Exchanges: 400 complete, 0 /);
      expect(parseSummary(stderr)).toMatchObject({ dropped: 0, linesDropped: 0, written: 400 });
    },
    3 * PATIENCE_MS,
  );

  test(
    'three times in a minute ends the daemon with exit 1 and says why',
    async () => {
      const { httplog, directory, breakWorker } = await startDaemon();
      await breakWorker('exit');
      await httplog.waitForOutput('stderr', /Capturing on \S+ again/, RECOVERY_TIMEOUT_MS);
      await breakWorker('loop');
      await waitUntil(
        'the second recovery',
        () => [...httplog.stderr().matchAll(/Capturing on \S+ again/g)].length === 2,
        RECOVERY_TIMEOUT_MS,
      );
      await ask(10);
      await waitForLines(() => readLogDirectory(directory), 20);
      void breakWorker('callback').catch(() => {});
      const { code, stderr } = await httplog.waitForExit(RECOVERY_TIMEOUT_MS);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /Decode workers failed 3 times within 60 seconds; the last time: thrown in a callback/,
      );
      expect(stderr).toMatch(/Decode workers: 2 started anew after a failure/);
      expect(parseSummary(stderr)).toMatchObject({ written: 20 });
    },
    3 * PATIENCE_MS,
  );

  /** The number of whole lines so far; none while one is being written. */
  function readLogDirectorySafely(directory: string): number {
    try {
      return readLogDirectory(directory).length;
    } catch {
      return 0;
    }
  }
});
