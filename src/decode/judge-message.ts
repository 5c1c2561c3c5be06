import { readInt32BE } from '../big-endian.ts';
import { HASH_IS_LINE_ALONE, HASH_OF_LINE } from '../http/head-hash.ts';
import {
  type Connections,
  createConnections,
  forgetConnections,
  mayHaveBegunSince,
} from './connections.ts';
import { COPY_MS_MAX, REPEAT_GAP_MS_MAX } from './limits.ts';
import {
  ADDRESS_WORDS,
  FACT_HAS_COPIES,
  FACT_HASH,
  FACT_RECEIVED,
  FACT_SEQUENCE,
  FACT_TIME,
  FACT_WORDS,
  isIpv4Key,
  PORTS_AT,
  SOURCE_AT,
  TARGET_AT,
  writeIpv4Key,
  writeOppositeKey,
  writeSegmentKey,
} from './message-facts.ts';
import {
  createSeenMessages,
  forgetMessages,
  IPV4_KEY_WORDS,
  IPV4_MARKS_AT,
  IPV4_SET_WORDS,
  IPV6_KEY_WORDS,
  IPV6_MARKS_AT,
  IPV6_SET_WORDS,
  isIpv4Row,
  isIpv6Row,
  MARK_HASH,
  MARK_ORDINAL,
  MARK_TIME,
  markAt,
  PLACES,
  type SeenMessages,
  setOf,
  writeMark,
} from './seen-messages.ts';
import type { Segment } from './segment.ts';

/**
 * What a segment that begins a message is. `docs/decisions/0010` has the rules, and what could be made of each by who
 * wants to hide a request.
 */
export const JUDGED_NEW = 0;
/** A message under a sequence number under which another one was seen. One of them is not the connection's: both are written. */
export const JUDGED_OTHER = 1;
/** The message was sent again. */
export const JUDGED_REPEATED = 2;
/** The same segment was captured again, on another device of the host. */
export const JUDGED_COPIED = 3;
/** The same with other addresses, which the host has translated on the way; see `arrivals.ts`. */
export const JUDGED_TWIN = 4;

export type Judgement =
  | typeof JUDGED_NEW
  | typeof JUDGED_OTHER
  | typeof JUDGED_REPEATED
  | typeof JUDGED_COPIED
  | typeof JUDGED_TWIN;

/** What the messages seen so far are judged by. */
export interface MessageMemory {
  readonly seen: SeenMessages;
  readonly connections: Connections;
  /** Of the message in hand, when it is needed. */
  readonly key: Int32Array;
  /** That of the other direction. */
  readonly opposite: Int32Array;
}

export function createMessageMemory(): MessageMemory {
  return {
    seen: createSeenMessages(),
    connections: createConnections(),
    key: new Int32Array(FACT_WORDS),
    opposite: new Int32Array(FACT_WORDS),
  };
}

/** Makes it as it was when it was made. */
export function forgetAllMessages({ seen, connections }: MessageMemory): void {
  forgetMessages(seen);
  forgetConnections(connections);
}

/**
 * Judges the message that the segment begins, and remembers it. Hot: two cache lines next to each other.
 *
 * @param hash `hashHead` of what was captured of its head
 */
export function judgeMessage(
  memory: MessageMemory,
  bytes: Uint8Array,
  segment: Segment,
  hash: number,
  timeMs: number,
  hasCopies: boolean,
): Judgement {
  if (segment.addressLength === 4) {
    const source = readInt32BE(bytes, segment.sourceAddressOffset);
    const target = readInt32BE(bytes, segment.targetAddressOffset);
    return judgeIpv4(
      memory,
      segment.sequenceNumber,
      (segment.sourcePort << 16) | segment.targetPort,
      source,
      target,
      segment.acknowledgmentNumber,
      hash,
      timeMs,
      hasCopies,
    );
  }
  const { key } = memory;
  writeSegmentKey(key, 0, bytes, segment);
  return judgeKey(memory, key, 0, segment.acknowledgmentNumber, hash, timeMs, hasCopies);
}

/** The same of a message whose facts stand at `at`. */
export function judgeFacts(memory: MessageMemory, facts: Int32Array, at: number): Judgement {
  const received = facts[at + FACT_RECEIVED];
  const hasCopies = facts[at + FACT_HAS_COPIES] !== 0;
  return judgeKey(
    memory,
    facts,
    at,
    received,
    facts[at + FACT_HASH],
    facts[at + FACT_TIME],
    hasCopies,
  );
}

function judgeKey(
  memory: MessageMemory,
  keys: Int32Array,
  at: number,
  received: number,
  hash: number,
  timeMs: number,
  hasCopies: boolean,
): Judgement {
  if (!isIpv4Key(keys, at)) {
    return judgeIpv6(memory, keys, at, received, hash, timeMs, hasCopies);
  }
  const source = keys[at + SOURCE_AT + ADDRESS_WORDS - 1];
  const target = keys[at + TARGET_AT + ADDRESS_WORDS - 1];
  const sequence = keys[at + FACT_SEQUENCE];
  const ports = keys[at + PORTS_AT];
  return judgeIpv4(memory, sequence, ports, source, target, received, hash, timeMs, hasCopies);
}

