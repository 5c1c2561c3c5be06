/** Milliseconds of each unit that a duration may have. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  us: 0.001,
  ms: 1,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};
const DURATION = /^(\d{1,12}(?:\.\d{1,6})?)\s*(us|ms|s|sec|m|min|h)?$/i;
/** Digits behind the point that a number of milliseconds keeps: nanoseconds. */
const DECIMALS = 6;

export const DURATION_ALLOWED =
  'a duration as in 500ms, 1.5s or 2min (us, ms, s, min, h); without a unit it is milliseconds';

/** Milliseconds of `500`, `500ms`, `1.5s`, `2min`, `250\u00b5s`. */
export function parseDuration(text: string): number | null {
  const [, count, unit = ''] = DURATION.exec(text.trim().replace('\u00b5', 'u')) ?? [];
  return count === undefined
    ? null
    : Number((Number(count) * UNITS[unit.toLowerCase()]).toFixed(DECIMALS));
}
