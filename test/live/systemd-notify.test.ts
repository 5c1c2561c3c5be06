import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type NotifySocket, openNotifySocket } from '../daemon/notify-socket.ts';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import { CAPTURING, makeLogDirectory, removeLogDirectory } from './log-lines.ts';
import { createVethPair, ip, type LinkEnd, type LinkedHosts } from './network-namespaces.ts';
import { canCaptureLive, canMakeNamespaces, titleWithReason } from './requirements.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces();
const WAIT_MS = PATIENCE_MS;
/** A second: the daemon looks at its state twice as often. */
const WATCHDOG_USEC = '1000000';

const title = titleWithReason('a daemon that systemd waits for', noLive);

describe.skipIf(noLive)(title, { timeout: 4 * WAIT_MS }, () => {
  let hosts: LinkedHosts;

  beforeAll(async () => {
    hosts = await createVethPair();
  });

  afterAll(async () => {
    await hosts?.stop();
  });

  interface NotifyingDaemon {
    httplog: HttplogProcess;
    receiver: NotifySocket;
    waitForDatagram(pattern: RegExp): Promise<void>;
  }

  async function startDaemon(
    { namespace, device }: LinkEnd,
    env: Record<string, string> = {},
  ): Promise<HttplogProcess> {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    const args = ['run', '-i', device, '-d', directory];
    const httplog = await startHttplog({ namespace, args, env });
    onTestFinished(async () => void (await httplog.stop()));
    return httplog;
  }

  /** A path: abstract names are those of one network namespace. */
  async function startNotifyingDaemon(
    end: LinkEnd,
    env: Record<string, string> = {},
  ): Promise<NotifyingDaemon> {
    const directory = makeLogDirectory();
    onTestFinished(() => removeLogDirectory(directory));
    const address = join(directory, 'notify');
    const receiver = openNotifySocket(address);
    onTestFinished(() => receiver.close());
    const httplog = await startDaemon(end, { ...env, NOTIFY_SOCKET: address, WATCHDOG_USEC });
    const waitForDatagram = (pattern: RegExp) =>
      waitUntil(
        `${pattern}`,
        () => receiver.datagrams().some((text) => pattern.test(text)),
        WAIT_MS,
      );
    return { httplog, receiver, waitForDatagram };
  }

  test('tells readiness, life, a reload and the stop, in this order', async () => {
    const { device } = hosts.server;
    const { httplog, receiver, waitForDatagram } = await startNotifyingDaemon(hosts.server);
    await waitForDatagram(/^READY=1$/);
    expect(httplog.stderr()).toMatch(CAPTURING);
    await waitForDatagram(new RegExp(`^STATUS=Capturing on ${device}: \\d+ packets, `));
    const beats = () => receiver.datagrams().filter((text) => text === 'WATCHDOG=1');
    await waitUntil('beats', () => beats().length >= 5, WAIT_MS);
    httplog.signal('SIGHUP');
    await httplog.waitForOutput('stderr', /read again on SIGHUP/, WAIT_MS);
    await waitUntil(
      'ready again',
      () => receiver.datagrams().filter((text) => text === 'READY=1').length === 2,
      WAIT_MS,
    );
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(stderr).not.toMatch(/WARN|ERROR/);
    const events = receiver
      .datagrams()
      .filter((text) => !/^(STATUS|WATCHDOG)=/.test(text))
      .map((text) => text.replace(/\n.*$/s, ''));
    expect(events).toEqual(['READY=1', 'RELOADING=1', 'READY=1', 'STOPPING=1']);
  });

  test('is ready while its interface is down, and says when it is up', async () => {
    const pair = await createVethPair();
    onTestFinished(() => pair.stop());
    const { device, namespace } = pair.server;
    await ip(namespace, 'link', 'set', device, 'down');
    const { httplog, receiver, waitForDatagram } = await startNotifyingDaemon(pair.server);
    await waitForDatagram(new RegExp(`^STATUS=Waiting for interface ${device}: `));
    expect(receiver.datagrams()[0]).toBe('READY=1');
    expect(httplog.stderr()).toContain(`Interface ${device} is down; waiting until it is up`);
    await ip(namespace, 'link', 'set', device, 'up');
    await waitForDatagram(new RegExp(`^STATUS=Capturing on ${device}: `));
    expect((await httplog.end()).code).toBe(0);
  });

  test('lets the watchdog starve when a decode worker is stuck', async () => {
    const breakFile = join(makeLogDirectory(), 'break');
    onTestFinished(() => removeLogDirectory(dirname(breakFile)));
    const { httplog, receiver, waitForDatagram } = await startNotifyingDaemon(hosts.server, {
      NODE_OPTIONS: `--import ${new URL('break-worker.ts', import.meta.url).href}`,
      BREAK_WORKER_FILE: breakFile,
    });
    await waitForDatagram(/^WATCHDOG=1$/);
    writeFileSync(breakFile, 'stuck');
    await waitForDatagram(/^STATUS=A decode worker is stuck\. Capturing on /);
    const datagramsCount = receiver.datagrams().length;
    // Two more looks, each of which finds something to tell, and nothing to feed.
    const { device, namespace } = hosts.server;
    await ip(namespace, 'link', 'set', device, 'down');
    await waitForDatagram(/^STATUS=A decode worker is stuck\. Waiting for interface /);
    await ip(namespace, 'link', 'set', device, 'up');
    await waitUntil('a look', () => receiver.datagrams().length >= datagramsCount + 2, WAIT_MS);
    expect(receiver.datagrams().slice(datagramsCount)).not.toContain('WATCHDOG=1');
    expect(httplog.stderr()).toMatch(/WARN .*A decode worker is stuck/);
    // It cannot stop by itself in time: systemd aborts it.
    const { signal } = await httplog.end('SIGABRT');
    expect(signal).toBe('SIGABRT');
  });

  test('captures where it cannot tell anybody, and says so once', async () => {
    const missing = '/no/such/socket';
    const env = { NOTIFY_SOCKET: missing, WATCHDOG_USEC };
    const httplog = await startDaemon(hosts.server, env);
    await httplog.waitForOutput('stderr', CAPTURING, WAIT_MS);
    const said = new RegExp(`WARN .*NOTIFY_SOCKET ${missing}: no such file or directory`);
    await httplog.waitForOutput('stderr', said, WAIT_MS);
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(stderr.match(/NOTIFY_SOCKET/g)).toHaveLength(1);
  });

  test('takes a SIGUSR1 that came while it started', async () => {
    const httplog = await startDaemon(hosts.server);
    const isNode = () => readFileSync(`/proc/${httplog.pid}/comm`, 'utf8') === 'MainThread\n';
    await waitUntil('Node', isNode, WAIT_MS);
    while (!CAPTURING.test(httplog.stderr())) {
      httplog.signal('SIGUSR1');
      await sleep(5);
      expect(httplog.hasExited()).toBe(false);
    }
    await httplog.waitForOutput('stderr', /INFO .*Opening the files anew on SIGUSR1/, WAIT_MS);
    const { code, stderr } = await httplog.end();
    expect(code).toBe(0);
    expect(stderr).not.toContain('Debugger');
  });
});
