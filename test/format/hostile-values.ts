/** Exchanges whose values are a stranger's worst, for the property tests of the line formats. */
import fc from 'fast-check';
import { expect } from 'vitest';
import {
  FORMAT_OPTIONS_DEFAULT,
  type RecordFormatOptions,
  type RecordWriter,
} from '../../src/format/record-format.ts';
import {
  FIELD_AUTHORIZATION,
  FIELD_HOST,
  FIELD_LOCATION,
  FIELD_REFERER,
  FIELD_USER_AGENT,
} from '../../src/http/grammar.ts';
import type { HttpMessage } from '../../src/http/message.ts';
import type { Exchange } from '../../src/record/exchange.ts';
import { splitRequestLine, splitStatusLine } from '../../src/record/start-line.ts';
import { makeExchange } from '../exchange/make-exchange.ts';
import { joinBytes } from '../fixtures/build-packets.ts';

/** A value; null: the field is not there. */
type Value = Uint8Array | null;

export interface HostileValues {
  method: Uint8Array;
  target: Uint8Array;
  host: Value;
  userAgent: Value;
  referer: Value;
  /** Without a colon; null: no credentials. */
  user: Value;
  named: Value;
  reason: Uint8Array;
  location: Value;
  responseNamed: Value;
  hasRequest: boolean;
  hasResponse: boolean;
}

/** The header field that these exchanges were asked for by name. */
export const NAMED = 'x-color';

/** Words and marks that mean something in one of the formats. */
const PIECES = [
  ...['-', '(empty)', 'None', 'anonymous', '""', '"', "'", '\\', '\\\\', '\\x41', '\\n', '[', ']'],
  ...[' ', '  ', ':', ': ', ' Status: 200', ' Agent: a', ' User: root', ',', '|', ';', '{', '}'],
  ...['\n', '\r\n', '\t', '\0', '\x1b[2J', '\x7f', '\x85', '\u2028', '\u00e9', '\u{1f600}', 'abc'],
  ...['203.0.113.1 - root [01/Sep/2019:14:16:51 +0000] "GET / HTTP/1.1" 200 5', '#fields'],
].map((text) => new Uint8Array(Buffer.from(text)));

const BROKEN_UTF8 = ['c2', 'e282', 'f09f98', 'ff', 'c0af', 'eda080', 'c29b', '80'].map(
  (hex) => new Uint8Array(Buffer.from(hex, 'hex')),
);

const values: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
      { weight: 1, arbitrary: fc.constantFrom(...BROKEN_UTF8) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 24 }) },
    ),
    { maxLength: 5 },
  )
  .map((pieces) => joinBytes(...pieces));
const maybeValues = fc.option(values, { freq: 4 });
const wordsWithout = (...bytes: number[]) =>
  values.map((value) => value.filter((byte) => !bytes.includes(byte)));

const isBlank = (byte: number) => byte === 0x20 || byte === 0x09;

/** What several blanks between the parts of a line leave of one: they are one's end as well as several's. */
function trimBlanks(value: Uint8Array): Uint8Array {
  const begin = value.findIndex((byte) => !isBlank(byte));
  return begin === -1
    ? value.subarray(0, 0)
    : value.slice(begin, value.findLastIndex((byte) => !isBlank(byte)) + 1);
}

export const hostileValues: fc.Arbitrary<HostileValues> = fc.record({
  // A request line has its method, which holds no blank and is not empty.
  method: wordsWithout(0x20, 0x09).map((method) => joinBytes(Uint8Array.of(0x47), method)),
  target: values.map(trimBlanks),
  host: maybeValues,
  userAgent: maybeValues,
  referer: maybeValues,
  user: fc.option(wordsWithout(0x3a), { freq: 4 }),
  named: maybeValues,
  reason: values.map(trimBlanks),
  location: maybeValues,
  responseNamed: maybeValues,
  hasRequest: fc.boolean(),
  hasResponse: fc.boolean(),
});

const text = (value: string) => new Uint8Array(Buffer.from(value));

