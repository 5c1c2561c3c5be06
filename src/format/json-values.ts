import { FIELD_AUTHORIZATION, FIELD_CONTENT_LENGTH, type NamedField } from '../http/grammar.ts';
import { fieldLength, type HttpMessage } from '../http/message.ts';
import { UNKNOWN } from '../record/exchange.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { End, WireFacts } from '../record/record.ts';
import { findVersionNumber, VERSION_NUMBER_BYTES } from '../record/start-line.ts';
import { decodeBasicUser } from './basic-user.ts';
import { closeObject, createKeyLabel, type JsonLabel, writeLabel } from './json-label.ts';
import {
  DECIMALS_MS,
  JSON_BYTES_MAX,
  JSON_QUOTES_BYTES,
  writeJsonDecimal,
  writeJsonNumber,
  writeJsonString,
} from './json-text.ts';
import { BASIC_USER_BYTES_MAX } from './limits.ts';
import { writeEndAddress, writeId, writeVlanText } from './record-values.ts';

/** What the JSON formats write of a record: values with their labels, absent ones not at all. */

const BYTE_QUOTE = 0x22;
const BYTE_COMMA = 0x2c;
const BYTE_0 = 0x30;
const BYTE_BRACKET_OPEN = 0x5b;
const BYTE_BRACKET_CLOSE = 0x5d;

const userBytes = new Uint8Array(BASIC_USER_BYTES_MAX);

/** Digits of a whole number that every JSON reader keeps exact. */
const EXACT_DIGITS_MAX = 15;

/**
 * Bytes that a record's values need at most when each is written once, target, path and query by
 * themselves.
 */
export function valueBytesMax(record: HttpRecord, namedFields: readonly NamedField[]): number {
  let valueBytes = 0;
  if (record.hasRequest) {
    const { request } = record;
    valueBytes +=
      record.methodEnd -
      request.startLineOffset +
      (record.targetEnd - record.targetOffset) +
      (record.pathEnd - record.pathOffset) +
      (record.queryEnd - record.queryOffset) +
      fieldBytes(request, namedFields);
  }
  if (record.hasResponse) {
    const { response } = record;
    valueBytes += response.startLineEnd - record.reasonOffset + fieldBytes(response, namedFields);
  }
  return valueBytes * JSON_BYTES_MAX;
}

/** Bytes of a message's values; a named one counts twice, because it may also have a place of its own. */
function fieldBytes(message: HttpMessage, namedFields: readonly NamedField[]): number {
  const { foundSlots, foundCount } = message;
  let valueBytes = 0;
  for (let index = 0; index < foundCount; index++) {
    valueBytes += fieldLength(message, foundSlots[index]);
  }
  for (let index = 0; index < namedFields.length; index++) {
    valueBytes += fieldLength(message, namedFields[index].slot);
  }
  return valueBytes;
}

/** Writes a field's value as a string. */
export function writeField(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  bytes: Uint8Array,
  message: HttpMessage,
  slot: number,
): number {
  const offset = message.fieldOffsets[slot];
  if (offset === 0) {
    return at;
  }
  at = writeLabel(target, at, label);
  return writeJsonString(target, at, bytes, offset, message.fieldEnds[slot]);
}

/** The fields that `--header` names, as members of an object. */
export interface NameLabels {
  readonly namedFields: readonly NamedField[];
  readonly labels: readonly JsonLabel[];
  /** Bytes that they take beside their values: labels and quotes, of request and response. */
  readonly overheadBytes: number;
}

export function createNameLabels(namedFields: readonly NamedField[]): NameLabels {
  const labels = namedFields.map(({ name }) => createKeyLabel(name));
  const overheadBytes = labels.reduce(
    (sum, label) => sum + 2 * (label.byteLength + JSON_QUOTES_BYTES),
    0,
  );
  return { namedFields, labels, overheadBytes };
}

