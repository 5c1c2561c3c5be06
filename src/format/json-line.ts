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
  type NamedField,
} from '../http/grammar.ts';
import {
  type Exchange,
  INCOMPLETE_NAMES,
  INCOMPLETE_NONE,
  isWhole,
  UNIT_EXCHANGE,
} from '../record/exchange.ts';
import { TYPE_CQ, TYPE_CR } from '../record/message-type.ts';
import {
  closeObject,
  createJsonLabel,
  createKeyLabel,
  type JsonLabel,
  writeLabel,
} from './json-label.ts';
import { JSON_QUOTES_BYTES, writeJsonNumber, writeJsonString } from './json-text.ts';
import {
  messageWith,
  readContentLength,
  valueBytesMax,
  writeAddress,
  writeField,
  writeMilliseconds,
  writeNamedFields,
  writeNumber,
  writeUser,
  writeUuid,
  writeVersion,
  writeVlanIds,
} from './json-values.ts';
import type { RecordFormat, RecordFormatOptions } from './record-format.ts';
import { createUtcTimestamp, type UtcTimestamp, writeUtcTimestamp } from './utc-timestamp.ts';

/** Bytes of a line beside its values: all keys take 1000, numbers, times and addresses 500. */
const JSON_OVERHEAD_BYTES_MAX = 2048;

const BYTE_LF = 0x0a;

const RECORD_EXCHANGE = createJsonLabel(',"record":"exchange","time":"');
const RECORD_MESSAGE = createJsonLabel(',"record":"message","time":"');
const ID = createJsonLabel('","id":');
const SIDE_SERVER = createJsonLabel(',"side":"server"');
const SIDE_CLIENT = createJsonLabel(',"side":"client"');
/** By message type. */
const TYPES = ['', 'CQ', 'CR', 'SQ', 'SR'].map((type) => createJsonLabel(`,"type":"${type}"`));
const COMPLETE = createJsonLabel(',"complete":true');
/** Nothing is missing but what the capture cut of a start line. */
const NOT_WHOLE = createJsonLabel(',"complete":false');
const TARGET_CUT = createJsonLabel(',"target_cut":true');
/** By reason. */
const INCOMPLETE = INCOMPLETE_NAMES.map((name) =>
  createJsonLabel(`,"complete":false,"incomplete":"${name}"`),
);

