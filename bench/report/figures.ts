import type { LiveResult } from '../measure/live.ts';
import type { LiveStep } from '../measure/live-step.ts';
import type { OfflineResult } from '../measure/offline.ts';
import { median, ratioOf, type Spread, spreadOf } from '../measure/statistics.ts';
import { carriedPerSec, hasLoss } from '../measure/sweep.ts';
import type { Run } from '../measure/time-command.ts';
import { MICROSECONDS_PER_SECOND } from '../measure/units.ts';

/** A point of a plot. */
export type Point = readonly [x: number, y: number];

export function findResult<Result extends { workload: string; candidate: string }>(
  results: readonly Result[] | undefined,
  workload: string,
  candidate: string,
): Result | undefined {
  return results?.find((one) => one.workload === workload && one.candidate === candidate);
}

/** One offline candidate's figure against another's, by round. */
export function offlineRatio(
  results: readonly OfflineResult[] | undefined,
  workload: string,
  ours: string,
  theirs: string,
  figure: keyof Run,
): Spread | undefined {
  const figures = (candidate: string) =>
    findResult(results, workload, candidate)?.runs.map((run) => run[figure]) ?? [];
  return ratioOf(figures(ours), figures(theirs));
}

/** The highest loads without loss, one a round. */
export function carriedByRound(result: LiveResult | undefined): number[] {
  return result?.rounds.map(carriedPerSec) ?? [];
}

/** The steps of all rounds by offered load, in its order. */
export function stepsByLoad({ rounds }: LiveResult): Map<number, LiveStep[]> {
  const steps = rounds.flat().toSorted((a, b) => a.offeredPerSec - b.offeredPerSec);
  return Map.groupBy(steps, ({ offeredPerSec }) => offeredPerSec);
}

/** CPU microseconds for each packet that was sent. */
export function packetCostUs({ cpuSec, packets }: LiveStep): number {
  return (cpuSec * MICROSECONDS_PER_SECOND) / packets;
}

/** Share of the messages that was lost, or of the packets where no messages are written. */
export function lostShare({ messages, drops = 0, packets }: LiveStep): number {
  return messages === undefined || messages.expected === 0
    ? drops / packets
    : Math.max(0, 1 - messages.found / messages.expected);
}

/**
 * The highest load of the ladder that all of these carried in all rounds, and what a packet cost each of them
 * in each round: below it none has an easier task because it has lost a part of it.
 */
export function costsAtCommonLoad(
  results: readonly (LiveResult | undefined)[],
): { offeredPerSec: number; costsUs: number[][] } | undefined {
  const ladders = results.map((result) =>
    result === undefined ? new Map<number, LiveStep[]>() : stepsByLoad(result),
  );
  const isCarried = (load: number) =>
    ladders.every((ladder, index) => {
      const steps = ladder.get(load) ?? [];
      return steps.length === results[index]?.rounds.length && !steps.some(hasLoss);
    });
  const load = [...(ladders[0]?.keys() ?? [])].filter(isCarried).at(-1);
  return load === undefined
    ? undefined
    : {
        offeredPerSec: load,
        costsUs: ladders.map((ladder) => (ladder.get(load) ?? []).map(packetCostUs)),
      };
}

/** CPU per packet of one candidate against another's, at the highest load that both carried. */
export function liveCostRatio(
  results: readonly LiveResult[] | undefined,
  workload: string,
  ours: string,
  theirs: string,
): Spread | undefined {
  const common = costsAtCommonLoad([
    findResult(results, workload, ours),
    findResult(results, workload, theirs),
  ]);
  return common === undefined ? undefined : ratioOf(common.costsUs[0], common.costsUs[1]);
}

/** Medians over the rounds of a figure against the load that was really sent. */
export function pointsByLoad(result: LiveResult, figure: (step: LiveStep) => number): Point[] {
  return [...stepsByLoad(result).values()].map((steps) => [
    median(steps.map(({ sentPerSec }) => sentPerSec)),
    median(steps.map(figure)),
  ]);
}

/** The most memory of any step. */
export function peakMemoryKb(result: LiveResult | undefined): Spread | undefined {
  const peaks = result?.rounds.map((steps) => Math.max(...steps.map((step) => step.peakMemoryKb)));
  return peaks === undefined || peaks.length === 0 ? undefined : spreadOf(peaks);
}
