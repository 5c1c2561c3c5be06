import { readInt32BE } from '../big-endian.ts';
import { type ChunkReader, createChunkReader } from '../http/chunk-reader.ts';
import { OPEN_BODIES_MAX, OPEN_BODY_BYTES_MAX, OPEN_BODY_LINE_BYTES_MAX } from './limits.ts';
import type { Segment } from './segment.ts';

/**
 * Which bytes are a body, where no flow is followed: a row of one cache line a direction, in a table so small that it
 * stays in the cache. A direction whose place another one takes is forgotten, and what is forgotten is no body.
 *
 * A head is believed when it stands behind all that its sender has been seen to send, and only as long as nothing else
 * comes under its numbers: otherwise a decoy, which the other end need not receive, made a body of what follows it.
 * `docs/decisions/0010` says what that leaves.
 */
export interface OpenBodies {
  readonly rows: Int32Array;
  /** By row: not 0 when a body is open there. It is asked first: the whole of it stays in the nearest cache. */
  readonly isOpen: Uint8Array;
  /** The direction of the segment in hand has this row; of meaning behind `findBodyEnd`. */
  row: number;
  /** Nobody outside is to choose which directions meet in one place. */
  readonly seed: number;
  /** In hand while a segment is read. */
  readonly reader: ChunkReader;
  /** HEAD was asked for at all. */
  hasHeads: boolean;
}

/** Addresses as they stand in the packet, and the ports. */
const SOURCE_AT = 0;
const TARGET_AT = 4;
const PORTS_AT = 8;
/** BODY_*, and above them the state of the chunks' reader and the bytes that it has read of its line. */
export const STATE_AT = 9;
/** Behind the last byte seen. */
export const HIGH_AT = 10;
/** Where the head begins. */
export const START_AT = 11;
/** Where the body begins. */
export const FROM_AT = 12;
/** Where it ends; of one in chunks, up to where they are read. */
export const TO_AT = 13;
export const CHUNK_SIZE_AT = 14;
/** Of a server: what its client had received when it asked with HEAD. */
export const HEAD_RECEIVED_AT = 15;
export const ROW_WORDS = 16;

/** The place is taken, by IPv4 or by IPv6. */
export const BODY_IPV4 = 0x01;
export const BODY_IPV6 = 0x02;
/** A connection of the same ports was seen before this one: what it has sent is not known from its first byte on. */
export const BODY_IS_UNSURE = 0x04;
/** There is a head, and nothing that contradicts it. */
export const BODY_HAS_HEAD = 0x08;
/** Its end is to come: nothing behind its first byte is known. */
export const BODY_HAS_OPEN_HEAD = 0x10;
export const BODY_IS_OPEN = 0x20;
export const BODY_IS_CHUNKED = 0x40;
/** What answers may be HEAD's. */
export const BODY_IS_HEAD_ASKED = 0x80;
export const ALL_OF_HEAD = BODY_HAS_HEAD | BODY_HAS_OPEN_HEAD | BODY_IS_OPEN | BODY_IS_CHUNKED;
export const CHUNK_STATE_SHIFT = 8;
export const CHUNK_STATE_MASK = 0x0f;
export const LINE_BYTES_SHIFT = 12;
export const FLAGS_MASK = 0xff;

const SETS_SHIFT = 32 - Math.log2(OPEN_BODIES_MAX);
const GOLDEN_RATIO = 0x9e3779b1 | 0;

export function createOpenBodies(seed: number): OpenBodies {
  return {
    rows: new Int32Array(OPEN_BODIES_MAX * ROW_WORDS),
    isOpen: new Uint8Array(OPEN_BODIES_MAX),
    row: 0,
    seed,
    reader: createChunkReader(OPEN_BODY_BYTES_MAX, OPEN_BODY_LINE_BYTES_MAX),
    hasHeads: false,
  };
}

export function forgetOpenBodies(bodies: OpenBodies): void {
  bodies.rows.fill(0);
  bodies.isOpen.fill(0);
  bodies.hasHeads = false;
}

/** A head and its body are not believed any more, or are over. */
export function dropHead(bodies: OpenBodies, row: number): void {
  writeState(bodies, row, bodies.rows[row + STATE_AT] & FLAGS_MASK & ~ALL_OF_HEAD);
}

export function writeState({ rows, isOpen }: OpenBodies, row: number, state: number): void {
  rows[row + STATE_AT] = state;
  isOpen[row / ROW_WORDS] = state & (BODY_IS_OPEN | BODY_IS_UNSURE);
}

export function takeHead(
  bodies: OpenBodies,
  row: number,
  start: number,
  from: number,
  flags: number,
): void {
  const { rows } = bodies;
  const state = (rows[row + STATE_AT] & FLAGS_MASK & ~ALL_OF_HEAD) | BODY_HAS_HEAD | flags;
  writeState(bodies, row, state);
  rows[row + START_AT] = start;
  rows[row + FROM_AT] = from;
  rows[row + TO_AT] = from;
}

