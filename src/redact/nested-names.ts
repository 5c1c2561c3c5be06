import { hexDigit } from '../http/grammar.ts';
import {
  BYTE_BRACKET_CLOSE,
  BYTE_BRACKET_OPEN,
  BYTE_HTAB,
  BYTE_PERCENT,
  BYTE_PLUS,
  BYTE_SPACE,
} from './byte-classes.ts';
import { isNameByte, MODE_KEEP, type Mode, type NameMode, type NameModes } from './name-modes.ts';

/**
 * Names of parameters as servers come to see them: `a[token]`, `token[0]`, with spaces or a zero byte beside
 * them, encoded twice and more. They find what is to be hidden; what is to be kept must be the name itself.
 */

const BYTE_CR = 0x0d;
const BYTE_2 = 0x32;
const BYTE_5 = 0x35;
const BITS_OF_BYTE = 8;

/**
 * The byte that stands here however often it was encoded, `A` of `%2541` too, and above its 8 bits how many
 * bytes it takes; `+` is a space.
 */
export function readDeep(bytes: Uint8Array, at: number, end: number): number {
  const byte = bytes[at];
  if (byte !== BYTE_PERCENT) {
    return (1 << BITS_OF_BYTE) | (byte === BYTE_PLUS ? BYTE_SPACE : byte);
  }
  let digitsAt = at + 1;
  // Each `25` is one more encoding of the percent sign before it.
  while (digitsAt + 3 < end && bytes[digitsAt] === BYTE_2 && bytes[digitsAt + 1] === BYTE_5) {
    if (hexDigit(bytes[digitsAt + 2]) === -1 || hexDigit(bytes[digitsAt + 3]) === -1) {
      break;
    }
    digitsAt += 2;
  }
  const high = digitsAt + 1 < end ? hexDigit(bytes[digitsAt]) : -1;
  const low = high === -1 ? -1 : hexDigit(bytes[digitsAt + 1]);
  return low === -1
    ? (1 << BITS_OF_BYTE) | byte
    : ((digitsAt + 2 - at) << BITS_OF_BYTE) | (high * 16) | low;
}

export function deepByte(read: number): number {
  return read & 0xff;
}

export function deepLength(read: number): number {
  return read >> BITS_OF_BYTE;
}

/**
 * The mode of a name to be hidden that stands in `[offset, end)` alone, or between brackets and zero bytes; -1
 * when there is none.
 */
export function findHiddenMode(
  modes: NameModes,
  bytes: Uint8Array,
  offset: number,
  end: number,
): Mode | -1 {
  for (let index = 0; index < modes.names.length; index++) {
    const name = modes.names[index];
    if (name.mode !== MODE_KEEP && hasPart(bytes, offset, end, name)) {
      return name.mode;
    }
  }
  return -1;
}

function hasPart(bytes: Uint8Array, offset: number, end: number, name: NameMode): boolean {
  let at = offset;
  while (at < end) {
    if (isPartAt(bytes, at, end, name)) {
      return true;
    }
    at = skipPart(bytes, at, end);
  }
  return false;
}

/** Behind the next bracket or zero byte. */
function skipPart(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const read = readDeep(bytes, at, end);
    at += deepLength(read);
    if (endsPart(deepByte(read))) {
      return at;
    }
  }
  return end;
}

function isPartAt(bytes: Uint8Array, offset: number, end: number, name: NameMode): boolean {
  let at = skipDeepBlanks(bytes, offset, end);
  for (let index = 0; index < name.bytes.length; index++) {
    if (at >= end) {
      return false;
    }
    const read = readDeep(bytes, at, end);
    if (!isNameByte(name, index, deepByte(read))) {
      return false;
    }
    at += deepLength(read);
  }
  at = skipDeepBlanks(bytes, at, end);
  return at >= end || endsPart(deepByte(readDeep(bytes, at, end)));
}

function skipDeepBlanks(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const read = readDeep(bytes, at, end);
    const byte = deepByte(read);
    if (!isDeepBlank(byte)) {
      return at;
    }
    at += deepLength(read);
  }
  return at;
}

/** A plus sign that was encoded is a space of the URL that stands in this one. */
function isDeepBlank(byte: number): boolean {
  return byte === BYTE_SPACE || byte === BYTE_PLUS || (byte >= BYTE_HTAB && byte <= BYTE_CR);
}

function endsPart(byte: number): boolean {
  return byte === BYTE_BRACKET_OPEN || byte === BYTE_BRACKET_CLOSE || byte === 0;
}
