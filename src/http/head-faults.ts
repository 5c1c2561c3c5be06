import { createWordView, isPlainText, viewWords, WORD_BYTES } from '../words.ts';
import { findLineEnd } from './classify.ts';
import {
  BYTE_COLON,
  BYTE_CR,
  BYTE_HTAB,
  BYTE_SPACE,
  FIELD_CONTENT_LENGTH,
  FIELD_NAMES,
  FIELD_TRANSFER_ENCODING,
  TOKEN_BYTES,
} from './grammar.ts';

/** Of a head: what its grammar does not have, as bits. Readers of HTTP differ in what they make of these. */

/** A line ends in LF without CR. @see RFC 9112 section 2.2 */
export const HEAD_BARE_LF = 0x01;
/** A line goes on in the next, or the first one begins with white space. @see RFC 9112 sections 2.2 and 5.2 */
export const HEAD_FOLDED = 0x02;
/** White space between a field's name and its colon. @see RFC 9112 section 5.1 */
export const HEAD_SPACE_BEFORE_COLON = 0x04;
/** A line without a colon, or with a name that is no token. */
export const HEAD_BAD_NAME = 0x08;
/** A control character, CR without LF among them. @see RFC 9110 section 5.5 */
export const HEAD_CONTROL = 0x10;
/** Several Content-Length fields, whether they say the same or not. */
export const HEAD_SEVERAL_LENGTHS = 0x20;
/** Several Transfer-Encoding fields. */
export const HEAD_SEVERAL_CODINGS = 0x40;
/** Content-Length and Transfer-Encoding. @see RFC 9112 section 6.1 */
export const HEAD_LENGTH_AND_CODING = 0x80;
/** The start line, see START_LINE_ODD. */
export const HEAD_START_LINE = 0x100;

/** Names by bit, for reports. */
export const HEAD_FAULT_NAMES: readonly string[] = [
  'bare_lf',
  'obs_fold',
  'space_before_colon',
  'bad_name',
  'control_character',
  'several_lengths',
  'several_codings',
  'length_and_coding',
  'start_line',
];

/**
 * With one of these two readers may well see two different bodies. Lines that end in LF are not among them:
 * either a reader takes them for ends, as this one does, or it refuses the head.
 */
export const HEAD_FAULTS_OF_FRAMING =
  HEAD_FOLDED |
  HEAD_SPACE_BEFORE_COLON |
  HEAD_BAD_NAME |
  HEAD_CONTROL |
  HEAD_SEVERAL_CODINGS |
  HEAD_LENGTH_AND_CODING;

/** What a walk through a head's lines has found. */
export interface HeadCheck {
  /** HEAD_*. */
  faults: number;
  /** One past the empty line; 0 when it is not there. */
  headEnd: number;
  /** The value of the Upgrade field; 0 without one. */
  upgradeOffset: number;
  upgradeEnd: number;
}

const CONTENT_LENGTH = nameOf(FIELD_NAMES[FIELD_CONTENT_LENGTH]);
const TRANSFER_ENCODING = nameOf(FIELD_NAMES[FIELD_TRANSFER_ENCODING]);
const UPGRADE = nameOf('upgrade');

const FOUND_LENGTH = 1;
const FOUND_CODING = 2;

const valueWords = createWordView();

export function createHeadCheck(): HeadCheck {
  return { faults: 0, headEnd: 0, upgradeOffset: 0, upgradeEnd: 0 };
}

/**
 * Walks through a head for what its grammar does not have. Costs one look at each byte, a word at a time where
 * values are plain.
 *
 * @param offset the start line's first byte
 * @param lineEnd the start line's line feed
 * @returns false when the head does not end before `end`
 */
export function checkHead(
  bytes: Uint8Array,
  offset: number,
  lineEnd: number,
  end: number,
  check: HeadCheck,
): boolean {
  check.faults = lineFaults(bytes, offset, lineEnd);
  check.headEnd = 0;
  check.upgradeOffset = 0;
  let found = 0;
  let lineOffset = lineEnd + 1;
  while (lineOffset < end) {
    lineEnd = findLineEnd(bytes, lineOffset, end);
    if (lineEnd === end) {
      return false;
    }
    const valueEnd = bytes[lineEnd - 1] === BYTE_CR ? lineEnd - 1 : lineEnd;
    if (valueEnd <= lineOffset) {
      check.faults |= valueEnd === lineEnd ? HEAD_BARE_LF : 0;
      check.headEnd = lineEnd + 1;
      if (found === (FOUND_LENGTH | FOUND_CODING)) {
        check.faults |= HEAD_LENGTH_AND_CODING;
      }
      return true;
    }
    found = checkField(bytes, lineOffset, lineEnd, valueEnd, found, check);
    lineOffset = lineEnd + 1;
  }
  return false;
}

