import { readInt32BE } from '../big-endian.ts';
import type { Segment } from './segment.ts';

/** What has to be known of a message to judge it, as words that can be kept and shared. */

/** Both addresses in 16 bytes each (IPv4 as RFC 4291 2.5.5.2 maps it), and the ports: a connection's direction. */
export const DIRECTION_KEY_WORDS = 9;
export const SOURCE_AT = 0;
export const TARGET_AT = 4;
export const PORTS_AT = 8;
export const ADDRESS_WORDS = 4;

export const FACT_SEQUENCE = DIRECTION_KEY_WORDS;
/** What the sender had received. */
export const FACT_RECEIVED = FACT_SEQUENCE + 1;
/** See `hashHead`. */
export const FACT_HASH = FACT_RECEIVED + 1;
/** See `messageTimeMs`. */
export const FACT_TIME = FACT_HASH + 1;
/** 1: it was captured on all devices of a host at once, each of which shows a packet on its way through. */
export const FACT_HAS_COPIES = FACT_TIME + 1;
export const FACT_WORDS = FACT_HAS_COPIES + 1;

const IPV4_MAPPED_WORD = 0xffff;

/** Packet time as a word: milliseconds, of which the difference counts. */
export function messageTimeMs(timestampSec: number, timestampSubsecNs: number): number {
  return (Math.imul(timestampSec, 1000) + ((timestampSubsecNs / 1e6) | 0)) | 0;
}

/** Writes DIRECTION_KEY_WORDS that tell the segment's direction from every other one, and its sequence number. */
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
  keys[at + FACT_SEQUENCE] = segment.sequenceNumber;
}

/** The same of IPv4 from its words. */
export function writeIpv4Key(
  keys: Int32Array,
  sequence: number,
  ports: number,
  source: number,
  target: number,
): void {
  writeMapped(keys, SOURCE_AT, source);
  writeMapped(keys, TARGET_AT, target);
  keys[PORTS_AT] = ports;
  keys[FACT_SEQUENCE] = sequence;
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

export function isIpv4Key(keys: Int32Array, at: number): boolean {
  return isMapped(keys, at + SOURCE_AT) && isMapped(keys, at + TARGET_AT);
}

function isMapped(keys: Int32Array, at: number): boolean {
  return keys[at] === 0 && keys[at + 1] === 0 && keys[at + 2] === IPV4_MAPPED_WORD;
}

function writeAddress(
  keys: Int32Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  addressLength: number,
): void {
  if (addressLength === 4) {
    writeMapped(keys, at, readInt32BE(bytes, offset));
    return;
  }
  keys[at] = readInt32BE(bytes, offset);
  keys[at + 1] = readInt32BE(bytes, offset + 4);
  keys[at + 2] = readInt32BE(bytes, offset + 8);
  keys[at + 3] = readInt32BE(bytes, offset + 12);
}

function writeMapped(keys: Int32Array, at: number, address: number): void {
  keys[at] = 0;
  keys[at + 1] = 0;
  keys[at + 2] = IPV4_MAPPED_WORD;
  keys[at + 3] = address;
}
