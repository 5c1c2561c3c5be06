/** What the tests of the JSON formats share: hostile bytes, and what a string of them must be when parsed. */
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  FORMAT_OPTIONS_DEFAULT,
  type RecordFormatOptions,
  type RecordWriter,
} from '../../src/format/record-format.ts';
import { createRecordFieldTables } from '../../src/http/grammar.ts';
import type { HttpMessage } from '../../src/http/message.ts';
import {
  createExchange,
  type Exchange,
  INCOMPLETE_NAMES,
  UNKNOWN,
} from '../../src/record/exchange.ts';
import type { Message } from '../../src/record/message.ts';
import {
  type MessageType,
  TYPE_CQ,
  TYPE_CR,
  TYPE_SQ,
  TYPE_SR,
} from '../../src/record/message-type.ts';
import { splitRequestLine, splitStatusLine } from '../../src/record/start-line.ts';
import { makeExchange } from '../exchange/make-exchange.ts';

const PIECES = [
  ...['"', '\\', '\\"', '\\x41', '\\u0041', '}\n{', '"}', '","a":"', ',', ' ', '\r\n', '\t', '\0'],
  ...['\x1b[2J', '\x7f', '\x85', '\u2028', '\u2029', '\u00e9', '\u{1f600}', 'plain text', 'abc'],
].map((text) => new Uint8Array(Buffer.from(text)));
const BROKEN = ['c2', 'e282', 'f09f98', 'ff', 'c0af', 'eda080', '80'].map(
  (hex) => new Uint8Array(Buffer.from(hex, 'hex')),
);

