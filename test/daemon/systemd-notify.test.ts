import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { COUNTER_KERNEL_PACKETS } from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { openSystemdNotifier, type SystemdNotifier } from '../../src/daemon/systemd-notify.ts';
import { waitUntil } from '../live/child-process.ts';
import { PATIENCE_MS } from '../patience.ts';
import { type NotifySocket, openNotifySocket } from './notify-socket.ts';

const directory = mkdtempSync(join(tmpdir(), 'httplog-notify-'));
const address = join(directory, 'notify');
const WAIT_MS = PATIENCE_MS;
const WATCHDOG_USEC = '100000';

let warnings: string[];
const warn = (text: string) => void warnings.push(text);

afterAll(() => rmSync(directory, { recursive: true }));

beforeEach(() => {
  warnings = [];
});

function listen(at = address): NotifySocket {
  const receiver = openNotifySocket(at);
  onTestFinished(() => receiver.close());
  return receiver;
}

function open(environment: NodeJS.ProcessEnv = {}): SystemdNotifier {
  const notifier = openSystemdNotifier({ NOTIFY_SOCKET: address, ...environment }, warn);
  if (notifier === undefined) {
    throw new Error(`No notifier: ${warnings}`);
  }
  onTestFinished(() => notifier.close());
  return notifier;
}

/** A capture on all interfaces, which are never away, before its first packet. */
function makeCapture() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const snapshot = {
    interfaceName: 'any',
    isCapturing: false,
    areWorkersAlive: true,
    counters: createCounters(),
    writer: { linesWritten: 0, bytesWritten: 0, linesDropped: 0, writeErrors: 0, filesOpened: 0 },
  };
  const begin = () => {
    snapshot.isCapturing = true;
    resolve();
  };
  return { snapshot, begin, source: { capturing: promise, snapshot: () => snapshot } };
}

const NOTHING_YET = '0 packets, 0 dropped by the kernel; 0 lines written, 0 dropped';
const countBeats = (receiver: NotifySocket) =>
  receiver.datagrams().filter((text) => text === 'WATCHDOG=1').length;

async function waitForBeats(receiver: NotifySocket, count: number): Promise<void> {
  await waitUntil(`${count} beats`, () => countBeats(receiver) >= count, WAIT_MS);
}

/** Until every notifier whose watchdog waits WATCHDOG_USEC has looked as often as one that begins now. */
async function someLooks(): Promise<void> {
  const receiver = listen(join(directory, 'marker'));
  const { source, begin } = makeCapture();
  begin();
  const marker = open({ NOTIFY_SOCKET: join(directory, 'marker'), WATCHDOG_USEC });
  marker.follow(source);
  await waitForBeats(receiver, 4);
  marker.close();
}

describe('readiness', () => {
  test('is told when packets flow, and once', async () => {
    const receiver = listen();
    const { begin, source } = makeCapture();
    open().follow(source);
    await nextTurn();
    expect(receiver.datagrams()).toEqual([]);
    begin();
    await waitUntil('ready', () => receiver.datagrams().length === 2, WAIT_MS);
    expect(receiver.datagrams()).toEqual(['READY=1', `STATUS=Capturing on any: ${NOTHING_YET}`]);
    expect(warnings).toEqual([]);
  });

  test('does not wait for an interface that is away', () => {
    const receiver = listen();
    const { snapshot, source } = makeCapture();
    snapshot.interfaceName = 'no-such-device';
    open().follow(source);
    expect(receiver.datagrams()).toEqual([
      'READY=1',
      `STATUS=Waiting for interface no-such-device: ${NOTHING_YET}`,
    ]);
  });

  test('is told later where nobody listened at first; the failure is told once', async () => {
    const { begin, source } = makeCapture();
    begin();
    open({ WATCHDOG_USEC }).follow(source);
    await someLooks();
    expect(warnings).toEqual([
      `Cannot tell systemd at NOTIFY_SOCKET ${address}: no such file or directory`,
    ]);
    const receiver = listen();
    await waitForBeats(receiver, 2);
    expect(receiver.datagrams()).toContain('READY=1');
    expect(warnings).toHaveLength(1);
  });
});

test('the state is told again when it has changed', async () => {
  const receiver = listen();
  const { begin, snapshot, source } = makeCapture();
  begin();
  open({ WATCHDOG_USEC }).follow(source);
  snapshot.counters[COUNTER_KERNEL_PACKETS] = 7;
  snapshot.isCapturing = false;
  await waitForBeats(receiver, 4);
  expect(receiver.datagrams().filter((text) => text.startsWith('STATUS='))).toEqual([
    `STATUS=Capturing on any: ${NOTHING_YET}`,
    `STATUS=Not capturing on any: ${NOTHING_YET.replace('0', '7')}`,
  ]);
});

