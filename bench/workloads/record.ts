import { mkdirSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runChecked, startProcess, waitUntil } from '../../test/live/child-process.ts';
import {
  createVethPair,
  type LinkEnd,
  type LinkedHosts,
} from '../../test/live/network-namespaces.ts';

/** A real server and a real load on it. */
export interface Traffic {
  /** Runs in the server's namespace. */
  startServer(pair: LinkedHosts): Promise<{ stop(): Promise<unknown> }>;
  /** Command and arguments of the load, which runs in the client's namespace until it is stopped. */
  load(pair: LinkedHosts): readonly [string, ...string[]];
  /** Before both: addresses, settings of the namespaces. */
  prepare?(pair: LinkedHosts): Promise<void>;
}

const READY_TIMEOUT_MS = 10_000;
/** Slow machines record some ten thousand packets a second. */
const RECORDING_TIMEOUT_MS = 600_000;
/** After the load's end, until its last packets are in the file. */
const SETTLE_MS = 500;
const BUFFER_KB = 65_536;

/** Records so many packets of the traffic on the client's end, all bytes of each, as on a wire. */
export async function recordTraffic(
  path: string,
  packets: number,
  traffic: Traffic,
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const partPath = `${path}.part`;
  const pair = await createVethPair();
  try {
    for (const end of [pair.client, pair.server]) {
      await cutToWireLength(end);
    }
    await traffic.prepare?.(pair);
    const server = await traffic.startServer(pair);
    try {
      await recordLoad(partPath, packets, pair, traffic);
    } finally {
      await server.stop();
    }
  } finally {
    await pair.stop();
  }
  renameSync(partPath, path);
}

async function recordLoad(
  path: string,
  packets: number,
  pair: LinkedHosts,
  traffic: Traffic,
): Promise<void> {
  const { namespace, device } = pair.client;
  const tcpdump = await startProcess(
    'tcpdump',
    // -Z: the file stays root's.
    ['-i', device, '-B', `${BUFFER_KB}`, '-s', '0', '-Z', 'root', '-c', `${packets}`, '-w', path],
    { namespace },
  );
  try {
    await tcpdump.waitForOutput('stderr', /listening on/, READY_TIMEOUT_MS);
    const [program, ...args] = traffic.load(pair);
    const load = await startProcess(program, args, { namespace });
    const isOver = () => tcpdump.hasExited() || load.hasExited();
    await waitUntil(`${packets} packets are recorded`, isOver, RECORDING_TIMEOUT_MS);
    const loadEnd = load.hasExited() ? await load.waitForExit(0) : await load.stop();
    if (!tcpdump.hasExited()) {
      if (loadEnd.code !== 0) {
        throw new Error(`${program} ended early: ${loadEnd.stderr}${loadEnd.stdout}`);
      }
      await delay(SETTLE_MS);
      tcpdump.signal('SIGINT');
    }
    await tcpdump.waitForExit(READY_TIMEOUT_MS);
  } finally {
    await tcpdump.stop();
  }
}

/** Without offloads frames are no longer than the MTU. */
async function cutToWireLength({ namespace, device }: LinkEnd): Promise<void> {
  const offloads = ['tso', 'gso', 'gro'].flatMap((name) => [name, 'off']);
  await runChecked('ethtool', ['-K', device, ...offloads], { namespace });
}
