import { CONNECTIONS_MAX } from './limits.ts';
import {
  ADDRESS_WORDS,
  DIRECTION_KEY_WORDS,
  PORTS_AT,
  SOURCE_AT,
  TARGET_AT,
} from './message-facts.ts';

/**
 * Where connections began, and which responses have no body because HEAD asked for them: a row of one cache line a
 * direction, two places a set, the older of a set gives way. It is asked for only when a message seems to come again.
 * Keys are compared whole, never by hash, and a set knows when the last of those has begun that gave way: a sender
 * who makes hashes collide can only make the table forget, and what is forgotten is written.
 */
export interface Connections {
  /** By place: CONNECTION_WORDS, see `CONNECTION_*`. */
  readonly rows: Int32Array;
  /** By set: the place that the next newcomer takes. */
  readonly next: Uint8Array;
  /** By set: CONNECTION_BEGAN of the row that gave way last; 0: none. */
  readonly forgotten: Int32Array;
}

/** Sequence number behind the SYN. */
export const CONNECTION_FIRST = DIRECTION_KEY_WORDS;
/** The number of the message that was seen last before the SYN; 0: the SYN was not seen. */
export const CONNECTION_BEGAN = CONNECTION_FIRST + 1;
/** Of a server: sequence number from which its responses answer HEAD. */
export const CONNECTION_HEADS_AT = CONNECTION_BEGAN + 1;
/** Of a server: how many of them do. */
export const CONNECTION_HEADS = CONNECTION_HEADS_AT + 1;
/** 1: the place is taken. */
const IS_TAKEN_AT = CONNECTION_HEADS + 1;
const CONNECTION_WORDS = 16;

const PLACES = 2;
const SETS_COUNT = CONNECTIONS_MAX / PLACES;
const SET_SHIFT = 32 - Math.log2(SETS_COUNT);
const GOLDEN_RATIO = 0x9e3779b1 | 0;

export const NO_CONNECTION = -1;

export function createConnections(): Connections {
  return {
    rows: new Int32Array(CONNECTIONS_MAX * CONNECTION_WORDS),
    next: new Uint8Array(SETS_COUNT),
    forgotten: new Int32Array(SETS_COUNT),
  };
}

/** Makes it as it was when it was made. */
export function forgetConnections({ rows, next, forgotten }: Connections): void {
  rows.fill(0);
  next.fill(0);
  forgotten.fill(0);
}

/** Where the row of a direction begins whose key stands at `at`; or NO_CONNECTION. */
export function findConnection({ rows }: Connections, keys: Int32Array, at: number): number {
  const first = setOf(keys, at) * PLACES * CONNECTION_WORDS;
  for (let row = first; row < first + PLACES * CONNECTION_WORDS; row += CONNECTION_WORDS) {
    if (rows[row + IS_TAKEN_AT] !== 0 && isRow(rows, row, keys, at)) {
      return row;
    }
  }
  return NO_CONNECTION;
}

/** The same; a row of which nothing is known is added if there is none. */
export function findOrAddConnection(
  connections: Connections,
  keys: Int32Array,
  at: number,
): number {
  const found = findConnection(connections, keys, at);
  if (found !== NO_CONNECTION) {
    return found;
  }
  const { rows, next, forgotten } = connections;
  const set = setOf(keys, at);
  const row = (set * PLACES + next[set]) * CONNECTION_WORDS;
  next[set] = (next[set] + 1) % PLACES;
  const began = rows[row + CONNECTION_BEGAN];
  if (began !== 0 && (forgotten[set] === 0 || ((began - forgotten[set]) | 0) > 0)) {
    forgotten[set] = began;
  }
  for (let word = 0; word < DIRECTION_KEY_WORDS; word++) {
    rows[row + word] = keys[at + word];
  }
  rows[row + CONNECTION_FIRST] = 0;
  rows[row + CONNECTION_BEGAN] = 0;
  rows[row + CONNECTION_HEADS_AT] = 0;
  rows[row + CONNECTION_HEADS] = 0;
  rows[row + IS_TAKEN_AT] = 1;
  return row;
}

/** Says whether a connection of this direction may have begun behind the message of this number. */
export function mayHaveBegunSince(
  connections: Connections,
  keys: Int32Array,
  at: number,
  ordinal: number,
): boolean {
  const { rows, forgotten } = connections;
  const row = findConnection(connections, keys, at);
  let began = row === NO_CONNECTION ? 0 : rows[row + CONNECTION_BEGAN];
  if (began === 0) {
    began = forgotten[setOf(keys, at)];
  }
  return began !== 0 && ((ordinal - began) | 0) <= 0;
}

/** Spreads flows over the sets. A multiplier of Knuth's (golden ratio). */
function setOf(keys: Int32Array, at: number): number {
  let flow = Math.imul(keys[at + PORTS_AT], GOLDEN_RATIO);
  flow ^= flow >>> 15;
  const source = keys[at + SOURCE_AT + ADDRESS_WORDS - 1];
  const target = keys[at + TARGET_AT + ADDRESS_WORDS - 1];
  flow = Math.imul(flow ^ source ^ (target >>> 1), GOLDEN_RATIO);
  return flow >>> SET_SHIFT;
}

/** The words that tell directions of one set apart first. */
function isRow(rows: Int32Array, row: number, keys: Int32Array, at: number): boolean {
  for (let word = DIRECTION_KEY_WORDS - 1; word >= 0; word--) {
    if (rows[row + word] !== keys[at + word]) {
      return false;
    }
  }
  return true;
}
