/** What decode workers do when their interface goes away in the middle of what they do: made certain, not by chance. */
import { beforeEach, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { startHeldDaemon } from './held-workers.ts';
import type { HttplogProcess } from './httplog-process.ts';
import { CAPTURING, parseSummary } from './log-lines.ts';
import { ip, type LinkedHosts, makeLinkAgain } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { keepAliveRequests } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const WAIT_MS = PATIENCE_MS;
const REQUESTS_COUNT = 100;

const title = titleWithReason('decode workers whose interface goes away', noLive);

describe.skipIf(noLive)(title, { timeout: 4 * WAIT_MS }, () => {
  let hosts: LinkedHosts;
  const scene = useWebScene({}, { isForEach: true });

  beforeEach(() => {
    hosts = scene.hosts();
  });

  const removeLink = () => ip(hosts.server.namespace, 'link', 'del', hosts.server.device);
  const setLink = (state: 'up' | 'down') =>
    ip(hosts.server.namespace, 'link', 'set', hosts.server.device, state);

  async function makeLink(): Promise<void> {
    const { client } = hosts;
    await makeLinkAgain(hosts);
    const isUp = async () =>
      (await ip(client.namespace, '-o', 'link', 'show', client.device)).includes('state UP');
    await waitUntil('the link', isUp, WAIT_MS);
  }

  const say = (httplog: HttplogProcess, pattern: RegExp) =>
    httplog.waitForOutput('stderr', pattern, WAIT_MS);

  /** Many connections, so that every worker has its share. */
  const askAll = () =>
    keepAliveRequests({
      namespace: hosts.client.namespace,
      url: `http://${hosts.server.ipv4}/`,
      count: REQUESTS_COUNT,
      connections: 20,
    });

  const args = (...more: string[]) => ['-i', hosts.server.device, '-o', '-', ...more];

  async function expectAllLogged(httplog: HttplogProcess): Promise<void> {
    expect(await askAll()).toMatchObject({ answered: REQUESTS_COUNT, failed: 0 });
    const { code, stderr } = await httplog.end('SIGTERM', WAIT_MS);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toMatch(/ERROR|please report/i);
    expect(parseSummary(stderr), stderr).toMatchObject({
      dropped: 0,
      messages: { CQ: REQUESTS_COUNT, CR: REQUESTS_COUNT },
      written: 2 * REQUESTS_COUNT,
    });
  }

  test.each([
    ['opens its socket', 'bind', '1'],
    ['opens its socket', 'bind', '2'],
    ['joins the others', 'fanout', '2'],
  ] as const)(
    'a worker that %s (%s, of %s) while its interface vanishes waits for it',
    async (_title, point, workers) => {
      const last = Number(workers) - 1;
      const daemon = await startHeldDaemon(args('-cpu', workers), {
        namespace: hosts.server.namespace,
        orders: [[point, last]],
      });
      await daemon.waitUntilHeld(point, last);
      await removeLink();
      daemon.release(point, last);
      await say(daemon.httplog, /WARN .*Interface server0 .*; waiting until it is up/);
      await makeLink();
      await say(daemon.httplog, CAPTURING);
      await expectAllLogged(daemon.httplog);
    },
  );

  test('a worker that is late to leave an interface that was replaced is not in the way of others', async () => {
    const { httplog, ...daemon } = await startHeldDaemon(args('-cpu', '2'), {
      namespace: hosts.server.namespace,
      ready: CAPTURING,
    });
    await daemon.hold('poll', 1);
    await removeLink();
    await say(httplog, /WARN .*Interface server0 has vanished; waiting until it is up/);
    daemon.order('fanout', 0);
    await makeLink();
    // The other one is bound to the interface that is no more, and in the same group.
    await daemon.waitUntilHeld('fanout', 0);
    daemon.release('fanout', 0);
    await daemon.hold('poll', 0);
    daemon.release('poll', 0);
    daemon.release('poll', 1);
    await say(httplog, /INFO .*Capturing on server0 again/);
    await expectAllLogged(httplog);
  });

  test('what a worker notices during the stop is not told after it', async () => {
    const { httplog, ...daemon } = await startHeldDaemon(args('--engine', 'libpcap'), {
      namespace: hosts.server.namespace,
      ready: CAPTURING,
    });
    daemon.order('drain', 0);
    await setLink('down');
    await daemon.waitUntilHeld('drain', 0);
    httplog.signal('SIGTERM');
    await say(httplog, /INFO .*Stopping on SIGTERM/);
    daemon.release('drain', 0);
    const { code, stderr } = await httplog.waitForExit(WAIT_MS);
    expect(code, stderr).toBe(0);
    expect(stderr.slice(stderr.indexOf('Stopping on')), stderr).not.toMatch(/WARN|waiting/);
    expect(parseSummary(stderr)).toMatchObject({ dropped: 0 });
  });

  test('a worker that fails during the stop is told, with what is lost, and exit 1', async () => {
    const { httplog, ...daemon } = await startHeldDaemon(args(), {
      namespace: hosts.server.namespace,
      ready: CAPTURING,
    });
    await daemon.hold('poll', 0);
    httplog.signal('SIGTERM');
    await say(httplog, /INFO .*Stopping on SIGTERM/);
    daemon.order('throw', 0);
    daemon.release('poll', 0);
    const { code, stderr } = await httplog.waitForExit(WAIT_MS);
    expect(stderr).toMatch(
      /A decode worker failed at the stop: thrown while it waits for packets; lost with it: 0 lines/,
    );
    expect(code).toBe(1);
    expect(parseSummary(stderr)).toMatchObject({ linesDropped: 0 });
  });

  test('a stop that comes before the workers capture is the last that is told', async () => {
    await setLink('down');
    const { httplog, ...daemon } = await startHeldDaemon(args(), {
      namespace: hosts.server.namespace,
      orders: [['start', 0]],
    });
    await daemon.waitUntilHeld('start', 0);
    // Answered once there is a capture to stop.
    const isAnswered = () => {
      httplog.signal('SIGUSR2');
      return httplog.stderr().includes('Packets: ');
    };
    await waitUntil('counts', isAnswered, WAIT_MS);
    httplog.signal('SIGTERM');
    await say(httplog, /INFO .*Stopping on SIGTERM/);
    daemon.release('start', 0);
    const { code, stderr } = await httplog.waitForExit(WAIT_MS);
    expect(code, stderr).toBe(0);
    expect(stderr.slice(stderr.indexOf('Stopping on')), stderr).not.toMatch(/Capturing on|waiting/);
  });
});
