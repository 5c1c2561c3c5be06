import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import { CAPTURING, parseLines, waitForLines } from './log-lines.ts';
import { ip, type LinkedHosts, makeLinkAgain, runInNamespace } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import { curl } from './web-client.ts';
import { useWebScene } from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx', 'curl', 'sysctl');
const ENGINES = ['afpacket', 'libpcap'] as const;
/** Milliseconds until httplog must have noticed a change, on any machine: it looks once a second. */
const NOTICE_TIMEOUT_MS = PATIENCE_MS;

describe.skipIf(noLive)(titleWithReason('an interface that changes', noLive), () => {
  let hosts: LinkedHosts;
  const scene = useWebScene({}, { isForEach: true });

  beforeEach(() => {
    hosts = scene.hosts();
  });

  async function startDaemon(end: 'client' | 'server', ...args: string[]): Promise<HttplogProcess> {
    const { namespace, device } = hosts[end];
    const all = ['-i', device, '-o', '-', ...args];
    const httplog = await startHttplog({ namespace, args: all, ready: CAPTURING });
    onTestFinished(async () => void (await httplog.stop()));
    return httplog;
  }

  /** Asks until it is answered: after a change the link needs a moment. */
  async function ask(path: string): Promise<void> {
    const url = `http://${hosts.server.ipv4}${path}`;
    // A connection that is made has all the time it needs, so that nothing is asked twice.
    const args = [url, '-o', '/dev/null', '--connect-timeout', '1', '--max-time', '30'];
    const isAnswered = async () =>
      (await curl(args, { namespace: hosts.client.namespace })).code === 0;
    await waitUntil(`an answer to ${path}`, isAnswered, NOTICE_TIMEOUT_MS);
  }

  const awaitNotice = (daemons: readonly HttplogProcess[], pattern: RegExp) =>
    Promise.all(daemons.map((each) => each.waitForOutput('stderr', pattern, NOTICE_TIMEOUT_MS)));

  /** Types and paths of all requests, in their order, without repetition. */
  const requestsIn = (stdout: string) => {
    const requests = parseLines(stdout).filter(({ type }) => type.endsWith('Q'));
    return requests.map(({ type, message }) => `${type} ${message.split(' ')[1]}`);
  };

  test('that goes down and up is waited for, and nothing of either side is lost', async () => {
    const { server } = hosts;
    const daemons = await Promise.all(
      ENGINES.map((engine) => startDaemon('server', '--engine', engine)),
    );
    await ask('/before');
    // At once: the kernel still holds the packets of that request back.
    await ip(server.namespace, 'link', 'set', server.device, 'down');
    await awaitNotice(daemons, /WARN .*Interface server0 (is|went) down; waiting/);
    await ip(server.namespace, 'link', 'set', server.device, 'up');
    // The ring survives; libpcap is opened anew.
    await awaitNotice([daemons[0]], /INFO .*Interface server0 is up again/);
    await awaitNotice([daemons[1]], /INFO .*Capturing on server0 again/);
    await ask('/after');
    for (const daemon of daemons) {
      const { code, stdout, stderr } = await daemon.end();
      expect(code, stderr).toBe(0);
      expect(requestsIn(stdout), stderr).toEqual(['CQ /before', 'CQ /after']);
      expect(stdout.match(/ CR /g)).toHaveLength(2);
    }
  });

  test('that is renamed is captured on, and back under its name told again', async () => {
    const { server } = hosts;
    const rename = (from: string, to: string) =>
      ip(server.namespace, 'link', 'set', from, 'name', to);
    const setLink = (name: string, state: 'up' | 'down') =>
      ip(server.namespace, 'link', 'set', name, state);
    const daemon = await startDaemon('server');
    await ask('/before');
    // Older kernels rename no interface that is up.
    await setLink(server.device, 'down');
    await rename(server.device, 'web0');
    await setLink('web0', 'up');
    await awaitNotice([daemon], /WARN .*Interface server0 is called web0 now; its packets are cap/);
    await ask('/renamed');
    await setLink('web0', 'down');
    await rename('web0', server.device);
    await setLink(server.device, 'up');
    await awaitNotice([daemon], /WARN .*Interface server0 has its name again/);
    await ask('/after');
    const { code, stdout, stderr } = await daemon.end();
    expect(code, stderr).toBe(0);
    expect(requestsIn(stdout), stderr).toEqual(['CQ /before', 'CQ /renamed', 'CQ /after']);
    expect(stderr.match(/is called web0 now/g)).toHaveLength(1);
    expect(stderr).not.toMatch(/has vanished|ERROR/);
    expect(stderr).toContain('0 dropped by the kernel');
  });

  test('that is deleted and made again under its name is captured again', async () => {
    const { server } = hosts;
    const daemons = await Promise.all(
      ENGINES.map((engine) => startDaemon('server', '--engine', engine)),
    );
    await ask('/before');
    await ip(server.namespace, 'link', 'del', server.device);
    await awaitNotice(daemons, /WARN .*Interface server0 has vanished; waiting until it is up/);
    await makeLinkAgain(hosts);
    await awaitNotice(daemons, /Capturing on server0 again/);
    await ask('/after');
    for (const daemon of daemons) {
      const { code, stdout, stderr } = await daemon.end();
      expect(code, stderr).toBe(0);
      expect(requestsIn(stdout), stderr).toEqual(['CQ /before', 'CQ /after']);
      expect(stderr.match(/Capturing on server0 again/g)).toHaveLength(1);
    }
  });

  test('that is replaced at once by another of its name is captured again', async () => {
    const { server } = hosts;
    const daemons = await Promise.all(
      ENGINES.map((engine) => startDaemon('server', '--engine', engine)),
    );
    await ask('/before');
    await ip(server.namespace, 'link', 'del', server.device);
    await makeLinkAgain(hosts);
    await awaitNotice(daemons, /Capturing on server0 again/);
    await ask('/after');
    for (const daemon of daemons) {
      const { code, stdout, stderr } = await daemon.end();
      expect(code, stderr).toBe(0);
      expect(requestsIn(stdout), stderr).toEqual(['CQ /before', 'CQ /after']);
    }
  });

  test('that is down at the start is waited for', async () => {
    const { server } = hosts;
    await ip(server.namespace, 'link', 'set', server.device, 'down');
    const daemons = await Promise.all(
      ENGINES.map((engine) =>
        startHttplog({
          namespace: server.namespace,
          args: ['-i', server.device, '-o', '-', '--engine', engine],
          ready: /WARN .*Interface server0 is down; waiting until it is up/,
        }),
      ),
    );
    onTestFinished(async () => void (await Promise.all(daemons.map((each) => each.stop()))));
    await ip(server.namespace, 'link', 'set', server.device, 'up');
    await awaitNotice(daemons, CAPTURING);
    await ask('/up');
    for (const daemon of daemons) {
      const { code, stdout, stderr } = await daemon.end();
      expect(code, stderr).toBe(0);
      expect(requestsIn(stdout), stderr).toEqual(['CQ /up']);
    }
  });

  test('that vanished for good does not hold up a stop', async () => {
    const daemons = await Promise.all(
      ENGINES.map((engine) => startDaemon('server', '--engine', engine)),
    );
    await ask('/last');
    await ip(hosts.server.namespace, 'link', 'del', hosts.server.device);
    await awaitNotice(daemons, /Interface server0 has vanished/);
    for (const daemon of daemons) {
      const { code, stdout } = await daemon.end();
      expect(code).toBe(0);
      expect(requestsIn(stdout)).toEqual(['CQ /last']);
    }
  });

  test('that gets an address and loses it changes the types of later lines', async () => {
    const { client, server } = hosts;
    const daemon = await startDaemon('client');
    /** Asks until the request is logged with this type. */
    const askUntil = (type: string) => {
      const isSo = async () => {
        const linesBefore = parseLines(daemon.stdout()).length;
        await ask(`/until-${type}`);
        const lines = await waitForLines(() => parseLines(daemon.stdout()), linesBefore + 2);
        return lines[linesBefore].type === type;
      };
      return waitUntil(`a line with ${type}`, isSo, NOTICE_TIMEOUT_MS);
    };
    await askUntil('SQ');
    // The server's address becomes one of the client's host too; without its local route, and with
    // leave to come from outside, packets still go to the server and back.
    const acceptLocal = `net.ipv4.conf.${client.device}.accept_local=1`;
    await runInNamespace(client.namespace, 'sysctl', ['-qw', acceptLocal]);
    await ip(client.namespace, 'addr', 'add', `${server.ipv4}/32`, 'dev', 'lo');
    const route = ['local', server.ipv4, 'dev', 'lo', 'table', 'local'];
    await ip(client.namespace, 'route', 'del', ...route);
    await askUntil('CQ');
    await ip(client.namespace, 'addr', 'del', `${server.ipv4}/32`, 'dev', 'lo');
    await askUntil('SQ');
    expect(daemon.stderr()).toContain("This host's addresses have changed");
    const { code, stdout } = await daemon.end();
    expect(code).toBe(0);
    const types = parseLines(stdout).map(({ type }) => type);
    expect(types.join(' ')).toMatch(/^(SQ SR )+(CQ CR )+(SQ SR ?)+$/);
  });
});