export const hostileBytes: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...PIECES) },
      { weight: 1, arbitrary: fc.constantFrom(...BROKEN) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 20 }) },
    ),
    { maxLength: 6 },
  )
  .map((pieces) => new Uint8Array(Buffer.concat(pieces)));

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text of these bytes: characters of well-formed UTF-8, and `\xHH` for every byte that is in none. */
export function parsedText(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = [1, 2, 3, 4].find((count) => isCharacter(bytes.subarray(at, at + count), count));
    if (length === undefined) {
      text += `\\x${bytes[at].toString(16).toUpperCase().padStart(2, '0')}`;
      at++;
    } else {
      text += strict.decode(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return text;
}

function isCharacter(bytes: Uint8Array, count: number): boolean {
  try {
    return bytes.length === count && [...strict.decode(bytes)].length === 1;
  } catch {
    return false;
  }
}

/** Controls, and what ends a line for a terminal or for a script: none may stand in a line as it is. */
export function hasControl(text: string): boolean {
  return [...text].some(
    (letter) =>
      letter < ' ' ||
      (letter >= '\x7f' && letter <= '\x9f') ||
      letter === '\u2028' ||
      letter === '\u2029',
  );
}

/** Named by `--header`: one of its own slot, one that has a place besides, one of responses alone. */
export const NAMES = ['x-odd.name_1', 'host', 'location'];

/** Bytes of the parts of both messages; a field by its slot, absent ones left out. */
export interface HostileParts {
  method: Uint8Array;
  target: Uint8Array;
  reason: Uint8Array;
  requestFields: (Uint8Array | null)[];
  responseFields: (Uint8Array | null)[];
  hasRequest: boolean;
  hasResponse: boolean;
  isVersionCut: boolean;
  numbers: number[];
  isMessage: boolean;
  type: MessageType;
  incomplete: number;
  vlanTagsCount: number;
  isIpv6: boolean;
}

/** Slots of a message's fields with these names. */
export const SLOTS_COUNT = createRecordFieldTables(NAMES).fieldsCount;
const fields = fc.array(fc.option(hostileBytes, { freq: 5 }), {
  minLength: SLOTS_COUNT,
  maxLength: SLOTS_COUNT,
});

export const hostileParts: fc.Arbitrary<HostileParts> = fc.record({
  method: hostileBytes.map((bytes) => bytes.filter((byte) => byte !== 0x20)),
  target: hostileBytes,
  reason: hostileBytes,
  requestFields: fields,
  responseFields: fields,
  hasRequest: fc.boolean(),
  hasResponse: fc.boolean(),
  isVersionCut: fc.boolean(),
  numbers: fc.array(fc.oneof(fc.maxSafeNat(), fc.constant(-1)), { minLength: 9, maxLength: 9 }),
  isMessage: fc.boolean(),
  type: fc.constantFrom<MessageType>(TYPE_CQ, TYPE_CR, TYPE_SQ, TYPE_SR),
  incomplete: fc.nat(INCOMPLETE_NAMES.length - 1),
  vlanTagsCount: fc.nat(4),
  isIpv6: fc.boolean(),
});

/** The exchange that these parts make, as the pipeline would give it. */
export function makeHostile(parts: HostileParts): Exchange {
  const { hasRequest, hasResponse, type, incomplete, vlanTagsCount, numbers } = parts;
  const exchange = makeExchange({
    ...{ names: NAMES, hasRequest, hasResponse, type, incomplete },
    vlanIds: [4094, 7, 1, 4095].slice(0, vlanTagsCount),
    ...(parts.isIpv6 ? { clientAddress: '2001:db8::7', serverAddress: 'fe80::1' } : {}),
    ...{ connectNs: numbers[0], requestNs: numbers[1], firstByteNs: numbers[2] },
    ...{ responseNs: numbers[3], totalNs: numbers[4], requestHeadBytes: numbers[5] },
    ...{
      requestBodyBytes: numbers[6],
      responseHeadBytes: numbers[7],
      responseBodyBytes: numbers[8],
    },
  });
  const { request, response } = exchange;
  const version = Buffer.from(parts.isVersionCut ? ' HTTP/1' : ' HTTP/1.1');
  const requestLine = Buffer.concat([parts.method, Buffer.from(' '), parts.target, version]);
  [request.startLineOffset, request.startLineEnd] = append(exchange, requestLine);
  splitRequestLine(exchange);
  const statusLine = Buffer.concat([Buffer.from('HTTP/1.0 503 '), parts.reason]);
  [response.startLineOffset, response.startLineEnd] = append(exchange, statusLine);
  splitStatusLine(exchange);
  setFields(exchange, request, parts.requestFields);
  setFields(exchange, response, parts.responseFields);
  return exchange;
}

/** The record with both heads as one of a message, which has nothing else. */
export function asMessage(exchange: Exchange, type: MessageType): Message {
  const { incomplete, connectNs, requestNs, firstByteNs, responseNs, totalNs, ...rest } = exchange;
  const { requestBodyBytes, responseBodyBytes, ...message } = rest;
  return { ...message, type };
}

/** What an exchange would be of which no more is known than of a message. */
export function withoutMeasures(exchange: Exchange): Exchange {
  const measures = createExchange(0);
  const { incomplete, connectNs, requestNs, firstByteNs, responseNs, totalNs } = measures;
  return {
    ...{ ...exchange, incomplete, connectNs, requestNs, firstByteNs, responseNs, totalNs },
    ...{ requestBodyBytes: UNKNOWN, responseBodyBytes: UNKNOWN },
  };
}

function setFields(
  exchange: Exchange,
  message: HttpMessage,
  values: readonly (Uint8Array | null)[],
): void {
  message.foundCount = 0;
  values.forEach((value, slot) => {
    const [offset, end] = value === null ? [0, 99] : append(exchange, value);
    message.fieldOffsets[slot] = offset;
    message.fieldEnds[slot] = end;
    if (value !== null) {
      message.foundSlots[message.foundCount++] = slot;
    }
  });
}

function append(exchange: Exchange, bytes: Uint8Array): [number, number] {
  const offset = exchange.bytesEnd;
  exchange.bytes.set(bytes, offset);
  exchange.bytesEnd += bytes.length;
  return [offset, exchange.bytesEnd];
}

/** The parsed text of a field; undefined when the record has no such value. */
export function fieldText(
  exchange: Exchange,
  message: HttpMessage,
  slot: number,
): string | undefined {
  const hasMessage = message === exchange.request ? exchange.hasRequest : exchange.hasResponse;
  const offset = message.fieldOffsets[slot];
  return hasMessage && offset !== 0
    ? parsedText(exchange.bytes.subarray(offset, message.fieldEnds[slot]))
    : undefined;
}

/** The parsed text of a part of the request line; undefined without a request. */
export function partText(exchange: Exchange, offset: number, end: number): string | undefined {
  return exchange.hasRequest ? parsedText(exchange.bytes.subarray(offset, end)) : undefined;
}

export function methodText(exchange: Exchange): string | undefined {
  return partText(exchange, exchange.request.startLineOffset, exchange.methodEnd);
}

export function queryText(exchange: Exchange): string | undefined {
  return exchange.hasQuery
    ? partText(exchange, exchange.queryOffset, exchange.queryEnd)
    : undefined;
}

export function reasonText(exchange: Exchange): string | undefined {
  const { bytes, reasonOffset, response } = exchange;
  return exchange.hasResponse && reasonOffset < response.startLineEnd
    ? parsedText(bytes.subarray(reasonOffset, response.startLineEnd))
    : undefined;
}

export function versionText(exchange: Exchange): string | undefined {
  const { request, requestVersionOffset } = exchange;
  if (exchange.hasRequest && requestVersionOffset < request.startLineEnd) {
    return parsedText(exchange.bytes.subarray(requestVersionOffset + 5, request.startLineEnd));
  }
  return exchange.hasResponse ? '1.0' : undefined;
}

export const OPTIONS: RecordFormatOptions = {
  ...FORMAT_OPTIONS_DEFAULT,
  namedFields: createRecordFieldTables(NAMES).namedFields,
  utcOffset: () => 0,
  hostName: 'sensor-1 "é"',
};

const GUARD_BYTES = 16;
const GUARD = 0xa5;

/** The one line of a record without its line feed, written into exactly the room that the format asks for. */
export function lineOf<R>(writer: RecordWriter<R>, record: R): string {
  const bytesMax = writer.bytesMax(record);
  const store = new Uint8Array(bytesMax + 2 * GUARD_BYTES).fill(GUARD);
  // A view of just that room: what is written behind it would throw or show in a guard.
  const target = store.subarray(GUARD_BYTES, GUARD_BYTES + bytesMax);
  const end = writer.write(target, 0, record);
  expect(store.subarray(0, GUARD_BYTES).every((byte) => byte === GUARD)).toBe(true);
  expect(store.subarray(-GUARD_BYTES).every((byte) => byte === GUARD)).toBe(true);
  const text = new TextDecoder('utf-8', { fatal: true }).decode(target.subarray(0, end));
  expect(text.endsWith('\n')).toBe(true);
  const line = text.slice(0, -1);
  expect(hasControl(line)).toBe(false);
  return line;
}

/** The object of a record's line. */
export function parseLine<R>(writer: RecordWriter<R>, record: R): Record<string, unknown> {
  const line = lineOf(writer, record);
  const parsed: unknown = JSON.parse(line);
  expect(parsed).toBeTypeOf('object');
  return parsed as Record<string, unknown>;
}

/** The same without the members that are undefined, at any depth, and without objects that have none left. */
export function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) {
    return value;
  }
  const members = Object.entries(value)
    .map(([key, member]) => [key, withoutAbsent(member)] as const)
    .filter(([, member]) => member !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

/** What the tests read of an OTLP log record. */
export interface LogRecord {
  body: { stringValue: string };
  attributes: { key: string; value: Record<string, unknown> }[];
  [key: string]: unknown;
}

/** The only log record of an OTLP line. */
export function logRecordOf(line: Record<string, unknown>): LogRecord {
  const request = line as { resourceLogs: { scopeLogs: { logRecords: LogRecord[] }[] }[] };
  expect(request.resourceLogs).toHaveLength(1);
  expect(request.resourceLogs[0].scopeLogs).toHaveLength(1);
  expect(request.resourceLogs[0].scopeLogs[0].logRecords).toHaveLength(1);
  return request.resourceLogs[0].scopeLogs[0].logRecords[0];
}

/** The attributes of a log record by name, each with the one member of its value. */
export function attributesOf(record: LogRecord): Map<string, unknown> {
  return new Map(record.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
