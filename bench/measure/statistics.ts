/** The middle of several rounds, and how far they lie apart. */
export interface Spread {
  median: number;
  min: number;
  max: number;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function spreadOf(numbers: readonly number[]): Spread {
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers) };
}

/**
 * One candidate's figure divided by another's in the same round, over all rounds: what disturbs the machine
 * for a while disturbs both. Undefined where one of them has no rounds.
 */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): Spread | undefined {
  const rounds = Math.min(ours.length, theirs.length);
  return rounds === 0
    ? undefined
    : spreadOf(ours.slice(0, rounds).map((figure, round) => figure / theirs[round]));
}
