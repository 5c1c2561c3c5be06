import { writeAddress } from '../record/address-text.ts';
import { UNKNOWN } from '../record/exchange.ts';
import type { End, WireFacts } from '../record/record.ts';
import { writeDecimal } from './address.ts';
import { writeDigits, writeJsonNumber } from './json-text.ts';

/** Pieces of the line formats: labels, and values as text. */

const BYTE_DASH = 0x2d;
const BYTE_DOT = 0x2e;
const BYTE_BACKSLASH = 0x5c;
const BYTE_LOWER_X = 0x78;

const HEX_DIGITS = new Uint8Array(Buffer.from('0123456789abcdef', 'latin1'));
const HEX_CAPITALS = new Uint8Array(Buffer.from('0123456789ABCDEF', 'latin1'));

/** Bytes of a value that is not of a message at most: the longest is an address. */
export const PLAIN_BYTES_MAX = 64;
/** Bytes of a UUID's text. */
export const ID_BYTES = 36;

const NANOSECONDS_PER_MICROSECOND = 1000;
const MICROSECONDS_PER_SECOND = 1_000_000;
const MICROSECOND_DIGITS = 6;
/** Seconds of the epoch that a damaged capture may claim, as far as numbers here are exact. */
const EPOCH_SEC_MAX = 2 ** 52;

/** Bytes of a label as they stand in a line. */
export function labelBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

/** Copies a label; a loop, because most have a dozen bytes. */
export function writeLabel(target: Uint8Array, at: number, label: Uint8Array): number {
  for (let index = 0; index < label.length; index++) {
    target[at + index] = label[index];
  }
  return at + label.length;
}

/** Writes `\xHH`, as `writeEscaped` does. */
export function writeHexByte(target: Uint8Array, at: number, byte: number): number {
  target[at++] = BYTE_BACKSLASH;
  target[at++] = BYTE_LOWER_X;
  target[at++] = HEX_CAPITALS[byte >> 4];
  target[at++] = HEX_CAPITALS[byte & 0xf];
  return at;
}

/** Writes an id in lower case. @see RFC 9562 section 4 */
export function writeId(target: Uint8Array, at: number, id: Uint8Array): number {
  for (let index = 0; index < 16; index++) {
    if (index === 4 || index === 6 || index === 8 || index === 10) {
      target[at++] = BYTE_DASH;
    }
    target[at++] = HEX_DIGITS[id[index] >> 4];
    target[at++] = HEX_DIGITS[id[index] & 0xf];
  }
  return at;
}

/** @returns where the next byte goes; `at` when the end has no address */
export function writeEndAddress(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  { addressOffset, addressLength }: End,
): number {
  return addressLength === 0 ? at : writeAddress(target, at, bytes, addressOffset, addressLength);
}

/** UNKNOWN when the end has no address, or its port was not told. */
export function portOf({ addressLength, port }: End): number {
  return addressLength === 0 ? UNKNOWN : port;
}

/** Writes the VLAN ids, outermost first; nothing when there is none. */
export function writeVlanText(
  target: Uint8Array,
  at: number,
  { vlanTagsCount, vlanIds }: Pick<WireFacts, 'vlanTagsCount' | 'vlanIds'>,
  separator: number,
): number {
  for (let tag = 0; tag < vlanTagsCount; tag++) {
    if (tag > 0) {
      target[at++] = separator;
    }
    at = writeDecimal(target, at, vlanIds[tag]);
  }
  return at;
}

/** Writes a duration in seconds with six decimals, cut and not rounded: `0.005250`. */
export function writeSeconds(target: Uint8Array, at: number, durationNs: number): number {
  const microseconds = Math.floor(durationNs / NANOSECONDS_PER_MICROSECOND);
  const seconds = Math.floor(microseconds / MICROSECONDS_PER_SECOND);
  return writeFixed(target, at, seconds, microseconds - seconds * MICROSECONDS_PER_SECOND);
}

/** Writes the seconds since 1970 with six decimals, cut; with a minus sign before that. */
export function writeEpoch(
  target: Uint8Array,
  at: number,
  epochSec: number,
  subsecNs: number,
): number {
  const seconds = Math.min(Math.max(epochSec, -EPOCH_SEC_MAX), EPOCH_SEC_MAX);
  const microseconds = Math.floor(subsecNs / NANOSECONDS_PER_MICROSECOND);
  if (seconds >= 0) {
    return writeFixed(target, at, seconds, microseconds);
  }
  target[at++] = BYTE_DASH;
  return microseconds === 0
    ? writeFixed(target, at, -seconds, 0)
    : writeFixed(target, at, -seconds - 1, MICROSECONDS_PER_SECOND - microseconds);
}

function writeFixed(target: Uint8Array, at: number, seconds: number, microseconds: number): number {
  at = writeJsonNumber(target, at, seconds);
  target[at++] = BYTE_DOT;
  return writeDigits(target, at, microseconds, MICROSECOND_DIGITS);
}
