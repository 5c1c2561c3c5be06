import { isSameText } from '../bytes.ts';
import { FIELD_USER_AGENT } from '../http/grammar.ts';
import { ADDRESS_TEXT_BYTES_MAX } from '../record/address-text.ts';
import type { Exchange } from '../record/exchange.ts';
import { clientOf } from '../record/http-record.ts';
import { SPACE_ESCAPED, SPACE_KEPT, type SpaceMode, writeEscaped } from './escape.ts';
import { writeDigits, writeJsonNumber } from './json-text.ts';
import { statusOf } from './record-fields.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import {
  createValueSpan,
  type FindText,
  findInRequest,
  findMethod,
  findPath,
  findQuery,
  findUser,
  textBytesMax,
  type ValueSpan,
} from './record-texts.ts';
import {
  ID_BYTES,
  labelBytes,
  writeEndAddress,
  writeHexByte,
  writeId,
  writeLabel,
  writeSeconds,
} from './record-values.ts';
import {
  createTimestampText,
  setSecond,
  TIMESTAMP_BYTES_MAX,
  type TimestampText,
  writeTimestamp,
} from './timestamp.ts';

const BYTE_LF = 0x0a;
const BYTE_SPACE = 0x20;
const BYTE_COLON = 0x3a;
const BYTE_LOWER_S = 0x73;

const NANOSECONDS_PER_SECOND = 1e9;
const STATUS_DIGITS = 3;
/** Labels, words for what is absent, numbers, line feeds. */
const LABELS_BYTES_MAX = 256;
const OVERHEAD_BYTES_MAX =
  LABELS_BYTES_MAX + 2 * (TIMESTAMP_BYTES_MAX + ID_BYTES + ADDRESS_TEXT_BYTES_MAX);

const ID = labelBytes(' ID: ');
const SOURCE = labelBytes(' Source: ');
const STATUS = labelBytes(' Status: ');
const DURATION = labelBytes(' Duration: ');
const SIZE = labelBytes(' Size: ');
const ABSENT = labelBytes('-');

/** A column of untrusted bytes. */
interface Column {
  label: Uint8Array;
  find: FindText;
  /** What stands for no value, or for an empty one. */
  absent: Uint8Array;
  spaceMode: SpaceMode;
}

const USER = createColumn(' User: ', findUser, 'anonymous', SPACE_ESCAPED);
const PATH = createColumn(' Path: ', findPath, '-', SPACE_ESCAPED);
const QUERY = createColumn(' Query: ', findQuery, 'None', SPACE_ESCAPED);
const METHOD = createColumn(' Method: ', findMethod, '-', SPACE_ESCAPED);
const AGENT = createColumn(' Agent: ', findInRequest(FIELD_USER_AGENT), '-', SPACE_KEPT);
const COLUMNS = [USER, PATH, QUERY, METHOD, AGENT];

/**
 * Two lines an exchange, both with its id: what was asked at the time of the request, and at the time of the
 * end the same with what came of it.
 */
export const AUDIT_FORMAT: RecordFormat = {
  suffix: 'audit.log',
  hasHeaderFields: false,
  writers: { exchange: createExchangeWriter },
};

