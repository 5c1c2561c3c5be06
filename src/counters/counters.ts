import { VERDICTS_COUNT } from '../decode/verdicts.ts';
import {
  COUNTER_FRAMES_FILTERED,
  COUNTER_RING_FILL,
  COUNTER_RING_FILL_MAX,
  COUNTER_UNREAD_KINDS_FIRST,
  COUNTER_VERDICT_FIRST,
  COUNTERS_COUNT,
} from './counter-table.ts';
import { addUnreadFrames } from './unread-frames.ts';

/** What counter-table.ts lays out: one array a worker, which the control plane reads. */
export type Counters = Float64Array<ArrayBufferLike>;

export function createCounters(): Float64Array<SharedArrayBuffer> {
  return new Float64Array(new SharedArrayBuffer(COUNTERS_COUNT * Float64Array.BYTES_PER_ELEMENT));
}

/** @param ringFill of `CaptureStatistics` */
export function noteRingFill(counters: Counters, ringFill = Number.NaN): void {
  counters[COUNTER_RING_FILL] = ringFill;
  if (ringFill > counters[COUNTER_RING_FILL_MAX]) {
    counters[COUNTER_RING_FILL_MAX] = ringFill;
  }
}

/** Adds the counters of all workers up. */
export function sumCounters(parts: readonly Counters[]): Float64Array<ArrayBuffer> {
  const sum = new Float64Array(COUNTERS_COUNT);
  for (const part of parts) {
    addCounters(sum, part);
  }
  return sum;
}

/** Adds to a sum; of rings' fills, and of what is no count, the larger one stays. */
export function addCounters(sum: Counters, part: Counters): void {
  for (let slot = 0; slot < COUNTER_RING_FILL; slot++) {
    sum[slot] += part[slot];
  }
  for (let slot = COUNTER_RING_FILL; slot < COUNTER_UNREAD_KINDS_FIRST; slot++) {
    sum[slot] = Math.max(sum[slot], part[slot]);
  }
  addUnreadFrames(sum, part);
}

/** Frames read, whatever became of them. */
export function countFrames(counters: Counters): number {
  let frames = counters[COUNTER_FRAMES_FILTERED];
  for (let verdict = 0; verdict < VERDICTS_COUNT; verdict++) {
    frames += counters[COUNTER_VERDICT_FIRST + verdict];
  }
  return frames;
}
