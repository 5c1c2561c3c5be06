import { readInt32BE } from '../big-endian.ts';
import { type ChunkReader, createChunkReader } from '../http/chunk-reader.ts';
import { OPEN_BODIES_MAX, OPEN_BODY_BYTES_MAX, OPEN_BODY_LINE_BYTES_MAX } from './limits.ts';
import type { Segment } from './segment.ts';

/**
 * Which bytes are a body, where no flow is followed. A direction has a place in a table so small that it stays in the
 * nearest caches; one whose place another takes is forgotten, and what is forgotten is no body.
 *
 * A head is believed when it stands behind all that its sender has been seen to send, and only as long as nothing else
 * comes under its numbers: otherwise a decoy, which the other end need not receive, made a body of what follows it.
 * `docs/decisions/0010` says what that leaves.
 */
export interface OpenBodies {
  /** By place: PLACE_WORDS, a hash of the direction and the number behind the last byte seen of it. */
  readonly ends: Int32Array;
  /** By place: BODY_*. */
  readonly flags: Uint8Array;
  /** By place, of a direction with a head whose body is to come: ROW_WORDS, its key among them. */
  readonly rows: Int32Array;
  /** Nobody outside is to choose which directions meet in one place. */
  readonly seed: number;
  /** In hand while a segment is read. */
  readonly reader: ChunkReader;
  /** Of the direction of the segment in hand, behind `takePlace`. */
  place: number;
  /** HEAD was asked for at all. */
  hasHeads: boolean;
}

const HIGH_AT = 1;
const PLACE_WORDS = 2;

const SOURCE_AT = 0;
const TARGET_AT = 4;
const PORTS_AT = 8;
const ADDRESS_LENGTH_AT = 9;
/** Where the head begins. */
export const START_AT = 10;
/** Where the body begins. */
export const FROM_AT = 11;
/** Where it ends; of one in chunks, up to where they are read. */
export const TO_AT = 12;
export const CHUNK_SIZE_AT = 13;
/** State of the chunks' reader, and above it the bytes that it has read of its line. */
export const CHUNK_STATE_AT = 14;
/** Of a server: what its client had received when it asked with HEAD. */
export const HEAD_RECEIVED_AT = 15;
export const ROW_WORDS = 16;

/** A connection of the same ports was seen before this one: what it has sent is not known from its first byte on. */
export const BODY_IS_UNSURE = 0x01;
/** There is a head, and nothing that contradicts it. */
export const BODY_HAS_HEAD = 0x02;
/** Its end is to come: nothing behind its first byte is known. */
export const BODY_HAS_OPEN_HEAD = 0x04;
export const BODY_IS_OPEN = 0x08;
export const BODY_IS_CHUNKED = 0x10;
/** What answers may be HEAD's. */
export const BODY_IS_HEAD_ASKED = 0x20;
const ALL_OF_HEAD = BODY_HAS_HEAD | BODY_HAS_OPEN_HEAD | BODY_IS_OPEN | BODY_IS_CHUNKED;

const PLACE_SHIFT = 32 - Math.log2(OPEN_BODIES_MAX);
/** Odd numbers of many bits: the first is Knuth's (golden ratio), the others are those of MurmurHash3. */
const MIX_PORTS = 0x9e3779b1 | 0;
const MIX_SOURCE = 0x85ebca6b | 0;
const MIX_TARGET = 0xc2b2ae35 | 0;

export const NO_PLACE = -1;

export function createOpenBodies(seed: number): OpenBodies {
  return {
    ends: new Int32Array(OPEN_BODIES_MAX * PLACE_WORDS),
    flags: new Uint8Array(OPEN_BODIES_MAX),
    rows: new Int32Array(OPEN_BODIES_MAX * ROW_WORDS),
    seed,
    reader: createChunkReader(OPEN_BODY_BYTES_MAX, OPEN_BODY_LINE_BYTES_MAX),
    place: 0,
    hasHeads: false,
  };
}

/** Makes it as it was when it was made. */
export function forgetOpenBodies(bodies: OpenBodies): void {
  bodies.ends.fill(0);
  bodies.flags.fill(0);
  bodies.rows.fill(0);
  bodies.hasHeads = false;
}

/**
 * Finds the place of the segment's direction. When it is new there, all that it has sent so far is taken for seen.
 *
 * @returns true when it was there
 */
export function takePlace(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): boolean {
  const { ends, flags } = bodies;
  const hash = hashDirection(bodies, bytes, segment, false);
  const place = hash >>> PLACE_SHIFT;
  bodies.place = place;
  if (ends[place * PLACE_WORDS] === hash) {
    return true;
  }
  ends[place * PLACE_WORDS] = hash;
  ends[place * PLACE_WORDS + HIGH_AT] = segment.sequenceNumber;
  flags[place] = 0;
  return false;
}

/** The place of the segment's direction if it is known there and has one of these flags; else NO_PLACE. */
export function findPlace(
  bodies: OpenBodies,
  bytes: Uint8Array,
  segment: Segment,
  isOpposite: boolean,
  flags: number,
): number {
  const hash = hashDirection(bodies, bytes, segment, isOpposite);
  const place = hash >>> PLACE_SHIFT;
  return (bodies.flags[place] & flags) !== 0 && bodies.ends[place * PLACE_WORDS] === hash
    ? place
    : NO_PLACE;
}

