import { createWordView, isPlainQuoted, viewWords, WORD_BYTES } from '../words.ts';

/**
 * Strings and numbers of JSON. Untrusted bytes become a string that every reader takes, on one line, with
 * no control character in it, neither as it stands nor for a terminal that shows the line.
 */

const BYTE_SPACE = 0x20;
const BYTE_QUOTE = 0x22;
const BYTE_DOT = 0x2e;
const BYTE_0 = 0x30;
const BYTE_BACKSLASH = 0x5c;
const BYTE_LOWER_U = 0x75;
const BYTE_LOWER_X = 0x78;

/** Bytes that one input byte becomes at most: `\u00HH`. */
export const JSON_BYTES_MAX = 6;
/** Bytes of a string beside its content. */
export const JSON_QUOTES_BYTES = 2;

/** Decimals that turn nanoseconds into milliseconds, and into seconds. */
export const DECIMALS_MS = 6;
export const DECIMALS_SEC = 9;

const CHUNK_DIGITS = 9;
const CHUNK = 1e9;

const sourceWords = createWordView();
const targetWords = createWordView();

const HEX_DIGITS = new Uint8Array(Buffer.from('0123456789abcdef', 'latin1'));
/** Those of `\xHH`, as the text lines have it. */
const HEX_CAPITALS = new Uint8Array(Buffer.from('0123456789ABCDEF', 'latin1'));

/** By byte: 1 when it is copied as it is. */
const COPIED = new Uint8Array(256);
COPIED.fill(1, BYTE_SPACE, 0x7f);
COPIED[BYTE_QUOTE] = 0;
COPIED[BYTE_BACKSLASH] = 0;

/**
 * Writes `source[offset, end)` as a string with its quotes: see `writeJsonText`.
 *
 * @returns where the next byte goes; **the caller has made room for 6 bytes each and the quotes**
 */
export function writeJsonString(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  offset: number,
  end: number,
): number {
  target[at++] = BYTE_QUOTE;
  at = writeJsonText(target, at, source, offset, end);
  target[at++] = BYTE_QUOTE;
  return at;
}

/**
 * Writes the content of a string. Well-formed UTF-8 is copied but for `"` and `\`, which get a backslash, and
 * for C0, DEL, C1, U+2028 and U+2029, which are written `\uHHHH`. A byte that is no UTF-8 is written `\\xHH`,
 * so that its value is not lost: the string then has the four characters `\xHH`.
 *
 * @returns where the next byte goes; **the caller has made room for 6 bytes each**
 * @see RFC 8259 section 7
 */
export function writeJsonText(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  offset: number,
  end: number,
): number {
  const sourceView = viewWords(sourceWords, source);
  const targetView = viewWords(targetWords, target);
  while (offset < end) {
    while (offset + WORD_BYTES <= end) {
      const word = sourceView.getInt32(offset, true);
      if (!isPlainQuoted(word)) {
        break;
      }
      targetView.setInt32(at, word, true);
      at += WORD_BYTES;
      offset += WORD_BYTES;
    }
    if (offset === end) {
      return at;
    }
    const byte = source[offset];
    if (COPIED[byte] === 1) {
      target[at++] = byte;
      offset++;
      continue;
    }
    if (byte < 0x80) {
      at = writeEscapedAscii(target, at, byte);
      offset++;
      continue;
    }
    const sequenceLength = utf8SequenceLength(source, offset, end);
    at =
      sequenceLength === 0
        ? writeBrokenByte(target, at, byte)
        : writeSequence(target, at, source, offset, sequenceLength);
    offset += Math.max(sequenceLength, 1);
  }
  return at;
}

function writeEscapedAscii(target: Uint8Array, at: number, byte: number): number {
  if (byte !== BYTE_QUOTE && byte !== BYTE_BACKSLASH) {
    return writeUnicodeEscape(target, at, byte);
  }
  target[at++] = BYTE_BACKSLASH;
  target[at++] = byte;
  return at;
}

/** @param codeUnit up to U+FFFF */
function writeUnicodeEscape(target: Uint8Array, at: number, codeUnit: number): number {
  target[at++] = BYTE_BACKSLASH;
  target[at++] = BYTE_LOWER_U;
  target[at++] = HEX_DIGITS[codeUnit >> 12];
  target[at++] = HEX_DIGITS[(codeUnit >> 8) & 0xf];
  target[at++] = HEX_DIGITS[(codeUnit >> 4) & 0xf];
  target[at++] = HEX_DIGITS[codeUnit & 0xf];
  return at;
}

