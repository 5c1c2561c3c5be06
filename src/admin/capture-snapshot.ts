import { COUNTER_KERNEL_DROPS, COUNTER_PACKETS_ABANDONED } from '../counters/counter-table.ts';
import type { WritersSnapshot } from '../log/output-writers.ts';
import { LOSS_INTERVAL_MS } from './limits.ts';
import { countLinesDropped } from './summary.ts';
import type { Tally } from './tally.ts';

/** A capture at one moment, as the admin server shows it. */
export interface CaptureSnapshot extends Tally, WritersSnapshot {
  interfaceName: string;
  /** False before the first packet could be seen, while the interface is away, and from the stop on. */
  isCapturing: boolean;
  workersCount: number;
  /** False while one of them is stuck. */
  areWorkersAlive: boolean;
}

/** Remembers when something was lost last; to be shown the capture every second or so. */
export class LossWatch {
  #lost = 0;
  #lastLossMs = Number.NEGATIVE_INFINITY;

  /** @param nowMs of a clock that nobody sets */
  note(capture: CaptureSnapshot, nowMs: number): void {
    const lost = countLost(capture);
    if (lost > this.#lost) {
      this.#lastLossMs = nowMs;
    }
    this.#lost = lost;
  }

  isLosing(nowMs: number): boolean {
    return nowMs - this.#lastLossMs < LOSS_INTERVAL_MS;
  }
}

/** Why httplog does not do all of its work at the moment, a line each; none when it does. */
export function findUnreadyReasons(
  capture: CaptureSnapshot | undefined,
  isLosing: boolean,
): string[] {
  if (capture === undefined) {
    return ['Starting'];
  }
  const reasons = capture.failingPaths.map((path) => `Cannot write ${path}`);
  if (!capture.isCapturing) {
    reasons.unshift(`Not capturing on ${capture.interfaceName}`);
  }
  if (!capture.areWorkersAlive) {
    reasons.push('A decode worker is stuck');
  }
  if (isLosing) {
    reasons.push(`Packets or lines were dropped in the last ${LOSS_INTERVAL_MS / 1000} seconds`);
  }
  return reasons;
}

/** Packets and lines together: whether it grows is all that counts. */
function countLost(capture: CaptureSnapshot): number {
  const { counters } = capture;
  return (
    counters[COUNTER_KERNEL_DROPS] +
    counters[COUNTER_PACKETS_ABANDONED] +
    countLinesDropped(capture)
  );
}
