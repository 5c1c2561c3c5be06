import { FIELD_AUTHORIZATION } from '../http/grammar.ts';
import type { HttpMessage } from '../http/message.ts';
import { versionEndOf } from '../http/status-code.ts';
import type { Exchange } from '../record/exchange.ts';
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
export type FindText = (exchange: Exchange, span: ValueSpan) => boolean;

/** `HTTP/`; the version's number follows. */
const VERSION_NAME_BYTES = 5;

const userBytes = new Uint8Array(BASIC_USER_BYTES_MAX);

export function createValueSpan(): ValueSpan {
  return { bytes: userBytes, offset: 0, end: 0 };
}

/** Bytes that a value needs at most, escaped; none when it is absent. */
export function textBytesMax(find: FindText, exchange: Exchange, span: ValueSpan): number {
  return find(exchange, span) ? (span.end - span.offset) * ESCAPED_BYTES_MAX : 0;
}

export function findRequestLine(exchange: Exchange, span: ValueSpan): boolean {
  const { startLineOffset, startLineEnd } = exchange.request;
  return exchange.hasRequest && pointAt(span, exchange.bytes, startLineOffset, startLineEnd);
}

export function findMethod(exchange: Exchange, span: ValueSpan): boolean {
  const { startLineOffset } = exchange.request;
  return exchange.hasRequest && pointAt(span, exchange.bytes, startLineOffset, exchange.methodEnd);
}

export function findTarget(exchange: Exchange, span: ValueSpan): boolean {
  const { targetOffset, targetEnd } = exchange;
  return exchange.hasRequest && pointAt(span, exchange.bytes, targetOffset, targetEnd);
}

export function findPath(exchange: Exchange, span: ValueSpan): boolean {
  const { pathOffset, pathEnd } = exchange;
  return exchange.hasRequest && pointAt(span, exchange.bytes, pathOffset, pathEnd);
}

export function findQuery(exchange: Exchange, span: ValueSpan): boolean {
  const { hasRequest, hasQuery, queryOffset, queryEnd } = exchange;
  return hasRequest && hasQuery && pointAt(span, exchange.bytes, queryOffset, queryEnd);
}

/** `1.1`, of the request if its line is whole, else of the response. */
export function findVersion(exchange: Exchange, span: ValueSpan): boolean {
  const { bytes, request, response, requestVersionOffset } = exchange;
  const isOfRequest = exchange.hasRequest && requestVersionOffset < request.startLineEnd;
  const offset = isOfRequest ? requestVersionOffset : response.startLineOffset;
  const end = isOfRequest ? request.startLineEnd : versionEndOf(bytes, response);
  if (!isOfRequest && (!exchange.hasResponse || response.startLineEnd < end)) {
    return false;
  }
  return pointAt(span, bytes, offset + VERSION_NAME_BYTES, end);
}

/** The user name of Basic credentials, decoded; valid until the next call. */
export function findUser(exchange: Exchange, span: ValueSpan): boolean {
  const { bytes, request } = exchange;
  const offset = request.fieldOffsets[FIELD_AUTHORIZATION];
  if (!exchange.hasRequest || offset === 0) {
    return false;
  }
  const end = request.fieldEnds[FIELD_AUTHORIZATION];
  const userLength = decodeBasicUser(bytes, offset, end, userBytes);
  return userLength !== -1 && pointAt(span, userBytes, 0, userLength);
}

/** The reason phrase; one that is empty is none, as servers are free to leave it out. */
export function findReason(exchange: Exchange, span: ValueSpan): boolean {
  const { bytes, reasonOffset, response } = exchange;
  return (
    exchange.hasResponse &&
    reasonOffset < response.startLineEnd &&
    pointAt(span, bytes, reasonOffset, response.startLineEnd)
  );
}

export function findInRequest(slot: number): FindText {
  return (exchange, span) =>
    exchange.hasRequest && pointAtField(span, exchange.bytes, exchange.request, slot);
}

export function findInResponse(slot: number): FindText {
  return (exchange, span) =>
    exchange.hasResponse && pointAtField(span, exchange.bytes, exchange.response, slot);
}

/** The request's value, or the response's where that has none. */
export function findInEither(slot: number): FindText {
  const inRequest = findInRequest(slot);
  const inResponse = findInResponse(slot);
  return (exchange, span) => inRequest(exchange, span) || inResponse(exchange, span);
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
