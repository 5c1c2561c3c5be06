import { writeDigits, writeJsonNumber } from './json-text.ts';
import { createTimestampText, setSecond, type TimestampText, type UtcOffset } from './timestamp.ts';

/** Bytes of `[10/Oct/2000:13:55:36 -0700]` at most: years have up to nine digits. */
export const APACHE_TIMESTAMP_BYTES_MAX = 40;

const MONTHS = new Uint8Array(Buffer.from('JanFebMarAprMayJunJulAugSepOctNovDec', 'latin1'));
const MONTH_BYTES = 3;
const YEAR_DIGITS_MIN = 4;
/** `13:55:36.`, the end of the text that `setSecond` makes. */
const TIME_AND_DOT_BYTES = 9;
const TIME_BYTES = 8;
const BYTE_SPACE = 0x20;
const BYTE_PLUS = 0x2b;
const BYTE_DASH = 0x2d;
const BYTE_SLASH = 0x2f;
const BYTE_COLON = 0x3a;
const BYTE_BRACKET_OPEN = 0x5b;
const BYTE_BRACKET_CLOSE = 0x5d;

/** The text of the second seen last. */
export interface ApacheTimestamp {
  /** The same second in the text line's form, whose calendar this one is made of. */
  readonly text: TimestampText;
  readonly bytes: Uint8Array;
  byteLength: number;
}

export function createApacheTimestamp(utcOffset: UtcOffset): ApacheTimestamp {
  return {
    text: createTimestampText(utcOffset),
    bytes: new Uint8Array(APACHE_TIMESTAMP_BYTES_MAX),
    byteLength: 0,
  };
}

/**
 * Writes Apache's `%t`, `[10/Oct/2000:13:55:36 -0700]`: the local second and its zone's offset.
 *
 * @returns where the next byte goes; **the caller has made room for APACHE_TIMESTAMP_BYTES_MAX**
 */
export function writeApacheTimestamp(
  target: Uint8Array,
  at: number,
  timestamp: ApacheTimestamp,
  epochSec: number,
): number {
  if (timestamp.text.second !== epochSec) {
    setSecond(timestamp.text, epochSec);
    timestamp.byteLength = renderSecond(timestamp.bytes, timestamp.text);
  }
  const { bytes, byteLength } = timestamp;
  for (let index = 0; index < byteLength; index++) {
    target[at + index] = bytes[index];
  }
  return at + byteLength;
}

function renderSecond(bytes: Uint8Array, text: TimestampText): number {
  const { day, offsetSec } = text;
  const year = Math.floor(day / 10_000);
  const monthIndex = (Math.floor(day / 100) % 100) - 1;
  let at = 0;
  bytes[at++] = BYTE_BRACKET_OPEN;
  at = writeDigits(bytes, at, day % 100, 2);
  bytes[at++] = BYTE_SLASH;
  for (let index = 0; index < MONTH_BYTES; index++) {
    bytes[at++] = MONTHS[monthIndex * MONTH_BYTES + index];
  }
  bytes[at++] = BYTE_SLASH;
  at =
    year < 10 ** YEAR_DIGITS_MIN
      ? writeDigits(bytes, at, year, YEAR_DIGITS_MIN)
      : writeJsonNumber(bytes, at, year);
  bytes[at++] = BYTE_COLON;
  const timeAt = text.byteLength - TIME_AND_DOT_BYTES;
  for (let index = 0; index < TIME_BYTES; index++) {
    bytes[at++] = text.bytes[timeAt + index];
  }
  bytes[at++] = BYTE_SPACE;
  at = writeOffset(bytes, at, offsetSec);
  bytes[at++] = BYTE_BRACKET_CLOSE;
  return at;
}

/** `-0700`; seconds, which offsets had before zones were agreed on, are cut. */
function writeOffset(bytes: Uint8Array, at: number, offsetSec: number): number {
  const minutes = Math.floor(Math.abs(offsetSec) / 60);
  bytes[at++] = offsetSec < 0 ? BYTE_DASH : BYTE_PLUS;
  at = writeDigits(bytes, at, Math.floor(minutes / 60), 2);
  return writeDigits(bytes, at, minutes % 60, 2);
}
