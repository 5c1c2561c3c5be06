import { FIELD_REFERER, FIELD_USER_AGENT } from '../http/grammar.ts';
import { ADDRESS_TEXT_BYTES_MAX } from '../record/address-text.ts';
import type { Exchange } from '../record/exchange.ts';
import { clientOf } from '../record/http-record.ts';
import {
  APACHE_TIMESTAMP_BYTES_MAX,
  type ApacheTimestamp,
  createApacheTimestamp,
  writeApacheTimestamp,
} from './apache-timestamp.ts';
import { writeDigits, writeJsonNumber } from './json-text.ts';
import { statusOf, writeMicroseconds } from './record-fields.ts';
import type { RecordFormat, RecordFormatOptions, RecordWriter } from './record-format.ts';
import {
  createValueSpan,
  type FindText,
  findInRequest,
  findRequestLine,
  findUser,
  textBytesMax,
  type ValueSpan,
} from './record-texts.ts';
import { writeEndAddress } from './record-values.ts';

const BYTE_LF = 0x0a;
const BYTE_SPACE = 0x20;
const BYTE_QUOTE = 0x22;
const BYTE_DASH = 0x2d;
const BYTE_BRACKET_OPEN = 0x5b;
const BYTE_BACKSLASH = 0x5c;
const BYTE_BRACKET_CLOSE = 0x5d;
const BYTE_LOWER_X = 0x78;

const STATUS_DIGITS = 3;
/** Size and duration of up to 2^53, the status, dashes, quotes and separators. */
const NUMBERS_BYTES_MAX = 64;
const OVERHEAD_BYTES_MAX = ADDRESS_TEXT_BYTES_MAX + APACHE_TIMESTAMP_BYTES_MAX + NUMBERS_BYTES_MAX;

const HEX_DIGITS = new Uint8Array(Buffer.from('0123456789abcdef', 'latin1'));

/** What becomes of a byte: copied, `\xHH`, or else a backslash and this letter. */
const COPIED = 0;
const IN_HEX = 1;

/** Between quotes: what Apache's `ap_escape_logitem` makes of each byte. */
const QUOTED_ESCAPES = createEscapes();
/** The user name has no quotes around it: nothing in it may look like the end of its column or the time. */
const USER_ESCAPES = createEscapes(BYTE_SPACE, BYTE_BRACKET_OPEN, BYTE_BRACKET_CLOSE);

const findReferer = findInRequest(FIELD_REFERER);
const findUserAgent = findInRequest(FIELD_USER_AGENT);

/**
 * Apache's Common Log Format, `%h - %u %t "%r" %>s %b`.
 *
 * @see https://httpd.apache.org/docs/2.4/mod/mod_log_config.html
 */
export const COMMON_FORMAT: RecordFormat = {
  suffix: 'common.log',
  hasHeaderFields: false,
  writers: { exchange: (options) => createExchangeWriter(options, false, false) },
};

/** The same with ` "%{Referer}i" "%{User-agent}i"`. */
export const COMBINED_FORMAT: RecordFormat = {
  suffix: 'combined.log',
  hasHeaderFields: false,
  writers: { exchange: (options) => createExchangeWriter(options, true, false) },
};

/** The combined one with ` %D`, the microseconds that the exchange took. */
export const COMBINED_TIMED_FORMAT: RecordFormat = {
  suffix: 'combined-timed.log',
  hasHeaderFields: false,
  writers: { exchange: (options) => createExchangeWriter(options, true, true) },
};

function createExchangeWriter(
  options: RecordFormatOptions,
  isCombined: boolean,
  isTimed: boolean,
): RecordWriter<Exchange> {
  const timestamp = createApacheTimestamp(options.utcOffset);
  const span = createValueSpan();
  return {
    linesPerRecord: 1,
    bytesMax: (exchange) =>
      OVERHEAD_BYTES_MAX +
      textBytesMax(findUser, exchange, span) +
      textBytesMax(findRequestLine, exchange, span) +
      (isCombined
        ? textBytesMax(findReferer, exchange, span) + textBytesMax(findUserAgent, exchange, span)
        : 0),
    write: (target, at, exchange) => {
      at = writeCommon(target, at, exchange, timestamp, span);
      if (isCombined) {
        at = writeQuoted(target, at, exchange, span, findReferer);
        at = writeQuoted(target, at, exchange, span, findUserAgent);
      }
      if (isTimed) {
        target[at++] = BYTE_SPACE;
        at = writeMicroseconds(target, at, Math.max(exchange.totalNs, 0));
      }
      target[at++] = BYTE_LF;
      return at;
    },
  };
}