function writeBrokenByte(target: Uint8Array, at: number, byte: number): number {
  target[at++] = BYTE_BACKSLASH;
  target[at++] = BYTE_BACKSLASH;
  target[at++] = BYTE_LOWER_X;
  target[at++] = HEX_CAPITALS[byte >> 4];
  target[at++] = HEX_CAPITALS[byte & 0xf];
  return at;
}

/** Copies a well-formed sequence; C1 controls and the two separators, which end lines for some, are named. */
function writeSequence(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  offset: number,
  sequenceLength: number,
): number {
  const second = source[offset + 1];
  if (source[offset] === 0xc2 && second < 0xa0) {
    return writeUnicodeEscape(target, at, second);
  }
  if (source[offset] === 0xe2 && second === 0x80 && (source[offset + 2] & 0xfe) === 0xa8) {
    return writeUnicodeEscape(target, at, 0x2000 | (source[offset + 2] - 0x80));
  }
  for (let index = 0; index < sequenceLength; index++) {
    target[at++] = source[offset + index];
  }
  return at;
}

/**
 * Length of the well-formed UTF-8 sequence of 2 to 4 bytes that begins here, or 0: for a stray or missing
 * continuation byte, an overlong form, a surrogate, and a code point above U+10FFFF.
 *
 * @see RFC 3629 section 4
 */
function utf8SequenceLength(source: Uint8Array, offset: number, end: number): number {
  const lead = source[offset];
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4 || offset + length > end) {
    return 0;
  }
  // Of four leads the second byte has a narrower range; that of the others is any continuation byte.
  const second = source[offset + 1];
  const secondMin = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const secondMax = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < secondMin || second > secondMax) {
    return 0;
  }
  for (let index = 2; index < length; index++) {
    if (source[offset + index] >> 6 !== 0b10) {
      return 0;
    }
  }
  return length;
}

/**
 * Writes a whole number of 0 to 2^53. Quotients of such numbers by powers of ten are never rounded up to the
 * next whole one, so that their floor is exact.
 *
 * @returns where the next byte goes; **the caller has made room for 16 bytes**
 */
export function writeJsonNumber(target: Uint8Array, at: number, value: number): number {
  if (value < CHUNK) {
    return writeDigits(target, at, value, digitsOf(value));
  }
  const upper = Math.floor(value / CHUNK);
  at = writeDigits(target, at, upper, digitsOf(upper));
  return writeDigits(target, at, value - upper * CHUNK, CHUNK_DIGITS);
}

/**
 * Writes `value / 10 ** decimals` exactly, without zeros at the end and without an exponent.
 *
 * @param value whole number of 0 to 2^53
 * @param decimals DECIMALS_MS or DECIMALS_SEC: milliseconds or seconds of a value in nanoseconds
 * @returns where the next byte goes; **the caller has made room for 17 bytes**
 */
export function writeJsonDecimal(
  target: Uint8Array,
  at: number,
  value: number,
  decimals: typeof DECIMALS_MS | typeof DECIMALS_SEC,
): number {
  const unit = decimals === DECIMALS_MS ? 1e6 : 1e9;
  const whole = Math.floor(value / unit);
  const fraction = value - whole * unit;
  at = writeJsonNumber(target, at, whole);
  if (fraction === 0) {
    return at;
  }
  target[at++] = BYTE_DOT;
  at = writeDigits(target, at, fraction, decimals);
  while (target[at - 1] === BYTE_0) {
    at--;
  }
  return at;
}

/**
 * Writes a whole number below 10^9 with leading zeros.
 *
 * @returns where the next byte goes; **the caller has made room for `digits` bytes**
 */
export function writeDigits(target: Uint8Array, at: number, value: number, digits: number): number {
  let rest = value | 0;
  for (let index = at + digits - 1; index >= at; index--) {
    const quotient = (rest / 10) | 0;
    target[index] = BYTE_0 + rest - quotient * 10;
    rest = quotient;
  }
  return at + digits;
}

/** Digits of a whole number below 10^9. */
function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; digits < CHUNK_DIGITS && value >= bound; bound *= 10) {
    digits++;
  }
  return digits;
}
