/** Durations in classes that are 9 % apart, so that a percentile is right to some 4 %: a fixed size, whatever comes. */

const CLASSES_PER_DOUBLING = 8;
/** Up to 2^53 nanoseconds. */
const CLASSES_COUNT = 352;
const NANOSECONDS_PER_MICROSECOND = 1000;

export interface DurationHistogram {
  readonly counts: Uint32Array;
  count: number;
  minNs: number;
  maxNs: number;
}

export function createDurationHistogram(): DurationHistogram {
  return { counts: new Uint32Array(CLASSES_COUNT), count: 0, minNs: Infinity, maxNs: 0 };
}

export function addDuration(histogram: DurationHistogram, durationNs: number): void {
  const microseconds = durationNs / NANOSECONDS_PER_MICROSECOND;
  const index = Math.floor(Math.log2(microseconds + 1) * CLASSES_PER_DOUBLING);
  histogram.counts[Math.min(index, CLASSES_COUNT - 1)]++;
  histogram.count++;
  histogram.minNs = Math.min(histogram.minNs, durationNs);
  histogram.maxNs = Math.max(histogram.maxNs, durationNs);
}

/**
 * The duration that this share of all is no longer than; **there is one at least**.
 *
 * @param share 0.5: the median
 */
export function findPercentile(histogram: DurationHistogram, share: number): number {
  const { counts, count, minNs, maxNs } = histogram;
  let left = Math.ceil(count * share);
  let index = 0;
  for (; index < CLASSES_COUNT - 1 && left > counts[index]; index++) {
    left -= counts[index];
  }
  const middle = 2 ** ((index + 0.5) / CLASSES_PER_DOUBLING) - 1;
  return Math.min(Math.max(middle * NANOSECONDS_PER_MICROSECOND, minNs), maxNs);
}
