import { hexDigit, isDigit } from '../http/grammar.ts';

/** What the scanners ask of single bytes, and of the `%XX` that stand for one in a URL. */

export const BYTE_HTAB = 0x09;
export const BYTE_SPACE = 0x20;
export const BYTE_QUOTE = 0x22;
export const BYTE_HASH = 0x23;
export const BYTE_PERCENT = 0x25;
export const BYTE_AMPERSAND = 0x26;
export const BYTE_PARENTHESIS_OPEN = 0x28;
export const BYTE_PARENTHESIS_CLOSE = 0x29;
export const BYTE_PLUS = 0x2b;
export const BYTE_COMMA = 0x2c;
export const BYTE_DASH = 0x2d;
export const BYTE_DOT = 0x2e;
export const BYTE_SLASH = 0x2f;
export const BYTE_0 = 0x30;
export const BYTE_COLON = 0x3a;
export const BYTE_SEMICOLON = 0x3b;
export const BYTE_EQUALS = 0x3d;
export const BYTE_QUESTION_MARK = 0x3f;
export const BYTE_AT = 0x40;
export const BYTE_BRACKET_OPEN = 0x5b;
export const BYTE_BACKSLASH = 0x5c;
export const BYTE_BRACKET_CLOSE = 0x5d;
export const BYTE_UNDERSCORE = 0x5f;
const BYTE_LOWER_A = 0x61;

/** Bytes of `%XX`. */
export const ESCAPE_BYTES = 3;

export function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= BYTE_LOWER_A && lower <= 0x7a;
}

export function isWordByte(byte: number): boolean {
  return isDigit(byte) || isLetter(byte);
}

export function lowerByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** The byte that the `%XX` here stands for, or -1 where there is none. @see RFC 3986 section 2.1 */
export function readEscape(bytes: Uint8Array, at: number, end: number): number {
  if (at + ESCAPE_BYTES > end || bytes[at] !== BYTE_PERCENT) {
    return -1;
  }
  const high = hexDigit(bytes[at + 1]);
  const low = hexDigit(bytes[at + 2]);
  return high === -1 || low === -1 ? -1 : high * 16 + low;
}

/** Says whether a letter or digit stands before `at`; the end of a `%XX` is none. */
export function isInWord(bytes: Uint8Array, offset: number, at: number): boolean {
  if (at === offset || !isWordByte(bytes[at - 1])) {
    return false;
  }
  return at - ESCAPE_BYTES < offset || readEscape(bytes, at - ESCAPE_BYTES, at) === -1;
}

/** Bytes of the text in Latin-1. */
export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** Says whether `lowerText` stands at `at`, in whatever case. */
export function startsWithText(
  bytes: Uint8Array,
  at: number,
  end: number,
  lowerText: Uint8Array,
): boolean {
  if (at + lowerText.length > end) {
    return false;
  }
  for (let index = 0; index < lowerText.length; index++) {
    if (lowerByte(bytes[at + index]) !== lowerText[index]) {
      return false;
    }
  }
  return true;
}

/** Where `byte` stands first in `[at, end)`, or `end`. */
export function findByte(bytes: Uint8Array, at: number, end: number, byte: number): number {
  while (at < end && bytes[at] !== byte) {
    at++;
  }
  return at;
}
