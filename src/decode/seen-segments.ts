import { SEEN_SEGMENTS_MAX } from '../limits.ts';
import { readInt32BE } from './big-endian.ts';
import type { Segment } from './segment.ts';

/**
 * The first segments of messages seen last, to log a retransmitted one once.
 *
 * Flat memory, four places a set, the oldest of a set gives way. Keys are compared whole, never by hash:
 * a stranger who makes hashes collide can only make the table forget, so that a retransmission is logged
 * twice, and can never make a message go missing.
 */
export interface SeenSegments {
  /** By place: sequence number. Apart from the rows, so that a look at a set costs one cache line. */
  readonly sequenceNumbers: Int32Array;
  /** By place: ROW_WORDS of source address, target address, ports. All zero = free. */
  readonly rows: Int32Array;
  /** By set: the place that the next newcomer takes. */
  readonly nextPlace: Uint8Array;
  /** That of the segment looked up last. */
  readonly key: Int32Array;
}

const ADDRESS_WORDS = 4;
const SOURCE_AT = 0;
const TARGET_AT = SOURCE_AT + ADDRESS_WORDS;
const PORTS_AT = TARGET_AT + ADDRESS_WORDS;
const ROW_WORDS = PORTS_AT + 1;
/** A key is a row with its sequence number. */
const SEQUENCE_NUMBER_AT = ROW_WORDS;
export const SEGMENT_KEY_WORDS = SEQUENCE_NUMBER_AT + 1;
const PLACES = 4;
const SETS_COUNT = SEEN_SEGMENTS_MAX / PLACES;
/** Third word of an IPv4-mapped IPv6 address, so that both families share one row form (RFC 4291 2.5.5.2). */
const IPV4_MAPPED_WORD = 0xffff;

export function createSeenSegments(): SeenSegments {
  return {
    sequenceNumbers: new Int32Array(SEEN_SEGMENTS_MAX),
    rows: new Int32Array(SEEN_SEGMENTS_MAX * ROW_WORDS),
    nextPlace: new Uint8Array(SETS_COUNT),
    key: new Int32Array(SEGMENT_KEY_WORDS),
  };
}

/** Says whether the segment was seen before, and remembers it. Same flow, direction and sequence number. */
export function wasSeenBefore(seen: SeenSegments, bytes: Uint8Array, segment: Segment): boolean {
  writeSegmentKey(seen.key, 0, bytes, segment);
  return wasKeySeenBefore(seen, seen.key, 0);
}

/** Writes SEGMENT_KEY_WORDS that tell the segment from every other one. */
export function writeSegmentKey(
  keys: Int32Array,
  at: number,
  bytes: Uint8Array,
  segment: Segment,
): void {
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  writeAddress(keys, at + SOURCE_AT, bytes, sourceAddressOffset, addressLength);
  writeAddress(keys, at + TARGET_AT, bytes, targetAddressOffset, addressLength);
  keys[at + PORTS_AT] = (segment.sourcePort << 16) | segment.targetPort;
  keys[at + SEQUENCE_NUMBER_AT] = segment.sequenceNumber;
}

/** As `wasSeenBefore`, of a segment whose key stands at `at`. */
export function wasKeySeenBefore(seen: SeenSegments, keys: Int32Array, at: number): boolean {
  const { sequenceNumbers, rows, nextPlace } = seen;
  const sequenceNumber = keys[at + SEQUENCE_NUMBER_AT];
  const set = hashKey(keys, at);
  const firstPlace = set * PLACES;
  for (let place = firstPlace; place < firstPlace + PLACES; place++) {
    if (sequenceNumbers[place] === sequenceNumber && isRow(rows, place * ROW_WORDS, keys, at)) {
      return true;
    }
  }
  const place = firstPlace + nextPlace[set];
  nextPlace[set] = (nextPlace[set] + 1) & (PLACES - 1);
  sequenceNumbers[place] = sequenceNumber;
  for (let word = 0; word < ROW_WORDS; word++) {
    rows[place * ROW_WORDS + word] = keys[at + word];
  }
  return false;
}

/** Spreads flows and their successive messages over the sets; a multiplier of Knuth's (golden ratio). */
function hashKey(keys: Int32Array, at: number): number {
  let hash = Math.imul(keys[at + SEQUENCE_NUMBER_AT] ^ keys[at + PORTS_AT], 0x9e3779b1);
  hash ^= hash >>> 15;
  hash = Math.imul(
    hash ^
      keys[at + SOURCE_AT + ADDRESS_WORDS - 1] ^
      (keys[at + TARGET_AT + ADDRESS_WORDS - 1] >>> 1),
    0x9e3779b1,
  );
  return (hash >>> 16) & (SETS_COUNT - 1);
}

/** The words that tell segments of equal sequence numbers apart first. */
function isRow(rows: Int32Array, row: number, keys: Int32Array, at: number): boolean {
  for (let word = ROW_WORDS - 1; word >= 0; word--) {
    if (rows[row + word] !== keys[at + word]) {
      return false;
    }
  }
  return true;
}

function writeAddress(
  rows: Int32Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  addressLength: number,
): void {
  if (addressLength === 4) {
    rows[at] = 0;
    rows[at + 1] = 0;
    rows[at + 2] = IPV4_MAPPED_WORD;
    rows[at + 3] = readInt32BE(bytes, offset);
    return;
  }
  rows[at] = readInt32BE(bytes, offset);
  rows[at + 1] = readInt32BE(bytes, offset + 4);
  rows[at + 2] = readInt32BE(bytes, offset + 8);
  rows[at + 3] = readInt32BE(bytes, offset + 12);
}
