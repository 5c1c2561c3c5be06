import { BYTE_0, BYTE_9, BYTE_DOT, isBlank } from '../http/grammar.ts';
import { HTTP_VERSION_BYTES, isVersionInAnyCase } from '../http/http-version.ts';
import {
  readStatusCode,
  STATUS_CODE_DIGITS,
  statusCodeOffset,
  versionEndOf,
} from '../http/status-code.ts';
import type { HttpRecord } from './http-record.ts';

const BYTE_HASH = 0x23;
const BYTE_SLASH = 0x2f;
const BYTE_COLON = 0x3a;
const BYTE_QUESTION_MARK = 0x3f;
/** `HTTP/`; the version's number follows. */
const VERSION_NUMBER_AT = 5;
/** `D.D` */
const VERSION_NUMBER_BYTES = 3;
/** A version, which the capture may cut anywhere: letters and signs with bit 5, as all of them have it, or a digit. */
const VERSION_PATTERN = new Uint8Array(Buffer.from('http/0.0', 'latin1'));
/** Of a letter, upper case or lower. */
const BIT_5 = 0x20;

/**
 * Finds the parts of the request line. Everything between the blanks behind the method and those before the version is
 * the target, spaces included; a line that the capture cut has no version, and a piece of one is no part of the target.
 *
 * @see RFC 9112 section 3
 */
export function splitRequestLine(record: HttpRecord): void {
  const { bytes } = record;
  const { startLineOffset, startLineEnd, isLineCut } = record.request;
  let methodEnd = startLineOffset;
  while (methodEnd < startLineEnd && !isBlank(bytes[methodEnd])) {
    methodEnd++;
  }
  const versionOffset = findVersion(bytes, methodEnd, startLineEnd, isLineCut);
  let targetOffset = Math.min(methodEnd + 1, startLineEnd);
  while (targetOffset < versionOffset && isBlank(bytes[targetOffset])) {
    targetOffset++;
  }
  let targetEnd = versionOffset;
  while (targetEnd > targetOffset && isBlank(bytes[targetEnd - 1])) {
    targetEnd--;
  }
  record.methodEnd = methodEnd;
  record.targetOffset = targetOffset;
  record.targetEnd = targetEnd;
  record.isTargetCut = isLineCut && startLineEnd - versionOffset < HTTP_VERSION_BYTES;
  record.requestVersionOffset = record.isTargetCut ? startLineEnd : versionOffset;
  splitTarget(record);
}

/** Where the version begins that ends the line, or in a cut line a piece of it; else the line's end. */
function findVersion(
  bytes: Uint8Array,
  methodEnd: number,
  lineEnd: number,
  isLineCut: boolean,
): number {
  const versionOffset = lineEnd - HTTP_VERSION_BYTES;
  if (
    versionOffset > methodEnd + 1 &&
    isBlank(bytes[versionOffset - 1]) &&
    isVersionInAnyCase(bytes, versionOffset)
  ) {
    return versionOffset;
  }
  return isLineCut ? findVersionPiece(bytes, methodEnd + 1, lineEnd) : lineEnd;
}

/** Where the piece begins, a blank before it; the line's end where it does not end in one. */
function findVersionPiece(bytes: Uint8Array, from: number, lineEnd: number): number {
  const first = Math.max(from, lineEnd - HTTP_VERSION_BYTES);
  for (let offset = lineEnd - 1; offset > first; offset--) {
    if (isBlank(bytes[offset - 1])) {
      return isVersionPiece(bytes, offset, lineEnd) ? offset : lineEnd;
    }
  }
  return lineEnd;
}

/** Of `HTTP/D.D` fewer bytes than it has. */
function isVersionPiece(bytes: Uint8Array, offset: number, end: number): boolean {
  for (let at = offset; at < end; at++) {
    const expected = VERSION_PATTERN[at - offset];
    const byte = bytes[at];
    const isExpected =
      expected === BYTE_0 ? byte >= BYTE_0 && byte <= BYTE_9 : (byte | BIT_5) === expected;
    if (!isExpected) {
      return false;
    }
  }
  return true;
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
  const { bytes, response } = record;
  const { startLineEnd } = response;
  let reasonOffset = statusCodeOffset(bytes, response) + STATUS_CODE_DIGITS + 1;
  while (reasonOffset < startLineEnd && isBlank(bytes[reasonOffset])) {
    reasonOffset++;
  }
  record.statusCode = readStatusCode(bytes, response);
  record.reasonOffset = Math.min(reasonOffset, startLineEnd);
}

/** Where the version's number begins, of the request if its line is whole, else of the response; 0: there is none. */
export function findVersionNumber(record: HttpRecord): number {
  const { bytes, request, response, requestVersionOffset } = record;
  if (record.hasRequest && requestVersionOffset < request.startLineEnd) {
    return requestVersionOffset + VERSION_NUMBER_AT;
  }
  return record.hasResponse && response.startLineEnd >= versionEndOf(bytes, response)
    ? response.startLineOffset + VERSION_NUMBER_AT
    : 0;
}

/** One past it: `1.1`, or the `2` of `HTTP/2`. **There is one at `offset`.** */
export function versionNumberEnd({ bytes }: HttpRecord, offset: number): number {
  return bytes[offset + 1] === BYTE_DOT ? offset + VERSION_NUMBER_BYTES : offset + 1;
}
