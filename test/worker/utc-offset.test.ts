import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createUtcOffset } from '../../src/worker/utc-offset.ts';

const secondsOf = (iso: string) => Date.parse(iso) / 1000;

describe('createUtcOffset', () => {
  it('UTC is never ahead', async () => {
    const utcOffset = await createUtcOffset('UTC');
    expect([0, 1567347411, 2 ** 40, -(2 ** 40)].map(utcOffset)).toEqual([0, 0, 0, 0]);
  });

  it.each([
    ['Europe/Berlin', '2024-01-15T12:00:00Z', 3600],
    ['Europe/Berlin', '2024-07-15T12:00:00Z', 7200],
    ['Asia/Kolkata', '2024-01-15T12:00:00Z', 19_800],
    ['Asia/Kathmandu', '2024-01-15T12:00:00Z', 20_700],
    ['America/New_York', '2024-07-15T12:00:00Z', -14_400],
    ['America/St_Johns', '2024-01-15T12:00:00Z', -12_600],
    ['Pacific/Kiritimati', '2024-01-15T12:00:00Z', 50_400],
    ['Etc/UTC', '2024-01-15T12:00:00Z', 0],
    ['+02:00', '2024-01-15T12:00:00Z', 7200],
    ['-03:30', '2024-07-15T12:00:00Z', -12_600],
  ])('%s at %s is ahead by %i seconds', async (timezone, instant, offsetSec) => {
    expect((await createUtcOffset(timezone))(secondsOf(instant))).toBe(offsetSec);
  });

  it('changes at the second at which the clocks change', async () => {
    const utcOffset = await createUtcOffset('Europe/Berlin');
    const change = secondsOf('2024-03-31T01:00:00Z');
    expect([change - 1, change].map(utcOffset)).toEqual([3600, 7200]);
  });

  it.each(['UTC', 'local', 'Asia/Kolkata'])(
    'in %s a second that Date does not have is ahead like the last that it has',
    async (timezone) => {
      const utcOffset = await createUtcOffset(timezone);
      const last = utcOffset(8_639_999_913_600);
      expect([8_639_999_913_601, 8_640_000_000_001, 2 ** 53, 2 ** 64].map(utcOffset)).toEqual(
        new Array(4).fill(last),
      );
      expect(last).not.toBeNaN();
    },
  );

  it('changes within a day: Samoa had no 30th of December 2011', async () => {
    const utcOffset = await createUtcOffset('Pacific/Apia');
    const change = secondsOf('2011-12-30T10:00:00Z');
    expect([change - 1, change].map(utcOffset)).toEqual([-36_000, 50_400]);
  });
});

describe('createUtcOffset: local', () => {
  let timezoneBefore: string | undefined;

  beforeEach(() => {
    timezoneBefore = process.env.TZ;
  });

  afterEach(() => {
    if (timezoneBefore === undefined) {
      delete process.env.TZ;
    } else {
      process.env.TZ = timezoneBefore;
    }
  });

  it.each(['Europe/Berlin', 'America/St_Johns', 'UTC'])(
    'on a machine in %s it is what the name gives',
    async (timezone) => {
      process.env.TZ = timezone;
      const local = await createUtcOffset('local');
      const named = await createUtcOffset(timezone);
      for (let month = 0; month < 12; month++) {
        const second = Date.UTC(2024, month, 10, 5, 6, 7) / 1000;
        expect(local(second) + 0).toBe(named(second));
      }
    },
  );
});
