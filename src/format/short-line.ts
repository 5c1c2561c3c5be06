import { FIELD_HOST } from '../http/grammar.ts';
import { HUMAN_BYTES_MAX, writeHumanDuration, writeHumanSize } from '../human-units.ts';
import { ADDRESS_TEXT_BYTES_MAX, writeAddress } from '../record/address-text.ts';
import { type Exchange, INCOMPLETE_NAMES, INCOMPLETE_NONE, UNKNOWN } from '../record/exchange.ts';
import { clientOf } from '../record/http-record.ts';
import {
  COLOR_BOLD,
  COLOR_BYTES_MAX,
  COLOR_FAINT,
  COLOR_GREEN,
  COLOR_RED,
  COLOR_YELLOW,
  closeColor,
  colorOfStatus,
  DISPLAY_DEFAULT,
  type LineDisplay,
  openColor,
} from './colors.ts';
import { CUT_BYTES_MAX, countColumns, writeCut } from './cut-text.ts';
import { writeDigits } from './json-text.ts';
import { LINE_COLUMNS_MAX } from './limits.ts';
import { statusOf } from './record-fields.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import { createValueSpan, findInRequest, findMethod, findTarget } from './record-texts.ts';
import { labelBytes } from './record-values.ts';
import {
  createTimestampText,
  setSecond,
  TIMESTAMP_BYTES_MAX,
  writeTimestamp,
} from './timestamp.ts';

const BYTE_LF = 0x0a;
const BYTE_SPACE = 0x20;
const BYTE_ASTERISK = 0x2a;
const BYTE_SLASH = 0x2f;

/** `14:16:51.002` */
const TIME_COLUMNS = 12;
/** `.002`, for which a narrow terminal has no room. */
const MILLISECOND_COLUMNS = 4;
const NARROW_COLUMNS = 100;
/** Of IPv4; a longer address takes from what is behind it. */
const CLIENT_COLUMNS = 15;
const METHOD_COLUMNS = 7;
const STATUS_COLUMNS = 3;
const LATENCY_COLUMNS = 7;
const SIZE_COLUMNS = 8;
/** All but time, client and target, and the spaces between the seven. */
const OTHER_COLUMNS = METHOD_COLUMNS + STATUS_COLUMNS + LATENCY_COLUMNS + SIZE_COLUMNS + 6;
/** Of the target, however narrow the terminal is. */
const TARGET_COLUMNS_MIN = 12;
/** The host's share of them where the path needs the rest. */
const HOST_SHARE = 1 / 3;
/** Pieces of a line that may have a colour, or be cut. */
const PIECES_MAX = 8;

/** What took longer is told in yellow, and in red. */
const SLOW_NS = 200e6;
const VERY_SLOW_NS = 1e9;

const UNSET = labelBytes('-');
const STATUS_UNSET = labelBytes('---');
/** By INCOMPLETE_*: `no response`. */
const REASONS = INCOMPLETE_NAMES.map((name) => labelBytes(name.replace('_', ' ')));

const findHost = findInRequest(FIELD_HOST);

/** A line an exchange for people who look at it: local time, client, method, host and target, status, latency, size. */
export const SHORT_FORMAT: RecordFormat = {
  suffix: 'short.log',
  hasHeaderFields: false,
  writers: { exchange: createShortWriter },
};

