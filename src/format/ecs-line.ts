import { FIELD_HOST, FIELD_TRACEPARENT } from '../http/grammar.ts';
import { fieldLength } from '../http/message.ts';
import { type Exchange, INCOMPLETE_NAMES, INCOMPLETE_NONE, UNKNOWN } from '../record/exchange.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { Message } from '../record/message.ts';
import { writeEcsHttp, writeEcsUrl } from './json-ecs-http.ts';
import { writeEcsEnds, writeEcsNetwork } from './json-ecs-network.ts';
import { writeEcsOwnExchange, writeEcsOwnMessage } from './json-ecs-own.ts';
import {
  closeObject,
  createJsonLabel,
  createKeyLabel,
  type JsonLabel,
  writeLabel,
} from './json-label.ts';
import { JSON_BYTES_MAX, writeJsonString } from './json-text.ts';
import { isTraceparent, TRACE_ID_AT, TRACE_ID_DIGITS } from './json-value-texts.ts';
import {
  createNameLabels,
  messageWith,
  type NameLabels,
  valueBytesMax,
  writeNumber,
  writeUser,
  writeUuid,
} from './json-values.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import { createUtcTimestamp, type UtcTimestamp, writeUtcTimestamp } from './utc-timestamp.ts';

/** Bytes of a line beside its values: all keys take 1700, numbers, times and addresses 800. */
const ECS_OVERHEAD_BYTES_MAX = 4096;

const NANOSECONDS_PER_SECOND = 1e9;
const FAILED_STATUS_MIN = 400;
const BYTE_LF = 0x0a;

const TIMESTAMP = createJsonLabel(',"@timestamp":"');
const EVENT_EXCHANGE = createJsonLabel(createEventText('exchange'));
const EVENT_MESSAGE = createJsonLabel(createEventText('message'));
const OUTCOME_SUCCESS = createJsonLabel(',"outcome":"success"');
const OUTCOME_FAILURE = createJsonLabel(',"outcome":"failure"');
const OUTCOME_UNKNOWN = createJsonLabel(',"outcome":"unknown"');
const START = createJsonLabel(',"start":"');
const END = createJsonLabel('","end":"');
const QUOTE = createJsonLabel('"');
const DURATION = createKeyLabel('duration');
const OBJECT_END = createJsonLabel('}');
const USER_NAME = createKeyLabel('name');
const USER = createKeyLabel('user');
const TRACE_ID = createJsonLabel(',"trace":{"id":');
/** By reason. */
const INCOMPLETE = INCOMPLETE_NAMES.map((name) =>
  createJsonLabel(`,"labels":{"incomplete":"${name}"}`),
);

function createEventText(name: string): string {
  return (
    '","ecs":{"version":"8.17.0"},"event":{"kind":"event","category":["network","web"],' +
    `"type":["connection","protocol"],"module":"httplog","dataset":"httplog.${name}","id":`
  );
}

/**
 * One Elastic Common Schema document a line.
 *
 * @see https://www.elastic.co/docs/reference/ecs
 */
export const ECS_FORMAT: RecordFormat = {
  suffix: 'ecs.json',
  hasHeaderFields: true,
  writers: { exchange: createExchangeWriter, message: createMessageWriter },
};

/** What the documents of one output have in common. */
interface Document {
  readonly names: NameLabels;
  readonly observer: JsonLabel;
  readonly overheadBytes: number;
  readonly timestamp: UtcTimestamp;
}

function createDocument(options: RecordFormatOptions): Document {
  const names = createNameLabels(options.namedFields);
  const observer = createJsonLabel(
    `,"observer":{"type":"sensor","product":"httplog","hostname":${JSON.stringify(options.hostName)}}`,
  );
  const overheadBytes = ECS_OVERHEAD_BYTES_MAX + observer.byteLength + names.overheadBytes;
  return { names, observer, overheadBytes, timestamp: createUtcTimestamp() };
}