/** Puts the values into an exchange as the pipeline would, byte for byte. */
export function makeHostileExchange(given: HostileValues): Exchange {
  const exchange = makeExchange({
    names: [NAMED],
    hasRequest: given.hasRequest,
    hasResponse: given.hasResponse,
  });
  const { request, response } = exchange;
  const slot = namedSlot(exchange);
  const requestLine = joinBytes(given.method, text(' '), given.target, text(' HTTP/1.1'));
  [request.startLineOffset, request.startLineEnd] = append(exchange, requestLine);
  splitRequestLine(exchange);
  setField(exchange, request, FIELD_HOST, given.host);
  setField(exchange, request, FIELD_USER_AGENT, given.userAgent);
  setField(exchange, request, FIELD_REFERER, given.referer);
  setField(exchange, request, FIELD_AUTHORIZATION, given.user && credentials(given.user));
  setField(exchange, request, slot, given.named);
  const statusLine = joinBytes(text('HTTP/1.1 404 '), given.reason);
  [response.startLineOffset, response.startLineEnd] = append(exchange, statusLine);
  splitStatusLine(exchange);
  setField(exchange, response, FIELD_LOCATION, given.location);
  setField(exchange, response, slot, given.responseNamed);
  return exchange;
}

/** The slot of the only named field is the last one. */
export function namedSlot(exchange: Exchange): number {
  return exchange.request.fieldOffsets.length - 1;
}

export function optionsFor(exchange: Exchange, offsetSec = 0): RecordFormatOptions {
  return {
    ...FORMAT_OPTIONS_DEFAULT,
    namedFields: [{ name: NAMED, slot: namedSlot(exchange) }],
    utcOffset: () => offsetSec,
    hostName: 'sensor',
  };
}

function credentials(user: Uint8Array): Uint8Array {
  return text(`Basic ${Buffer.from(joinBytes(user, text(':secret'))).toString('base64')}`);
}

function setField(exchange: Exchange, message: HttpMessage, slot: number, value: Value): void {
  message.fieldOffsets[slot] = 0;
  if (value !== null) {
    [message.fieldOffsets[slot], message.fieldEnds[slot]] = append(exchange, value);
    if (!message.foundSlots.subarray(0, message.foundCount).includes(slot)) {
      message.foundSlots[message.foundCount++] = slot;
    }
  }
}

function append(exchange: Exchange, bytes: Uint8Array): [number, number] {
  const offset = exchange.bytesEnd;
  exchange.bytes.set(bytes, offset);
  exchange.bytesEnd = offset + bytes.length;
  return [offset, exchange.bytesEnd];
}

const GUARD_BYTES = 32;
const GUARD = 0xa5;

/** The lines of one record, written into exactly the room that the format asks for. */
export function writeRecord<R>(writer: RecordWriter<R>, record: R): Buffer {
  const bytesMax = writer.bytesMax(record);
  const target = new Uint8Array(bytesMax + 2 * GUARD_BYTES).fill(GUARD);
  const end = writer.write(target, GUARD_BYTES, record);
  expect(end - GUARD_BYTES).toBeLessThanOrEqual(bytesMax);
  const guards = [...target.subarray(0, GUARD_BYTES), ...target.subarray(GUARD_BYTES + bytesMax)];
  expect(guards.every((byte) => byte === GUARD)).toBe(true);
  return Buffer.from(target.slice(GUARD_BYTES, end));
}

/** The same as lines without their line feeds, one letter a byte; each must end with one. */
export function linesOf<R>(writer: RecordWriter<R>, record: R): string[] {
  const written = writeRecord(writer, record).toString('latin1');
  expect(written.endsWith('\n')).toBe(true);
  const lines = written.slice(0, -1).split('\n');
  expect(lines).toHaveLength(writer.linesPerRecord);
  // Neither controls nor what terminals obey; bytes from 0x80 on are of well-formed UTF-8.
  for (const line of lines) {
    const decoded = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line, 'latin1'));
    expect(decoded.replaceAll('\t', '')).not.toMatch(/\p{Cc}/u);
  }
  return lines;
}

/** One letter a byte, as in `linesOf`. */
export function letters(value: Uint8Array): string {
  return Buffer.from(value).toString('latin1');
}

/** `\\` and `\xHH` back to what they stand for; anything else behind a backslash is a mistake. */
export function unescapeLetters(escaped: string): string {
  return escaped.replaceAll(/\\(?:\\|x([0-9A-Fa-f]{2}))?/g, (sequence, hex) => {
    expect(sequence.length).toBeGreaterThan(1);
    return hex === undefined ? '\\' : String.fromCharCode(Number.parseInt(hex, 16));
  });
}
