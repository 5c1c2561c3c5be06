import { describe, expect, onTestFinished, test } from 'vitest';
import { startHttplog } from './httplog-process.ts';
import {
  CAPTURING,
  countTypes,
  makeLogDirectory,
  parseSummary,
  readLogDirectory,
  removeLogDirectory,
} from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { keepAliveRequests } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const REQUESTS_COUNT = 1000;
const CONNECTIONS_COUNT = 40;

describe.skipIf(noLive)(titleWithReason('several decode workers', noLive), () => {
  const { hosts } = useWebScene();

  test.each([2, 3])('%i workers log each request of many connections once', async (workers) => {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    const { namespace, device } = hosts().server;
    const args = ['-i', device, '-d', directory, '-cpu', `${workers}`];
    const httplog = await startHttplog({ namespace, args, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    expect(httplog.stderr()).toContain(`${workers} workers`);
    for (const host of [hosts().server.ipv4, `[${hosts().server.ipv6}]`]) {
      const report = await keepAliveRequests({
        namespace: hosts().client.namespace,
        url: `http://${host}/`,
        count: REQUESTS_COUNT,
        connections: CONNECTIONS_COUNT,
      });
      expect(report).toMatchObject({ answered: REQUESTS_COUNT, failed: 0 });
    }
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    const lines = readLogDirectory(directory);
    const total = 2 * REQUESTS_COUNT;
    expect(countTypes(lines)).toEqual({ CQ: total, CR: total });
    const requests = lines.filter(({ type }) => type === 'CQ');
    const named = requests.map(({ target, message }) => `${target} ${message.split(' ')[1]}`);
    expect(new Set(named).size).toBe(total);
    const summary = parseSummary(stderr);
    expect(summary).toMatchObject({ dropped: 0, written: 2 * total, linesDropped: 0 });
    expect(summary.messages).toMatchObject({ CQ: total, CR: total });
  });

  test('the messages of one connection keep their order', async () => {
    const httplog = await startHttplog({
      namespace: hosts().server.namespace,
      args: ['-i', hosts().server.device, '-o', '-', '-cpu', '2'],
      ready: CAPTURING,
    });
    onTestFinished(async () => void (await httplog.stop()));
    await keepAliveRequests({
      namespace: hosts().client.namespace,
      url: `http://${hosts().server.ipv4}/`,
      count: 100,
      connections: 1,
    });
    const { stdout } = await httplog.end();
    const types = [...stdout.matchAll(/ (C[QR]) /g)].map(([, type]) => type);
    expect(types).toEqual(Array(100).fill(['CQ', 'CR']).flat());
  });
});
