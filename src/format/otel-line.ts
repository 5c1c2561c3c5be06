import { FIELD_TRACEPARENT, type NamedField } from '../http/grammar.ts';
import type { HttpMessage } from '../http/message.ts';
import { type Exchange, INCOMPLETE_NONE } from '../record/exchange.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { Message } from '../record/message.ts';
import { closeArray, createJsonLabel, type JsonLabel, writeLabel } from './json-label.ts';
import { JSON_BYTES_MAX, writeJsonNumber, writeJsonString, writeJsonText } from './json-text.ts';
import {
  isTraceparent,
  SPAN_ID_AT,
  SPAN_ID_DIGITS,
  TRACE_ID_AT,
  TRACE_ID_DIGITS,
} from './json-value-texts.ts';
import { messageWith, valueBytesMax, writeUuid } from './json-values.ts';
import { createHeaderLabel, HEADER_END_BYTES, writeHeaderAttribute } from './otel-attributes.ts';
import { writeExchangeAttributes, writeMessageAttributes } from './otel-http.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import { writeEpochNs } from './utc-timestamp.ts';

/** Bytes of a line beside its values: the attributes' names and frames take 3000, their numbers 800. */
const OTEL_OVERHEAD_BYTES_MAX = 6144;

const NANOSECONDS_PER_SECOND = 1e9;
const SERVER_ERROR_MIN = 500;
const CLIENT_ERROR_MIN = 400;
const BYTE_SPACE = 0x20;

const OBSERVED_TIME = createJsonLabel('","observedTimeUnixNano":"');
const INFO = createJsonLabel('","severityNumber":9,"severityText":"INFO"');
const WARN = createJsonLabel('","severityNumber":13,"severityText":"WARN"');
const ERROR = createJsonLabel('","severityNumber":17,"severityText":"ERROR"');
const EVENT_EXCHANGE = createJsonLabel(',"eventName":"http.exchange","body":{"stringValue":"');
const EVENT_MESSAGE = createJsonLabel(',"eventName":"http.message","body":{"stringValue":"');
const ATTRIBUTES = createJsonLabel('"},"attributes":');
const RECORD_ID = createJsonLabel(',{"key":"log.record.uid","value":{"stringValue":');
const RECORD_ID_END = createJsonLabel('}}');
const TRACE_ID = createJsonLabel(',"traceId":');
const SPAN_ID = createJsonLabel(',"spanId":');
const LINE_END = createJsonLabel('}]}]}]}\n');

/** Labels of the named fields, as headers of requests and of responses. */
interface HeaderLabels {
  readonly namedFields: readonly NamedField[];
  readonly request: readonly JsonLabel[];
  readonly response: readonly JsonLabel[];
}

/**
 * One OTLP/JSON ExportLogsServiceRequest with one log record a line, as the collector's file exporter writes
 * and its receiver reads.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/file-exporter/
 */
export const OTEL_FORMAT: RecordFormat = {
  suffix: 'otel.json',
  hasHeaderFields: true,
  writers: { exchange: createExchangeWriter, message: createMessageWriter },
};

function createExchangeWriter(options: RecordFormatOptions): RecordWriter<Exchange> {
  const frame = createLineFrame(options);
  return {
    linesPerRecord: 1,
    bytesMax: (exchange) => bytesMaxOf(exchange, frame),
    write: (target, at, exchange) => {
      const severity = severityOf(exchange, exchange.incomplete === INCOMPLETE_NONE);
      at = writeLabel(target, at, frame.lineStart);
      at = writeTimes(target, at, exchange, Math.max(exchange.totalNs, 0));
      at = writeLabel(target, at, severity);
      at = writeBody(target, writeLabel(target, at, EVENT_EXCHANGE), exchange);
      const elementsAt = writeLabel(target, at, ATTRIBUTES);
      at = writeExchangeAttributes(target, elementsAt, exchange);
      return writeLineEnd(target, at, exchange, frame.headers, elementsAt);
    },
  };
}

function createMessageWriter(options: RecordFormatOptions): RecordWriter<Message> {
  const frame = createLineFrame(options);
  return {
    linesPerRecord: 1,
    bytesMax: (message) => bytesMaxOf(message, frame),
    write: (target, at, message) => {
      at = writeLabel(target, at, frame.lineStart);
      at = writeTimes(target, at, message, 0);
      at = writeLabel(target, at, severityOf(message, true));
      at = writeBody(target, writeLabel(target, at, EVENT_MESSAGE), message);
      const elementsAt = writeLabel(target, at, ATTRIBUTES);
      at = writeMessageAttributes(target, elementsAt, message);
      return writeLineEnd(target, at, message, frame.headers, elementsAt);
    },
  };
}

/** What the lines of one output have in common. */
interface LineFrame {
  readonly headers: HeaderLabels;
  readonly lineStart: JsonLabel;
  readonly overheadBytes: number;
}

function createLineFrame({ namedFields, hostName }: RecordFormatOptions): LineFrame {
  const headers = {
    namedFields,
    request: namedFields.map(({ name }) => createHeaderLabel(`http.request.header.${name}`)),
    response: namedFields.map(({ name }) => createHeaderLabel(`http.response.header.${name}`)),
  };
  const lineStart = createJsonLabel(createLineStart(hostName));
  const overheadBytes = OTEL_OVERHEAD_BYTES_MAX + lineStart.byteLength + headerLabelBytes(headers);
  return { headers, lineStart, overheadBytes };
}