function writeCommon(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  timestamp: ApacheTimestamp,
  span: ValueSpan,
): number {
  const { responseBodyBytes } = exchange;
  at = writeClient(target, at, exchange);
  target[at++] = BYTE_SPACE;
  target[at++] = BYTE_DASH;
  target[at++] = BYTE_SPACE;
  at = writeUser(target, at, exchange, span);
  target[at++] = BYTE_SPACE;
  at = writeApacheTimestamp(target, at, timestamp, exchange.timestampSec);
  at = writeQuoted(target, at, exchange, span, findRequestLine);
  target[at++] = BYTE_SPACE;
  // Parsers of this format want digits: a response that was not seen has a status that none can have.
  at = writeDigits(target, at, Math.max(statusOf(exchange), 0), STATUS_DIGITS);
  target[at++] = BYTE_SPACE;
  if (responseBodyBytes > 0) {
    return writeJsonNumber(target, at, responseBodyBytes);
  }
  target[at++] = BYTE_DASH;
  return at;
}

/** A dash for a client without an address. */
function writeClient(target: Uint8Array, at: number, exchange: Exchange): number {
  const client = clientOf(exchange);
  if (client.addressLength === 0) {
    target[at++] = BYTE_DASH;
    return at;
  }
  return writeEndAddress(target, at, exchange.bytes, client);
}

/** As Apache does, an empty user name is `""`. One that is a dash must not look like none. */
function writeUser(target: Uint8Array, at: number, exchange: Exchange, span: ValueSpan): number {
  if (!findUser(exchange, span)) {
    target[at++] = BYTE_DASH;
    return at;
  }
  const { bytes, offset, end } = span;
  if (offset === end) {
    target[at++] = BYTE_QUOTE;
    target[at++] = BYTE_QUOTE;
    return at;
  }
  return end - offset === 1 && bytes[offset] === BYTE_DASH
    ? writeHex(target, at, BYTE_DASH)
    : writeLogItem(target, at, span, USER_ESCAPES);
}

/** Writes ` "VALUE"`, a dash for one that is absent. */
function writeQuoted(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  span: ValueSpan,
  find: FindText,
): number {
  target[at++] = BYTE_SPACE;
  target[at++] = BYTE_QUOTE;
  if (find(exchange, span)) {
    at = writeLogItem(target, at, span, QUOTED_ESCAPES);
  } else {
    target[at++] = BYTE_DASH;
  }
  target[at++] = BYTE_QUOTE;
  return at;
}

/** Writes a value, at most 4 bytes for each of its own. */
function writeLogItem(
  target: Uint8Array,
  at: number,
  span: ValueSpan,
  escapes: Uint8Array,
): number {
  const { bytes, end } = span;
  for (let offset = span.offset; offset < end; offset++) {
    const byte = bytes[offset];
    const treatment = escapes[byte];
    if (treatment === COPIED) {
      target[at++] = byte;
    } else if (treatment === IN_HEX) {
      at = writeHex(target, at, byte);
    } else {
      target[at++] = BYTE_BACKSLASH;
      target[at++] = treatment;
    }
  }
  return at;
}

/** Lower case, as Apache has it. */
function writeHex(target: Uint8Array, at: number, byte: number): number {
  target[at++] = BYTE_BACKSLASH;
  target[at++] = BYTE_LOWER_X;
  target[at++] = HEX_DIGITS[byte >> 4];
  target[at++] = HEX_DIGITS[byte & 0xf];
  return at;
}

/** @param bytesInHex printable bytes that are written in hex as well */
function createEscapes(...bytesInHex: number[]): Uint8Array {
  const escapes = new Uint8Array(256).fill(IN_HEX);
  escapes.fill(COPIED, BYTE_SPACE, 0x7f);
  for (const [byte, letter] of ['\bb', '\nn', '\rr', '\tt', '\vv', '""', '\\\\']) {
    escapes[byte.charCodeAt(0)] = letter.charCodeAt(0);
  }
  for (const byte of bytesInHex) {
    escapes[byte] = IN_HEX;
  }
  return escapes;
}
