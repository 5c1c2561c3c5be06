import { BODY_LENGTH_UNKNOWN, bodyLength } from './body-length.ts';
import { BYTE_HTAB, BYTE_SPACE, FIELD_CONTENT_LENGTH, FIELD_TRANSFER_ENCODING } from './grammar.ts';
import { HEAD_FAULTS_OF_FRAMING } from './head-faults.ts';
import { type HttpMessage, MESSAGE_REQUEST } from './message.ts';
import { readStatusCode } from './status-code.ts';

/** How a message's body ends; a number of zero and more is its length in bytes. */
export const FRAMING_CHUNKED = -1;
/** Where the server closes. */
export const FRAMING_UNTIL_CLOSE = -2;
/** Two readers may see two bodies: whoever goes on reads one of them at most. */
export const FRAMING_UNSURE = -3;

const CHUNKED = Uint8Array.from('chunked', (sign) => sign.charCodeAt(0));
const BYTE_COMMA = 0x2c;
/** `HTTP/1.` and then the minor version. */
const MINOR_AT = 7;
const BYTE_0 = 0x30;

/**
 * How the body of a message ends, whose whole head is there; never a guess. Of HEAD's answers, and of what
 * answers CONNECT, the caller knows.
 *
 * @param message scanned, its head is complete
 * @param faults HEAD_* of its head
 * @returns FRAMING_*, or the length in bytes
 * @see RFC 9112 section 6.3
 */
export function bodyFraming(bytes: Uint8Array, message: HttpMessage, faults: number): number {
  const isRequest = message.kind === MESSAGE_REQUEST;
  if (!isRequest) {
    const statusCode = readStatusCode(bytes, message);
    if (statusCode === 204 || statusCode === 304) {
      return 0;
    }
  }
  if ((faults & HEAD_FAULTS_OF_FRAMING) !== 0 || message.isLengthContradicted) {
    return FRAMING_UNSURE;
  }
  if (message.fieldOffsets[FIELD_TRANSFER_ENCODING] !== 0) {
    return codedFraming(bytes, message, isRequest);
  }
  const length = bodyLength(bytes, message);
  if (length !== BODY_LENGTH_UNKNOWN) {
    return length;
  }
  const hasLength = message.fieldOffsets[FIELD_CONTENT_LENGTH] !== 0;
  return isRequest || hasLength ? FRAMING_UNSURE : FRAMING_UNTIL_CLOSE;
}

/** By Transfer-Encoding: chunked when that is the last coding; before HTTP/1.1 there was none. */
function codedFraming(bytes: Uint8Array, message: HttpMessage, isRequest: boolean): number {
  const versionOffset = isRequest ? message.startLineEnd - MINOR_AT - 1 : message.startLineOffset;
  if (bytes[versionOffset + MINOR_AT] === BYTE_0) {
    return FRAMING_UNSURE;
  }
  const offset = message.fieldOffsets[FIELD_TRANSFER_ENCODING];
  const end = message.fieldEnds[FIELD_TRANSFER_ENCODING];
  const lastOffset = lastElement(bytes, offset, end);
  if (isChunked(bytes, lastOffset, end)) {
    return FRAMING_CHUNKED;
  }
  return isRequest ? FRAMING_UNSURE : FRAMING_UNTIL_CLOSE;
}

/** Where the last element of a list begins, behind white space. */
function lastElement(bytes: Uint8Array, offset: number, end: number): number {
  let at = end;
  while (at > offset && bytes[at - 1] !== BYTE_COMMA) {
    at--;
  }
  while (at < end && (bytes[at] === BYTE_SPACE || bytes[at] === BYTE_HTAB)) {
    at++;
  }
  return at;
}

/** Codings are case-insensitive; a byte with bit 5 set is a letter of this word or nothing else. */
function isChunked(bytes: Uint8Array, offset: number, end: number): boolean {
  if (end - offset !== CHUNKED.length) {
    return false;
  }
  for (let index = 0; index < CHUNKED.length; index++) {
    const byte = bytes[offset + index];
    if ((byte | 0x20) !== CHUNKED[index] || byte < 0x40) {
      return false;
    }
  }
  return true;
}
