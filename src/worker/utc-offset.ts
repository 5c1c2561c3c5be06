import type { UtcOffset } from '../format/timestamp.ts';

const SECONDS_PER_MINUTE = 60;
const MINUTES_PER_HOUR = 60;
/** A day before the last second that Date has: what a damaged capture claims behind it has its offset. */
const LAST_ZONED_SEC = 8_640_000_000_000 - 86_400;

/**
 * Makes the function that says how many seconds a zone is ahead of UTC at an instant.
 *
 * luxon is loaded for named zones only: the machine's own zone and UTC are known without, and a short
 * replay starts sooner.
 *
 * @param timezone `local`, `UTC`, `+02:00`, or an IANA name that the configuration has checked
 */
export async function createUtcOffset(timezone: string): Promise<UtcOffset> {
  if (timezone === 'UTC') {
    return () => 0;
  }
  if (timezone === 'local') {
    return (epochSec) =>
      -new Date(Math.min(epochSec, LAST_ZONED_SEC) * 1000).getTimezoneOffset() * SECONDS_PER_MINUTE;
  }
  const [, sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(timezone) ?? [];
  if (sign !== undefined) {
    const offsetSec = (Number(hours) * MINUTES_PER_HOUR + Number(minutes)) * SECONDS_PER_MINUTE;
    return () => (sign === '-' ? -offsetSec : offsetSec);
  }
  const { IANAZone } = await import('luxon');
  const zone = IANAZone.create(timezone);
  return (epochSec) => zone.offset(Math.min(epochSec, LAST_ZONED_SEC) * 1000) * SECONDS_PER_MINUTE;
}
