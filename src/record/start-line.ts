import { readStatusCode, STATUS_CODE_AT, STATUS_CODE_DIGITS } from '../http/status-code.ts';
import type { Exchange } from './exchange.ts';

const BYTE_SPACE = 0x20;
const BYTE_HASH = 0x23;
const BYTE_SLASH = 0x2f;
const BYTE_COLON = 0x3a;
const BYTE_QUESTION_MARK = 0x3f;
const BYTE_CAPITAL_H = 0x48;

/** `HTTP/D.D` */
const HTTP_VERSION_BYTES = 8;

/**
 * Finds the parts of the request line. Everything between the method's space and the version's is the target,
 * spaces included; a line that the capture cut has no version.
 *
 * @see RFC 9112 section 3
 */
export function splitRequestLine(exchange: Exchange): void {
  const { bytes } = exchange;
  const { startLineOffset, startLineEnd } = exchange.request;
  let methodEnd = startLineOffset;
  while (methodEnd < startLineEnd && bytes[methodEnd] !== BYTE_SPACE) {
    methodEnd++;
  }
  const targetOffset = Math.min(methodEnd + 1, startLineEnd);
  const versionOffset = startLineEnd - HTTP_VERSION_BYTES;
  const hasVersion =
    versionOffset > targetOffset &&
    bytes[versionOffset - 1] === BYTE_SPACE &&
    bytes[versionOffset] === BYTE_CAPITAL_H &&
    bytes[versionOffset + 4] === BYTE_SLASH;
  exchange.methodEnd = methodEnd;
  exchange.targetOffset = targetOffset;
  exchange.targetEnd = hasVersion ? versionOffset - 1 : startLineEnd;
  exchange.requestVersionOffset = hasVersion ? versionOffset : startLineEnd;
  splitTarget(exchange);
}

/**
 * Path and query of the target: of the origin form all before and behind the first `?`, of the absolute form
 * the same behind the authority. A fragment, which no client should send, is part of neither.
 *
 * @see RFC 9112 section 3.2
 */
function splitTarget(exchange: Exchange): void {
  const { bytes, targetEnd } = exchange;
  const pathOffset = findPath(bytes, exchange.targetOffset, targetEnd);
  let pathEnd = pathOffset;
  while (pathEnd < targetEnd && !isPathEnd(bytes[pathEnd])) {
    pathEnd++;
  }
  const hasQuery = pathEnd < targetEnd && bytes[pathEnd] === BYTE_QUESTION_MARK;
  let queryEnd = hasQuery ? pathEnd + 1 : pathEnd;
  exchange.queryOffset = queryEnd;
  while (hasQuery && queryEnd < targetEnd && bytes[queryEnd] !== BYTE_HASH) {
    queryEnd++;
  }
  exchange.pathOffset = pathOffset;
  exchange.pathEnd = pathEnd;
  exchange.hasQuery = hasQuery;
  exchange.queryEnd = queryEnd;
}

/** Behind `scheme://authority` of the absolute form; else where the target begins. */
function findPath(bytes: Uint8Array, offset: number, end: number): number {
  if (offset === end || bytes[offset] === BYTE_SLASH) {
    return offset;
  }
  let at = offset;
  while (at < end && bytes[at] !== BYTE_COLON && !isPathEnd(bytes[at])) {
    at++;
  }
  if (at + 2 >= end || bytes[at + 1] !== BYTE_SLASH || bytes[at + 2] !== BYTE_SLASH) {
    return offset;
  }
  at += 3;
  while (at < end && bytes[at] !== BYTE_SLASH && !isPathEnd(bytes[at])) {
    at++;
  }
  return at;
}

function isPathEnd(byte: number): boolean {
  return byte === BYTE_QUESTION_MARK || byte === BYTE_HASH;
}

/**
 * Finds status code and reason phrase.
 *
 * @see RFC 9112 section 4
 */
export function splitStatusLine(exchange: Exchange): void {
  const { startLineOffset, startLineEnd } = exchange.response;
  const reasonOffset = startLineOffset + STATUS_CODE_AT + STATUS_CODE_DIGITS + 1;
  exchange.statusCode = readStatusCode(exchange.bytes, exchange.response);
  exchange.reasonOffset = Math.min(reasonOffset, startLineEnd);
}