function createExchangeWriter(options: RecordFormatOptions): RecordWriter<Exchange> {
  const beginning = createTimestampText(options.utcOffset);
  const ending = createTimestampText(options.utcOffset);
  const span = createValueSpan();
  return {
    linesPerRecord: 2,
    bytesMax: (exchange) => {
      let bytesMax = OVERHEAD_BYTES_MAX;
      for (let column = 0; column < COLUMNS.length; column++) {
        bytesMax += 2 * textBytesMax(COLUMNS[column].find, exchange, span);
      }
      return bytesMax;
    },
    write: (target, at, exchange) => {
      const { timestampSec, timestampSubsecNs } = exchange;
      const requestAt = writeTime(target, at, beginning, timestampSec, timestampSubsecNs);
      const requestEnd = writeRequest(target, requestAt, exchange, span);
      at = requestEnd;
      target[at++] = BYTE_LF;
      const endNs = timestampSubsecNs + Math.max(exchange.totalNs, 0);
      const secondsLater = Math.floor(endNs / NANOSECONDS_PER_SECOND);
      const endSubsecNs = endNs - secondsLater * NANOSECONDS_PER_SECOND;
      at = writeTime(target, at, ending, timestampSec + secondsLater, endSubsecNs);
      target.copyWithin(at, requestAt, requestEnd);
      at = writeOutcome(target, at + requestEnd - requestAt, exchange);
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

function writeTime(
  target: Uint8Array,
  at: number,
  text: TimestampText,
  epochSec: number,
  subsecNs: number,
): number {
  setSecond(text, epochSec);
  return writeTimestamp(target, at, text, subsecNs);
}

function writeRequest(target: Uint8Array, at: number, exchange: Exchange, span: ValueSpan): number {
  at = writeId(target, writeLabel(target, at, ID), exchange.id);
  at = writeColumn(target, at, exchange, span, USER);
  at = writeColumn(target, at, exchange, span, PATH);
  at = writeColumn(target, at, exchange, span, QUERY);
  at = writeColumn(target, at, exchange, span, METHOD);
  at = writeLabel(target, at, SOURCE);
  const addressEnd = writeEndAddress(target, at, exchange.bytes, clientOf(exchange));
  at = addressEnd === at ? writeLabel(target, at, ABSENT) : addressEnd;
  return writeColumn(target, at, exchange, span, AGENT);
}

function writeOutcome(target: Uint8Array, at: number, exchange: Exchange): number {
  const { totalNs, responseBodyBytes } = exchange;
  const status = statusOf(exchange);
  at = writeLabel(target, at, STATUS);
  at = status < 0 ? writeLabel(target, at, ABSENT) : writeDigits(target, at, status, STATUS_DIGITS);
  at = writeLabel(target, at, DURATION);
  if (totalNs < 0) {
    at = writeLabel(target, at, ABSENT);
  } else {
    at = writeSeconds(target, at, totalNs);
    target[at++] = BYTE_LOWER_S;
  }
  at = writeLabel(target, at, SIZE);
  return responseBodyBytes < 0
    ? writeLabel(target, at, ABSENT)
    : writeJsonNumber(target, at, responseBodyBytes);
}

function writeColumn(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  span: ValueSpan,
  column: Column,
): number {
  at = writeLabel(target, at, column.label);
  if (!column.find(exchange, span) || span.offset === span.end) {
    return writeLabel(target, at, column.absent);
  }
  const { bytes, end } = span;
  let { offset } = span;
  if (isSameText(bytes, offset, end, column.absent)) {
    at = writeHexByte(target, at, bytes[offset++]);
  }
  return writeWithoutLabels(target, at, bytes, offset, end, column.spaceMode);
}

/**
 * Writes a value in which a colon that would stand before a space is `\x3A`: a colon and a space are found
 * behind labels only, wherever a value begins or ends.
 */
function writeWithoutLabels(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  spaceMode: SpaceMode,
): number {
  // Spaces that are escaped follow no colon: then the last byte alone counts.
  let colonAt = spaceMode === SPACE_KEPT ? offset : Math.max(offset, end - 1);
  for (; colonAt < end; colonAt++) {
    if (bytes[colonAt] !== BYTE_COLON || !isSpaceBehind(bytes, colonAt, end)) {
      continue;
    }
    at = writeEscaped(target, at, bytes, offset, colonAt, spaceMode);
    at = writeHexByte(target, at, BYTE_COLON);
    offset = colonAt + 1;
  }
  return writeEscaped(target, at, bytes, offset, end, spaceMode);
}

/** Behind the value's last byte a space or the end of the line follows. */
function isSpaceBehind(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 1 === end || bytes[at + 1] === BYTE_SPACE;
}

function createColumn(label: string, find: FindText, absent: string, spaceMode: SpaceMode): Column {
  return { label: labelBytes(label), find, absent: labelBytes(absent), spaceMode };
}
