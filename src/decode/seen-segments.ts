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
}

const ADDRESS_WORDS = 4;
const SOURCE_AT = 0;
const TARGET_AT = SOURCE_AT + ADDRESS_WORDS;
const PORTS_AT = TARGET_AT + ADDRESS_WORDS;
const ROW_WORDS = PORTS_AT + 1;
const PLACES = 4;
const SETS_COUNT = SEEN_SEGMENTS_MAX / PLACES;
/** Third word of an IPv4-mapped IPv6 address, so that both families share one row form (RFC 4291 2.5.5.2). */
const IPV4_MAPPED_WORD = 0xffff;

export function createSeenSegments(): SeenSegments {
  return {
    sequenceNumbers: new Int32Array(SEEN_SEGMENTS_MAX),
    rows: new Int32Array(SEEN_SEGMENTS_MAX * ROW_WORDS),
    nextPlace: new Uint8Array(SETS_COUNT),
  };
}

/** Says whether the segment was seen before, and remembers it. Same flow, direction and sequence number. */
export function wasSeenBefore(seen: SeenSegments, bytes: Uint8Array, segment: Segment): boolean {
  const { sequenceNumbers, rows, nextPlace } = seen;
  const ports = (segment.sourcePort << 16) | segment.targetPort;
  const sequenceNumber = segment.sequenceNumber;
  const set = hashSegment(bytes, segment, ports);
  const firstPlace = set * PLACES;
  for (let place = firstPlace; place < firstPlace + PLACES; place++) {
    if (
      sequenceNumbers[place] === sequenceNumber &&
      rows[place * ROW_WORDS + PORTS_AT] === ports &&
      hasAddresses(rows, place * ROW_WORDS, bytes, segment)
    ) {
      return true;
    }
  }
  const place = firstPlace + nextPlace[set];
  const row = place * ROW_WORDS;
  nextPlace[set] = (nextPlace[set] + 1) & (PLACES - 1);
  sequenceNumbers[place] = sequenceNumber;
  writeAddress(rows, row + SOURCE_AT, bytes, segment.sourceAddressOffset, segment.addressLength);
  writeAddress(rows, row + TARGET_AT, bytes, segment.targetAddressOffset, segment.addressLength);
  rows[row + PORTS_AT] = ports;
  return false;
}

/** Spreads flows and their successive messages over the sets; a multiplier of Knuth's (golden ratio). */
function hashSegment(bytes: Uint8Array, segment: Segment, ports: number): number {
  const lastWordAt = segment.addressLength - 4;
  let hash = Math.imul(segment.sequenceNumber ^ ports, 0x9e3779b1);
  hash ^= hash >>> 15;
  hash = Math.imul(
    hash ^
      readInt32BE(bytes, segment.sourceAddressOffset + lastWordAt) ^
      (readInt32BE(bytes, segment.targetAddressOffset + lastWordAt) >>> 1),
    0x9e3779b1,
  );
  return (hash >>> 16) & (SETS_COUNT - 1);
}

function hasAddresses(rows: Int32Array, row: number, bytes: Uint8Array, segment: Segment): boolean {
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  return (
    isAddress(rows, row + SOURCE_AT, bytes, sourceAddressOffset, addressLength) &&
    isAddress(rows, row + TARGET_AT, bytes, targetAddressOffset, addressLength)
  );
}

function isAddress(
  rows: Int32Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  addressLength: number,
): boolean {
  if (addressLength === 4) {
    return (
      rows[at + 3] === readInt32BE(bytes, offset) &&
      rows[at + 2] === IPV4_MAPPED_WORD &&
      rows[at + 1] === 0 &&
      rows[at] === 0
    );
  }
  return (
    rows[at] === readInt32BE(bytes, offset) &&
    rows[at + 1] === readInt32BE(bytes, offset + 4) &&
    rows[at + 2] === readInt32BE(bytes, offset + 8) &&
    rows[at + 3] === readInt32BE(bytes, offset + 12)
  );
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
