import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVethPair } from '../../test/live/network-namespaces.ts';
import type { Candidate } from '../peers/candidate.ts';
import { CANDIDATES } from '../peers/candidates.ts';
import type { Workload } from '../workloads/workloads.ts';
import { type Listener, type LiveOptions, type LiveStep, runLiveStep } from './live-step.ts';
import { countOffline, describeFailure } from './offline.ts';
import { carriedPerSec, type Ladder, sweepUpwards } from './sweep.ts';

/** One candidate's sweeps over one workload, one a round. */
export interface LiveResult {
  workload: string;
  candidate: string;
  rounds: LiveStep[][];
  /** Why it was left out from then on. */
  failure?: string;
}

export interface LiveSettings {
  rounds: number;
  ladder: Ladder;
  seconds: number;
  ringMegabytes: number;
}

/** Sweeps the offered load upwards for each candidate in turn, round by round. */
export async function measureLive(
  workload: Workload,
  candidates: readonly Candidate[],
  settings: LiveSettings,
): Promise<LiveResult[]> {
  const listeners = candidates.filter(
    (candidate): candidate is Listener => candidate.listens !== undefined,
  );
  const results = listeners.map(
    ({ name }): LiveResult => ({ workload: workload.name, candidate: name, rounds: [] }),
  );
  const pair = await createVethPair();
  try {
    const counts = listeners.map((listener) => countMessagesPerPass(listener, workload));
    for (let round = 0; round < settings.rounds; round++) {
      for (const [index, listener] of listeners.entries()) {
        const options = { pair, workload, messagesPerPass: counts[index], ...settings };
        await runRound(listener, results[index], options);
      }
      console.log(`${workload.name}, live: round ${round + 1} of ${settings.rounds}`);
    }
  } finally {
    await pair.stop();
  }
  return results;
}

/** One that fails must not end a run of hours for the others. */
async function runRound(
  listener: Listener,
  result: LiveResult,
  options: LiveOptions & LiveSettings,
): Promise<void> {
  if (result.failure !== undefined) {
    return;
  }
  try {
    const steps = await sweepUpwards(options.ladder, (rate) =>
      runLiveStep(listener, rate, options),
    );
    result.rounds.push(steps);
    console.log(`${result.workload}, ${listener.name}: ${carriedPerSec(steps)} packets/s`);
  } catch (error) {
    result.failure = describeFailure(error);
    console.log(`${listener.name} has failed: ${result.failure}`);
  }
}

/** Offline, by itself or by the one with the same decoder; undefined where it writes no messages. */
function countMessagesPerPass(listener: Listener, workload: Workload): number | undefined {
  const counter = CANDIDATES.find(({ name }) => name === (listener.countsLike ?? listener.name));
  const folder = mkdtempSync(join(tmpdir(), 'httplog-bench-'));
  try {
    return counter && countOffline(counter, workload, join(folder, 'output'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
