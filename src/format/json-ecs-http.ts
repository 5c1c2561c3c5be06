import {
  FIELD_HOST,
  FIELD_REFERER,
  FIELD_USER_AGENT,
  FIELD_X_CORRELATION_ID,
  FIELD_X_REQUEST_ID,
} from '../http/grammar.ts';
import { type Exchange, UNKNOWN } from '../record/exchange.ts';
import { closeObject, createJsonLabel, createKeyLabel, writeLabel } from './json-label.ts';
import { writeJsonString, writeJsonText } from './json-text.ts';
import { findHostEnd, readPort } from './json-value-texts.ts';
import { messageBytes, messageWith, writeField, writeNumber, writeVersion } from './json-values.ts';

/** The `http`, `url` and `user_agent` objects of an ECS document. */

const BYTE_SLASH = 0x2f;
const BYTE_QUOTE = 0x22;

const HTTP = createKeyLabel('http');
const VERSION = createKeyLabel('version');
const REQUEST = createKeyLabel('request');
const RESPONSE = createKeyLabel('response');
const ID = createKeyLabel('id');
const METHOD = createKeyLabel('method');
const REFERRER = createKeyLabel('referrer');
const STATUS_CODE = createKeyLabel('status_code');
const BYTES = createKeyLabel('bytes');
const BODY_BYTES = createJsonLabel(',"body":{"bytes":');
const OBJECT_END = createJsonLabel('}');
const ORIGINAL = createJsonLabel(',"url":{"scheme":"http","original":');
const FULL = createJsonLabel(',"full":"http://');
const DOMAIN = createKeyLabel('domain');
const PORT = createKeyLabel('port');
const PATH = createKeyLabel('path');
const QUERY = createKeyLabel('query');
const USER_AGENT = createJsonLabel(',"user_agent":{"original":');

export function writeEcsHttp(target: Uint8Array, at: number, exchange: Exchange): number {
  const httpAt = at;
  const membersAt = writeLabel(target, at, HTTP);
  at = writeVersion(target, membersAt, VERSION, exchange);
  at = writeRequest(target, at, exchange);
  at = writeResponse(target, at, exchange);
  return closeObject(target, at, httpAt, membersAt);
}

function writeRequest(target: Uint8Array, at: number, exchange: Exchange): number {
  const { bytes, request, requestBodyBytes } = exchange;
  const requestAt = at;
  const membersAt = writeLabel(target, at, REQUEST);
  at = writeRequestId(target, membersAt, exchange);
  if (exchange.hasRequest) {
    at = writeLabel(target, at, METHOD);
    at = writeJsonString(target, at, bytes, request.startLineOffset, exchange.methodEnd);
    at = writeField(target, at, REFERRER, bytes, request, FIELD_REFERER);
  }
  at = writeSizes(target, at, exchange.requestHeadBytes, requestBodyBytes);
  return closeObject(target, at, requestAt, membersAt);
}

/** X-Request-ID, else X-Correlation-ID, of the request or of the response that repeats it. */
function writeRequestId(target: Uint8Array, at: number, exchange: Exchange): number {
  const { bytes } = exchange;
  const message = messageWith(exchange, FIELD_X_REQUEST_ID);
  if (message !== undefined) {
    return writeField(target, at, ID, bytes, message, FIELD_X_REQUEST_ID);
  }
  const other = messageWith(exchange, FIELD_X_CORRELATION_ID);
  return other === undefined
    ? at
    : writeField(target, at, ID, bytes, other, FIELD_X_CORRELATION_ID);
}

function writeResponse(target: Uint8Array, at: number, exchange: Exchange): number {
  const responseAt = at;
  const membersAt = writeLabel(target, at, RESPONSE);
  at = membersAt;
  if (exchange.hasResponse) {
    at = writeNumber(target, at, STATUS_CODE, exchange.statusCode);
  }
  at = writeSizes(target, at, exchange.responseHeadBytes, exchange.responseBodyBytes);
  return closeObject(target, at, responseAt, membersAt);
}

function writeSizes(target: Uint8Array, at: number, headBytes: number, bodyBytes: number): number {
  at = writeNumber(target, at, BYTES, messageBytes(headBytes, bodyBytes));
  if (bodyBytes < 0) {
    return at;
  }
  return writeLabel(target, writeNumber(target, at, BODY_BYTES, bodyBytes), OBJECT_END);
}

/** Writes `url` and `user_agent`; **the caller knows that there is a request**. */
export function writeEcsUrl(target: Uint8Array, at: number, exchange: Exchange): number {
  const { bytes, request, targetOffset, targetEnd } = exchange;
  at = writeLabel(target, at, ORIGINAL);
  at = writeJsonString(target, at, bytes, targetOffset, targetEnd);
  const hostOffset = request.fieldOffsets[FIELD_HOST];
  const hostEnd = request.fieldEnds[FIELD_HOST];
  if (hostOffset !== 0 && hostOffset < hostEnd) {
    const nameEnd = findHostEnd(bytes, hostOffset, hostEnd);
    if (targetOffset < targetEnd && bytes[targetOffset] === BYTE_SLASH) {
      at = writeLabel(target, at, FULL);
      at = writeJsonText(target, at, bytes, hostOffset, hostEnd);
      at = writeJsonText(target, at, bytes, targetOffset, targetEnd);
      target[at++] = BYTE_QUOTE;
    }
    at = writeLabel(target, at, DOMAIN);
    at = writeJsonString(target, at, bytes, hostOffset, nameEnd);
    const port = nameEnd === hostEnd ? UNKNOWN : readPort(bytes, nameEnd, hostEnd);
    at = writeNumber(target, at, PORT, port);
  }
  at = writeLabel(target, at, PATH);
  at = writeJsonString(target, at, bytes, exchange.pathOffset, exchange.pathEnd);
  if (exchange.hasQuery) {
    at = writeLabel(target, at, QUERY);
    at = writeJsonString(target, at, bytes, exchange.queryOffset, exchange.queryEnd);
  }
  at = writeLabel(target, at, OBJECT_END);
  if (request.fieldOffsets[FIELD_USER_AGENT] === 0) {
    return at;
  }
  at = writeField(target, at, USER_AGENT, bytes, request, FIELD_USER_AGENT);
  return writeLabel(target, at, OBJECT_END);
}
