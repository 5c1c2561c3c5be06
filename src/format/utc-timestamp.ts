import { writeDigits, writeJsonNumber } from './json-text.ts';
import { createTimestampText, setSecond, type TimestampText } from './timestamp.ts';

/** Bytes of `2019-09-01T14:16:51.002345Z`. */
export const UTC_TIMESTAMP_BYTES = 27;
/** Digits of the largest unsigned 64-bit number. */
export const EPOCH_NS_BYTES_MAX = 20;

/** 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: years have four digits here. */
const FIRST_SEC = -62_167_219_200;
const LAST_SEC = 253_402_300_799;
/** Last whole second whose nanoseconds an unsigned 64-bit number holds. */
const LAST_EPOCH_NS_SEC = 18_446_744_072;

const NANOSECONDS_PER_MICROSECOND = 1000;
/** `2019-09-01T14:16:51.` */
const SECOND_BYTES = 20;
/** Where the text has a `T` and the local one a space. */
const TIME_SEPARATOR_AT = 10;
const BYTE_CAPITAL_T = 0x54;
const BYTE_CAPITAL_Z = 0x5a;

/** The UTC text of the second seen last, so that its calendar is worked out once a second of traffic. */
export interface UtcTimestamp {
  readonly text: TimestampText;
}

export function createUtcTimestamp(): UtcTimestamp {
  return { text: createTimestampText(() => 0) };
}

/**
 * Writes `2019-09-01T14:16:51.002345Z`. Microseconds are cut and not rounded: no line is ahead of its packet.
 * A second outside of the years 0000 to 9999, which only a damaged or hostile capture claims, is shown as the
 * first or the last one.
 *
 * @returns where the next byte goes; **the caller has made room for UTC_TIMESTAMP_BYTES**
 * @see RFC 3339 section 5.6
 */
export function writeUtcTimestamp(
  target: Uint8Array,
  at: number,
  timestamp: UtcTimestamp,
  epochSec: number,
  subsecNs: number,
): number {
  const { text } = timestamp;
  const second = Math.min(Math.max(epochSec, FIRST_SEC), LAST_SEC);
  if (second !== text.second) {
    setSecond(text, second);
    text.bytes[TIME_SEPARATOR_AT] = BYTE_CAPITAL_T;
  }
  const { bytes } = text;
  for (let index = 0; index < SECOND_BYTES; index++) {
    target[at + index] = bytes[index];
  }
  at = writeDigits(
    target,
    at + SECOND_BYTES,
    Math.floor(subsecNs / NANOSECONDS_PER_MICROSECOND),
    6,
  );
  target[at++] = BYTE_CAPITAL_Z;
  return at;
}

/**
 * Writes the nanoseconds since 1970 as a decimal number of up to 64 bits, which exceeds what a number here
 * holds exactly. Times before 1970, and after what 64 bits hold, are shown as the nearest second that fits.
 *
 * @returns where the next byte goes; **the caller has made room for EPOCH_NS_BYTES_MAX**
 */
export function writeEpochNs(
  target: Uint8Array,
  at: number,
  epochSec: number,
  subsecNs: number,
): number {
  const second = Math.min(Math.max(epochSec, 0), LAST_EPOCH_NS_SEC);
  if (second === 0) {
    return writeJsonNumber(target, at, subsecNs);
  }
  at = writeJsonNumber(target, at, second);
  return writeDigits(target, at, subsecNs, 9);
}
