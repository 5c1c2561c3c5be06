import { readInt32BE } from '../big-endian.ts';
import { DIRECTIONS_MAX } from './limits.ts';
import type { Segment } from './segment.ts';

/**
 * What is known of each direction of a connection whose messages were seen: a row of one cache line, two places a
 * set, the older of a set gives way. Keys are compared whole, never by hash: a stranger who makes hashes collide can
 * only make the table forget, and what is forgotten is written.
 */
export interface Directions {
  /** By place: DIRECTION_WORDS, see `DIRECTION_*`. */
  readonly rows: Int32Array;
  /** By set: the place that the next newcomer takes. */
  readonly next: Uint8Array;
  /** Numbers given to connections so far. */
  connectionsCount: number;
}

/** Both addresses in 16 bytes each (IPv4 as RFC 4291 2.5.5.2 maps it), and the ports. */
export const DIRECTION_KEY_WORDS = 9;
const SOURCE_AT = 0;
const TARGET_AT = 4;
const PORTS_AT = 8;
const ADDRESS_WORDS = 4;

/** A number that no other connection has, this direction of it alone; 0: the place is free. */
export const DIRECTION_CONNECTION = DIRECTION_KEY_WORDS;
/** Sequence number behind the head of the message furthest ahead; where the first one has to begin, before there is one. */
export const DIRECTION_KNOWN = DIRECTION_CONNECTION + 1;
/** Sequence number behind the bytes that are known to be that message's body; DIRECTION_KNOWN when none are. */
export const DIRECTION_BODY_END = DIRECTION_KNOWN + 1;
/** What the sender had received when it sent that message. */
export const DIRECTION_RECEIVED = DIRECTION_BODY_END + 1;
/** Packet time of that message, see `messageTimeMs`; of the SYN before there is one. */
export const DIRECTION_TIME = DIRECTION_RECEIVED + 1;
/**
 * Of a client: how many requests it has sent since it had received that. Of a server: sequence number at which its
 * next response has to begin for DIRECTION_HEADS to be of meaning.
 */
export const DIRECTION_ASKED = DIRECTION_TIME + 1;
/** Of a server: which of the next responses answer HEAD, the lowest bit first. */
export const DIRECTION_HEADS = DIRECTION_ASKED + 1;
/** Of a client: sequence number behind its SYN; a client answers nothing, and a server sends none. */
export const DIRECTION_FIRST = DIRECTION_HEADS;
export const DIRECTION_WORDS = DIRECTION_HEADS + 1;

const PLACES = 2;
const SETS_COUNT = DIRECTIONS_MAX / PLACES;
const SET_SHIFT = 32 - Math.log2(SETS_COUNT);
const GOLDEN_RATIO = 0x9e3779b1 | 0;
const IPV4_MAPPED_WORD = 0xffff;

/** No direction. */
export const NO_DIRECTION = -1;

export function createDirections(): Directions {
  return {
    rows: new Int32Array(DIRECTIONS_MAX * DIRECTION_WORDS),
    next: new Uint8Array(SETS_COUNT),
    connectionsCount: 0,
  };
}

/** Makes it as it was when it was made. */
export function forgetDirections(directions: Directions): void {
  directions.rows.fill(0);
  directions.next.fill(0);
  directions.connectionsCount = 0;
}

/** Writes DIRECTION_KEY_WORDS that tell the segment's direction from every other one. */
export function writeDirectionKey(
  keys: Int32Array,
  at: number,
  bytes: Uint8Array,
  segment: Segment,
): void {
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  writeAddress(keys, at + SOURCE_AT, bytes, sourceAddressOffset, addressLength);
  writeAddress(keys, at + TARGET_AT, bytes, targetAddressOffset, addressLength);
  keys[at + PORTS_AT] = (segment.sourcePort << 16) | segment.targetPort;
}

/** Writes the key of the other direction. */
export function writeOppositeKey(keys: Int32Array, at: number, target: Int32Array): void {
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    target[SOURCE_AT + word] = keys[at + TARGET_AT + word];
    target[TARGET_AT + word] = keys[at + SOURCE_AT + word];
  }
  const ports = keys[at + PORTS_AT];
  target[PORTS_AT] = (ports << 16) | (ports >>> 16);
}

/** Where the row of a direction begins whose key stands at `at`; or NO_DIRECTION. */
export function findDirection({ rows }: Directions, keys: Int32Array, at: number): number {
  const first = setOf(keys, at) * PLACES * DIRECTION_WORDS;
  for (let row = first; row < first + PLACES * DIRECTION_WORDS; row += DIRECTION_WORDS) {
    if (isRow(rows, row, keys, at)) {
      return row;
    }
  }
  return NO_DIRECTION;
}

/** Adds a direction of which nothing is known; **`findDirection` has not found it**. */
export function addDirection(directions: Directions, keys: Int32Array, at: number): number {
  const { rows, next } = directions;
  const set = setOf(keys, at);
  const row = (set * PLACES + next[set]) * DIRECTION_WORDS;
  next[set] = (next[set] + 1) % PLACES;
  for (let word = 0; word < DIRECTION_KEY_WORDS; word++) {
    rows[row + word] = keys[at + word];
  }
  rows[row + DIRECTION_ASKED] = 0;
  rows[row + DIRECTION_HEADS] = 0;
  return row;
}

/** Gives the row a new connection, whose next message begins at this sequence number. */
export function beginConnection(
  directions: Directions,
  row: number,
  sequence: number,
  received: number,
  timeMs: number,
): void {
  const { rows } = directions;
  directions.connectionsCount = (directions.connectionsCount + 1) | 0;
  // Behind the last number of all there is the first again, but for the one of free places.
  directions.connectionsCount += directions.connectionsCount === 0 ? 1 : 0;
  rows[row + DIRECTION_CONNECTION] = directions.connectionsCount;
  rows[row + DIRECTION_KNOWN] = sequence;
  rows[row + DIRECTION_BODY_END] = sequence;
  rows[row + DIRECTION_RECEIVED] = received;
  rows[row + DIRECTION_TIME] = timeMs;
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
  return (
    rows[row + PORTS_AT] === keys[at + PORTS_AT] &&
    rows[row + SOURCE_AT + 3] === keys[at + SOURCE_AT + 3] &&
    rows[row + TARGET_AT + 3] === keys[at + TARGET_AT + 3] &&
    rows[row + SOURCE_AT + 2] === keys[at + SOURCE_AT + 2] &&
    rows[row + TARGET_AT + 2] === keys[at + TARGET_AT + 2] &&
    rows[row + SOURCE_AT + 1] === keys[at + SOURCE_AT + 1] &&
    rows[row + TARGET_AT + 1] === keys[at + TARGET_AT + 1] &&
    rows[row + SOURCE_AT] === keys[at + SOURCE_AT] &&
    rows[row + TARGET_AT] === keys[at + TARGET_AT] &&
    rows[row + DIRECTION_CONNECTION] !== 0
  );
}

function writeAddress(
  keys: Int32Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  addressLength: number,
): void {
  if (addressLength === 4) {
    keys[at] = 0;
    keys[at + 1] = 0;
    keys[at + 2] = IPV4_MAPPED_WORD;
    keys[at + 3] = readInt32BE(bytes, offset);
    return;
  }
  keys[at] = readInt32BE(bytes, offset);
  keys[at + 1] = readInt32BE(bytes, offset + 4);
  keys[at + 2] = readInt32BE(bytes, offset + 8);
  keys[at + 3] = readInt32BE(bytes, offset + 12);
}