/** Nothing was seen that stands at this number or behind it. */
export function isInOrder(rows: Int32Array, row: number, sequence: number): boolean {
  return (
    (rows[row + STATE_AT] & BODY_IS_UNSURE) === 0 && ((sequence - rows[row + HIGH_AT]) | 0) >= 0
  );
}

export function overlapsHead(rows: Int32Array, row: number, start: number, end: number): boolean {
  return (
    (rows[row + STATE_AT] & BODY_HAS_HEAD) !== 0 &&
    ((start - rows[row + FROM_AT]) | 0) < 0 &&
    ((end - rows[row + START_AT]) | 0) > 0
  );
}

export function raise(rows: Int32Array, row: number, end: number): void {
  if (((end - rows[row + HIGH_AT]) | 0) > 0) {
    rows[row + HIGH_AT] = end;
  }
}

/** Sequence number behind the segment's last byte on the wire. */
export function endOf(segment: Segment): number {
  const { sequenceNumber, payloadOffset, payloadEnd, payloadBytes, isPayloadCut } = segment;
  return (sequenceNumber + (isPayloadCut ? payloadBytes : payloadEnd - payloadOffset)) | 0;
}

export function familyOf({ addressLength }: Segment): number {
  return addressLength === 4 ? BODY_IPV4 : BODY_IPV6;
}

/** The direction's row: when it is new, all that it has sent so far is taken for seen. */
export function rowOf(
  bodies: OpenBodies,
  bytes: Uint8Array,
  segment: Segment,
  isOpposite = false,
): number {
  const { rows } = bodies;
  const row = placeOf(bodies, bytes, segment, isOpposite);
  if (isRow(rows, row, bytes, segment, isOpposite)) {
    return row;
  }
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  const source = isOpposite ? targetAddressOffset : sourceAddressOffset;
  const target = isOpposite ? sourceAddressOffset : targetAddressOffset;
  for (let at = 0; at < addressLength; at += 4) {
    rows[row + SOURCE_AT + (at >> 2)] = readInt32BE(bytes, source + at);
    rows[row + TARGET_AT + (at >> 2)] = readInt32BE(bytes, target + at);
  }
  rows[row + PORTS_AT] = portsOf(segment, isOpposite);
  writeState(bodies, row, familyOf(segment));
  rows[row + HIGH_AT] = isOpposite ? segment.acknowledgmentNumber : segment.sequenceNumber;
  return row;
}

export function isRow(
  rows: Int32Array,
  row: number,
  bytes: Uint8Array,
  segment: Segment,
  isOpposite: boolean,
): boolean {
  if (rows[row + PORTS_AT] !== portsOf(segment, isOpposite)) {
    return false;
  }
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  const source = isOpposite ? targetAddressOffset : sourceAddressOffset;
  const target = isOpposite ? sourceAddressOffset : targetAddressOffset;
  if (addressLength === 4) {
    return (
      rows[row + SOURCE_AT] === readInt32BE(bytes, source) &&
      rows[row + TARGET_AT] === readInt32BE(bytes, target) &&
      (rows[row + STATE_AT] & BODY_IPV4) !== 0
    );
  }
  return (
    (rows[row + STATE_AT] & BODY_IPV6) !== 0 &&
    isAddress(rows, row + SOURCE_AT, bytes, source) &&
    isAddress(rows, row + TARGET_AT, bytes, target)
  );
}

function isAddress(rows: Int32Array, at: number, bytes: Uint8Array, offset: number): boolean {
  return (
    rows[at] === readInt32BE(bytes, offset) &&
    rows[at + 1] === readInt32BE(bytes, offset + 4) &&
    rows[at + 2] === readInt32BE(bytes, offset + 8) &&
    rows[at + 3] === readInt32BE(bytes, offset + 12)
  );
}

function portsOf({ sourcePort, targetPort }: Segment, isOpposite: boolean): number {
  return isOpposite ? (targetPort << 16) | sourcePort : (sourcePort << 16) | targetPort;
}

/** Where the row of the direction would stand. A multiplier of Knuth's (golden ratio). */
export function placeOf(
  { seed }: OpenBodies,
  bytes: Uint8Array,
  segment: Segment,
  isOpposite: boolean,
): number {
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  const source = readInt32BE(bytes, sourceAddressOffset + addressLength - 4);
  const target = readInt32BE(bytes, targetAddressOffset + addressLength - 4);
  let hash = Math.imul(portsOf(segment, isOpposite) ^ seed, GOLDEN_RATIO);
  hash ^= hash >>> 15;
  hash = Math.imul(
    hash ^ (isOpposite ? target ^ (source >>> 1) : source ^ (target >>> 1)),
    GOLDEN_RATIO,
  );
  return (hash >>> SETS_SHIFT) * ROW_WORDS;
}
