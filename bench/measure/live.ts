import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createVethPair } from '../../test/live/network-namespaces.ts';
import type { Candidate } from '../peers/candidate.ts';
import type { Workload } from '../workloads/workloads.ts';
import { type Listener, type LiveStep, runLiveStep } from './live-step.ts';
import { countOffline } from './offline.ts';
import { carriedPerSec, type Ladder, sweepUpwards } from './sweep.ts';

/** One candidate's sweeps over one workload, one a round. */
export interface LiveResult {
  workload: string;
  candidate: string;
  rounds: LiveStep[][];
}

export interface LiveSettings {
  rounds: number;
  ladder: Ladder;
  seconds: number;
  ringMegabytes: number;
}

/**
 * Sweeps the offered load upwards for each candidate in turn, round by round.
 *
 * @param known all candidates, for those whose messages another one counts
 */
export async function measureLive(
  workload: Workload,
  candidates: readonly Candidate[],
  known: readonly Candidate[],
  settings: LiveSettings,
): Promise<LiveResult[]> {
  const listeners = candidates.filter(
    (candidate): candidate is Listener => candidate.listens !== undefined,
  );
  const counts = countMessagesPerPass(listeners, known, workload);
  const results = listeners.map((listener) => ({
    workload: workload.name,
    candidate: listener.name,
    rounds: [] as LiveStep[][],
  }));
  const pair = await createVethPair();
  try {
    for (let round = 0; round < settings.rounds; round++) {
      for (const [index, listener] of listeners.entries()) {
        const { seconds, ringMegabytes, ladder } = settings;
        const messagesPerPass = counts.get(listener);
        const options = { pair, workload, messagesPerPass, ringMegabytes, seconds };
        const steps = await sweepUpwards(ladder, (rate) => runLiveStep(listener, rate, options));
        results[index].rounds.push(steps);
        const carried = carriedPerSec(steps);
        console.log(
          `${workload.name}, ${listener.name}: ${carried} packets/s without loss` +
            ` (round ${round + 1} of ${settings.rounds})`,
        );
      }
    }
  } finally {
    await pair.stop();
  }
  return results;
}

function countMessagesPerPass(
  listeners: readonly Listener[],
  known: readonly Candidate[],
  workload: Workload,
): Map<Listener, number | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-bench-'));
  const count = (name: string) => {
    const reader = known.find((one) => one.name === name && one.readsCapture !== undefined);
    return reader && countOffline(reader, workload, join(folder, 'output'));
  };
  try {
    return new Map(listeners.map((one) => [one, count(one.countsLike ?? one.name)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