/** Takes the place of the other direction, whatever is there. */
export function takeOpposite(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): number {
  const { ends, flags } = bodies;
  const hash = hashDirection(bodies, bytes, segment, true);
  const place = hash >>> PLACE_SHIFT;
  if (ends[place * PLACE_WORDS] !== hash) {
    ends[place * PLACE_WORDS] = hash;
    ends[place * PLACE_WORDS + HIGH_AT] = segment.acknowledgmentNumber;
    flags[place] = 0;
  }
  return place;
}

/** The other direction's bytes are another connection's from here on: its first one is taken as it comes. */
export function forgetOpposite(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const { ends, flags } = bodies;
  const hash = hashDirection(bodies, bytes, segment, true);
  const place = hash >>> PLACE_SHIFT;
  if (ends[place * PLACE_WORDS] === hash) {
    ends[place * PLACE_WORDS] = 0;
    flags[place] = 0;
  }
}

export function highOf({ ends }: OpenBodies, place: number): number {
  return ends[place * PLACE_WORDS + HIGH_AT];
}

export function setHigh({ ends }: OpenBodies, place: number, high: number): void {
  ends[place * PLACE_WORDS + HIGH_AT] = high;
}

export function raiseHigh({ ends }: OpenBodies, place: number, end: number): void {
  const at = place * PLACE_WORDS + HIGH_AT;
  if (((end - ends[at]) | 0) > 0) {
    ends[at] = end;
  }
}

/** A head and its body are not believed any more, or are over. */
export function dropHead({ flags }: OpenBodies, place: number): void {
  flags[place] &= ~ALL_OF_HEAD;
}

/** The segment begins with a head whose body begins at `from`. */
export function takeHead(
  bodies: OpenBodies,
  bytes: Uint8Array,
  segment: Segment,
  from: number,
  flags: number,
): void {
  const { rows, place } = bodies;
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  const row = place * ROW_WORDS;
  for (let at = 0; at < addressLength; at += 4) {
    rows[row + SOURCE_AT + (at >> 2)] = readInt32BE(bytes, sourceAddressOffset + at);
    rows[row + TARGET_AT + (at >> 2)] = readInt32BE(bytes, targetAddressOffset + at);
  }
  rows[row + PORTS_AT] = portsOf(segment, false);
  rows[row + ADDRESS_LENGTH_AT] = addressLength;
  rows[row + START_AT] = segment.sequenceNumber;
  rows[row + FROM_AT] = from;
  rows[row + TO_AT] = from;
  bodies.flags[place] = (bodies.flags[place] & ~ALL_OF_HEAD) | BODY_HAS_HEAD | flags;
}

/** Whether the head in that place is the segment's direction's: what takes a line away is compared whole. */
export function isOwnHead(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): boolean {
  const { rows } = bodies;
  const row = bodies.place * ROW_WORDS;
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  if (
    rows[row + PORTS_AT] !== portsOf(segment, false) ||
    rows[row + ADDRESS_LENGTH_AT] !== addressLength
  ) {
    return false;
  }
  for (let at = 0; at < addressLength; at += 4) {
    if (
      rows[row + SOURCE_AT + (at >> 2)] !== readInt32BE(bytes, sourceAddressOffset + at) ||
      rows[row + TARGET_AT + (at >> 2)] !== readInt32BE(bytes, targetAddressOffset + at)
    ) {
      return false;
    }
  }
  return true;
}

/** Sequence number behind the segment's last byte on the wire. */
export function endOf(segment: Segment): number {
  const { sequenceNumber, payloadOffset, payloadEnd, payloadBytes, isPayloadCut } = segment;
  return (sequenceNumber + (isPayloadCut ? payloadBytes : payloadEnd - payloadOffset)) | 0;
}

function portsOf({ sourcePort, targetPort }: Segment, isOpposite: boolean): number {
  return isOpposite ? (targetPort << 16) | sourcePort : (sourcePort << 16) | targetPort;
}

function hashDirection(
  { seed }: OpenBodies,
  bytes: Uint8Array,
  segment: Segment,
  isOpposite: boolean,
): number {
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  let source = readInt32BE(bytes, isOpposite ? targetAddressOffset : sourceAddressOffset);
  let target = readInt32BE(bytes, isOpposite ? sourceAddressOffset : targetAddressOffset);
  if (addressLength !== 4) {
    source = foldIpv6(bytes, isOpposite ? targetAddressOffset : sourceAddressOffset, source);
    target = foldIpv6(bytes, isOpposite ? sourceAddressOffset : targetAddressOffset, target);
  }
  let hash = Math.imul(portsOf(segment, isOpposite) ^ seed, MIX_PORTS);
  hash = Math.imul(hash ^ (hash >>> 15) ^ source, MIX_SOURCE);
  hash = Math.imul(hash ^ (hash >>> 13) ^ target, MIX_TARGET);
  return hash ^ (hash >>> 16);
}

function foldIpv6(bytes: Uint8Array, offset: number, first: number): number {
  let hash = first;
  for (let at = 4; at < 16; at += 4) {
    hash = Math.imul(hash ^ (hash >>> 15), MIX_PORTS) ^ readInt32BE(bytes, offset + at);
  }
  return hash;
}