/** Gives `found`, with what this line adds. */
function checkField(
  bytes: Uint8Array,
  lineOffset: number,
  lineEnd: number,
  valueEnd: number,
  found: number,
  check: HeadCheck,
): number {
  let at = lineOffset;
  while (TOKEN_BYTES[bytes[at]] === 1) {
    at++; // The line feed is none.
  }
  const nameEnd = at;
  if (bytes[at] !== BYTE_COLON || at === lineOffset) {
    at = checkOddName(bytes, lineOffset, at, valueEnd, check);
  }
  check.faults |= lineFaults(bytes, at, lineEnd);
  switch (nameEnd - lineOffset) {
    case CONTENT_LENGTH.length:
      if (isName(bytes, lineOffset, CONTENT_LENGTH)) {
        check.faults |= (found & FOUND_LENGTH) === 0 ? 0 : HEAD_SEVERAL_LENGTHS;
        return found | FOUND_LENGTH;
      }
      return found;
    case TRANSFER_ENCODING.length:
      if (isName(bytes, lineOffset, TRANSFER_ENCODING)) {
        check.faults |= (found & FOUND_CODING) === 0 ? 0 : HEAD_SEVERAL_CODINGS;
        return found | FOUND_CODING;
      }
      return found;
    case UPGRADE.length:
      if (check.upgradeOffset === 0 && isName(bytes, lineOffset, UPGRADE)) {
        noteUpgrade(bytes, at + 1, valueEnd, check);
      }
      return found;
    default:
      return found;
  }
}

/** A line that does not begin with a token and a colon; gives where its control characters are looked for. */
function checkOddName(
  bytes: Uint8Array,
  lineOffset: number,
  at: number,
  valueEnd: number,
  check: HeadCheck,
): number {
  if (at === lineOffset && isWhiteSpace(bytes[at])) {
    check.faults |= HEAD_FOLDED;
    return at;
  }
  let colon = at;
  while (colon < valueEnd && isWhiteSpace(bytes[colon])) {
    colon++;
  }
  const isSpaced = at > lineOffset && colon > at && bytes[colon] === BYTE_COLON;
  check.faults |= isSpaced ? HEAD_SPACE_BEFORE_COLON : HEAD_BAD_NAME;
  return at;
}

/** Of the bytes up to a line feed: control characters, and whether a CR stands before it. */
function lineFaults(bytes: Uint8Array, offset: number, lineEnd: number): number {
  const hasCr = lineEnd > offset && bytes[lineEnd - 1] === BYTE_CR;
  const end = hasCr ? lineEnd - 1 : lineEnd;
  return (hasCr ? 0 : HEAD_BARE_LF) | (hasControl(bytes, offset, end) ? HEAD_CONTROL : 0);
}

function hasControl(bytes: Uint8Array, offset: number, end: number): boolean {
  const view = viewWords(valueWords, bytes);
  while (offset < end) {
    if (offset + WORD_BYTES <= end && isPlainText(view.getInt32(offset, true))) {
      offset += WORD_BYTES;
      continue;
    }
    const byte = bytes[offset++];
    if ((byte < BYTE_SPACE && byte !== BYTE_HTAB) || byte === 0x7f) {
      return true;
    }
  }
  return false;
}

function noteUpgrade(bytes: Uint8Array, offset: number, end: number, check: HeadCheck): void {
  while (offset < end && isWhiteSpace(bytes[offset])) {
    offset++;
  }
  while (end > offset && isWhiteSpace(bytes[end - 1])) {
    end--;
  }
  check.upgradeOffset = offset;
  check.upgradeEnd = end;
}

/** In whatever case; **its length is the name's, and its bytes are of tokens**. */
function isName(bytes: Uint8Array, offset: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index++) {
    if ((bytes[offset + index] | 0x20) !== name[index]) {
      return false;
    }
  }
  return true;
}

function nameOf(text: string): Uint8Array {
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0) | 0x20);
}

function isWhiteSpace(byte: number): boolean {
  return byte === BYTE_SPACE || byte === BYTE_HTAB;
}