/** Writes the named fields of a message as an object, of which nothing is written when there is none. */
export function writeNamedFields(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  bytes: Uint8Array,
  message: HttpMessage,
  { namedFields, labels }: NameLabels,
): number {
  if (namedFields.length === 0) {
    return at;
  }
  const membersAt = writeLabel(target, at, label);
  let memberAt = membersAt;
  for (let index = 0; index < namedFields.length; index++) {
    const { slot } = namedFields[index];
    memberAt = writeField(target, memberAt, labels[index], bytes, message, slot);
  }
  return closeObject(target, memberAt, at, membersAt);
}

/** Writes the user name of a request's Basic credentials. */
export function writeUser(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  bytes: Uint8Array,
  request: HttpMessage,
): number {
  const offset = request.fieldOffsets[FIELD_AUTHORIZATION];
  if (offset === 0) {
    return at;
  }
  const userLength = decodeBasicUser(
    bytes,
    offset,
    request.fieldEnds[FIELD_AUTHORIZATION],
    userBytes,
  );
  if (userLength === -1) {
    return at;
  }
  return writeJsonString(target, writeLabel(target, at, label), userBytes, 0, userLength);
}

/** The message whose value of a field is shown: the request's, or the response's where that has none. */
export function messageWith(record: HttpRecord, slot: number): HttpMessage | undefined {
  if (record.hasRequest && record.request.fieldOffsets[slot] !== 0) {
    return record.request;
  }
  return record.hasResponse && record.response.fieldOffsets[slot] !== 0
    ? record.response
    : undefined;
}

/** Writes `1.1`. */
export function writeVersion(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  record: HttpRecord,
): number {
  const offset = findVersionNumber(record);
  if (offset === 0) {
    return at;
  }
  at = writeLabel(target, at, label);
  return writeJsonString(target, at, record.bytes, offset, offset + VERSION_NUMBER_BYTES);
}

/** Writes a number that is not UNKNOWN. */
export function writeNumber(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  value: number,
): number {
  if (value < 0) {
    return at;
  }
  return writeJsonNumber(target, writeLabel(target, at, label), value);
}

/** Writes a duration of nanoseconds that is not UNKNOWN, in milliseconds. */
export function writeMilliseconds(
  target: Uint8Array,
  at: number,
  label: JsonLabel,
  durationNs: number,
): number {
  if (durationNs < 0) {
    return at;
  }
  return writeJsonDecimal(target, writeLabel(target, at, label), durationNs, DECIMALS_MS);
}

/** Content-Length as a number; UNKNOWN when it is absent or no whole number of at most 15 digits. */
export function readContentLength(bytes: Uint8Array, message: HttpMessage): number {
  const offset = message.fieldOffsets[FIELD_CONTENT_LENGTH];
  const end = message.fieldEnds[FIELD_CONTENT_LENGTH];
  if (offset === 0 || offset === end || end - offset > EXACT_DIGITS_MAX) {
    return UNKNOWN;
  }
  let value = 0;
  for (let at = offset; at < end; at++) {
    const digit = bytes[at] - BYTE_0;
    if (digit < 0 || digit > 9) {
      return UNKNOWN;
    }
    value = value * 10 + digit;
  }
  return value;
}

/** Head and body together; UNKNOWN when one of them is. */
export function messageBytes(headBytes: number, bodyBytes: number): number {
  return headBytes < 0 || bodyBytes < 0 ? UNKNOWN : headBytes + bodyBytes;
}

/** Writes an end's address between quotes; **it has one**. */
export function writeAddress(target: Uint8Array, at: number, bytes: Uint8Array, end: End): number {
  target[at++] = BYTE_QUOTE;
  at = writeEndAddress(target, at, bytes, end);
  target[at++] = BYTE_QUOTE;
  return at;
}

/** Writes an id between quotes, in lower case. */
export function writeUuid(target: Uint8Array, at: number, id: Uint8Array): number {
  target[at++] = BYTE_QUOTE;
  at = writeId(target, at, id);
  target[at++] = BYTE_QUOTE;
  return at;
}

/** Writes the VLAN ids as an array of numbers, outermost first. */
export function writeVlanIds(target: Uint8Array, at: number, wire: WireFacts): number {
  target[at++] = BYTE_BRACKET_OPEN;
  at = writeVlanText(target, at, wire, BYTE_COMMA);
  target[at++] = BYTE_BRACKET_CLOSE;
  return at;
}
