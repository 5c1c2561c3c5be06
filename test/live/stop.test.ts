import { describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import {
  CAPTURING,
  countTypes,
  makeLogDirectory,
  parseSummary,
  readLogDirectory,
  removeLogDirectory,
} from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { keepAliveRequests, startKeepAliveRequests, startLoad } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const noLoad = noLive ?? missingTool('wrk');
/** Answered requests after which the signal is sent. */
const SIGNAL_AFTER_COUNT = 1000;
/** More than are answered before the end, however long that takes. */
const ENDLESS_COUNT = 1e7;

describe.skipIf(noLive)(titleWithReason('the end of a live capture', noLive), () => {
  const { hosts, nginx } = useWebScene();

  async function startDaemon(
    ...args: string[]
  ): Promise<{ httplog: HttplogProcess; directory: string }> {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    const { namespace, device } = hosts().server;
    const all = ['-i', device, '-d', directory, ...args];
    const httplog = await startHttplog({ namespace, args: all, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    return { httplog, directory };
  }

  /** What the summary says must be what is in the files. */
  function checkSummary(stderr: string, directory: string): void {
    const lines = readLogDirectory(directory);
    const summary = parseSummary(stderr);
    const { CQ, CR, SQ, SR } = summary.messages;
    expect(summary).toMatchObject({ dropped: 0, linesDropped: 0, written: lines.length });
    expect(stderr, 'nothing had to be waited for until a deadline').not.toMatch(/WARN|ERROR/);
    expect(CQ + CR + SQ + SR).toBe(lines.length);
    expect({ CQ, CR }).toEqual(countTypes(lines));
  }

  const startClient = (count: number) =>
    keepAliveRequests({
      namespace: hosts().client.namespace,
      url: `http://${hosts().server.ipv4}/`,
      count,
      connections: 8,
    });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s under load loses no exchange that was answered before it, exit 0',
    async (signal) => {
      const { httplog, directory } = await startDaemon();
      const before = nginx().readAccessLog().length;
      const { namespace } = hosts().client;
      const url = `http://${hosts().server.ipv4}/`;
      const asking = { namespace, url, count: ENDLESS_COUNT, connections: 8 };
      const client = await startKeepAliveRequests(asking);
      onTestFinished(async () => void (await client.stop()));
      const isUnderLoad = () => nginx().readAccessLog().length - before >= SIGNAL_AFTER_COUNT;
      await waitUntil('the client keeps asking', isUnderLoad, PATIENCE_MS);
      const answered = nginx().readAccessLog().slice(before);
      const { code, stderr } = await httplog.end(signal);
      expect(code).toBe(0);
      expect(client.hasExited(), client.stderr()).toBe(false);
      expect(stderr).toContain(`Stopping on ${signal}`);
      checkSummary(stderr, directory);

      const lines = readLogDirectory(directory);
      const requests = new Set(
        lines
          .filter(({ type }) => type === 'CQ')
          .map(({ source, message }) => `${source.split('#')[1]} ${message.split(' ')[1]}`),
      );
      const lost = answered
        .map((line) => line.split(' '))
        .map(([, port, , , path]) => `${port} ${path}`)
        .filter((request) => !requests.has(request));
      expect(lost).toEqual([]);
      expect(countTypes(lines).CR).toBeGreaterThanOrEqual(answered.length);
    },
  );

  test.skipIf(noLoad)(
    titleWithReason('SIGTERM under the load of wrk loses nothing with two workers', noLoad),
    async () => {
      const { httplog, directory } = await startDaemon('-cpu', '2');
      const before = nginx().readAccessLog().length;
      const { namespace } = hosts().client;
      const load = await startLoad({ namespace, url: `http://${hosts().server.ipv4}/` });
      onTestFinished(async () => void (await load.stop()));
      const isUnderLoad = () => nginx().readAccessLog().length - before >= SIGNAL_AFTER_COUNT;
      await waitUntil('wrk keeps asking', isUnderLoad, PATIENCE_MS);
      const answered = nginx().readAccessLog().length - before;
      const { code, stderr } = await httplog.end('SIGTERM');
      expect(code).toBe(0);
      checkSummary(stderr, directory);
      const counts = countTypes(readLogDirectory(directory));
      expect(counts.CQ).toBeGreaterThanOrEqual(answered);
      expect(counts.CR).toBeGreaterThanOrEqual(answered);
      expect(load.hasExited(), load.stderr()).toBe(false);
    },
  );

  test('a second signal changes nothing', async () => {
    const { httplog, directory } = await startDaemon();
    await startClient(100);
    httplog.signal('SIGTERM');
    httplog.signal('SIGINT');
    const { code, stderr } = await httplog.end('SIGTERM');
    expect(code).toBe(0);
    expect(stderr.match(/Stopping on/g)).toHaveLength(1);
    checkSummary(stderr, directory);
    expect(countTypes(readLogDirectory(directory))).toEqual({ CQ: 100, CR: 100 });
  });

  test('a stop without any traffic has a summary of zeros', async () => {
    const { httplog, directory } = await startDaemon();
    const { code, stderr } = await httplog.end('SIGTERM');
    expect(code).toBe(0);
    expect(readLogDirectory(directory)).toEqual([]);
    expect(parseSummary(stderr)).toMatchObject({ dropped: 0, written: 0, linesDropped: 0 });
  });

  const limits = ['-c 200', '-c 200 -cpu 2', '-c 200 --engine libpcap'];
  test.each(limits)('%s ends by itself after so many packets, exit 0', async (options) => {
    const { httplog, directory } = await startDaemon(...options.split(' '));
    const client = startClient(300);
    const { code, stderr } = await httplog.waitForExit();
    expect(code).toBe(0);
    checkSummary(stderr, directory);
    const { CQ } = countTypes(readLogDirectory(directory));
    // A request takes some three packets: itself, its response, an acknowledgement.
    expect(CQ).toBeGreaterThan(30);
    expect(CQ).toBeLessThan(110);
    await client;
  });

  test('--quiet says nothing about a run without trouble', async () => {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    const { namespace, device } = hosts().server;
    const args = ['-i', device, '-d', directory, '-c', '30', '--quiet'];
    const httplog = await startHttplog({ namespace, args });
    onTestFinished(async () => void (await httplog.stop()));
    // It does not say when it is ready: it is asked until it has had enough.
    while (!httplog.hasExited()) {
      await startClient(10);
    }
    expect(await httplog.waitForExit()).toMatchObject({ code: 0, stderr: '' });
  });
});
