import { lateLuxon } from '../late-packages.ts';
import { describeNearestName, findNearestName } from '../nearest-name.ts';
import type { Spelling } from './value-spelling.ts';

/** The largest in use is +14:00. */
const OFFSET_HOURS_MAX = 14;

/** luxon is read only for a name: that is some 30 ms of a start that seldom needs it. */
function parseTimeZone(text: string): string | null {
  if (/^local$/i.test(text)) {
    return 'local';
  }
  if (/^utc$/i.test(text)) {
    return 'UTC';
  }
  if (/^(utc)?[+-]/i.test(text)) {
    return parseOffset(text);
  }
  return lateLuxon().IANAZone.isValidZone(text) ? text : null;
}

/** `+02:00` of `+2`, `+0200`, `UTC+02:00`; zones are from -14:59 to +14:59. */
function parseOffset(text: string): string | null {
  const [, sign, hours, minutes = '00'] =
    /^(?:utc)?([+-])(\d{1,2}?):?([0-5]\d)?$/i.exec(text) ?? [];
  return hours === undefined || Number(hours) > OFFSET_HOURS_MAX
    ? null
    : `${sign}${hours.padStart(2, '0')}:${minutes}`;
}

/** A zone by its last word, as `Berlin`, or mistyped. */
function explainTimeZone(text: string): string | undefined {
  const zones = Intl.supportedValuesOf('timeZone');
  const ending = `/${text.trim().toLowerCase().replaceAll(' ', '_')}`;
  const nearest =
    zones.find((zone) => zone.toLowerCase().endsWith(ending)) ??
    findNearestName(text.trim(), ['local', 'UTC', ...zones]);
  return nearest === undefined ? undefined : `there is no such zone${describeNearestName(nearest)}`;
}

export const TIMEZONE_SPELLING: Spelling<string> = {
  allowed: 'local, UTC, an offset such as +02:00, or an IANA name such as Europe/Berlin',
  parse: parseTimeZone,
  explain: explainTimeZone,
  print: String,
};
