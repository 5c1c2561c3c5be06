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
import { CLIENT_SOURCE_NAMES, CLIENT_UNASKED } from '../record/client-source.ts';
import { type Exchange, INCOMPLETE_NAMES, INCOMPLETE_NONE, UNKNOWN } from '../record/exchange.ts';
import { clientOf, type HttpRecord } from '../record/http-record.ts';
import type { Message } from '../record/message.ts';
import { MESSAGE_TYPE_NAMES, SIDE_SERVER } from '../record/message-type.ts';
import type { Kind, RecordKinds } from '../record/record-kinds.ts';
import { writeDecimal } from './address.ts';
import { DECIMALS_MS, writeDigits, writeJsonDecimal, writeJsonNumber } from './json-text.ts';
import { FORMAT_OPTIONS_DEFAULT, type RecordFormatOptions } from './record-format.ts';
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
type WritePlain<R> = (target: Uint8Array, at: number, record: R) => number;

/** A value of a record that has a name: untrusted bytes, which the format escapes, or httplog's own. */
export type RecordField<R> =
  | { readonly isText: true; readonly find: FindText }
  | { readonly isText: false; readonly write: WritePlain<R> };

/** A field of the kinds that have it. */
export type KindFields = { readonly [K in Kind]?: RecordField<RecordKinds[K]> };

type Measure<R> = (record: R) => number;
type WriteNumber = (target: Uint8Array, at: number, value: number) => number;

const BYTE_DOT = 0x2e;
const STATUS_DIGITS = 3;
const NANOSECONDS_PER_MICROSECOND = 1000;

const TRUE = labelBytes('true');
const RECORD_EXCHANGE = labelBytes('exchange');
const RECORD_MESSAGE = labelBytes('message');
const AS_SERVER = labelBytes('server');
const AS_CLIENT = labelBytes('client');
/** By message type less one. */
const TYPES = MESSAGE_TYPE_NAMES.map(labelBytes);
/** By source less one. */
const CLIENT_FROM = CLIENT_SOURCE_NAMES.map(labelBytes);
/** By reason. */
const INCOMPLETE = INCOMPLETE_NAMES.map(labelBytes);

/** What a kind has no value for. */
const NO_VALUE: RecordField<unknown> = { isText: false, write: (_target, at) => at };

/**
 * The values of records by name. The names are those of the json format; `local_time`, `epoch`,
 * `duration_us` and `duration_s` are other ways to write one of its values.
 */
export function createRecordFields(options: RecordFormatOptions): ReadonlyMap<string, KindFields> {
  const fields = new Map(Object.entries({ ...createTimeFields(options), ...RECORD_FIELDS }));
  for (const { name, slot } of options.namedFields) {
    fields.set(`request.header.${name}`, textField(findInRequest(slot)));
    fields.set(`response.header.${name}`, textField(findInResponse(slot)));
  }
  return fields;
}

/** The field as records of this kind have it. */
export function fieldOf<K extends Kind>(fields: KindFields, kind: K): RecordField<RecordKinds[K]> {
  const field: KindFields[K] = fields[kind];
  return field ?? NO_VALUE;
}

function textField(find: FindText): KindFields {
  return { exchange: { isText: true, find }, message: { isText: true, find } };
}

/** Of exchanges and messages. */
export function plainField(write: WritePlain<HttpRecord>): KindFields {
  return { exchange: { isText: false, write }, message: { isText: false, write } };
}

/** The same, of a number that may be UNKNOWN. */
function numberField(measure: Measure<HttpRecord>, writeNumber: WriteNumber): KindFields {
  return plainField(writeMeasure(measure, writeNumber));
}

/** Of exchanges alone. */
export function exchangeNumber(measure: Measure<Exchange>, writeNumber: WriteNumber): KindFields {
  return { exchange: { isText: false, write: writeMeasure(measure, writeNumber) } };
}

function writeMeasure<R>(measure: Measure<R>, writeNumber: WriteNumber): WritePlain<R> {
  return (target, at, record) => {
    const value = measure(record);
    return value < 0 ? at : writeNumber(target, at, value);
  };
}

