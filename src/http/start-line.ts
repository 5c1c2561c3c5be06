import { isSameText } from '../bytes.ts';
import { HTTP_VERSION_BYTES, isHttpVersion, setStartLine } from './classify.ts';
import { BYTE_SPACE, TOKEN_BYTES } from './grammar.ts';
import { type HttpMessage, MESSAGE_REQUEST, MESSAGE_RESPONSE } from './message.ts';

/** It is one of HTTP/1. */
export const START_LINE_OK = 0;
/** It is one, though not as the grammar has it: white space within the target or around the line. */
export const START_LINE_ODD = 1;
/** `PRI * HTTP/2.0`: HTTP/2 begins. */
export const START_LINE_HTTP2 = 2;
/** It is none: another protocol, or bytes that belong to something else. */
export const START_LINE_NONE = 3;

const HTTP2_PREFACE_LINE = Uint8Array.from('PRI * HTTP/2.0', (sign) => sign.charCodeAt(0));
/** `HTTP/` and then the major version. */
const MAJOR_AT = 5;
const BYTE_1 = 0x31;
const STATUS_DIGITS = 3;

/**
 * Reads the start line of a request whose place is known, so that any token may be its method: in a stream there
 * is no need to tell requests from bodies by a table of methods.
 *
 * @param lineEnd its line feed; **the caller has checked `offset < lineEnd`**
 * @returns START_LINE_*; `message` is of meaning unless it is START_LINE_NONE
 * @see RFC 9112 section 3
 */
export function readRequestLine(
  bytes: Uint8Array,
  offset: number,
  lineEnd: number,
  message: HttpMessage,
): number {
  message.kind = MESSAGE_REQUEST;
  setStartLine(bytes, offset, lineEnd, message);
  const end = message.startLineEnd;
  let at = offset;
  while (at < end && TOKEN_BYTES[bytes[at]] === 1) {
    at++;
  }
  const versionOffset = end - HTTP_VERSION_BYTES;
  const targetOffset = at + 1;
  if (
    at === offset ||
    bytes[at] !== BYTE_SPACE ||
    versionOffset <= targetOffset ||
    bytes[versionOffset - 1] !== BYTE_SPACE ||
    !isHttpVersion(bytes, versionOffset)
  ) {
    return START_LINE_NONE;
  }
  if (bytes[versionOffset + MAJOR_AT] !== BYTE_1) {
    return isSameText(bytes, offset, end, HTTP2_PREFACE_LINE) ? START_LINE_HTTP2 : START_LINE_NONE;
  }
  return isTarget(bytes, targetOffset, versionOffset - 1) ? START_LINE_OK : START_LINE_ODD;
}

/**
 * Reads the start line of a response whose place is known.
 *
 * @param lineEnd its line feed; **the caller has checked `offset < lineEnd`**
 * @see RFC 9112 section 4
 */
export function readStatusLine(
  bytes: Uint8Array,
  offset: number,
  lineEnd: number,
  message: HttpMessage,
): number {
  message.kind = MESSAGE_RESPONSE;
  setStartLine(bytes, offset, lineEnd, message);
  const end = message.startLineEnd;
  const codeOffset = offset + HTTP_VERSION_BYTES + 1;
  const codeEnd = codeOffset + STATUS_DIGITS;
  if (
    end < codeEnd ||
    !isHttpVersion(bytes, offset) ||
    bytes[offset + MAJOR_AT] !== BYTE_1 ||
    bytes[codeOffset - 1] !== BYTE_SPACE
  ) {
    return START_LINE_NONE;
  }
  for (let at = codeOffset; at < codeEnd; at++) {
    if (bytes[at] < 0x30 || bytes[at] > 0x39) {
      return START_LINE_NONE;
    }
  }
  return end === codeEnd || bytes[codeEnd] === BYTE_SPACE ? START_LINE_OK : START_LINE_NONE;
}

/** Without white space or control characters; what an URI may hold besides is its owner's matter. */
function isTarget(bytes: Uint8Array, offset: number, end: number): boolean {
  while (offset < end && bytes[offset] > BYTE_SPACE && bytes[offset] !== 0x7f) {
    offset++;
  }
  return offset === end;
}
