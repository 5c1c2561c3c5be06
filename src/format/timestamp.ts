import { createWordView, viewWords, WORD_BYTES } from '../words.ts';

/** Seconds east of UTC at an instant; the control room makes it from the time zone. */
export type UtcOffset = (epochSec: number) => number;

/**
 * The text of the second seen last, so that its calendar is worked out once a second of traffic and not
 * once a line.
 */
export interface TimestampText {
  readonly utcOffset: UtcOffset;
  /** `2019-09-01 14:16:51.` in the first `byteLength` bytes. */
  readonly bytes: Uint8Array;
  /** The same bytes, first one lowest. */
  readonly words: Int32Array;
  byteLength: number;
  second: number;
  /** Local calendar day of that second, 20190901. */
  day: number;
  /** Minute for which `offsetSec` was asked: offsets change at its bounds only. */
  minute: number;
  offsetSec: number;
}

/** Bytes of a timestamp at most: years have up to nine digits. */
export const TIMESTAMP_BYTES_MAX = 32;

const YEAR_DIGITS_MIN = 4;
/**
 * 0000-01-01 and a day of the year 142713360, in seconds. A damaged or hostile pcapng can claim any 64-bit
 * second; those outside are shown as these. Years have no sign here, and the calendar's sums stay exact.
 */
const FIRST_SEC = -62_167_219_200;
const LAST_SEC = 2 ** 52;
const SECONDS_PER_MINUTE = 60;
const SECONDS_PER_DAY = 86_400;
const NANOSECONDS_PER_MILLISECOND = 1_000_000;
const BYTE_SPACE = 0x20;
const BYTE_DASH = 0x2d;
const BYTE_DOT = 0x2e;
const BYTE_0 = 0x30;
const BYTE_COLON = 0x3a;

const targetWords = createWordView();

export function createTimestampText(utcOffset: UtcOffset): TimestampText {
  const bytes = new Uint8Array(TIMESTAMP_BYTES_MAX);
  return {
    utcOffset,
    bytes,
    words: new Int32Array(bytes.buffer),
    byteLength: 0,
    second: Number.NaN,
    day: 0,
    minute: Number.NaN,
    offsetSec: 0,
  };
}

/**
 * Makes `text` that of a second. Call it before `writeTimestamp`, and read `day` behind it: the day decides
 * which file a line belongs to.
 */
export function setSecond(text: TimestampText, epochSec: number): void {
  if (epochSec === text.second) {
    return;
  }
  text.second = epochSec;
  epochSec = Math.min(Math.max(epochSec, FIRST_SEC), LAST_SEC);
  const minute = Math.floor(epochSec / SECONDS_PER_MINUTE);
  if (minute !== text.minute) {
    text.minute = minute;
    text.offsetSec = text.utcOffset(epochSec);
  }
  const localSec = Math.max(epochSec + text.offsetSec, FIRST_SEC);
  const epochDay = Math.floor(localSec / SECONDS_PER_DAY);
  const secondOfDay = localSec - epochDay * SECONDS_PER_DAY;
  text.day = calendarDay(epochDay);
  const month = Math.floor(text.day / 100) % 100;
  const year = Math.floor(text.day / 10_000);
  const { bytes } = text;
  let at = writeDigits(bytes, 0, year, Math.max(YEAR_DIGITS_MIN, String(year).length));
  bytes[at++] = BYTE_DASH;
  at = writeDigits(bytes, at, month, 2);
  bytes[at++] = BYTE_DASH;
  at = writeDigits(bytes, at, text.day % 100, 2);
  bytes[at++] = BYTE_SPACE;
  at = writeDigits(bytes, at, Math.floor(secondOfDay / 3600), 2);
  bytes[at++] = BYTE_COLON;
  at = writeDigits(bytes, at, Math.floor(secondOfDay / 60) % 60, 2);
  bytes[at++] = BYTE_COLON;
  at = writeDigits(bytes, at, secondOfDay % 60, 2);
  bytes[at++] = BYTE_DOT;
  text.byteLength = at;
}

/** By millisecond: `.123`, first byte lowest. */
const MILLISECOND_TEXT = Int32Array.from({ length: 1000 }, (_, milliseconds) =>
  Buffer.from(`.${String(milliseconds).padStart(3, '0')}`, 'latin1').readInt32LE(0),
);

/** Writes the second and the milliseconds, which are cut and not rounded: no line is ahead of its packet. */
export function writeTimestamp(
  target: Uint8Array,
  at: number,
  text: TimestampText,
  subsecNs: number,
): number {
  const { words, byteLength } = text;
  const view = viewWords(targetWords, target);
  // The last word may run over by three bytes, which are those of the milliseconds.
  for (let offset = 0; offset < byteLength; offset += WORD_BYTES) {
    view.setInt32(at + offset, words[offset >> 2], true);
  }
  const pointAt = at + byteLength - 1;
  const milliseconds = (subsecNs / NANOSECONDS_PER_MILLISECOND) | 0;
  view.setInt32(pointAt, MILLISECOND_TEXT[milliseconds], true);
  return pointAt + WORD_BYTES;
}

/** Writes a non-negative whole number with leading zeros; gives where the next byte goes. */
function writeDigits(target: Uint8Array, at: number, value: number, digits: number): number {
  for (let index = at + digits - 1; index >= at; index--) {
    target[index] = BYTE_0 + (value % 10);
    value = Math.floor(value / 10);
  }
  return at + digits;
}

/**
 * The Gregorian date of a day counted from 1970-01-01, as a number 20190901. Years are counted from March,
 * so that the leap day is a year's last and months follow one formula.
 */
function calendarDay(epochDay: number): number {
  const DAYS_PER_ERA = 146_097;
  const shifted = epochDay + 719_468; // days from 0000-03-01 to 1970-01-01
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfYear + 2) / 153);
  const dayOfMonth = dayOfYear - Math.floor((153 * marchMonth + 2) / 5) + 1;
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return year * 10_000 + month * 100 + dayOfMonth;
}
