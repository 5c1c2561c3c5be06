import {
  FIELD_HOST,
  FIELD_REFERER,
  FIELD_USER_AGENT,
  FIELD_X_CORRELATION_ID,
  FIELD_X_REQUEST_ID,
} from '../http/grammar.ts';
import { UNKNOWN } from '../record/exchange.ts';
import type { HttpRecord } from '../record/http-record.ts';
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

/** @param requestBodyBytes what was sent behind the heads, or UNKNOWN */
export function writeEcsHttp(
  target: Uint8Array,
  at: number,
  record: HttpRecord,
  requestBodyBytes: number,
  responseBodyBytes: number,
): number {
  const httpAt = at;
  const membersAt = writeLabel(target, at, HTTP);
  at = writeVersion(target, membersAt, VERSION, record);
  at = writeRequest(target, at, record, requestBodyBytes);
  at = writeResponse(target, at, record, responseBodyBytes);
  return closeObject(target, at, httpAt, membersAt);
}

function writeRequest(
  target: Uint8Array,
  at: number,
  record: HttpRecord,
  bodyBytes: number,
): number {
  const { bytes, request } = record;
  const requestAt = at;
  const membersAt = writeLabel(target, at, REQUEST);
  at = writeRequestId(target, membersAt, record);
  if (record.hasRequest) {
    at = writeLabel(target, at, METHOD);
    at = writeJsonString(target, at, bytes, request.startLineOffset, record.methodEnd);
    at = writeField(target, at, REFERRER, bytes, request, FIELD_REFERER);
  }
  at = writeSizes(target, at, record.requestHeadBytes, bodyBytes);
  return closeObject(target, at, requestAt, membersAt);
}

/** X-Request-ID, else X-Correlation-ID, of the request or of the response that repeats it. */
function writeRequestId(target: Uint8Array, at: number, record: HttpRecord): number {
  const { bytes } = record;
  const message = messageWith(record, FIELD_X_REQUEST_ID);
  if (message !== undefined) {
    return writeField(target, at, ID, bytes, message, FIELD_X_REQUEST_ID);
  }
  const other = messageWith(record, FIELD_X_CORRELATION_ID);
  return other === undefined
    ? at
    : writeField(target, at, ID, bytes, other, FIELD_X_CORRELATION_ID);
}

function writeResponse(
  target: Uint8Array,
  at: number,
  record: HttpRecord,
  bodyBytes: number,
): number {
  const responseAt = at;
  const membersAt = writeLabel(target, at, RESPONSE);
  at = membersAt;
  if (record.hasResponse) {
    at = writeNumber(target, at, STATUS_CODE, record.statusCode);
  }
  at = writeSizes(target, at, record.responseHeadBytes, bodyBytes);
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
export function writeEcsUrl(target: Uint8Array, at: number, record: HttpRecord): number {
  const { bytes, request, targetOffset, targetEnd } = record;
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
  at = writeJsonString(target, at, bytes, record.pathOffset, record.pathEnd);
  if (record.hasQuery) {
    at = writeLabel(target, at, QUERY);
    at = writeJsonString(target, at, bytes, record.queryOffset, record.queryEnd);
  }
  at = writeLabel(target, at, OBJECT_END);
  if (request.fieldOffsets[FIELD_USER_AGENT] === 0) {
    return at;
  }
  at = writeField(target, at, USER_AGENT, bytes, request, FIELD_USER_AGENT);
  return writeLabel(target, at, OBJECT_END);
}