test('a reload is one of a service that is ready', async () => {
  const receiver = listen();
  const { begin, source } = makeCapture();
  const notifier = open();
  notifier.follow(source);
  notifier.reloading();
  notifier.reloaded();
  expect(receiver.datagrams()).toEqual([]);
  begin();
  await waitUntil('ready', () => receiver.datagrams().length === 2, WAIT_MS);
  const beforeUs = process.hrtime.bigint() / 1000n;
  notifier.reloading();
  notifier.reloaded();
  const [, , reloading, ready] = receiver.datagrams();
  expect(ready).toBe('READY=1');
  const clockUs = BigInt(/^RELOADING=1\nMONOTONIC_USEC=(\d+)$/.exec(reloading)?.[1] ?? 0);
  expect(clockUs).toBeGreaterThanOrEqual(beforeUs);
  expect(clockUs).toBeLessThanOrEqual(process.hrtime.bigint() / 1000n);
});

describe('the watchdog', () => {
  test('is fed while the workers are alive, and not while one is stuck', async () => {
    const receiver = listen();
    const { snapshot, begin, source } = makeCapture();
    begin();
    open({ WATCHDOG_USEC, WATCHDOG_PID: `${process.pid}` }).follow(source);
    await waitForBeats(receiver, 5);
    snapshot.areWorkersAlive = false;
    const beatsCount = countBeats(receiver);
    await someLooks();
    expect(countBeats(receiver)).toBe(beatsCount);
    expect(receiver.datagrams().at(-1)).toBe(
      `STATUS=A decode worker is stuck. Capturing on any: ${NOTHING_YET}`,
    );
    expect(warnings).toEqual([
      "A decode worker is stuck: systemd's watchdog is not told that httplog is alive",
    ]);
    snapshot.areWorkersAlive = true;
    await waitForBeats(receiver, beatsCount + 2);
    expect(receiver.datagrams()).toContain(`STATUS=Capturing on any: ${NOTHING_YET}`);
  });

  test('is fed during a stop, in which the workers end', async () => {
    const receiver = listen();
    const { snapshot, source } = makeCapture();
    snapshot.areWorkersAlive = false;
    const notifier = open({ WATCHDOG_USEC });
    notifier.follow(source);
    notifier.stopping();
    await waitForBeats(receiver, 3);
    const [first, ...others] = receiver.datagrams();
    expect(first).toBe('STOPPING=1\nSTATUS=Writing what was captured');
    expect(new Set(others)).toEqual(new Set(['WATCHDOG=1']));
  });

  test.each([
    [{}],
    [{ WATCHDOG_USEC, WATCHDOG_PID: '1' }],
    [{ WATCHDOG_USEC: '0' }],
    [{ WATCHDOG_USEC: 'soon' }],
    [{ WATCHDOG_USEC: '-1' }],
  ])('is not there, or another one, with %j', async (environment) => {
    const receiver = listen();
    const { begin, source } = makeCapture();
    begin();
    open(environment).follow(source);
    await someLooks();
    expect(countBeats(receiver)).toBe(0);
    expect(receiver.datagrams()).toHaveLength(2);
  });

  test('is not fed after the end', async () => {
    const receiver = listen();
    const { begin, source } = makeCapture();
    const notifier = open({ WATCHDOG_USEC });
    begin();
    notifier.follow(source);
    await waitForBeats(receiver, 2);
    notifier.close();
    const beatsCount = countBeats(receiver);
    await someLooks();
    expect(countBeats(receiver)).toBe(beatsCount);
  });
});

describe('the environment', () => {
  test.each([[{}], [{ NOTIFY_SOCKET: '' }], [{ WATCHDOG_USEC, WATCHDOG_PID: '7' }]])(
    'without a socket nobody is told, and nobody complains: %j',
    (environment) => {
      expect(openSystemdNotifier({ ...environment }, warn)).toBeUndefined();
      expect(warnings).toEqual([]);
    },
  );

  test('is not handed on, whatever is in it', () => {
    for (const NOTIFY_SOCKET of [address, 'wrong', '']) {
      const environment = { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID: '7', TZ: 'UTC' };
      openSystemdNotifier(environment, warn);
      expect(environment).toEqual({ TZ: 'UTC' });
    }
  });

  test.each([
    ['a relative path', 'run/notify'],
    ['another kind of socket', 'vsock:2:1234'],
    ['nothing behind its first sign', '@'],
    ['too long a path', '/'.padEnd(108, 'x')],
    ['too many bytes', '/'.padEnd(40, '한')],
  ])('with %s is refused with a warning', (_, NOTIFY_SOCKET) => {
    expect(openSystemdNotifier({ NOTIFY_SOCKET }, warn)).toBeUndefined();
    expect(warnings).toEqual([
      `NOTIFY_SOCKET ${NOTIFY_SOCKET} is neither an absolute path nor @ and a name, of 107 bytes at most: systemd is told nothing`,
    ]);
  });
});
