import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type RunningProcess,
  runChecked,
  runCommand,
  startProcess,
  waitUntil,
} from '../../test/live/child-process.ts';
import type { LinkedHosts } from '../../test/live/network-namespaces.ts';
import type { Candidate, LiveForm } from '../peers/candidate.ts';
import type { Workload } from '../workloads/workloads.ts';
import { countMessages } from './count-messages.ts';
import { type ProcessUsage, readProcessUsage } from './process-usage.ts';
import type { SendReport, SendSpec } from './send-main.ts';

/** What one candidate made of one offered load. */
export interface LiveStep {
  offeredPerSec: number;
  sentPerSec: number;
  packets: number;
  /** How often the receiving end had no room for a frame, which was then sent again. */
  refusals: number;
  /** Packets that the kernel dropped, where the candidate tells. */
  drops?: number;
  /** Lines that stand for a message each, and how many there are without loss; where it writes any. */
  messages?: { expected: number; found: number };
  cpuSec: number;
  /** Of its busiest threads, the busiest first. */
  threadsCpuSec: number[];
  peakMemoryKb: number;
}

export type Listener = Candidate & { listens: LiveForm };

export interface LiveOptions {
  pair: LinkedHosts;
  workload: Workload;
  /** Messages that the candidate finds in the workload, if it finds any. */
  messagesPerPass: number | undefined;
  ringMegabytes: number;
  /** Shortest time that frames are sent for. */
  seconds: number;
}

const SEND_PROGRAM = fileURLToPath(new URL('send-main.ts', import.meta.url));
/** The sender's core; the candidate runs where the scheduler puts it. */
const SENDER_CORE = '0';
const READY_TIMEOUT_MS = 15_000;
/** Between the socket's opening and the first frame: some open it long before they read. */
const SETTLE_MS = 1000;
/** A daemon runs for months: what it costs to compile itself in the first second is not what it costs. */
const WARM_UP_PASSES = 3;
const WARM_UP_PER_SEC = 80_000;
const SEND_TIMEOUT_MS = 300_000;
/** A candidate that uses no CPU time for so long has nothing left to do. */
const IDLE_MS = 1000;
const IDLE_CPU_SEC = 0.02;
const DRAIN_TIMEOUT_MS = 120_000;
const END_TIMEOUT_MS = 60_000;
const THREADS_SHOWN = 4;

/** Starts the candidate, sends whole passes of the workload at the rate, and counts what came of it. */
export async function runLiveStep(
  candidate: Listener,
  offeredPerSec: number,
  options: LiveOptions,
): Promise<LiveStep> {
  const { pair, workload, messagesPerPass } = options;
  const folder = mkdtempSync(join(tmpdir(), 'httplog-bench-'));
  const output = join(folder, 'output');
  const listener = await startListener(candidate, output, options);
  const passes = Math.max(1, Math.round((offeredPerSec * options.seconds) / workload.packets));
  try {
    const send = (firstPass: number, passesCount: number, packetsPerSecond: number) =>
      sendFrames(pair, {
        device: pair.client.device,
        capture: workload.path,
        firstPass,
        passes: passesCount,
        packetsPerSecond,
      });
    await send(0, WARM_UP_PASSES, Math.min(offeredPerSec, WARM_UP_PER_SEC));
    await waitUntilIdle(listener.pid, output);
    const before = readProcessUsage(listener.pid);
    const sent = await send(WARM_UP_PASSES, passes, offeredPerSec);
    await waitUntilIdle(listener.pid, output);
    const after = readProcessUsage(listener.pid);
    listener.signal(candidate.listens.endSignal);
    const { stderr } = await listener.waitForExit(END_TIMEOUT_MS);
    if (before === undefined || after === undefined) {
      throw new Error(`${candidate.name} has ended before its time: ${stderr.trim()}`);
    }
    const drops = candidate.listens.drops?.exec(stderr)?.[1];
    return {
      ...describeLoad(offeredPerSec, sent, before, after),
      ...(drops !== undefined && { drops: Number(drops) }),
      ...(messagesPerPass !== undefined &&
        candidate.messagePattern !== undefined && {
          messages: {
            expected: messagesPerPass * (WARM_UP_PASSES + passes),
            found: countMessages(output, candidate.messagePattern),
          },
        }),
    };
  } finally {
    await listener.stop();
    rmSync(folder, { recursive: true });
  }
}

function describeLoad(
  offeredPerSec: number,
  sent: SendReport,
  before: ProcessUsage,
  after: ProcessUsage,
): LiveStep {
  return {
    offeredPerSec,
    sentPerSec: Math.round(sent.sent / sent.elapsedSec),
    packets: sent.sent,
    refusals: sent.refusals,
    cpuSec: after.cpuSec - before.cpuSec,
    threadsCpuSec: Object.entries(after.threadsCpuSec)
      .map(([thread, cpuSec]) => cpuSec - (before.threadsCpuSec[thread] ?? 0))
      .sort((a, b) => b - a)
      .slice(0, THREADS_SHOWN),
    peakMemoryKb: after.peakMemoryKb,
  };
}

async function startListener(
  candidate: Listener,
  output: string,
  { pair, ringMegabytes }: LiveOptions,
): Promise<RunningProcess> {
  const { namespace, device } = pair.server;
  const command = candidate.listens.command(device, output, ringMegabytes);
  // The shell makes way for the command, and keeps its number.
  const stdout = candidate.messagePattern === undefined ? '/dev/null' : `${output}`;
  const listener = await startProcess(
    'sh',
    ['-c', 'out=$1; shift; : >>"$out"; exec "$@" >>"$out"', 'sh', stdout, ...command],
    { namespace },
  );
  const isListening = async () => {
    if (listener.hasExited()) {
      throw new Error(`${candidate.name} has ended at once: ${listener.stderr().trim()}`);
    }
    const sockets = await runCommand('cat', ['/proc/net/packet'], { namespace });
    return sockets.stdout.trim().split('\n').length > 1;
  };
  try {
    await waitUntil(`${candidate.name} listens`, isListening, READY_TIMEOUT_MS);
    await delay(SETTLE_MS);
    return listener;
  } catch (error) {
    await listener.stop();
    throw error;
  }
}

async function sendFrames({ client }: LinkedHosts, spec: SendSpec): Promise<SendReport> {
  const args = ['-c', SENDER_CORE, process.execPath, SEND_PROGRAM, JSON.stringify(spec)];
  const { namespace } = client;
  return JSON.parse(await runChecked('taskset', args, { namespace, timeoutMs: SEND_TIMEOUT_MS }));
}

async function waitUntilIdle(pid: number, output: string): Promise<void> {
  const deadline = performance.now() + DRAIN_TIMEOUT_MS;
  const look = () => [
    readProcessUsage(pid)?.cpuSec ?? 0,
    statSync(output, { throwIfNoEntry: false })?.size,
  ];
  let last = look();
  for (;;) {
    await delay(IDLE_MS);
    const now = look();
    const isIdle = now[1] === last[1] && (now[0] ?? 0) - (last[0] ?? 0) < IDLE_CPU_SEC;
    if (isIdle || performance.now() > deadline) {
      return;
    }
    last = now;
  }
}
