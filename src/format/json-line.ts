import {
  FIELD_CONTENT_TYPE,
  FIELD_FORWARDED,
  FIELD_HOST,
  FIELD_LOCATION,
  FIELD_REFERER,
  FIELD_SERVER,
  FIELD_TRACEPARENT,
  FIELD_USER_AGENT,
  FIELD_X_CORRELATION_ID,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_REQUEST_ID,
} from '../http/grammar.ts';
import { type Exchange, INCOMPLETE_NAMES, INCOMPLETE_NONE } from '../record/exchange.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { Message } from '../record/message.ts';
import { MESSAGE_TYPE_NAMES, SIDE_SERVER } from '../record/message-type.ts';
import { writeJsonEnds } from './json-ends.ts';
import {
  closeObject,
  createJsonLabel,
  createKeyLabel,
  type JsonLabel,
  writeLabel,
} from './json-label.ts';
import { writeJsonString } from './json-text.ts';
import {
  createNameLabels,
  messageWith,
  type NameLabels,
  readContentLength,
  valueBytesMax,
  writeField,
  writeMilliseconds,
  writeNamedFields,
  writeNumber,
  writeUser,
  writeUuid,
  writeVersion,
} from './json-values.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import { createUtcTimestamp, type UtcTimestamp, writeUtcTimestamp } from './utc-timestamp.ts';

/** Bytes of a line beside its values: all keys take 1000, numbers, times and addresses 500. */
const JSON_OVERHEAD_BYTES_MAX = 2048;

const BYTE_LF = 0x0a;

const RECORD_EXCHANGE = createJsonLabel(',"record":"exchange","time":"');
const RECORD_MESSAGE = createJsonLabel(',"record":"message","time":"');
const ID = createJsonLabel('","id":');
const AS_SERVER = createJsonLabel(',"side":"server"');
const AS_CLIENT = createJsonLabel(',"side":"client"');
/** By message type less one. */
const TYPES = MESSAGE_TYPE_NAMES.map((type) => createJsonLabel(`,"type":"${type}"`));
const COMPLETE = createJsonLabel(',"complete":true');
/** By reason. */
const INCOMPLETE = INCOMPLETE_NAMES.map((name) =>
  createJsonLabel(`,"complete":false,"incomplete":"${name}"`),
);

const METHOD = createKeyLabel('method');
const TARGET = createKeyLabel('target');
const PATH = createKeyLabel('path');
const QUERY = createKeyLabel('query');
const VERSION = createKeyLabel('version');
const HOST = createKeyLabel('host');
const USER_AGENT = createKeyLabel('user_agent');
const REFERER = createKeyLabel('referer');
const REQUEST_CONTENT_TYPE = createKeyLabel('request_content_type');
const REQUEST_CONTENT_LENGTH = createKeyLabel('request_content_length');
const USER = createKeyLabel('user');
const FORWARDED_FOR = createKeyLabel('forwarded_for');
const FORWARDED = createKeyLabel('forwarded');
const REQUEST_ID = createKeyLabel('request_id');
const CORRELATION_ID = createKeyLabel('correlation_id');
const TRACEPARENT = createKeyLabel('traceparent');
const STATUS = createKeyLabel('status');
const REASON = createKeyLabel('reason');
const RESPONSE_CONTENT_TYPE = createKeyLabel('response_content_type');
const CONTENT_LENGTH = createKeyLabel('content_length');
const LOCATION = createKeyLabel('location');
const SERVER = createKeyLabel('server');
const CONNECT_MS = createKeyLabel('connect_ms');
const REQUEST_MS = createKeyLabel('request_ms');
const FIRST_BYTE_MS = createKeyLabel('ttfb_ms');
const RESPONSE_MS = createKeyLabel('response_ms');
const DURATION_MS = createKeyLabel('duration_ms');
const REQUEST_HEAD_BYTES = createKeyLabel('request_head_bytes');
const REQUEST_BODY_BYTES = createKeyLabel('request_body_bytes');
const RESPONSE_HEAD_BYTES = createKeyLabel('response_head_bytes');
const RESPONSE_BODY_BYTES = createKeyLabel('response_body_bytes');
const RETRANSMITTED_SEGMENTS = createKeyLabel('retransmitted_segments');
const REQUEST_HEADERS = createKeyLabel('request_headers');
const RESPONSE_HEADERS = createKeyLabel('response_headers');