const CLIENT_IP = createKeyLabel('client_ip');
const CLIENT_PORT = createKeyLabel('client_port');
const SERVER_IP = createKeyLabel('server_ip');
const SERVER_PORT = createKeyLabel('server_port');
const VLAN = createKeyLabel('vlan');
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
export function createJsonFormat(options: RecordFormatOptions): RecordFormat {
  const { namedFields } = options;
  const nameLabels = namedFields.map(({ name }) => createKeyLabel(name));
  const overheadBytes = JSON_OVERHEAD_BYTES_MAX + namedLabelBytes(nameLabels);
  const timestamp = createUtcTimestamp();
  return {
    linesPerRecord: 1,
    fileHeader: undefined,
    bytesMax: (exchange) => overheadBytes + valueBytesMax(exchange, namedFields),
    write: (target, at, exchange) => {
      const lineAt = at;
      at = writeFlow(target, at, exchange, timestamp);
      if (exchange.hasRequest) {
        at = writeRequest(target, at, exchange);
      } else {
        at = writeVersion(target, at, VERSION, exchange);
      }
      at = writeCorrelation(target, at, exchange);
      if (exchange.hasResponse) {
        at = writeResponse(target, at, exchange);
      }
      at = writeMeasures(target, at, exchange);
      at = writeHeaders(target, at, exchange, namedFields, nameLabels);
      at = closeObject(target, at, lineAt, lineAt);
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

/** Twice, for request and response, with the quotes of the values. */
function namedLabelBytes(nameLabels: readonly JsonLabel[]): number {
  return nameLabels.reduce((sum, label) => sum + 2 * (label.byteLength + JSON_QUOTES_BYTES), 0);
}

function writeFlow(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  timestamp: UtcTimestamp,
): number {
  const { timestampSec, timestampSubsecNs, type } = exchange;
  const isExchange = exchange.unit === UNIT_EXCHANGE;
  at = writeLabel(target, at, isExchange ? RECORD_EXCHANGE : RECORD_MESSAGE);
  at = writeUtcTimestamp(target, at, timestamp, timestampSec, timestampSubsecNs);
  at = writeLabel(target, at, ID);
  at = writeUuid(target, at, exchange.id);
  if (isExchange) {
    at = writeLabel(target, at, type === TYPE_CQ || type === TYPE_CR ? SIDE_SERVER : SIDE_CLIENT);
  } else {
    at = writeLabel(target, at, TYPES[type]);
  }
  at = writeLabel(target, at, CLIENT_IP);
  at = writeAddress(target, at, exchange, exchange.clientAddressOffset);
  at = writeLabel(target, at, CLIENT_PORT);
  at = writeJsonNumber(target, at, exchange.clientPort);
  at = writeLabel(target, at, SERVER_IP);
  at = writeAddress(target, at, exchange, exchange.serverAddressOffset);
  at = writeLabel(target, at, SERVER_PORT);
  at = writeJsonNumber(target, at, exchange.serverPort);
  if (exchange.vlanTagsCount > 0) {
    at = writeLabel(target, at, VLAN);
    at = writeVlanIds(target, at, exchange);
  }
  return at;
}

function writeRequest(target: Uint8Array, at: number, exchange: Exchange): number {
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
  if (exchange.isTargetCut) {
    at = writeLabel(target, at, TARGET_CUT);
  }
  at = writeVersion(target, at, VERSION, exchange);
  at = writeField(target, at, HOST, bytes, request, FIELD_HOST);
  at = writeField(target, at, USER_AGENT, bytes, request, FIELD_USER_AGENT);
  at = writeField(target, at, REFERER, bytes, request, FIELD_REFERER);
  at = writeField(target, at, REQUEST_CONTENT_TYPE, bytes, request, FIELD_CONTENT_TYPE);
  if (exchange.unit !== UNIT_EXCHANGE) {
    at = writeNumber(target, at, REQUEST_CONTENT_LENGTH, readContentLength(bytes, request));
  }
  at = writeUser(target, at, USER, bytes, request);
  at = writeField(target, at, FORWARDED_FOR, bytes, request, FIELD_X_FORWARDED_FOR);
  return writeField(target, at, FORWARDED, bytes, request, FIELD_FORWARDED);
}

function writeCorrelation(target: Uint8Array, at: number, exchange: Exchange): number {
  at = writeShared(target, at, REQUEST_ID, exchange, FIELD_X_REQUEST_ID);
  at = writeShared(target, at, CORRELATION_ID, exchange, FIELD_X_CORRELATION_ID);
  return writeShared(target, at, TRACEPARENT, exchange, FIELD_TRACEPARENT);
}

/** A field that either message may have. */
function writeShared(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  exchange: Exchange,
  slot: number,
): number {
  const message = messageWith(exchange, slot);
  return message === undefined ? at : writeField(target, at, label, exchange.bytes, message, slot);
}

function writeResponse(target: Uint8Array, at: number, exchange: Exchange): number {
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
  if (exchange.retransmittedSegments > 0) {
    at = writeNumber(target, at, RETRANSMITTED_SEGMENTS, exchange.retransmittedSegments);
  }
  if (exchange.unit !== UNIT_EXCHANGE) {
    return at;
  }
  const { incomplete } = exchange;
  if (incomplete !== INCOMPLETE_NONE) {
    return writeLabel(target, at, INCOMPLETE[incomplete]);
  }
  return writeLabel(target, at, isWhole(exchange) ? COMPLETE : NOT_WHOLE);
}

function writeHeaders(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  namedFields: readonly NamedField[],
  nameLabels: readonly JsonLabel[],
): number {
  const { bytes, request, response } = exchange;
  if (exchange.hasRequest) {
    at = writeNamedFields(target, at, REQUEST_HEADERS, bytes, request, namedFields, nameLabels);
  }
  if (exchange.hasResponse) {
    at = writeNamedFields(target, at, RESPONSE_HEADERS, bytes, response, namedFields, nameLabels);
  }
  return at;
}
