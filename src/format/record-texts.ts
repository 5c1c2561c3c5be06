import { FIELD_AUTHORIZATION } from '../http/grammar.ts';
import type { HttpMessage } from '../http/message.ts';
import type { HttpRecord } from '../record/http-record.ts';
import { findVersionNumber, VERSION_NUMBER_BYTES } from '../record/start-line.ts';
import { decodeBasicUser } from './basic-user.ts';
import { ESCAPED_BYTES_MAX } from './escape.ts';
import { BASIC_USER_BYTES_MAX } from './limits.ts';

/** Where the values of a record stand that are untrusted bytes. */

/** A value; one span is made by the format and pointed at each value in turn. */
export interface ValueSpan {
  bytes: Uint8Array;
  offset: number;
  end: number;
}

/** Points the span at a value, which may be empty. False: there is none, and the span means nothing. */
export type FindText = (record: HttpRecord, span: ValueSpan) => boolean;

const userBytes = new Uint8Array(BASIC_USER_BYTES_MAX);

export function createValueSpan(): ValueSpan {
  return { bytes: userBytes, offset: 0, end: 0 };
}

/** Bytes that a value needs at most, escaped; none when it is absent. */
export function textBytesMax(find: FindText, record: HttpRecord, span: ValueSpan): number {
  return find(record, span) ? (span.end - span.offset) * ESCAPED_BYTES_MAX : 0;
}

export function findRequestLine(record: HttpRecord, span: ValueSpan): boolean {
  const { startLineOffset, startLineEnd } = record.request;
  return record.hasRequest && pointAt(span, record.bytes, startLineOffset, startLineEnd);
}

export function findMethod(record: HttpRecord, span: ValueSpan): boolean {
  const { startLineOffset } = record.request;
  return record.hasRequest && pointAt(span, record.bytes, startLineOffset, record.methodEnd);
}

export function findTarget(record: HttpRecord, span: ValueSpan): boolean {
  const { targetOffset, targetEnd } = record;
  return record.hasRequest && pointAt(span, record.bytes, targetOffset, targetEnd);
}

export function findPath(record: HttpRecord, span: ValueSpan): boolean {
  const { pathOffset, pathEnd } = record;
  return record.hasRequest && pointAt(span, record.bytes, pathOffset, pathEnd);
}

export function findQuery(record: HttpRecord, span: ValueSpan): boolean {
  const { hasRequest, hasQuery, queryOffset, queryEnd } = record;
  return hasRequest && hasQuery && pointAt(span, record.bytes, queryOffset, queryEnd);
}

/** `1.1` */
export function findVersion(record: HttpRecord, span: ValueSpan): boolean {
  const offset = findVersionNumber(record);
  return offset !== 0 && pointAt(span, record.bytes, offset, offset + VERSION_NUMBER_BYTES);
}

/** The user name of Basic credentials, decoded; valid until the next call. */
export function findUser(record: HttpRecord, span: ValueSpan): boolean {
  const { bytes, request } = record;
  const offset = request.fieldOffsets[FIELD_AUTHORIZATION];
  if (!record.hasRequest || offset === 0) {
    return false;
  }
  const end = request.fieldEnds[FIELD_AUTHORIZATION];
  const userLength = decodeBasicUser(bytes, offset, end, userBytes);
  return userLength !== -1 && pointAt(span, userBytes, 0, userLength);
}

/** The reason phrase; one that is empty is none, as servers are free to leave it out. */
export function findReason(record: HttpRecord, span: ValueSpan): boolean {
  const { bytes, reasonOffset, response } = record;
  return (
    record.hasResponse &&
    reasonOffset < response.startLineEnd &&
    pointAt(span, bytes, reasonOffset, response.startLineEnd)
  );
}

export function findInRequest(slot: number): FindText {
  return (record, span) =>
    record.hasRequest && pointAtField(span, record.bytes, record.request, slot);
}

export function findInResponse(slot: number): FindText {
  return (record, span) =>
    record.hasResponse && pointAtField(span, record.bytes, record.response, slot);
}

/** The request's value, or the response's where that has none. */
export function findInEither(slot: number): FindText {
  const inRequest = findInRequest(slot);
  const inResponse = findInResponse(slot);
  return (record, span) => inRequest(record, span) || inResponse(record, span);
}

function pointAtField(
  span: ValueSpan,
  bytes: Uint8Array,
  message: HttpMessage,
  slot: number,
): boolean {
  const offset = message.fieldOffsets[slot];
  return offset !== 0 && pointAt(span, bytes, offset, message.fieldEnds[slot]);
}

function pointAt(span: ValueSpan, bytes: Uint8Array, offset: number, end: number): boolean {
  span.bytes = bytes;
  span.offset = offset;
  span.end = end;
  return true;
}
