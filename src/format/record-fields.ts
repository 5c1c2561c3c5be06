import {
  FIELD_CONTENT_LENGTH,
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
import {
  type Exchange,
  INCOMPLETE_NAMES,
  INCOMPLETE_NONE,
  UNIT_EXCHANGE,
  UNKNOWN,
} from '../record/exchange.ts';
import { TYPE_CQ, TYPE_CR } from '../record/message-type.ts';
import { writeDecimal } from './address.ts';
import { DECIMALS_MS, writeDigits, writeJsonDecimal, writeJsonNumber } from './json-text.ts';
import type { RecordFormatOptions } from './record-format.ts';
import {
  type FindText,
  findInEither,
  findInRequest,
  findInResponse,
  findMethod,
  findPath,
  findQuery,
  findReason,
  findTarget,
  findUser,
  findVersion,
} from './record-texts.ts';
import {
  labelBytes,
  portOf,
  writeEndAddress,
  writeEpoch,
  writeId,
  writeLabel,
  writeSeconds,
  writeVlanText,
} from './record-values.ts';
import { createTimestampText, setSecond, writeTimestamp } from './timestamp.ts';
import { createUtcTimestamp, writeUtcTimestamp } from './utc-timestamp.ts';

/**
 * Writes a value of httplog's own, which is of letters, digits and `.:,+-`.
 *
 * @returns where the next byte goes; `at` when there is no value; **the caller has made room for
 * PLAIN_BYTES_MAX**
 */
export type WritePlain = (target: Uint8Array, at: number, exchange: Exchange) => number;

/** A value of a record that has a name: untrusted bytes, which the format escapes, or httplog's own. */
export type RecordField =
  | { readonly isText: true; readonly find: FindText }
  | { readonly isText: false; readonly write: WritePlain };

type Measure = (exchange: Exchange) => number;
type WriteNumber = (target: Uint8Array, at: number, value: number) => number;

const BYTE_DOT = 0x2e;
const STATUS_DIGITS = 3;
const NANOSECONDS_PER_MICROSECOND = 1000;

const RECORD_EXCHANGE = labelBytes('exchange');
const RECORD_MESSAGE = labelBytes('message');
const SIDE_SERVER = labelBytes('server');
const SIDE_CLIENT = labelBytes('client');
/** By message type. */
const TYPES = ['', 'CQ', 'CR', 'SQ', 'SR'].map(labelBytes);
/** By reason. */
const INCOMPLETE = INCOMPLETE_NAMES.map(labelBytes);

/**
 * The values of a record by name. The names are those of the json format; `local_time`, `epoch`,
 * `duration_us` and `duration_s` are other ways to write one of its values.
 */
export function createRecordFields(options: RecordFormatOptions): ReadonlyMap<string, RecordField> {
  const fields = new Map(Object.entries({ ...createTimeFields(options), ...RECORD_FIELDS }));
  for (const { name, slot } of options.namedFields) {
    fields.set(`request.header.${name}`, textField(findInRequest(slot)));
    fields.set(`response.header.${name}`, textField(findInResponse(slot)));
  }
  return fields;
}

export function textField(find: FindText): RecordField {
  return { isText: true, find };
}

export function plainField(write: WritePlain): RecordField {
  return { isText: false, write };
}

/** A number that may be UNKNOWN. */
export function numberField(measure: Measure, writeNumber: WriteNumber): RecordField {
  return plainField((target, at, exchange) => {
    const value = measure(exchange);
    return value < 0 ? at : writeNumber(target, at, value);
  });
}

/** The times, whose second's text is kept, so that each format has its own. */
function createTimeFields(options: RecordFormatOptions): Record<string, RecordField> {
  const utc = createUtcTimestamp();
  const local = createTimestampText(options.utcOffset);
  return {
    time: plainField((target, at, { timestampSec, timestampSubsecNs }) =>
      writeUtcTimestamp(target, at, utc, timestampSec, timestampSubsecNs),
    ),
    local_time: plainField((target, at, { timestampSec, timestampSubsecNs }) => {
      setSecond(local, timestampSec);
      return writeTimestamp(target, at, local, timestampSubsecNs);
    }),
    epoch: plainField((target, at, { timestampSec, timestampSubsecNs }) =>
      writeEpoch(target, at, timestampSec, timestampSubsecNs),
    ),
  };
}

const RECORD_FIELDS: Record<string, RecordField> = {
  record: plainField((target, at, exchange) =>
    writeLabel(target, at, isMessage(exchange) ? RECORD_MESSAGE : RECORD_EXCHANGE),
  ),
  id: plainField((target, at, exchange) => writeId(target, at, exchange.id)),
  side: plainField((target, at, exchange) =>
    isMessage(exchange) ? at : writeLabel(target, at, sideOf(exchange)),
  ),
  type: plainField((target, at, exchange) =>
    isMessage(exchange) ? writeLabel(target, at, TYPES[exchange.type]) : at,
  ),
  client_ip: plainField((target, at, exchange) =>
    writeEndAddress(target, at, exchange.bytes, exchange.client),
  ),
  client_port: numberField(({ client }) => portOf(client), writeDecimal),
  server_ip: plainField((target, at, exchange) =>
    writeEndAddress(target, at, exchange.bytes, exchange.server),
  ),
  server_port: numberField(({ server }) => portOf(server), writeDecimal),
  vlan: plainField((target, at, exchange) => writeVlanText(target, at, exchange.wire, BYTE_DOT)),

  method: textField(findMethod),
  target: textField(findTarget),
  path: textField(findPath),
  query: textField(findQuery),
  version: textField(findVersion),
  host: textField(findInRequest(FIELD_HOST)),
  user_agent: textField(findInRequest(FIELD_USER_AGENT)),
  referer: textField(findInRequest(FIELD_REFERER)),
  request_content_type: textField(findInRequest(FIELD_CONTENT_TYPE)),
  request_content_length: textField(findInRequest(FIELD_CONTENT_LENGTH)),
  user: textField(findUser),
  forwarded_for: textField(findInRequest(FIELD_X_FORWARDED_FOR)),
  forwarded: textField(findInRequest(FIELD_FORWARDED)),
  request_id: textField(findInEither(FIELD_X_REQUEST_ID)),
  correlation_id: textField(findInEither(FIELD_X_CORRELATION_ID)),
  traceparent: textField(findInEither(FIELD_TRACEPARENT)),

  status: numberField(statusOf, (target, at, status) =>
    writeDigits(target, at, status, STATUS_DIGITS),
  ),
  reason: textField(findReason),
  response_content_type: textField(findInResponse(FIELD_CONTENT_TYPE)),
  content_length: textField(findInResponse(FIELD_CONTENT_LENGTH)),
  location: textField(findInResponse(FIELD_LOCATION)),
  server: textField(findInResponse(FIELD_SERVER)),

  connect_ms: numberField(({ connectNs }) => connectNs, writeMilliseconds),
  request_ms: numberField(({ requestNs }) => requestNs, writeMilliseconds),
  ttfb_ms: numberField(({ firstByteNs }) => firstByteNs, writeMilliseconds),
  response_ms: numberField(({ responseNs }) => responseNs, writeMilliseconds),
  duration_ms: numberField(({ totalNs }) => totalNs, writeMilliseconds),
  duration_us: numberField(({ totalNs }) => totalNs, writeMicroseconds),
  duration_s: numberField(({ totalNs }) => totalNs, writeSeconds),
  request_head_bytes: numberField(({ requestHeadBytes }) => requestHeadBytes, writeJsonNumber),
  request_body_bytes: numberField(({ requestBodyBytes }) => requestBodyBytes, writeJsonNumber),
  response_head_bytes: numberField(({ responseHeadBytes }) => responseHeadBytes, writeJsonNumber),
  response_body_bytes: numberField(({ responseBodyBytes }) => responseBodyBytes, writeJsonNumber),
  retransmitted_segments: numberField(({ wire }) => wire.retransmittedSegments, writeJsonNumber),
  incomplete: plainField((target, at, { incomplete }) =>
    incomplete === INCOMPLETE_NONE ? at : writeLabel(target, at, INCOMPLETE[incomplete]),
  ),
};

/** Names of the fields that every format has, in the order of the documentation. */
export const RECORD_FIELD_NAMES: readonly string[] = [
  ...createRecordFields({ namedFields: [], utcOffset: () => 0, hostName: '' }).keys(),
];

/** What the first column of a table calls a record: `exchange`, or the message's type. */
export function writeRecordKind(target: Uint8Array, at: number, exchange: Exchange): number {
  return writeLabel(target, at, isMessage(exchange) ? TYPES[exchange.type] : RECORD_EXCHANGE);
}

/** The status code, or UNKNOWN. */
export function statusOf({ hasResponse, statusCode }: Exchange): number {
  return hasResponse ? statusCode : UNKNOWN;
}

function isMessage(exchange: Exchange): boolean {
  return exchange.unit !== UNIT_EXCHANGE;
}

/** Which end of the exchange this host is. */
function sideOf({ type }: Exchange): Uint8Array {
  return type === TYPE_CQ || type === TYPE_CR ? SIDE_SERVER : SIDE_CLIENT;
}

function writeMilliseconds(target: Uint8Array, at: number, durationNs: number): number {
  return writeJsonDecimal(target, at, durationNs, DECIMALS_MS);
}

/** Cut, not rounded. */
export function writeMicroseconds(target: Uint8Array, at: number, durationNs: number): number {
  return writeJsonNumber(target, at, Math.floor(durationNs / NANOSECONDS_PER_MICROSECOND));
}
