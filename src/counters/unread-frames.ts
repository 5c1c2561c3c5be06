import { COUNTER_UNREAD_FRAMES_FIRST, COUNTER_UNREAD_KINDS_FIRST } from './counter-table.ts';
import { UNREAD_KINDS_MAX } from './limits.ts';

/** Kinds of frames that are not read, and how many: a table that fills as they come, the rest together. */

/** Of all kinds for which there was no room. */
export const KIND_OTHER = 0;

/** Bound: UNREAD_KINDS_MAX comparisons. */
export function countUnreadFrames(counters: Float64Array, kind: number, count: number): void {
  let index = 0;
  while (index < UNREAD_KINDS_MAX) {
    const held = counters[COUNTER_UNREAD_KINDS_FIRST + index];
    if (held === kind) {
      break;
    }
    if (held === 0) {
      counters[COUNTER_UNREAD_KINDS_FIRST + index] = kind;
      break;
    }
    index++;
  }
  counters[COUNTER_UNREAD_FRAMES_FIRST + index] += count;
}

/** Each kind with its number, in the order in which they came. */
export function readUnreadFrames(counters: Float64Array): [kind: number, count: number][] {
  const rows: [number, number][] = [];
  for (let index = 0; index <= UNREAD_KINDS_MAX; index++) {
    const count = counters[COUNTER_UNREAD_FRAMES_FIRST + index];
    if (count > 0) {
      const kind =
        index === UNREAD_KINDS_MAX ? KIND_OTHER : counters[COUNTER_UNREAD_KINDS_FIRST + index];
      rows.push([kind, count]);
    }
  }
  return rows;
}

/** Adds another worker's, whose kinds may stand in another order. */
export function addUnreadFrames(sum: Float64Array, part: Float64Array): void {
  for (const [kind, count] of readUnreadFrames(part)) {
    if (kind === KIND_OTHER) {
      sum[COUNTER_UNREAD_FRAMES_FIRST + UNREAD_KINDS_MAX] += count;
    } else {
      countUnreadFrames(sum, kind, count);
    }
  }
}