/** One JSON object a line, its keys as docs/formats-json.md lists them. */
export const JSON_FORMAT: RecordFormat = {
  suffix: 'json',
  hasHeaderFields: true,
  writers: { exchange: createExchangeWriter, message: createMessageWriter },
};

function createExchangeWriter(options: RecordFormatOptions): RecordWriter<Exchange> {
  const names = createNameLabels(options.namedFields);
  const timestamp = createUtcTimestamp();
  return {
    linesPerRecord: 1,
    bytesMax: (exchange) => bytesMaxOf(exchange, names),
    write: (target, at, exchange) => {
      const lineAt = at;
      at = writeIdentity(target, at, RECORD_EXCHANGE, exchange, timestamp);
      at = writeLabel(target, at, exchange.side === SIDE_SERVER ? AS_SERVER : AS_CLIENT);
      at = writeJsonEnds(target, at, exchange);
      if (exchange.hasRequest) {
        at = writeRequest(target, at, exchange);
        at = writeSender(target, at, exchange);
      } else {
        at = writeVersion(target, at, VERSION, exchange);
      }
      at = writeCorrelation(target, at, exchange);
      if (exchange.hasResponse) {
        at = writeResponse(target, at, exchange);
      }
      at = writeMeasures(target, at, exchange);
      at = writeHeaders(target, at, exchange, names);
      at = closeObject(target, at, lineAt, lineAt);
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

function createMessageWriter(options: RecordFormatOptions): RecordWriter<Message> {
  const names = createNameLabels(options.namedFields);
  const timestamp = createUtcTimestamp();
  return {
    linesPerRecord: 1,
    bytesMax: (message) => bytesMaxOf(message, names),
    write: (target, at, message) => {
      const lineAt = at;
      at = writeIdentity(target, at, RECORD_MESSAGE, message, timestamp);
      at = writeLabel(target, at, TYPES[message.type - 1]);
      at = writeJsonEnds(target, at, message);
      if (message.hasRequest) {
        const contentLength = readContentLength(message.bytes, message.request);
        at = writeRequest(target, at, message);
        at = writeNumber(target, at, REQUEST_CONTENT_LENGTH, contentLength);
        at = writeSender(target, at, message);
      } else {
        at = writeVersion(target, at, VERSION, message);
      }
      at = writeCorrelation(target, at, message);
      if (message.hasResponse) {
        at = writeResponse(target, at, message);
      }
      at = writeNumber(target, at, REQUEST_HEAD_BYTES, message.requestHeadBytes);
      at = writeNumber(target, at, RESPONSE_HEAD_BYTES, message.responseHeadBytes);
      at = writeHeaders(target, at, message, names);
      at = closeObject(target, at, lineAt, lineAt);
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

function bytesMaxOf(record: HttpRecord, { namedFields, overheadBytes }: NameLabels): number {
  return JSON_OVERHEAD_BYTES_MAX + overheadBytes + valueBytesMax(record, namedFields);
}

function writeIdentity(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  record: HttpRecord,
  timestamp: UtcTimestamp,
): number {
  const { timestampSec, timestampSubsecNs } = record;
  at = writeLabel(target, at, label);
  at = writeUtcTimestamp(target, at, timestamp, timestampSec, timestampSubsecNs);
  return writeUuid(target, writeLabel(target, at, ID), record.id);
}

function writeRequest(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { bytes, request } = exchange;
  at = writeLabel(target, at, METHOD);
  at = writeJsonString(target, at, bytes, request.startLineOffset, exchange.methodEnd);
  at = writeLabel(target, at, TARGET);
  at = writeJsonString(target, at, bytes, exchange.targetOffset, exchange.targetEnd);
  at = writeLabel(target, at, PATH);
  at = writeJsonString(target, at, bytes, exchange.pathOffset, exchange.pathEnd);
  if (exchange.hasQuery) {
    at = writeLabel(target, at, QUERY);
    at = writeJsonString(target, at, bytes, exchange.queryOffset, exchange.queryEnd);
  }
  at = writeVersion(target, at, VERSION, exchange);
  at = writeField(target, at, HOST, bytes, request, FIELD_HOST);
  at = writeField(target, at, USER_AGENT, bytes, request, FIELD_USER_AGENT);
  at = writeField(target, at, REFERER, bytes, request, FIELD_REFERER);
  return writeField(target, at, REQUEST_CONTENT_TYPE, bytes, request, FIELD_CONTENT_TYPE);
}

/** Who the request is said to come from. */
function writeSender(target: Uint8Array, at: number, { bytes, request }: HttpRecord): number {
  at = writeUser(target, at, USER, bytes, request);
  at = writeField(target, at, FORWARDED_FOR, bytes, request, FIELD_X_FORWARDED_FOR);
  return writeField(target, at, FORWARDED, bytes, request, FIELD_FORWARDED);
}

function writeCorrelation(target: Uint8Array, at: number, exchange: HttpRecord): number {
  at = writeShared(target, at, REQUEST_ID, exchange, FIELD_X_REQUEST_ID);
  at = writeShared(target, at, CORRELATION_ID, exchange, FIELD_X_CORRELATION_ID);
  return writeShared(target, at, TRACEPARENT, exchange, FIELD_TRACEPARENT);
}

/** A field that either message may have. */
function writeShared(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  exchange: HttpRecord,
  slot: number,
): number {
  const message = messageWith(exchange, slot);
  return message === undefined ? at : writeField(target, at, label, exchange.bytes, message, slot);
}

function writeResponse(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { bytes, response } = exchange;
  at = writeNumber(target, at, STATUS, exchange.statusCode);
  if (exchange.reasonOffset < response.startLineEnd) {
    at = writeLabel(target, at, REASON);
    at = writeJsonString(target, at, bytes, exchange.reasonOffset, response.startLineEnd);
  }
  at = writeField(target, at, RESPONSE_CONTENT_TYPE, bytes, response, FIELD_CONTENT_TYPE);
  at = writeNumber(target, at, CONTENT_LENGTH, readContentLength(bytes, response));
  at = writeField(target, at, LOCATION, bytes, response, FIELD_LOCATION);
  return writeField(target, at, SERVER, bytes, response, FIELD_SERVER);
}

function writeMeasures(target: Uint8Array, at: number, exchange: Exchange): number {
  at = writeMilliseconds(target, at, CONNECT_MS, exchange.connectNs);
  at = writeMilliseconds(target, at, REQUEST_MS, exchange.requestNs);
  at = writeMilliseconds(target, at, FIRST_BYTE_MS, exchange.firstByteNs);
  at = writeMilliseconds(target, at, RESPONSE_MS, exchange.responseNs);
  at = writeMilliseconds(target, at, DURATION_MS, exchange.totalNs);
  at = writeNumber(target, at, REQUEST_HEAD_BYTES, exchange.requestHeadBytes);
  at = writeNumber(target, at, REQUEST_BODY_BYTES, exchange.requestBodyBytes);
  at = writeNumber(target, at, RESPONSE_HEAD_BYTES, exchange.responseHeadBytes);
  at = writeNumber(target, at, RESPONSE_BODY_BYTES, exchange.responseBodyBytes);
  const { retransmittedSegments } = exchange.wire;
  if (retransmittedSegments > 0) {
    at = writeNumber(target, at, RETRANSMITTED_SEGMENTS, retransmittedSegments);
  }
  const { incomplete } = exchange;
  return writeLabel(target, at, incomplete === INCOMPLETE_NONE ? COMPLETE : INCOMPLETE[incomplete]);
}

function writeHeaders(
  target: Uint8Array,
  at: number,
  exchange: HttpRecord,
  names: NameLabels,
): number {
  const { bytes, request, response } = exchange;
  if (exchange.hasRequest) {
    at = writeNamedFields(target, at, REQUEST_HEADERS, bytes, request, names);
  }
  if (exchange.hasResponse) {
    at = writeNamedFields(target, at, RESPONSE_HEADERS, bytes, response, names);
  }
  return at;
}