/** The times, whose second's text is kept, so that each format has its own. */
function createTimeFields(options: RecordFormatOptions): Record<string, KindFields> {
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

const RECORD_FIELDS: Record<string, KindFields> = {
  record: {
    exchange: { isText: false, write: (target, at) => writeLabel(target, at, RECORD_EXCHANGE) },
    message: { isText: false, write: (target, at) => writeLabel(target, at, RECORD_MESSAGE) },
  },
  id: plainField((target, at, record) => writeId(target, at, record.id)),
  side: {
    exchange: {
      isText: false,
      write: (target, at, { side }) =>
        writeLabel(target, at, side === SIDE_SERVER ? AS_SERVER : AS_CLIENT),
    },
  },
  type: { message: { isText: false, write: writeType } },
  client_ip: plainField((target, at, record) =>
    writeEndAddress(target, at, record.bytes, record.client),
  ),
  client_port: numberField(({ client }) => portOf(client), writeDecimal),
  server_ip: plainField((target, at, record) =>
    writeEndAddress(target, at, record.bytes, record.server),
  ),
  server_port: numberField(({ server }) => portOf(server), writeDecimal),
  nat_client_ip: plainField((target, at, record) =>
    writeEndAddress(target, at, record.bytes, record.natClient),
  ),
  nat_client_port: numberField(({ natClient }) => portOf(natClient), writeDecimal),
  nat_server_ip: plainField((target, at, record) =>
    writeEndAddress(target, at, record.bytes, record.natServer),
  ),
  nat_server_port: numberField(({ natServer }) => portOf(natServer), writeDecimal),
  proxy_client_ip: plainField((target, at, record) =>
    writeEndAddress(target, at, record.bytes, record.proxyClient),
  ),
  proxy_client_port: numberField(({ proxyClient }) => portOf(proxyClient), writeDecimal),
  proxy_server_ip: plainField((target, at, record) =>
    writeEndAddress(target, at, record.bytes, record.proxyServer),
  ),
  proxy_server_port: numberField(({ proxyServer }) => portOf(proxyServer), writeDecimal),
  original_client_ip: plainField((target, at, record) =>
    record.clientSource === CLIENT_UNASKED
      ? at
      : writeEndAddress(target, at, record.bytes, clientOf(record)),
  ),
  original_client_port: numberField(
    (record) => (record.clientSource === CLIENT_UNASKED ? UNKNOWN : portOf(clientOf(record))),
    writeDecimal,
  ),
  client_from: plainField((target, at, { clientSource }) =>
    clientSource === CLIENT_UNASKED ? at : writeLabel(target, at, CLIENT_FROM[clientSource - 1]),
  ),
  vlan: plainField((target, at, record) => writeVlanText(target, at, record.wire, BYTE_DOT)),

  method: textField(findMethod),
  target: textField(findTarget),
  path: textField(findPath),
  query: textField(findQuery),
  version: textField(findVersion),
  target_cut: plainField((target, at, { hasRequest, isTargetCut }) =>
    hasRequest && isTargetCut ? writeLabel(target, at, TRUE) : at,
  ),
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

  connect_ms: exchangeNumber(({ connectNs }) => connectNs, writeMilliseconds),
  request_ms: exchangeNumber(({ requestNs }) => requestNs, writeMilliseconds),
  ttfb_ms: exchangeNumber(({ firstByteNs }) => firstByteNs, writeMilliseconds),
  response_ms: exchangeNumber(({ responseNs }) => responseNs, writeMilliseconds),
  duration_ms: exchangeNumber(({ totalNs }) => totalNs, writeMilliseconds),
  duration_us: exchangeNumber(({ totalNs }) => totalNs, writeMicroseconds),
  duration_s: exchangeNumber(({ totalNs }) => totalNs, writeSeconds),
  request_head_bytes: numberField(({ requestHeadBytes }) => requestHeadBytes, writeJsonNumber),
  request_body_bytes: exchangeNumber(({ requestBodyBytes }) => requestBodyBytes, writeJsonNumber),
  response_head_bytes: numberField(({ responseHeadBytes }) => responseHeadBytes, writeJsonNumber),
  response_body_bytes: exchangeNumber(
    ({ responseBodyBytes }) => responseBodyBytes,
    writeJsonNumber,
  ),
  retransmitted_segments: numberField(({ wire }) => wire.retransmittedSegments, writeJsonNumber),
  incomplete: {
    exchange: {
      isText: false,
      write: (target, at, { incomplete }) =>
        incomplete === INCOMPLETE_NONE ? at : writeLabel(target, at, INCOMPLETE[incomplete]),
    },
  },
};

/** Names of the fields that every format has, in the order of the documentation. */
export const RECORD_FIELD_NAMES: readonly string[] = [
  ...createRecordFields(FORMAT_OPTIONS_DEFAULT).keys(),
];

/** What the first column of a table calls a record: `exchange`, or the message's type. */
export const RECORD_KIND_FIELD: KindFields = {
  ...RECORD_FIELDS.record,
  message: { isText: false, write: writeType },
};

/** The status code, or UNKNOWN. */
export function statusOf({ hasResponse, statusCode }: HttpRecord): number {
  return hasResponse ? statusCode : UNKNOWN;
}

function writeType(target: Uint8Array, at: number, { type }: Message): number {
  return writeLabel(target, at, TYPES[type - 1]);
}

function writeMilliseconds(target: Uint8Array, at: number, durationNs: number): number {
  return writeJsonDecimal(target, at, durationNs, DECIMALS_MS);
}

/** Cut, not rounded. */
export function writeMicroseconds(target: Uint8Array, at: number, durationNs: number): number {
  return writeJsonNumber(target, at, Math.floor(durationNs / NANOSECONDS_PER_MICROSECOND));
}
