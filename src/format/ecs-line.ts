import { FIELD_HOST, FIELD_TRACEPARENT } from '../http/grammar.ts';
import {
  type Exchange,
  INCOMPLETE_NAMES,
  INCOMPLETE_NONE,
  UNIT_EXCHANGE,
} from '../record/exchange.ts';
import { writeEcsHttp, writeEcsUrl } from './json-ecs-http.ts';
import { writeEcsEnds, writeEcsNetwork } from './json-ecs-network.ts';
import { createEcsOwnFields, writeEcsOwnFields } from './json-ecs-own.ts';
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
  fieldLength,
  messageWith,
  valueBytesMax,
  writeNumber,
  writeUser,
  writeUuid,
} from './json-values.ts';
import type { RecordFormat, RecordFormatOptions } from './record-format.ts';
import { createUtcTimestamp, type UtcTimestamp, writeUtcTimestamp } from './utc-timestamp.ts';

/** Bytes of a line beside its values: all keys take 1700, numbers, times and addresses 800. */
const ECS_OVERHEAD_BYTES_MAX = 4096;

const NANOSECONDS_PER_SECOND = 1e9;
const FAILED_STATUS_MIN = 400;
const BYTE_LF = 0x0a;
const _BYTE_QUOTE = 0x22;

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
export function createEcsFormat(options: RecordFormatOptions): RecordFormat {
  const { namedFields } = options;
  const ownFields = createEcsOwnFields(namedFields);
  const observer = createJsonLabel(
    `,"observer":{"type":"sensor","product":"httplog","hostname":${JSON.stringify(options.hostName)}}`,
  );
  const overheadBytes = ECS_OVERHEAD_BYTES_MAX + observer.byteLength + ownFields.overheadBytes;
  const startTimestamp = createUtcTimestamp();
  const endTimestamp = createUtcTimestamp();
  return {
    linesPerRecord: 1,
    fileHeader: undefined,
    bytesMax: (exchange) =>
      overheadBytes + valueBytesMax(exchange, namedFields) + repeatedBytesMax(exchange),
    write: (target, at, exchange) => {
      const lineAt = at;
      at = writeLabel(target, at, TIMESTAMP);
      at = writeStart(target, at, exchange, startTimestamp);
      at = writeEvent(target, at, exchange, startTimestamp, endTimestamp);
      at = writeEcsEnds(target, at, exchange);
      at = writeEcsNetwork(target, at, exchange);
      at = writeEcsHttp(target, at, exchange);
      if (exchange.hasRequest) {
        at = writeEcsUrl(target, at, exchange);
        const membersAt = writeLabel(target, at, USER);
        const userEnd = writeUser(target, membersAt, USER_NAME, exchange.bytes, exchange.request);
        at = closeObject(target, userEnd, at, membersAt);
      }
      at = writeTrace(target, at, exchange);
      at = writeLabel(target, at, observer);
      if (exchange.incomplete !== INCOMPLETE_NONE) {
        at = writeLabel(target, at, INCOMPLETE[exchange.incomplete]);
      }
      at = writeEcsOwnFields(target, at, exchange, ownFields);
      at = closeObject(target, at, lineAt, lineAt);
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

/** Target and host are in `url.full` a second time. */
function repeatedBytesMax(exchange: Exchange): number {
  if (!exchange.hasRequest) {
    return 0;
  }
  const targetLength = exchange.targetEnd - exchange.targetOffset;
  return (targetLength + fieldLength(exchange.request, FIELD_HOST)) * JSON_BYTES_MAX;
}

function writeStart(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  timestamp: UtcTimestamp,
): number {
  const { timestampSec, timestampSubsecNs } = exchange;
  return writeUtcTimestamp(target, at, timestamp, timestampSec, timestampSubsecNs);
}

function writeEvent(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  startTimestamp: UtcTimestamp,
  endTimestamp: UtcTimestamp,
): number {
  const isExchange = exchange.unit === UNIT_EXCHANGE;
  at = writeLabel(target, at, isExchange ? EVENT_EXCHANGE : EVENT_MESSAGE);
  at = writeUuid(target, at, exchange.id);
  at = writeLabel(target, at, outcomeOf(exchange));
  if (exchange.totalNs >= 0) {
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
    at = writeNumber(target, at, DURATION, exchange.totalNs);
  }
  return writeLabel(target, at, OBJECT_END);
}

/** A failure is a status of 4xx or 5xx; what has none, or did not come to its end, is not known. */
function outcomeOf(exchange: Exchange): JsonLabel {
  if (exchange.hasResponse && exchange.statusCode >= FAILED_STATUS_MIN) {
    return OUTCOME_FAILURE;
  }
  const isSuccess =
    exchange.hasResponse && exchange.statusCode >= 0 && exchange.incomplete === INCOMPLETE_NONE;
  return isSuccess ? OUTCOME_SUCCESS : OUTCOME_UNKNOWN;
}

function writeTrace(target: Uint8Array, at: number, exchange: Exchange): number {
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