function judgeIpv4(
  memory: MessageMemory,
  sequence: number,
  ports: number,
  source: number,
  target: number,
  received: number,
  hash: number,
  timeMs: number,
  hasCopies: boolean,
): Judgement {
  const { seen } = memory;
  const { ipv4Rows, ipv4Next } = seen;
  const set = setOf(sequence, ports, source, target);
  const first = set * IPV4_SET_WORDS;
  const marks = first + IPV4_MARKS_AT;
  let otherOrdinal = 0;
  for (let place = 0; place < PLACES; place++) {
    if (isIpv4Row(ipv4Rows, first + place * IPV4_KEY_WORDS, sequence, ports, source, target)) {
      const mark = markAt(marks, place);
      if (isSameHead(ipv4Rows, mark, hash)) {
        writeIpv4Key(memory.key, sequence, ports, source, target);
        const { key } = memory;
        return judgeAgain(memory, ipv4Rows, mark, key, 0, received, hash, timeMs, hasCopies);
      }
      otherOrdinal = ipv4Rows[mark + MARK_ORDINAL];
    }
  }
  const place = ipv4Next[set];
  ipv4Next[set] = (place + 1) & (PLACES - 1);
  const row = first + place * IPV4_KEY_WORDS;
  ipv4Rows[row] = sequence;
  ipv4Rows[row + 1] = ports;
  ipv4Rows[row + 2] = source;
  ipv4Rows[row + 3] = target;
  writeMark(seen, ipv4Rows, markAt(marks, place), received, hash, timeMs);
  if (otherOrdinal === 0) {
    return JUDGED_NEW;
  }
  writeIpv4Key(memory.key, sequence, ports, source, target);
  return judgeOther(memory, memory.key, 0, otherOrdinal);
}

function judgeIpv6(
  memory: MessageMemory,
  keys: Int32Array,
  at: number,
  received: number,
  hash: number,
  timeMs: number,
  hasCopies: boolean,
): Judgement {
  const { seen } = memory;
  const { ipv6Rows, ipv6Next } = seen;
  const sequence = keys[at + FACT_SEQUENCE];
  const source = keys[at + SOURCE_AT + ADDRESS_WORDS - 1];
  const target = keys[at + TARGET_AT + ADDRESS_WORDS - 1];
  const set = setOf(sequence, keys[at + PORTS_AT], source, target);
  const first = set * IPV6_SET_WORDS;
  const marks = first + IPV6_MARKS_AT;
  let otherOrdinal = 0;
  for (let place = 0; place < PLACES; place++) {
    if (isIpv6Row(ipv6Rows, first + place * IPV6_KEY_WORDS, keys, at, sequence)) {
      const mark = markAt(marks, place);
      if (isSameHead(ipv6Rows, mark, hash)) {
        return judgeAgain(memory, ipv6Rows, mark, keys, at, received, hash, timeMs, hasCopies);
      }
      otherOrdinal = ipv6Rows[mark + MARK_ORDINAL];
    }
  }
  const place = ipv6Next[set];
  ipv6Next[set] = (place + 1) & (PLACES - 1);
  const row = first + place * IPV6_KEY_WORDS;
  for (let word = 0; word < IPV6_KEY_WORDS; word++) {
    ipv6Rows[row + word] = keys[at + word];
  }
  writeMark(seen, ipv6Rows, markAt(marks, place), received, hash, timeMs);
  return otherOrdinal === 0 ? JUDGED_NEW : judgeOther(memory, keys, at, otherOrdinal);
}

/**
 * Says whether it is the head that the mark is of. Of one that has shown nothing but its start line, that is all that
 * tells: the rest has come with it, or had come.
 */
function isSameHead(rows: Int32Array, mark: number, hash: number): boolean {
  const other = rows[mark + MARK_HASH];
  const mask = ((other | hash) & HASH_IS_LINE_ALONE) !== 0 ? HASH_OF_LINE : -1;
  return rows[mark + MARK_ORDINAL] !== 0 && ((other ^ hash) & mask) === 0;
}

/** Judges a message under the number of another one, which may be of an older connection. */
function judgeOther(
  { connections, opposite }: MessageMemory,
  keys: Int32Array,
  at: number,
  ordinal: number,
): Judgement {
  writeOppositeKey(keys, at, opposite);
  const isOlder =
    mayHaveBegunSince(connections, keys, at, ordinal) ||
    mayHaveBegunSince(connections, opposite, 0, ordinal);
  return isOlder ? JUDGED_NEW : JUDGED_OTHER;
}

/** Judges a message that was seen before, unless a connection has begun since or no sender would repeat it so late. */
function judgeAgain(
  { seen, connections, opposite }: MessageMemory,
  rows: Int32Array,
  mark: number,
  keys: Int32Array,
  at: number,
  received: number,
  hash: number,
  timeMs: number,
  hasCopies: boolean,
): Judgement {
  const gapMs = Math.abs((timeMs - rows[mark + MARK_TIME]) | 0);
  const ordinal = rows[mark + MARK_ORDINAL];
  writeOppositeKey(keys, at, opposite);
  if (
    gapMs > REPEAT_GAP_MS_MAX ||
    mayHaveBegunSince(connections, keys, at, ordinal) ||
    mayHaveBegunSince(connections, opposite, 0, ordinal)
  ) {
    writeMark(seen, rows, mark, received, hash, timeMs);
    return JUDGED_NEW;
  }
  rows[mark + MARK_TIME] = timeMs;
  if ((hash & HASH_IS_LINE_ALONE) === 0) {
    rows[mark + MARK_HASH] = hash;
  }
  return hasCopies && gapMs <= COPY_MS_MAX ? JUDGED_COPIED : JUDGED_REPEATED;
}
