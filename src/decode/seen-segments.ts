import { readInt32BE } from '../big-endian.ts';
import { SEEN_SEGMENTS_MAX } from './limits.ts';
import type { Segment } from './segment.ts';

/**
 * The first segments of messages seen last, to log a retransmitted one once.
 *
 * Flat memory, four places a set, the oldest of a set gives way. Keys are compared whole, never by hash:
 * a stranger who makes hashes collide can only make the table forget, so that a retransmission is logged
 * twice, and can never make a message go missing.
 */
export interface SeenSegments {
  /** By place: IPV4_ROW_WORDS of sequence number, ports, source, target. A set is one cache line. */
  readonly ipv4Rows: Int32Array;
  /** By place: SEGMENT_KEY_WORDS. Of a host without IPv6 one page of it is touched. */
  readonly ipv6Rows: Int32Array;
  /** By set: the place that the next newcomer takes. */
  readonly ipv4Next: Uint8Array;
  readonly ipv6Next: Uint8Array;
  /** That of the IPv6 segment looked up last. */
  readonly key: Int32Array;
}

const ADDRESS_WORDS = 4;
const SOURCE_AT = 0;
const TARGET_AT = SOURCE_AT + ADDRESS_WORDS;
const PORTS_AT = TARGET_AT + ADDRESS_WORDS;
const SEQUENCE_NUMBER_AT = PORTS_AT + 1;
export const SEGMENT_KEY_WORDS = SEQUENCE_NUMBER_AT + 1;
const IPV4_ROW_WORDS = 4;
const PLACES = 4;
const SETS_COUNT = SEEN_SEGMENTS_MAX / PLACES;
/** Some 128 messages of each direction, 2 KiB: more are not on their way at once, unless they share segments. */
const SETS_PER_FLOW = 32;
const SEQUENCE_SHIFT = 32 - Math.log2(SETS_PER_FLOW);
const GOLDEN_RATIO = 0x9e3779b1 | 0;
/** Third word of an IPv4-mapped IPv6 address, so that both families share one form of keys (RFC 4291 2.5.5.2). */
const IPV4_MAPPED_WORD = 0xffff;

export function createSeenSegments(): SeenSegments {
  const seen = {
    ipv4Rows: new Int32Array(SEEN_SEGMENTS_MAX * IPV4_ROW_WORDS),
    ipv6Rows: new Int32Array(SEEN_SEGMENTS_MAX * SEGMENT_KEY_WORDS),
    ipv4Next: new Uint8Array(SETS_COUNT),
    ipv6Next: new Uint8Array(SETS_COUNT),
    key: new Int32Array(SEGMENT_KEY_WORDS),
  };
  keepZerosFree(seen);
  return seen;
}

/** Makes it as it was when it was made. */
export function forgetSegments(seen: SeenSegments): void {
  seen.ipv4Rows.fill(0);
  seen.ipv6Rows.fill(0);
  seen.ipv4Next.fill(0);
  seen.ipv6Next.fill(0);
  keepZerosFree(seen);
}

/** A free place holds the key of zeros, which only its own set is asked for: there it must be another one. */
function keepZerosFree({ ipv4Rows, ipv6Rows }: SeenSegments): void {
  const firstPlace = hashWords(0, 0, 0, 0) * PLACES;
  const endPlace = firstPlace + PLACES;
  ipv4Rows.fill(1, firstPlace * IPV4_ROW_WORDS, endPlace * IPV4_ROW_WORDS);
  ipv6Rows.fill(1, firstPlace * SEGMENT_KEY_WORDS, endPlace * SEGMENT_KEY_WORDS);
}

