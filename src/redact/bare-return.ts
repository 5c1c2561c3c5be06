import { skipBlanks } from '../http/grammar.ts';
import { findWordByte } from '../words.ts';
import { BYTE_COLON, bytesOf, isWordByte, startsWithText } from './byte-classes.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';
import { REDACTED } from './name-modes.ts';

/**
 * A carriage return without a line feed ends a line for some servers, so that `X-Note: a<CR>Cookie: sid=1` is
 * two fields to them, and one to httplog.
 *
 * @see RFC 9112 section 2.2
 */

const BYTE_CR = 0x0d;

/** By byte: 1 of the signs that a name may have. */
const TOKEN_SIGNS = new Uint8Array(256);
for (const sign of bytesOf("!#$%&'*+-.^_`|~")) {
  TOKEN_SIGNS[sign] = 1;
}

/** Of a field that frames the message: nothing of it is anybody's, and whoever looks into smuggling needs it. */
const FRAMING_NAME = bytesOf('transfer-encoding');

/** Where the return stands that begins another field with a value that may be somebody's, or `end`. */
export function findFieldBehindReturn(bytes: Uint8Array, offset: number, end: number): number {
  let at = findWordByte(bytes, offset, end, BYTE_CR);
  while (at < end && !isFieldName(bytes, at + 1, end)) {
    at = findWordByte(bytes, at + 1, end, BYTE_CR);
  }
  return at;
}

/** A pass over any value: what follows such a return is another field's, and hidden. @returns 1 or 0 */
export function redactBehindReturn(draft: Draft): number {
  const at = findFieldBehindReturn(draft.bytes, draft.offset, draft.end);
  if (at === draft.end) {
    return 0;
  }
  replaceRange(draft, at + 1, draft.end, REDACTED);
  finishPass(draft);
  return 1;
}

/** A name and its colon, white space around them or not. Bound: names end at the next return. */
function isFieldName(bytes: Uint8Array, at: number, end: number): boolean {
  const offset = skipBlanks(bytes, at, end);
  let nameEnd = offset;
  while (nameEnd < end && isNameByte(bytes[nameEnd])) {
    nameEnd++;
  }
  const colon = skipBlanks(bytes, nameEnd, end);
  const hasName = nameEnd > offset && colon < end && bytes[colon] === BYTE_COLON;
  return hasName && !isFramingName(bytes, offset, nameEnd);
}

function isFramingName(bytes: Uint8Array, offset: number, end: number): boolean {
  return end - offset === FRAMING_NAME.length && startsWithText(bytes, offset, end, FRAMING_NAME);
}

/** @see RFC 9110 section 5.6.2 */
function isNameByte(byte: number): boolean {
  return isWordByte(byte) || TOKEN_SIGNS[byte] === 1;
}