function createExchangeWriter(options: RecordFormatOptions): RecordWriter<Exchange> {
  const document = createDocument(options);
  const endTimestamp = createUtcTimestamp();
  return {
    linesPerRecord: 1,
    bytesMax: (exchange) => bytesMaxOf(exchange, document),
    write: (target, at, exchange) => {
      const { requestBodyBytes, responseBodyBytes } = exchange;
      const lineAt = at;
      at = writeLabel(target, at, TIMESTAMP);
      at = writeStart(target, at, exchange, document.timestamp);
      at = writeEvent(target, at, EVENT_EXCHANGE, exchange, exchange.incomplete);
      at = writeDuration(target, at, exchange, document.timestamp, endTimestamp);
      at = writeLabel(target, at, OBJECT_END);
      at = writeEcsEnds(target, at, exchange, requestBodyBytes, responseBodyBytes);
      at = writeEcsNetwork(target, at, exchange);
      at = writeEcsHttp(target, at, exchange, requestBodyBytes, responseBodyBytes);
      at = writeContext(target, at, exchange, document.observer);
      if (exchange.incomplete !== INCOMPLETE_NONE) {
        at = writeLabel(target, at, INCOMPLETE[exchange.incomplete]);
      }
      at = writeEcsOwnExchange(target, at, exchange, document.names);
      at = closeObject(target, at, lineAt, lineAt);
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

function createMessageWriter(options: RecordFormatOptions): RecordWriter<Message> {
  const document = createDocument(options);
  return {
    linesPerRecord: 1,
    bytesMax: (message) => bytesMaxOf(message, document),
    write: (target, at, message) => {
      const lineAt = at;
      at = writeLabel(target, at, TIMESTAMP);
      at = writeStart(target, at, message, document.timestamp);
      at = writeEvent(target, at, EVENT_MESSAGE, message, INCOMPLETE_NONE);
      at = writeLabel(target, at, OBJECT_END);
      at = writeEcsEnds(target, at, message, UNKNOWN, UNKNOWN);
      at = writeEcsNetwork(target, at, message);
      at = writeEcsHttp(target, at, message, UNKNOWN, UNKNOWN);
      at = writeContext(target, at, message, document.observer);
      at = writeEcsOwnMessage(target, at, message, document.names);
      at = closeObject(target, at, lineAt, lineAt);
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

function bytesMaxOf(record: HttpRecord, { names, overheadBytes }: Document): number {
  return overheadBytes + valueBytesMax(record, names.namedFields) + repeatedBytesMax(record);
}

/** What was asked for, by whom, within which trace, and who has seen it. */
function writeContext(
  target: Uint8Array,
  at: number,
  record: HttpRecord,
  observer: JsonLabel,
): number {
  if (record.hasRequest) {
    at = writeEcsUrl(target, at, record);
    const membersAt = writeLabel(target, at, USER);
    const userEnd = writeUser(target, membersAt, USER_NAME, record.bytes, record.request);
    at = closeObject(target, userEnd, at, membersAt);
  }
  return writeLabel(target, writeTrace(target, at, record), observer);
}

/** Target and host are in `url.full` a second time. */
function repeatedBytesMax(exchange: HttpRecord): number {
  if (!exchange.hasRequest) {
    return 0;
  }
  const targetLength = exchange.targetEnd - exchange.targetOffset;
  return (targetLength + fieldLength(exchange.request, FIELD_HOST)) * JSON_BYTES_MAX;
}

function writeStart(
  target: Uint8Array,
  at: number,
  exchange: HttpRecord,
  timestamp: UtcTimestamp,
): number {
  const { timestampSec, timestampSubsecNs } = exchange;
  return writeUtcTimestamp(target, at, timestamp, timestampSec, timestampSubsecNs);
}

function writeEvent(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  record: HttpRecord,
  incomplete: number,
): number {
  at = writeUuid(target, writeLabel(target, at, label), record.id);
  return writeLabel(target, at, outcomeOf(record, incomplete));
}

/** Beginning, end and duration of an exchange whose end was seen. */
function writeDuration(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  startTimestamp: UtcTimestamp,
  endTimestamp: UtcTimestamp,
): number {
  if (exchange.totalNs < 0) {
    return at;
  }
  const subsecNs = exchange.timestampSubsecNs + exchange.totalNs;
  const carrySec = Math.floor(subsecNs / NANOSECONDS_PER_SECOND);
  at = writeLabel(target, at, START);
  at = writeStart(target, at, exchange, startTimestamp);
  at = writeLabel(target, at, END);
  at = writeUtcTimestamp(
    target,
    at,
    endTimestamp,
    exchange.timestampSec + carrySec,
    subsecNs - carrySec * NANOSECONDS_PER_SECOND,
  );
  at = writeLabel(target, at, QUOTE);
  return writeNumber(target, at, DURATION, exchange.totalNs);
}

/** A failure is a status of 4xx or 5xx; what has none, or did not come to its end, is not known. */
function outcomeOf(exchange: HttpRecord, incomplete: number): JsonLabel {
  if (exchange.hasResponse && exchange.statusCode >= FAILED_STATUS_MIN) {
    return OUTCOME_FAILURE;
  }
  const isSuccess =
    exchange.hasResponse && exchange.statusCode >= 0 && incomplete === INCOMPLETE_NONE;
  return isSuccess ? OUTCOME_SUCCESS : OUTCOME_UNKNOWN;
}

function writeTrace(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const message = messageWith(exchange, FIELD_TRACEPARENT);
  if (message === undefined) {
    return at;
  }
  const { bytes } = exchange;
  const offset = message.fieldOffsets[FIELD_TRACEPARENT];
  if (!isTraceparent(bytes, offset, message.fieldEnds[FIELD_TRACEPARENT])) {
    return at;
  }
  const idOffset = offset + TRACE_ID_AT;
  at = writeLabel(target, at, TRACE_ID);
  at = writeJsonString(target, at, bytes, idOffset, idOffset + TRACE_ID_DIGITS);
  return writeLabel(target, at, OBJECT_END);
}