function createShortWriter({
  utcOffset,
  display = DISPLAY_DEFAULT,
}: RecordFormatOptions): RecordWriter<Exchange> {
  const columns = Math.min(display.columns, LINE_COLUMNS_MAX);
  const cutColumns = columns < NARROW_COLUMNS ? MILLISECOND_COLUMNS : 0;
  const timeColumns = TIME_COLUMNS - cutColumns;
  const timestamp = createTimestampText(utcOffset);
  const bytesMax =
    Math.max(columns, TIME_COLUMNS + OTHER_COLUMNS + TARGET_COLUMNS_MIN + ADDRESS_TEXT_BYTES_MAX) +
    TIMESTAMP_BYTES_MAX +
    PIECES_MAX * (COLOR_BYTES_MAX + CUT_BYTES_MAX);
  return {
    linesPerRecord: 1,
    bytesMax: () => bytesMax,
    write(target, at, exchange) {
      setSecond(timestamp, exchange.timestampSec);
      at = openColor(target, at, COLOR_FAINT, display);
      const timeEnd = writeTimestamp(target, at, timestamp, exchange.timestampSubsecNs);
      target.copyWithin(at, timeEnd - TIME_COLUMNS, timeEnd - cutColumns);
      at = closeColor(target, at + timeColumns, display);
      target[at++] = BYTE_SPACE;
      const clientAt = at;
      at = writeClient(target, at, exchange);
      const targetColumns = columns - timeColumns - OTHER_COLUMNS - (at - clientAt);
      target[at++] = BYTE_SPACE;
      at = writeMethod(target, at, exchange, display);
      target[at++] = BYTE_SPACE;
      at = writeTarget(target, at, exchange, Math.max(targetColumns, TARGET_COLUMNS_MIN));
      target[at++] = BYTE_SPACE;
      at = writeStatus(target, at, exchange, display);
      target[at++] = BYTE_SPACE;
      at = writeOutcome(target, at, exchange, display);
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

const span = createValueSpan();
const cell = new Uint8Array(HUMAN_BYTES_MAX);

function writeClient(target: Uint8Array, at: number, exchange: Exchange): number {
  const { addressOffset, addressLength } = clientOf(exchange);
  const end =
    addressLength === 0
      ? writeLeft(target, at, UNSET, 1)
      : writeAddress(target, at, exchange.bytes, addressOffset, addressLength);
  const cellEnd = Math.max(end, at + CLIENT_COLUMNS);
  target.fill(BYTE_SPACE, end, cellEnd);
  return cellEnd;
}

function writeMethod(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  display: LineDisplay,
): number {
  if (!findMethod(exchange, span)) {
    return writeLeft(target, at, UNSET, METHOD_COLUMNS);
  }
  at = openColor(target, at, COLOR_BOLD, display);
  at = writeCut(target, at, span.bytes, span.offset, span.end, METHOD_COLUMNS);
  return closeColor(target, at, display);
}

/** The host gives way to the path, down to its share. */
function writeTarget(target: Uint8Array, at: number, exchange: Exchange, columns: number): number {
  if (!findTarget(exchange, span)) {
    return writeLeft(target, at, UNSET, columns);
  }
  const { bytes, offset, end } = span;
  // Of absolute and authority form the target has the host in it. @see RFC 9112 section 3.2
  const isBehindHost = bytes[offset] === BYTE_SLASH || bytes[offset] === BYTE_ASTERISK;
  if (!isBehindHost || !findHost(exchange, span) || span.offset === span.end) {
    return writeCut(target, at, bytes, offset, end, columns);
  }
  const hostColumns = countColumns(span.bytes, span.offset, span.end, columns);
  const left = columns - countColumns(bytes, offset, end, columns);
  const hostColumnsShown = Math.min(hostColumns, Math.max(left, Math.floor(columns * HOST_SHARE)));
  at = writeCut(target, at, span.bytes, span.offset, span.end, hostColumnsShown);
  return writeCut(target, at, bytes, offset, end, columns - hostColumnsShown);
}

function writeStatus(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  display: LineDisplay,
): number {
  const status = statusOf(exchange);
  if (status < 0) {
    return writeLeft(target, at, STATUS_UNSET, STATUS_COLUMNS);
  }
  at = openColor(target, at, colorOfStatus(Math.floor(status / 100)), display);
  at = writeDigits(target, at, status, STATUS_COLUMNS);
  return closeColor(target, at, display);
}

/** Latency and size; of an exchange that is not whole the reason instead of its size. */
function writeOutcome(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  display: LineDisplay,
): number {
  const { incomplete, responseBodyBytes } = exchange;
  const reason = REASONS[incomplete];
  if (reason.length > SIZE_COLUMNS) {
    at = openColor(target, at, COLOR_RED, display);
    at = writeRight(target, at, reason, reason.length, LATENCY_COLUMNS + 1 + SIZE_COLUMNS);
    return closeColor(target, at, display);
  }
  at = writeLatency(target, at, exchange, display);
  target[at++] = BYTE_SPACE;
  if (incomplete !== INCOMPLETE_NONE) {
    at = openColor(target, at, COLOR_RED, display);
    at = writeRight(target, at, reason, reason.length, SIZE_COLUMNS);
    return closeColor(target, at, display);
  }
  return responseBodyBytes === UNKNOWN
    ? writeRight(target, at, UNSET, UNSET.length, SIZE_COLUMNS)
    : writeRight(target, at, cell, writeHumanSize(cell, 0, responseBodyBytes), SIZE_COLUMNS);
}

function writeLatency(
  target: Uint8Array,
  at: number,
  { totalNs }: Exchange,
  display: LineDisplay,
): number {
  if (totalNs < 0) {
    return writeRight(target, at, UNSET, UNSET.length, LATENCY_COLUMNS);
  }
  const color =
    totalNs >= VERY_SLOW_NS ? COLOR_RED : totalNs >= SLOW_NS ? COLOR_YELLOW : COLOR_GREEN;
  at = openColor(target, at, color, display);
  at = writeRight(target, at, cell, writeHumanDuration(cell, 0, totalNs), LATENCY_COLUMNS);
  return closeColor(target, at, display);
}

function writeLeft(target: Uint8Array, at: number, text: Uint8Array, columns: number): number {
  target.fill(BYTE_SPACE, at, at + columns);
  target.set(text, at);
  return at + columns;
}

/** **The text has no more bytes than the cell has columns.** */
function writeRight(
  target: Uint8Array,
  at: number,
  text: Uint8Array,
  textLength: number,
  columns: number,
): number {
  const textAt = at + columns - textLength;
  target.fill(BYTE_SPACE, at, textAt);
  for (let index = 0; index < textLength; index++) {
    target[textAt + index] = text[index];
  }
  return at + columns;
}
