import { describe, expect, it } from 'vitest';
import {
  createTimestampText,
  setSecond,
  TIMESTAMP_BYTES_MAX,
  type TimestampText,
  type UtcOffset,
  writeTimestamp,
} from '../../src/format/timestamp.ts';
import { createUtcOffset } from '../../src/worker/utc-offset.ts';
import { createRandom } from '../decode/seeded-random.ts';

const utc: UtcOffset = () => 0;
const YEAR_ZERO_SEC = Date.parse('0000-01-01T00:00:00Z') / 1000;
const YEAR_9999_END_SEC = Date.parse('9999-12-31T23:59:59Z') / 1000;

function write(text: TimestampText, epochSec: number, subsecNs = 0): string {
  const target = new Uint8Array(64).fill(0x2e);
  setSecond(text, epochSec);
  const end = writeTimestamp(target, 3, text, subsecNs);
  return Buffer.from(target.subarray(3, end)).toString('latin1');
}

function format(epochSec: number, subsecNs = 0, utcOffset = utc): string {
  return write(createTimestampText(utcOffset), epochSec, subsecNs);
}

function dayOf(epochSec: number, utcOffset = utc): number {
  const text = createTimestampText(utcOffset);
  setSecond(text, epochSec);
  return text.day;
}

/** `2019-09-01 14:16:51.002` by Date, which has no nanoseconds. */
function formatByDate(epochSec: number, milliseconds = 0): string {
  const iso = new Date(epochSec * 1000 + milliseconds).toISOString();
  return iso.replace('T', ' ').replace('Z', '');
}

/** The first second with the offset that holds at `last`; `first` has another one. */
function findChange(utcOffset: UtcOffset, first: number, last: number): number {
  while (last - first > 1) {
    const middle = Math.floor((first + last) / 2);
    if (utcOffset(middle) === utcOffset(last)) {
      last = middle;
    } else {
      first = middle;
    }
  }
  return last;
}

const secondsOf = (iso: string) => Date.parse(iso) / 1000;

describe('writeTimestamp', () => {
  it('writes date, time and milliseconds', () => {
    expect(format(1567347411, 2_000_000)).toBe('2019-09-01 14:16:51.002');
    expect(format(0, 0)).toBe('1970-01-01 00:00:00.000');
  });

  it.each([
    [0, '000'],
    [999_999, '000'],
    [1_000_000, '001'],
    [1_999_999, '001'],
    [10_000_000, '010'],
    [99_999_999, '099'],
    [499_999_999, '499'],
    [500_000_000, '500'],
    [998_999_999, '998'],
    [999_000_000, '999'],
    [999_999_999, '999'],
  ])('%i nanoseconds are cut to %s milliseconds and not rounded', (subsecNs, milliseconds) => {
    expect(format(1567347411, subsecNs)).toBe(`2019-09-01 14:16:51.${milliseconds}`);
  });

  it('cuts every millisecond and what is around it', () => {
    const text = createTimestampText(utc);
    for (let milliseconds = 0; milliseconds < 1000; milliseconds++) {
      const expected = formatByDate(86399, milliseconds);
      expect(write(text, 86399, milliseconds * 1_000_000)).toBe(expected);
      expect(write(text, 86399, milliseconds * 1_000_000 + 999_999)).toBe(expected);
    }
  });
});

