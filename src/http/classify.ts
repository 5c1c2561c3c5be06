import { createWordView, findLineFeeds, firstByteFound, viewWords, WORD_BYTES } from '../words.ts';
import {
  BYTE_CAPITAL_H,
  BYTE_CR,
  BYTE_HTAB,
  BYTE_LF,
  BYTE_SPACE,
  isDigit,
  type MethodTable,
} from './grammar.ts';
import {
  type HttpMessage,
  MESSAGE_NONE,
  MESSAGE_REQUEST,
  MESSAGE_RESPONSE,
  type MessageKind,
} from './message.ts';

const headWords = createWordView();

/** `HTTP/D.D` */
export const HTTP_VERSION_BYTES = 8;
/** Its parts in network byte order. */
const WORD_HTTP = 0x48545450;
const SLASH_AND_DOT = 0x2f002e00;
const SLASH_AND_DOT_MASK = 0xff00ff00 | 0;

/**
 * Says whether a payload begins an HTTP/1.x message, and finds its start line.
 *
 * A request begins with a known method and one space and, where its line ends within the payload, ends in
 * a space and an HTTP version: so a body that begins with "GET it" is none. A response begins with an HTTP
 * version followed by a space, a line end or nothing.
 *
 * Cost: one table look-up for a payload whose first byte begins no message.
 *
 * @param end one past the last captured payload byte; **the caller has checked `offset < end`**
 * @returns the kind; other than MESSAGE_NONE it leaves `message`'s start line set
 * @see RFC 9112 sections 3 and 4
 */
export function classifySegment(
  bytes: Uint8Array,
  offset: number,
  end: number,
  methods: MethodTable,
  message: HttpMessage,
): MessageKind {
  const firstByte = bytes[offset];
  if (firstByte === BYTE_CAPITAL_H && isStatusLine(bytes, offset, end)) {
    message.kind = MESSAGE_RESPONSE;
    setStartLine(bytes, offset, findLineEnd(bytes, offset, end), message);
    return MESSAGE_RESPONSE;
  }
  if (methods.firstIndex[firstByte] === -1 || findMethod(bytes, offset, end, methods) === -1) {
    return MESSAGE_NONE;
  }
  const lineEnd = findLineEnd(bytes, offset, end);
  setStartLine(bytes, offset, lineEnd, message);
  if (lineEnd < end && !endsInHttpVersion(bytes, offset, message.startLineEnd)) {
    return MESSAGE_NONE;
  }
  message.kind = MESSAGE_REQUEST;
  return MESSAGE_REQUEST;
}

/** Index of the line feed, or `end`. */
export function findLineEnd(bytes: Uint8Array, offset: number, end: number): number {
  const view = viewWords(headWords, bytes);
  let found = 0;
  // With a return in place of the break V8 makes a loop of it that takes half as long again.
  while (offset + WORD_BYTES <= end) {
    found = findLineFeeds(view.getInt32(offset, true));
    if (found !== 0) {
      break;
    }
    offset += WORD_BYTES;
  }
  if (found !== 0) {
    return offset + firstByteFound(found);
  }
  while (offset < end && bytes[offset] !== BYTE_LF) {
    offset++;
  }
  return offset;
}

/** The start line, without white space around it. */
export function setStartLine(
  bytes: Uint8Array,
  offset: number,
  lineEnd: number,
  message: HttpMessage,
): void {
  while (lineEnd > offset && isLineWhiteSpace(bytes[lineEnd - 1])) {
    lineEnd--;
  }
  message.startLineOffset = offset;
  message.startLineEnd = lineEnd;
}

/** Index of the method that the bytes begin with, a space behind it; -1 when it is none of the table's. */
export function findMethod(
  bytes: Uint8Array,
  offset: number,
  end: number,
  methods: MethodTable,
): number {
  const { nextIndex, nameOffset, nameBytes, nameWord } = methods;
  const word = end - offset < WORD_BYTES ? 0 : viewWords(headWords, bytes).getInt32(offset, true);
  for (let index = methods.firstIndex[bytes[offset]]; index !== -1; index = nextIndex[index]) {
    const nameStart = nameOffset[index];
    const nameLength = nameOffset[index + 1] - nameStart;
    if (nameLength > end - offset || (nameLength >= WORD_BYTES && nameWord[index] !== word)) {
      continue;
    }
    let matched = nameLength >= WORD_BYTES ? WORD_BYTES : 1;
    while (matched < nameLength && bytes[offset + matched] === nameBytes[nameStart + matched]) {
      matched++;
    }
    if (matched === nameLength) {
      return index;
    }
  }
  return -1;
}

function isStatusLine(bytes: Uint8Array, offset: number, end: number): boolean {
  if (end - offset < HTTP_VERSION_BYTES || !isHttpVersion(bytes, offset)) {
    return false;
  }
  if (end - offset === HTTP_VERSION_BYTES) {
    return true;
  }
  const next = bytes[offset + HTTP_VERSION_BYTES];
  return next === BYTE_SPACE || next === BYTE_CR || next === BYTE_LF;
}

function endsInHttpVersion(bytes: Uint8Array, offset: number, lineEnd: number): boolean {
  const versionOffset = lineEnd - HTTP_VERSION_BYTES;
  return (
    versionOffset > offset &&
    bytes[versionOffset - 1] === BYTE_SPACE &&
    isHttpVersion(bytes, versionOffset)
  );
}

/**
 * HTTP-version = "HTTP" "/" DIGIT "." DIGIT; **the caller has checked 8 bytes**.
 *
 * @see RFC 9112 section 2.3
 */
export function isHttpVersion(bytes: Uint8Array, offset: number): boolean {
  const view = viewWords(headWords, bytes);
  const numbers = view.getInt32(offset + WORD_BYTES);
  return (
    view.getInt32(offset) === WORD_HTTP &&
    (numbers & SLASH_AND_DOT_MASK) === SLASH_AND_DOT &&
    isDigit((numbers >> 16) & 0xff) &&
    isDigit(numbers & 0xff)
  );
}

/** Space, tab, carriage return, vertical tab, form feed: what RFC 9112 section 3 lets parsers take for one. */
function isLineWhiteSpace(byte: number): boolean {
  return byte === BYTE_SPACE || (byte >= BYTE_HTAB && byte <= BYTE_CR);
}
