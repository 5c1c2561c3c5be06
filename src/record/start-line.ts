import { readStatusCode, STATUS_CODE_AT, STATUS_CODE_DIGITS } from '../http/status-code.ts';
import type { HttpRecord } from './http-record.ts';

const BYTE_SPACE = 0x20;
const BYTE_HASH = 0x23;
const BYTE_SLASH = 0x2f;
const BYTE_COLON = 0x3a;
const BYTE_QUESTION_MARK = 0x3f;
const BYTE_CAPITAL_H = 0x48;

/** `HTTP/D.D`, and where its number begins. */
const HTTP_VERSION_BYTES = 8;
const VERSION_NUMBER_AT = 5;
/** `D.D` */
export const VERSION_NUMBER_BYTES = 3;

/**
 * Finds the parts of the request line. Everything between the method's space and the version's is the target,
 * spaces included; a line that the capture cut has no version.
 *
 * @see RFC 9112 section 3
 */
export function splitRequestLine(record: HttpRecord): void {
  const { bytes } = record;
  const { startLineOffset, startLineEnd } = record.request;
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
  record.methodEnd = methodEnd;
  record.targetOffset = targetOffset;
  record.targetEnd = hasVersion ? versionOffset - 1 : startLineEnd;
  record.requestVersionOffset = hasVersion ? versionOffset : startLineEnd;
  splitTarget(record);
}

/**
 * Path and query of the target: of the origin form all before and behind the first `?`, of the absolute form
 * the same behind the authority. A fragment, which no client should send, is part of neither.
 *
 * @see RFC 9112 section 3.2
 */
function splitTarget(record: HttpRecord): void {
  const { bytes, targetEnd } = record;
  const pathOffset = findPath(bytes, record.targetOffset, targetEnd);
  let pathEnd = pathOffset;
  while (pathEnd < targetEnd && !isPathEnd(bytes[pathEnd])) {
    pathEnd++;
  }
  const hasQuery = pathEnd < targetEnd && bytes[pathEnd] === BYTE_QUESTION_MARK;
  let queryEnd = hasQuery ? pathEnd + 1 : pathEnd;
  record.queryOffset = queryEnd;
  while (hasQuery && queryEnd < targetEnd && bytes[queryEnd] !== BYTE_HASH) {
    queryEnd++;
  }
  record.pathOffset = pathOffset;
  record.pathEnd = pathEnd;
  record.hasQuery = hasQuery;
  record.queryEnd = queryEnd;
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
export function splitStatusLine(record: HttpRecord): void {
  const { startLineOffset, startLineEnd } = record.response;
  const reasonOffset = startLineOffset + STATUS_CODE_AT + STATUS_CODE_DIGITS + 1;
  record.statusCode = readStatusCode(record.bytes, record.response);
  record.reasonOffset = Math.min(reasonOffset, startLineEnd);
}

/** The version's number, of the request if its line is whole, else of the response; 0: there is none. */
export function findVersionNumber(record: HttpRecord): number {
  const { request, response, requestVersionOffset } = record;
  if (record.hasRequest && request.startLineEnd - requestVersionOffset === HTTP_VERSION_BYTES) {
    return requestVersionOffset + VERSION_NUMBER_AT;
  }
  const { startLineOffset, startLineEnd } = response;
  return record.hasResponse && startLineEnd >= startLineOffset + HTTP_VERSION_BYTES
    ? startLineOffset + VERSION_NUMBER_AT
    : 0;
}
