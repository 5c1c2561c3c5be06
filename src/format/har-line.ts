import { FIELD_CONTENT_TYPE, FIELD_HOST, FIELD_LOCATION } from '../http/grammar.ts';
import { fieldLength } from '../http/message.ts';
import { type Exchange, INCOMPLETE_NAMES, INCOMPLETE_NONE } from '../record/exchange.ts';
import { findVersionNumber, versionNumberEnd } from '../record/start-line.ts';
import { writeEndpoint } from './address.ts';
import {
  createHarLists,
  type HarLists,
  writeHeaders,
  writeNoHeaders,
  writeQueryString,
  writeRequestCookies,
  writeResponseCookies,
} from './har-lists.ts';
import { writeUrl } from './har-url.ts';
import { createJsonLabel, createKeyLabel, type JsonLabel, writeLabel } from './json-label.ts';
import {
  DECIMALS_MS,
  JSON_BYTES_MAX,
  writeJsonDecimal,
  writeJsonNumber,
  writeJsonString,
  writeJsonText,
} from './json-text.ts';
import { valueBytesMax, writeAddress, writeUuid } from './json-values.ts';
import type { LineDocument } from './line-batch.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import { labelBytes } from './record-values.ts';
import { createUtcTimestamp, type UtcTimestamp, writeUtcTimestamp } from './utc-timestamp.ts';

/** Bytes of an entry beside its values and lists: all keys take 600, numbers, times and addresses 500. */
const HAR_OVERHEAD_BYTES_MAX = 2048;

const NANOSECONDS_PER_SECOND = 1e9;

const BYTE_LF = 0x0a;
const BYTE_QUOTE = 0x22;
const BYTE_BRACE_CLOSE = 0x7d;

const STARTED = createJsonLabel(',{"startedDateTime":"');
const TIME = createJsonLabel('","time":');
const REQUEST_METHOD = createJsonLabel(',"request":{"method":');
const HTTP_VERSION = createJsonLabel(',"httpVersion":"HTTP/');
const NO_HTTP_VERSION = createJsonLabel(',"httpVersion":"');
const HEADERS_SIZE = createKeyLabel('headersSize');
const BODY_SIZE = createKeyLabel('bodySize');
const RESPONSE_STATUS = createJsonLabel('},"response":{"status":');
const STATUS_TEXT = createKeyLabel('statusText');
const REDIRECT_URL = createKeyLabel('redirectURL');
const CONTENT_SIZE = createJsonLabel(',"content":{"size":');
const MIME_TYPE = createKeyLabel('mimeType');
const OBJECT_END = createJsonLabel('}');
const TIMINGS = createJsonLabel(
  '},"cache":{},"timings":{"blocked":-1,"dns":-1,"ssl":-1,"connect":',
);
const SEND = createKeyLabel('send');
const WAIT = createKeyLabel('wait');
const RECEIVE = createKeyLabel('receive');
const SERVER = createJsonLabel('},"serverIPAddress":');
const CONNECTION = createJsonLabel(',"connection":"');
const ID = createKeyLabel('_id');
const INCOMPLETE = INCOMPLETE_NAMES.map((name) => createJsonLabel(`,"_incomplete":"${name}"`));
const UNKNOWN_NUMBER = createJsonLabel('-1');
const EMPTY = createJsonLabel('""');

/**
 * Entries of an HTTP Archive, which browsers' tools show: heads and sizes, no bodies.
 *
 * @see http://www.softwareishard.com/blog/har-12-spec/
 */
export const HAR_FORMAT: RecordFormat = {
  suffix: 'har',
  hasHeaderFields: true,
  createDocument,
  writers: { exchange: createEntryWriter },
};

function createDocument(version: string): LineDocument {
  const creator = JSON.stringify({ name: 'httplog', version });
  return {
    opening: labelBytes(`{"log":{"version":"1.2","creator":${creator},"entries":\n`),
    closing: labelBytes('}}\n'),
  };
}

