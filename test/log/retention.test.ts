import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createNamePattern, parseOwnName } from '../../src/log/own-files.ts';
import {
  chooseDeletions,
  findToday,
  type SizedFile,
  subtractDays,
} from '../../src/log/retention.ts';
import { LEFT_ALONE } from '../../src/log/upkeep.ts';

const TODAY = 20190903;

function makeSized(name: string, byteLength = 100, isOpen = false): SizedFile {
  const file = parseOwnName(name, createNamePattern('log'));
  if (file === null) {
    throw new Error(`${name} is no name of a file`);
  }
  return { file, byteLength, isOpen };
}

const FILES = [
  makeSized('http-20190903.0002.log', 10, true),
  makeSized('http-20190901.0002.log.gz'),
  makeSized('http-20190903.0001.log'),
  makeSized('http-20190901.0001.log.gz'),
  makeSized('http-20190902.0001.log'),
];
const choose = (upkeep: object, files = FILES): string[] =>
  chooseDeletions(files, { ...LEFT_ALONE, ...upkeep }, TODAY).map(
    ({ file, reason }) => `${file.name} ${reason}`,
  );

describe('chooseDeletions', () => {
  test('without a limit everything stays', () => {
    expect(choose({})).toEqual([]);
  });

  test('--keep-days 1 keeps yesterday and today, --keep-days 2 one day more', () => {
    expect(choose({ keepDays: 1 })).toEqual([
      'http-20190901.0001.log.gz keep-days',
      'http-20190901.0002.log.gz keep-days',
    ]);
    expect(choose({ keepDays: 2 })).toEqual([]);
  });

  test('--keep-files counts the open file, and the oldest go first', () => {
    expect(choose({ keepFiles: 5 })).toEqual([]);
    expect(choose({ keepFiles: 3 })).toEqual([
      'http-20190901.0001.log.gz keep-files',
      'http-20190901.0002.log.gz keep-files',
    ]);
  });

  test('a file and what is just made of it count as one file, with the bytes of both', () => {
    const files = [
      makeSized('http-20190901.0001.log'),
      makeSized('http-20190902.0001.log', 100, true),
      makeSized('http-20190902.0001.log.gz.tmp', 10, true),
    ];
    expect(choose({ keepFiles: 2 }, files)).toEqual([]);
    expect(choose({ diskBytesMax: 200 }, files)).toEqual(['http-20190901.0001.log max-disk']);
  });

  test('--max-disk lets as many bytes stay as it says, the boundary included', () => {
    expect(choose({ diskBytesMax: 410 })).toEqual([]);
    expect(choose({ diskBytesMax: 409 })).toEqual(['http-20190901.0001.log.gz max-disk']);
    expect(choose({ diskBytesMax: 210 })).toHaveLength(2);
  });

  test('an open file stays, whatever the limit is', () => {
    const deleted = choose({ diskBytesMax: 1, keepFiles: 1, keepDays: 1 });
    expect(deleted).toHaveLength(4);
    expect(deleted.join(' ')).not.toContain('20190903.0002');
  });

  test('what stays is within the limits, or open, and is never older than what goes', () => {
    const files = fc.uniqueArray(
      fc.tuple(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 99 }),
        fc.integer({ min: 0, max: 500 }),
        fc.boolean(),
      ),
      { maxLength: 30, selector: ([day, number]) => day * 100 + number },
    );
    const limits = fc.record({
      keepDays: fc.integer({ min: 0, max: 5 }),
      keepFiles: fc.integer({ min: 0, max: 20 }),
      diskBytesMax: fc.integer({ min: 0, max: 5000 }),
    });
    fc.assert(
      fc.property(files, limits, (rows, upkeep) => {
        const sized = rows.map(([day, number, byteLength, isOpen]) =>
          makeSized(
            `http-2019090${day}.${String(number).padStart(4, '0')}.log`,
            byteLength,
            isOpen,
          ),
        );
        const deleted = chooseDeletions(sized, { ...LEFT_ALONE, ...upkeep }, 20190909);
        const gone = new Set(deleted.map(({ file }) => file));
        const stay = sized.filter(({ file }) => !gone.has(file));
        const isAllOpen = stay.every(({ isOpen }) => isOpen);
        const bytes = stay.reduce((sum, { byteLength }) => sum + byteLength, 0);
        expect(
          upkeep.keepFiles === 0 ||
            new Set(stay.map(({ file }) => file.name)).size <= upkeep.keepFiles ||
            isAllOpen,
        ).toBe(true);
        expect(upkeep.diskBytesMax === 0 || bytes <= upkeep.diskBytesMax || isAllOpen).toBe(true);
        const oldestClosedDay = Math.min(
          ...stay.filter(({ isOpen }) => !isOpen).map(({ file }) => file.day),
        );
        expect(deleted.every(({ file }) => file.day <= oldestClosedDay)).toBe(true);
        expect(sized.some(({ file, isOpen }) => isOpen && gone.has(file))).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});

describe('days', () => {
  for (const [day, count, before] of [
    [20190901, 1, 20190831],
    [20200301, 1, 20200229],
    [20190301, 1, 20190228],
    [20200101, 366, 20181231],
    [20190901, 0, 20190901],
  ]) {
    test(`${count} days before ${day} is ${before}`, () => {
      expect(subtractDays(day, count)).toBe(before);
    });
  }

  test('a million days before today is before every file', () => {
    expect(subtractDays(20190901, 1_000_000)).toBe(0);
  });

  test('today is the local calendar day', () => {
    expect(findToday(new Date(2019, 8, 1, 23, 59, 59).getTime())).toBe(20190901);
    expect(findToday(new Date(2019, 8, 2, 0, 0, 0).getTime())).toBe(20190902);
  });
});
