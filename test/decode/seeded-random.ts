/**
 * Pseudo-random numbers that are the same in every run: a failure can be looked at again.
 *
 * @returns a function that gives a whole number from 0 to `limit - 1` (xorshift32)
 */
export function createRandom(seed: number): (limit: number) => number {
  let state = seed | 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * limit);
  };
}