function createEntryWriter({ namedFields }: RecordFormatOptions): RecordWriter<Exchange> {
  const lists = createHarLists(namedFields);
  const timestamp = createUtcTimestamp();
  return {
    linesPerRecord: 1,
    bytesMax: (exchange) =>
      HAR_OVERHEAD_BYTES_MAX +
      lists.overheadBytes +
      valueBytesMax(exchange, namedFields) +
      JSON_BYTES_MAX * repeatedBytes(exchange),
    write: (target, at, exchange) => {
      at = writeStart(target, at, exchange, timestamp);
      at = writeRequest(target, at, exchange, lists);
      at = writeResponse(target, at, exchange, lists);
      at = writeTimings(target, at, exchange);
      at = writeConnection(target, at, exchange);
      at = writeUuid(target, writeLabel(target, at, ID), exchange.id);
      if (exchange.incomplete !== INCOMPLETE_NONE) {
        at = writeLabel(target, at, INCOMPLETE[exchange.incomplete]);
      }
      target[at++] = BYTE_BRACE_CLOSE;
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

/** Bytes of fields that stand in the entry's own members too. */
function repeatedBytes({ hasRequest, request, hasResponse, response }: Exchange): number {
  return (
    (hasRequest ? fieldLength(request, FIELD_HOST) : 0) +
    (hasResponse
      ? fieldLength(response, FIELD_LOCATION) + fieldLength(response, FIELD_CONTENT_TYPE)
      : 0)
  );
}

/** The start is that of the connection where the exchange has opened it, so that the phases stand where they were. */
function writeStart(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  timestamp: UtcTimestamp,
): number {
  const connectNs = Math.max(exchange.connectNs, 0);
  const startNs = exchange.timestampSubsecNs - connectNs;
  const seconds = Math.floor(startNs / NANOSECONDS_PER_SECOND);
  at = writeLabel(target, at, STARTED);
  at = writeUtcTimestamp(
    target,
    at,
    timestamp,
    exchange.timestampSec + seconds,
    startNs - seconds * NANOSECONDS_PER_SECOND,
  );
  const sumNs = connectNs + sendNs(exchange) + waitNs(exchange) + receiveNs(exchange);
  return writeJsonDecimal(target, writeLabel(target, at, TIME), sumNs, DECIMALS_MS);
}

function sendNs({ requestNs }: Exchange): number {
  return Math.max(requestNs, 0);
}

/** Without a response it lasts to the end. A response may begin before the request ends. */
function waitNs(exchange: Exchange): number {
  const { firstByteNs, totalNs, hasRequest, hasResponse } = exchange;
  if (!hasRequest) {
    return 0;
  }
  return Math.max((hasResponse ? firstByteNs : totalNs) - sendNs(exchange), 0);
}

function receiveNs({ responseNs }: Exchange): number {
  return Math.max(responseNs, 0);
}

function writeRequest(target: Uint8Array, at: number, exchange: Exchange, lists: HarLists): number {
  const { bytes, request, hasRequest, methodEnd } = exchange;
  at = writeLabel(target, at, REQUEST_METHOD);
  at = hasRequest
    ? writeJsonString(target, at, bytes, request.startLineOffset, methodEnd)
    : writeLabel(target, at, EMPTY);
  at = writeUrl(target, at, exchange);
  at = writeVersion(target, at, exchange);
  at = hasRequest ? writeHeaders(target, at, bytes, request, lists) : writeNoHeaders(target, at);
  at = writeRequestCookies(target, at, exchange, lists);
  at = writeQueryString(target, at, exchange);
  at = writeNumber(target, at, HEADERS_SIZE, exchange.requestHeadBytes);
  return writeNumber(target, at, BODY_SIZE, exchange.requestBodyBytes);
}

/** One for both messages, as in every format. */
function writeVersion(target: Uint8Array, at: number, exchange: Exchange): number {
  const offset = findVersionNumber(exchange);
  at = writeLabel(target, at, offset === 0 ? NO_HTTP_VERSION : HTTP_VERSION);
  if (offset !== 0) {
    const end = versionNumberEnd(exchange, offset);
    at = writeJsonText(target, at, exchange.bytes, offset, end);
  }
  target[at++] = BYTE_QUOTE;
  return at;
}

function writeResponse(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  lists: HarLists,
): number {
  const { bytes, response, hasResponse, reasonOffset } = exchange;
  at = writeLabel(target, at, RESPONSE_STATUS);
  at = writeJsonNumber(target, at, hasResponse ? Math.max(exchange.statusCode, 0) : 0);
  at = writeLabel(target, at, STATUS_TEXT);
  at = hasResponse
    ? writeJsonString(target, at, bytes, reasonOffset, response.startLineEnd)
    : writeLabel(target, at, EMPTY);
  at = writeVersion(target, at, exchange);
  at = hasResponse ? writeHeaders(target, at, bytes, response, lists) : writeNoHeaders(target, at);
  at = writeResponseCookies(target, at, exchange, lists);
  at = writeField(target, at, REDIRECT_URL, exchange, FIELD_LOCATION);
  at = writeNumber(target, at, CONTENT_SIZE, exchange.responseBodyBytes);
  at = writeField(target, at, MIME_TYPE, exchange, FIELD_CONTENT_TYPE);
  at = writeLabel(target, at, OBJECT_END);
  at = writeNumber(target, at, HEADERS_SIZE, exchange.responseHeadBytes);
  return writeNumber(target, at, BODY_SIZE, exchange.responseBodyBytes);
}

/** Writes a field of the response; an absent one is empty. */
function writeField(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  { bytes, response, hasResponse }: Exchange,
  slot: number,
): number {
  at = writeLabel(target, at, label);
  const offset = hasResponse ? response.fieldOffsets[slot] : 0;
  return offset === 0
    ? writeLabel(target, at, EMPTY)
    : writeJsonString(target, at, bytes, offset, response.fieldEnds[slot]);
}

function writeTimings(target: Uint8Array, at: number, exchange: Exchange): number {
  const { connectNs } = exchange;
  at = writeLabel(target, at, TIMINGS);
  at =
    connectNs < 0
      ? writeLabel(target, at, UNKNOWN_NUMBER)
      : writeJsonDecimal(target, at, connectNs, DECIMALS_MS);
  at = writeJsonDecimal(target, writeLabel(target, at, SEND), sendNs(exchange), DECIMALS_MS);
  at = writeJsonDecimal(target, writeLabel(target, at, WAIT), waitNs(exchange), DECIMALS_MS);
  return writeJsonDecimal(
    target,
    writeLabel(target, at, RECEIVE),
    receiveNs(exchange),
    DECIMALS_MS,
  );
}

/** A connection is known by who has opened it. */
function writeConnection(target: Uint8Array, at: number, exchange: Exchange): number {
  const { bytes, client, server } = exchange;
  at =
    server.addressLength === 0
      ? writeLabel(target, at, OBJECT_END)
      : writeAddress(target, writeLabel(target, at, SERVER), bytes, server);
  if (client.addressLength === 0) {
    return at;
  }
  at = writeLabel(target, at, CONNECTION);
  at = writeEndpoint(target, at, bytes, client.addressOffset, client.addressLength, client.port);
  target[at++] = BYTE_QUOTE;
  return at;
}

/** Writes a number; -1 when it is UNKNOWN, as the format has it. */
function writeNumber(target: Uint8Array, at: number, label: JsonLabel, value: number): number {
  at = writeLabel(target, at, label);
  return value < 0 ? writeLabel(target, at, UNKNOWN_NUMBER) : writeJsonNumber(target, at, value);
}