describe('setSecond', () => {
  it('gives what Date gives at 20,000 instants of the years 0 to 9999', () => {
    const random = createRandom(1970);
    const text = createTimestampText(utc);
    const spans = [2 ** 31, YEAR_9999_END_SEC - YEAR_ZERO_SEC];
    for (let round = 0; round < 20_000; round++) {
      const span = spans[round & 1];
      const epochSec =
        (round & 1 ? YEAR_ZERO_SEC : 0) + Math.floor((random(2 ** 31) / 2 ** 31) * span);
      const expected = formatByDate(epochSec);
      if (
        write(text, epochSec) !== expected ||
        text.day !== Number(expected.slice(0, 10).replaceAll('-', ''))
      ) {
        expect.fail(`${epochSec}: ${write(text, epochSec)}, day ${text.day}, not ${expected}`);
      }
    }
  });

  it('gives every day of 400 years, the cycle of leap years', () => {
    const text = createTimestampText(utc);
    const first = secondsOf('1900-01-01T00:00:00Z');
    for (let day = 0; day < 146_097; day++) {
      setSecond(text, first + day * 86_400);
      const date = new Date((first + day * 86_400) * 1000);
      const expected =
        date.getUTCFullYear() * 10_000 + (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
      if (text.day !== expected) {
        expect.fail(`${text.day}, not ${expected}`);
      }
    }
  });

  it.each([
    ['1900', false],
    ['2000', true],
    ['2023', false],
    ['2024', true],
    ['2100', false],
    ['2400', true],
  ])('the leap day of %s: %s', (year, isLeap) => {
    const last = secondsOf(`${year}-03-01T00:00:00Z`) - 1;
    expect(format(last)).toBe(`${year}-02-${isLeap ? 29 : 28} 23:59:59.000`);
    expect(format(last + 1)).toBe(`${year}-03-01 00:00:00.000`);
  });

  it('seconds before 1970 are days before it', () => {
    expect(format(-1, 999_000_000)).toBe('1969-12-31 23:59:59.999');
    expect(format(-86_400)).toBe('1969-12-31 00:00:00.000');
    expect(format(-86_401)).toBe('1969-12-30 23:59:59.000');
    expect(dayOf(-1)).toBe(19691231);
  });

  it('the text follows the seconds in any order', () => {
    const text = createTimestampText(utc);
    const seconds = [100, 100, 99, 86_400, 100, -1, 0, 86_399, 86_400];
    expect(seconds.map((second) => write(text, second))).toEqual(
      seconds.map((second) => formatByDate(second)),
    );
  });

  it('years above 9999 have the digits that they need', () => {
    expect(format(YEAR_9999_END_SEC)).toBe('9999-12-31 23:59:59.000');
    expect(format(YEAR_9999_END_SEC + 1)).toBe('10000-01-01 00:00:00.000');
    expect(dayOf(YEAR_9999_END_SEC + 1)).toBe(100000101);
  });

  it('a shorter year behind a longer one leaves none of its digits', () => {
    const text = createTimestampText(utc);
    write(text, YEAR_9999_END_SEC + 1);
    expect(write(text, 0)).toBe('1970-01-01 00:00:00.000');
  });

  it('a second before the year 0 is shown as its first', () => {
    for (const second of [YEAR_ZERO_SEC - 1, -(2 ** 40), -(2 ** 64)]) {
      expect(format(second)).toBe('0000-01-01 00:00:00.000');
      expect(dayOf(second)).toBe(101);
    }
    expect(format(YEAR_ZERO_SEC, 0, () => -3600)).toBe('0000-01-01 00:00:00.000');
  });

  it.each(['UTC', 'local', 'Europe/Berlin', 'Pacific/Kiritimati', 'Pacific/Pago_Pago'])(
    'every second that a file can claim gives a time and a day, in %s',
    async (timezone) => {
      const random = createRandom(64);
      const text = createTimestampText(await createUtcOffset(timezone));
      for (let power = 30; power <= 64; power++) {
        for (let round = 0; round < 100; round++) {
          const second = Math.floor(2 ** power * (1 + random(2 ** 31) / 2 ** 31));
          for (const epochSec of [second, -second]) {
            const written = write(text, epochSec, 999_999_999);
            expect(written).toMatch(/^\d{4,9}-[01]\d-[0-3]\d [0-2]\d:[0-5]\d:[0-5]\d\.999$/);
            expect(written.length).toBeLessThanOrEqual(TIMESTAMP_BYTES_MAX);
            expect(String(text.day).padStart(8, '0')).toBe(
              written.split(' ')[0].replaceAll('-', ''),
            );
          }
        }
      }
    },
  );
});

describe('setSecond: time zones', () => {
  it('positive and negative offsets move the time and the day', () => {
    const midnight = secondsOf('2019-09-02T00:00:00Z');
    expect(format(midnight - 1, 0, () => 3600)).toBe('2019-09-02 00:59:59.000');
    expect(dayOf(midnight - 1, () => 3600)).toBe(20190902);
    expect(format(midnight, 0, () => -3600)).toBe('2019-09-01 23:00:00.000');
    expect(dayOf(midnight, () => -3600)).toBe(20190901);
    expect(format(0, 0, () => -1)).toBe('1969-12-31 23:59:59.000');
  });

  it('the day changes at local midnight, to the second', async () => {
    const kolkata = await createUtcOffset('Asia/Kolkata');
    const midnight = secondsOf('2024-03-01T00:00:00+05:30');
    expect(format(midnight - 1, 0, kolkata)).toBe('2024-02-29 23:59:59.000');
    expect(format(midnight, 0, kolkata)).toBe('2024-03-01 00:00:00.000');
    expect([dayOf(midnight - 1, kolkata), dayOf(midnight, kolkata)]).toEqual([20240229, 20240301]);
  });

  it('one text follows the change of summer time to the second', async () => {
    const text = createTimestampText(await createUtcOffset('Europe/Berlin'));
    const spring = secondsOf('2024-03-31T01:00:00Z');
    expect(write(text, spring - 1)).toBe('2024-03-31 01:59:59.000');
    expect(write(text, spring)).toBe('2024-03-31 03:00:00.000');
    const autumn = secondsOf('2024-10-27T01:00:00Z');
    expect(write(text, autumn - 1)).toBe('2024-10-27 02:59:59.000');
    expect(write(text, autumn)).toBe('2024-10-27 02:00:00.000');
    expect(write(text, autumn - 1)).toBe('2024-10-27 02:59:59.000');
  });

  it('asks for the offset once a minute of traffic', () => {
    let questions = 0;
    const text = createTimestampText(() => {
      questions++;
      return 0;
    });
    for (let second = 900; second < 960; second++) {
      setSecond(text, second);
    }
    expect(questions).toBe(1);
    setSecond(text, 960);
    expect(questions).toBe(2);
  });

  // Newfoundland changed its clocks a minute past midnight until 2011.
  it.each([
    'Europe/Berlin',
    'Asia/Kolkata',
    'Asia/Kathmandu',
    'America/St_Johns',
    'America/New_York',
    'Australia/Lord_Howe',
    'Pacific/Chatham',
    'Pacific/Apia',
    'Pacific/Kiritimati',
    'America/Sao_Paulo',
  ])('%s shows what Intl shows, around every change of 2010 to 2026', async (timezone) => {
    const text = createTimestampText(await createUtcOffset(timezone));
    const intl = new Intl.DateTimeFormat('sv-SE', {
      timeZone: timezone,
      dateStyle: 'short',
      timeStyle: 'medium',
    });
    const utcOffset = text.utcOffset;
    const end = secondsOf('2026-12-31T00:00:00Z');
    let changes = 0;
    for (let second = secondsOf('2010-01-01T00:00:00Z'); second < end; second += 86_400) {
      const around = [second];
      if (utcOffset(second) !== utcOffset(second + 86_400)) {
        changes++;
        const change = findChange(utcOffset, second, second + 86_400);
        around.push(...[-901, -899, -61, -60, -1, 0, 1, 59, 60, 899, 901].map((by) => change + by));
      }
      for (const instant of around) {
        if (write(text, instant) !== `${intl.format(instant * 1000)}.000`) {
          expect.fail(`${instant}: ${write(text, instant)}, not ${intl.format(instant * 1000)}`);
        }
      }
    }
    const isFixed = ['Asia/Kolkata', 'Asia/Kathmandu', 'Pacific/Kiritimati'].includes(timezone);
    expect(changes > 0).toBe(!isFixed);
  });
});
