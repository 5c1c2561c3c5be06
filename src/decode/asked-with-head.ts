import {
  addDirection,
  beginConnection,
  DIRECTION_ASKED,
  DIRECTION_HEADS,
  DIRECTION_RECEIVED,
  type Directions,
  findDirection,
  NO_DIRECTION,
  writeOppositeKey,
} from './directions.ts';
import {
  FACT_BODY_BYTES,
  FACT_FLAGS,
  FACT_HEAD_BYTES,
  FACT_IS_INTERIM,
  FACT_IS_WHOLE,
  FACT_RECEIVED,
  FACT_SEQUENCE,
  FACT_TIME,
  NO_BODY_CLAIM,
} from './message-facts.ts';

/**
 * Which responses answer HEAD and have no body whatever their heads say, and what a client has heard before it sends a
 * body: what one direction tells about the other.
 */

/** Requests of one client, one behind the other, of which it is known which ask with HEAD. */
const HEADS_MAX = 32;

/** Notes for the other direction which of its next responses has no body: those before it were asked for, too. */
export function noteHead(
  directions: Directions,
  opposite: Int32Array,
  index: number,
  facts: Int32Array,
  at: number,
): void {
  if (index >= HEADS_MAX) {
    return;
  }
  const { rows } = directions;
  const place = facts[at + FACT_RECEIVED];
  writeOppositeKey(facts, at, opposite);
  let row = findDirection(directions, opposite, 0);
  if (row === NO_DIRECTION) {
    row = addDirection(directions, opposite, 0);
    beginConnection(directions, row, place, 0, facts[at + FACT_TIME]);
  }
  if (rows[row + DIRECTION_ASKED] !== place) {
    rows[row + DIRECTION_HEADS] = 0;
    rows[row + DIRECTION_ASKED] = place;
  }
  rows[row + DIRECTION_HEADS] |= 1 << index;
}

/**
 * Says whether a response answers HEAD, and goes on to the next one: as long as each begins where the one before it
 * has ended.
 */
export function takeHead(rows: Int32Array, row: number, facts: Int32Array, at: number): boolean {
  const sequence = facts[at + FACT_SEQUENCE];
  const flags = facts[at + FACT_FLAGS];
  const heads = rows[row + DIRECTION_HEADS];
  if (sequence !== rows[row + DIRECTION_ASKED] || (flags & FACT_IS_WHOLE) === 0) {
    rows[row + DIRECTION_HEADS] = 0;
    return false;
  }
  const headEnd = (sequence + facts[at + FACT_HEAD_BYTES]) | 0;
  if ((flags & FACT_IS_INTERIM) !== 0) {
    rows[row + DIRECTION_ASKED] = headEnd;
    return false;
  }
  const hasNoBody = (heads & 1) !== 0;
  const bodyBytes = hasNoBody ? 0 : facts[at + FACT_BODY_BYTES];
  rows[row + DIRECTION_HEADS] = bodyBytes === NO_BODY_CLAIM ? 0 : heads >>> 1;
  rows[row + DIRECTION_ASKED] = (headEnd + bodyBytes) | 0;
  return hasNoBody;
}

/** The client has received an interim response, and what it sends behind it is the body that it held back. */
export function noteInterim(
  directions: Directions,
  opposite: Int32Array,
  facts: Int32Array,
  at: number,
): void {
  const { rows } = directions;
  const sequence = facts[at + FACT_SEQUENCE];
  writeOppositeKey(facts, at, opposite);
  const row = findDirection(directions, opposite, 0);
  if (row !== NO_DIRECTION && rows[row + DIRECTION_RECEIVED] === sequence) {
    rows[row + DIRECTION_RECEIVED] = (sequence + facts[at + FACT_HEAD_BYTES]) | 0;
  }
}

export function forgetHeads(rows: Int32Array, row: number): void {
  rows[row + DIRECTION_ASKED] = 0;
  rows[row + DIRECTION_HEADS] = 0;
}