function bytesMaxOf(record: HttpRecord, { headers, overheadBytes }: LineFrame): number {
  return overheadBytes + valueBytesMax(record, headers.namedFields) + repeatedBytesMax(record);
}

/** Writes the last attributes, and what is behind them. */
function writeLineEnd(
  target: Uint8Array,
  at: number,
  record: HttpRecord,
  headers: HeaderLabels,
  elementsAt: number,
): number {
  at = writeUuid(target, writeLabel(target, at, RECORD_ID), record.id);
  at = writeLabel(target, at, RECORD_ID_END);
  at = writeHeaders(target, at, record, headers);
  at = closeArray(target, at, elementsAt);
  return writeLabel(target, writeTrace(target, at, record), LINE_END);
}

function createLineStart(hostName: string): string {
  const service = createAttribute('service.name', 'httplog');
  const host = createAttribute('host.name', hostName);
  return (
    `{"resourceLogs":[{"resource":{"attributes":[${service},${host}]},` +
    '"scopeLogs":[{"scope":{"name":"httplog"},"logRecords":[{"timeUnixNano":"'
  );
}

function createAttribute(key: string, text: string): string {
  return JSON.stringify({ key, value: { stringValue: text } });
}

function headerLabelBytes(headers: HeaderLabels): number {
  return [...headers.request, ...headers.response].reduce(
    (sum, label) => sum + label.byteLength + HEADER_END_BYTES,
    0,
  );
}

/** Method and path are in the body a second time. */
function repeatedBytesMax(exchange: HttpRecord): number {
  if (!exchange.hasRequest) {
    return 0;
  }
  const methodLength = exchange.methodEnd - exchange.request.startLineOffset;
  const pathLength = exchange.pathEnd - exchange.pathOffset;
  return (methodLength + pathLength) * JSON_BYTES_MAX;
}

/** Time of the first byte, and of the last one as that of the observation: packet times both. */
function writeTimes(target: Uint8Array, at: number, record: HttpRecord, totalNs: number): number {
  const { timestampSec, timestampSubsecNs } = record;
  const subsecNs = timestampSubsecNs + totalNs;
  const carrySec = Math.floor(subsecNs / NANOSECONDS_PER_SECOND);
  const lastSubsecNs = subsecNs - carrySec * NANOSECONDS_PER_SECOND;
  at = writeEpochNs(target, at, timestampSec, timestampSubsecNs);
  at = writeLabel(target, at, OBSERVED_TIME);
  return writeEpochNs(target, at, timestampSec + carrySec, lastSubsecNs);
}

function severityOf(exchange: HttpRecord, isWhole: boolean): JsonLabel {
  const statusCode = exchange.hasResponse ? exchange.statusCode : 0;
  if (statusCode >= SERVER_ERROR_MIN) {
    return ERROR;
  }
  const isWarning = statusCode >= CLIENT_ERROR_MIN || !isWhole;
  return isWarning ? WARN : INFO;
}

/** `GET /path 200`, or as much of it as was seen. */
function writeBody(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { bytes, request } = exchange;
  const hasStatus = exchange.hasResponse && exchange.statusCode >= 0;
  if (exchange.hasRequest) {
    at = writeJsonText(target, at, bytes, request.startLineOffset, exchange.methodEnd);
    target[at++] = BYTE_SPACE;
    at = writeJsonText(target, at, bytes, exchange.pathOffset, exchange.pathEnd);
    if (hasStatus) {
      target[at++] = BYTE_SPACE;
    }
  }
  return hasStatus ? writeJsonNumber(target, at, exchange.statusCode) : at;
}

function writeHeaders(
  target: Uint8Array,
  at: number,
  exchange: HttpRecord,
  headers: HeaderLabels,
): number {
  if (exchange.hasRequest) {
    at = writeMessageHeaders(target, at, exchange, exchange.request, headers.request, headers);
  }
  return exchange.hasResponse
    ? writeMessageHeaders(target, at, exchange, exchange.response, headers.response, headers)
    : at;
}

function writeMessageHeaders(
  target: Uint8Array,
  at: number,
  exchange: HttpRecord,
  message: HttpMessage,
  labels: readonly JsonLabel[],
  headers: HeaderLabels,
): number {
  const { namedFields } = headers;
  for (let index = 0; index < namedFields.length; index++) {
    const { slot } = namedFields[index];
    at = writeHeaderAttribute(target, at, labels[index], exchange.bytes, message, slot);
  }
  return at;
}

/** The ids of a traceparent that keeps to its standard. */
function writeTrace(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { bytes } = exchange;
  const message = messageWith(exchange, FIELD_TRACEPARENT);
  if (message === undefined) {
    return at;
  }
  const offset = message.fieldOffsets[FIELD_TRACEPARENT];
  if (!isTraceparent(bytes, offset, message.fieldEnds[FIELD_TRACEPARENT])) {
    return at;
  }
  const traceOffset = offset + TRACE_ID_AT;
  const spanOffset = offset + SPAN_ID_AT;
  at = writeLabel(target, at, TRACE_ID);
  at = writeJsonString(target, at, bytes, traceOffset, traceOffset + TRACE_ID_DIGITS);
  at = writeLabel(target, at, SPAN_ID);
  return writeJsonString(target, at, bytes, spanOffset, spanOffset + SPAN_ID_DIGITS);
}
