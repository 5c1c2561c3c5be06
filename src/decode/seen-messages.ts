import { SEEN_MESSAGES_MAX } from './limits.ts';
import {
  ADDRESS_WORDS,
  DIRECTION_KEY_WORDS,
  FACT_SEQUENCE,
  isIpv4Key,
  PORTS_AT,
  SOURCE_AT,
  TARGET_AT,
} from './message-facts.ts';

/**
 * The messages seen last, by connection, direction and sequence number, with what tells one from another under the same
 * number. Flat memory, four places a set, the oldest of a set gives way. Keys are compared whole, never by hash.
 */
export interface SeenMessages {
  /** By set: the keys of its places, IPV4_KEY_WORDS each, one cache line; then their marks, another one. */
  readonly ipv4Rows: Int32Array;
  /** By set: the keys of its places, IPV6_KEY_WORDS each, and their marks. Of a host without IPv6 one page is touched. */
  readonly ipv6Rows: Int32Array;
  /** By set: the place that the next newcomer takes. */
  readonly ipv4Next: Uint8Array;
  readonly ipv6Next: Uint8Array;
  /** Number of the message seen last. */
  count: number;
}

/** Of a mark: `hashHead` of the message. */
export const MARK_HASH = 0;
/** When it was seen last, `messageTimeMs`. */
export const MARK_TIME = 1;
/** Which message it was; 0: the place is free. */
export const MARK_ORDINAL = 2;
/** What its sender had received. */
export const MARK_RECEIVED = 3;
const MARK_WORDS = 4;

export const NO_MARK = -1;

export const PLACES = 4;
export const IPV4_KEY_WORDS = 4;
export const IPV4_MARKS_AT = PLACES * IPV4_KEY_WORDS;
export const IPV4_SET_WORDS = IPV4_MARKS_AT + PLACES * MARK_WORDS;
export const IPV6_KEY_WORDS = DIRECTION_KEY_WORDS + 1;
export const IPV6_MARKS_AT = PLACES * IPV6_KEY_WORDS;
export const IPV6_SET_WORDS = IPV6_MARKS_AT + PLACES * MARK_WORDS;
const SETS_COUNT = SEEN_MESSAGES_MAX / PLACES;
/** Some 128 messages of each direction, 4 KiB: more are not on their way at once, unless they share segments. */
const SETS_PER_DIRECTION = 32;
const SEQUENCE_SHIFT = 32 - Math.log2(SETS_PER_DIRECTION);
const GOLDEN_RATIO = 0x9e3779b1 | 0;

export function createSeenMessages(): SeenMessages {
  return {
    ipv4Rows: new Int32Array(SETS_COUNT * IPV4_SET_WORDS),
    ipv6Rows: new Int32Array(SETS_COUNT * IPV6_SET_WORDS),
    ipv4Next: new Uint8Array(SETS_COUNT),
    ipv6Next: new Uint8Array(SETS_COUNT),
    count: 0,
  };
}

/** Makes it as it was when it was made. */
export function forgetMessages(seen: SeenMessages): void {
  seen.ipv4Rows.fill(0);
  seen.ipv6Rows.fill(0);
  seen.ipv4Next.fill(0);
  seen.ipv6Next.fill(0);
  seen.count = 0;
}

/** Writes the mark of a message that is seen for the first time. */
export function writeMark(
  seen: SeenMessages,
  rows: Int32Array,
  mark: number,
  received: number,
  hash: number,
  timeMs: number,
): void {
  seen.count = (seen.count + 1) | 0;
  // Behind the last number of all there is the first again, but for the one of free places.
  seen.count += seen.count === 0 ? 1 : 0;
  rows[mark + MARK_HASH] = hash;
  rows[mark + MARK_TIME] = timeMs;
  rows[mark + MARK_ORDINAL] = seen.count;
  rows[mark + MARK_RECEIVED] = received;
}

export function markAt(marks: number, place: number): number {
  return marks + place * MARK_WORDS;
}

/**
 * Where the mark of the message stands that was seen last under a sequence number, in `rowsOf(seen, keys, at)`; NO_MARK:
 * none was seen behind the message of the number `began`.
 */
export function findMark(
  seen: SeenMessages,
  keys: Int32Array,
  at: number,
  sequence: number,
  began: number,
): number {
  const isIpv4 = isIpv4Key(keys, at);
  const rows = isIpv4 ? seen.ipv4Rows : seen.ipv6Rows;
  const source = keys[at + SOURCE_AT + ADDRESS_WORDS - 1];
  const target = keys[at + TARGET_AT + ADDRESS_WORDS - 1];
  const set = setOf(sequence, keys[at + PORTS_AT], source, target);
  const first = set * (isIpv4 ? IPV4_SET_WORDS : IPV6_SET_WORDS);
  const marks = first + (isIpv4 ? IPV4_MARKS_AT : IPV6_MARKS_AT);
  let found = NO_MARK;
  for (let place = 0; place < PLACES; place++) {
    const mark = markAt(marks, place);
    const isSame = isIpv4
      ? isIpv4Row(
          rows,
          first + place * IPV4_KEY_WORDS,
          sequence,
          keys[at + PORTS_AT],
          source,
          target,
        )
      : isIpv6Row(rows, first + place * IPV6_KEY_WORDS, keys, at, sequence);
    if (
      isSame &&
      rows[mark + MARK_ORDINAL] !== 0 &&
      ((rows[mark + MARK_ORDINAL] - began) | 0) > 0 &&
      (found === NO_MARK || ((rows[mark + MARK_ORDINAL] - rows[found + MARK_ORDINAL]) | 0) > 0)
    ) {
      found = mark;
    }
  }
  return found;
}

export function rowsOf(seen: SeenMessages, keys: Int32Array, at: number): Int32Array {
  return isIpv4Key(keys, at) ? seen.ipv4Rows : seen.ipv6Rows;
}

export function isIpv4Row(
  rows: Int32Array,
  row: number,
  sequence: number,
  ports: number,
  source: number,
  target: number,
): boolean {
  return (
    rows[row] === sequence &&
    rows[row + 1] === ports &&
    rows[row + 2] === source &&
    rows[row + 3] === target
  );
}

/** The words that tell messages of one set apart first. */
export function isIpv6Row(
  rows: Int32Array,
  row: number,
  keys: Int32Array,
  at: number,
  sequence: number,
): boolean {
  if (rows[row + FACT_SEQUENCE] !== sequence) {
    return false;
  }
  for (let word = DIRECTION_KEY_WORDS - 1; word >= 0; word--) {
    if (rows[row + word] !== keys[at + word]) {
      return false;
    }
  }
  return true;
}

/**
 * Spreads flows over the sets, and the successive messages of one over SETS_PER_DIRECTION next to each other: those
 * of the flows of the moment are in the core's own cache then, where the whole table is not. A multiplier of
 * Knuth's (golden ratio).
 */
export function setOf(sequence: number, ports: number, source: number, target: number): number {
  let flow = Math.imul(ports, GOLDEN_RATIO);
  flow ^= flow >>> 15;
  flow = Math.imul(flow ^ source ^ (target >>> 1), GOLDEN_RATIO);
  const message = Math.imul(sequence, GOLDEN_RATIO) >>> SEQUENCE_SHIFT;
  return ((flow >>> 16) + message) & (SETS_COUNT - 1);
}