/** Says whether the segment was seen before, and remembers it. Same flow, direction and sequence number. */
export function wasSeenBefore(seen: SeenSegments, bytes: Uint8Array, segment: Segment): boolean {
  if (segment.addressLength === 4) {
    const source = readInt32BE(bytes, segment.sourceAddressOffset);
    const target = readInt32BE(bytes, segment.targetAddressOffset);
    const ports = (segment.sourcePort << 16) | segment.targetPort;
    return wasIpv4SeenBefore(seen, segment.sequenceNumber, ports, source, target);
  }
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
  const sequenceNumber = keys[at + SEQUENCE_NUMBER_AT];
  const ports = keys[at + PORTS_AT];
  const source = keys[at + SOURCE_AT + ADDRESS_WORDS - 1];
  const target = keys[at + TARGET_AT + ADDRESS_WORDS - 1];
  if (isIpv4Mapped(keys, at + SOURCE_AT) && isIpv4Mapped(keys, at + TARGET_AT)) {
    return wasIpv4SeenBefore(seen, sequenceNumber, ports, source, target);
  }
  const { ipv6Rows, ipv6Next } = seen;
  const set = hashWords(sequenceNumber, ports, source, target);
  const firstPlace = set * PLACES;
  for (let place = firstPlace; place < firstPlace + PLACES; place++) {
    if (isRow(ipv6Rows, place * SEGMENT_KEY_WORDS, keys, at)) {
      return true;
    }
  }
  const row = (firstPlace + ipv6Next[set]) * SEGMENT_KEY_WORDS;
  ipv6Next[set] = (ipv6Next[set] + 1) & (PLACES - 1);
  for (let word = 0; word < SEGMENT_KEY_WORDS; word++) {
    ipv6Rows[row + word] = keys[at + word];
  }
  return false;
}

function wasIpv4SeenBefore(
  { ipv4Rows, ipv4Next }: SeenSegments,
  sequenceNumber: number,
  ports: number,
  source: number,
  target: number,
): boolean {
  const set = hashWords(sequenceNumber, ports, source, target);
  const firstRow = set * PLACES * IPV4_ROW_WORDS;
  const rowsEnd = firstRow + PLACES * IPV4_ROW_WORDS;
  for (let row = firstRow; row < rowsEnd; row += IPV4_ROW_WORDS) {
    if (
      ipv4Rows[row] === sequenceNumber &&
      ipv4Rows[row + 1] === ports &&
      ipv4Rows[row + 2] === source &&
      ipv4Rows[row + 3] === target
    ) {
      return true;
    }
  }
  const row = firstRow + ipv4Next[set] * IPV4_ROW_WORDS;
  ipv4Next[set] = (ipv4Next[set] + 1) & (PLACES - 1);
  ipv4Rows[row] = sequenceNumber;
  ipv4Rows[row + 1] = ports;
  ipv4Rows[row + 2] = source;
  ipv4Rows[row + 3] = target;
  return false;
}

/**
 * Spreads flows over the sets, and the successive messages of one over SETS_PER_FLOW next to each other: those
 * of the flows of the moment are in the core's own cache then, where the whole table is not. A multiplier of
 * Knuth's (golden ratio).
 */
function hashWords(sequenceNumber: number, ports: number, source: number, target: number): number {
  let flow = Math.imul(ports, GOLDEN_RATIO);
  flow ^= flow >>> 15;
  flow = Math.imul(flow ^ source ^ (target >>> 1), GOLDEN_RATIO);
  const message = Math.imul(sequenceNumber, GOLDEN_RATIO) >>> SEQUENCE_SHIFT;
  return ((flow >>> 16) + message) & (SETS_COUNT - 1);
}

/** The words that tell segments of one set apart first. */
function isRow(rows: Int32Array, row: number, keys: Int32Array, at: number): boolean {
  for (let word = SEGMENT_KEY_WORDS - 1; word >= 0; word--) {
    if (rows[row + word] !== keys[at + word]) {
      return false;
    }
  }
  return true;
}

function isIpv4Mapped(keys: Int32Array, at: number): boolean {
  return keys[at] === 0 && keys[at + 1] === 0 && keys[at + 2] === IPV4_MAPPED_WORD;
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
