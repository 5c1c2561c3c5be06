import { HASH_IS_LINE_ALONE, HASH_OF_LINE } from '../http/head-hash.ts';
import { REPEAT_GAP_MS_MAX, SEEN_MESSAGES_MAX } from './limits.ts';

/**
 * The messages seen last, by the number of their connection's direction, their sequence number and a hash of their
 * head. Flat memory, four places a set, which is one cache line; the oldest of a set gives way.
 */
export interface SeenMessages {
  /** By place: ROW_WORDS of connection, sequence number, hash, time. */
  readonly rows: Int32Array;
  /** By set: the place that the next newcomer takes. */
  readonly next: Uint8Array;
  /** Of the message that was found last: milliseconds since it had been seen before. */
  sinceMs: number;
}

/** None under this number. */
export const SEEN_NEVER = 0;
/** The same message. */
export const SEEN_SAME = 1;
/** Another message. */
export const SEEN_OTHER = 2;

export type Seen = typeof SEEN_NEVER | typeof SEEN_SAME | typeof SEEN_OTHER;

const CONNECTION_AT = 0;
const SEQUENCE_AT = 1;
const HASH_AT = 2;
const TIME_AT = 3;
const ROW_WORDS = 4;
const PLACES = 4;
const SETS_COUNT = SEEN_MESSAGES_MAX / PLACES;
/** Some 128 messages of each direction, 2 KiB: more are not on their way at once, unless they share segments. */
const SETS_PER_DIRECTION = 32;
const SEQUENCE_SHIFT = 32 - Math.log2(SETS_PER_DIRECTION);
const GOLDEN_RATIO = 0x9e3779b1 | 0;

export function createSeenMessages(): SeenMessages {
  return {
    rows: new Int32Array(SEEN_MESSAGES_MAX * ROW_WORDS),
    next: new Uint8Array(SETS_COUNT),
    sinceMs: 0,
  };
}

/** Makes it as it was when it was made. */
export function forgetMessages(seen: SeenMessages): void {
  seen.rows.fill(0);
  seen.next.fill(0);
}

/**
 * What was seen under this sequence number; the same message is noted to have been seen now.
 * Of a head that has shown nothing but its start line, that is all that tells: the rest has come with it, or had come.
 *
 * @returns SEEN_SAME: `sinceMs` tells how long ago it was
 */
export function findSeen(
  seen: SeenMessages,
  connection: number,
  sequence: number,
  hash: number,
  timeMs: number,
): Seen {
  const { rows } = seen;
  const first = setOf(connection, sequence) * PLACES * ROW_WORDS;
  let found: Seen = SEEN_NEVER;
  for (let row = first; row < first + PLACES * ROW_WORDS; row += ROW_WORDS) {
    if (rows[row + SEQUENCE_AT] !== sequence || rows[row + CONNECTION_AT] !== connection) {
      continue;
    }
    const mask = ((rows[row + HASH_AT] | hash) & HASH_IS_LINE_ALONE) !== 0 ? HASH_OF_LINE : -1;
    if (((rows[row + HASH_AT] ^ hash) & mask) !== 0) {
      found = SEEN_OTHER;
      continue;
    }
    const gapMs = Math.abs((timeMs - rows[row + TIME_AT]) | 0);
    if (gapMs <= REPEAT_GAP_MS_MAX) {
      rows[row + TIME_AT] = timeMs;
      if ((hash & HASH_IS_LINE_ALONE) === 0) {
        rows[row + HASH_AT] = hash;
      }
      seen.sinceMs = gapMs;
      return SEEN_SAME;
    }
    // Its place is free for who comes now.
    rows[row + CONNECTION_AT] = 0;
  }
  return found;
}

/** Notes a message; **`findSeen` has not found it**. */
export function keepSeen(
  { rows, next }: SeenMessages,
  connection: number,
  sequence: number,
  hash: number,
  timeMs: number,
): void {
  const set = setOf(connection, sequence);
  const row = (set * PLACES + next[set]) * ROW_WORDS;
  next[set] = (next[set] + 1) & (PLACES - 1);
  rows[row + CONNECTION_AT] = connection;
  rows[row + SEQUENCE_AT] = sequence;
  rows[row + HASH_AT] = hash;
  rows[row + TIME_AT] = timeMs;
}

/**
 * The successive messages of a direction go to sets next to each other: those of the directions of the moment are in
 * the core's own cache then, where the whole table is not.
 */
function setOf(connection: number, sequence: number): number {
  const message = Math.imul(sequence, GOLDEN_RATIO) >>> SEQUENCE_SHIFT;
  return ((Math.imul(connection, GOLDEN_RATIO) >>> 16) + message) & (SETS_COUNT - 1);
}
