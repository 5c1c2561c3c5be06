import type { FlowState } from './flow-state.ts';
import { bytesBetween } from './sequence.ts';

/** The newest bytes of a side that were leapt over: what fills them is no repetition. */

/** The side's bytes between these sequence numbers were leapt over. */
export function noteHole(state: FlowState, side: number, from: number, end: number): void {
  state.holeFrom[side] = from;
  state.holeEnd[side] = end;
}

/**
 * Takes bytes that stand before the last one seen: those that fill a hole.
 *
 *     -> a, first part
 *     -> a, third part
 *     -> a, second part        captured last: late, and not seen before
 *
 * @returns false when all of them had been seen before
 * @rule late-is-not-again
 */
export function fillHole(state: FlowState, side: number, from: number, end: number): boolean {
  const holeFrom = state.holeFrom[side];
  const holeEnd = state.holeEnd[side];
  if (
    holeFrom === holeEnd ||
    bytesBetween(from, holeEnd) <= 0 ||
    bytesBetween(holeFrom, end) <= 0
  ) {
    return false;
  }
  if (bytesBetween(holeFrom, from) <= 0) {
    state.holeFrom[side] = bytesBetween(end, holeEnd) <= 0 ? holeEnd : end;
  } else {
    state.holeEnd[side] = from;
  }
  return true;
}
