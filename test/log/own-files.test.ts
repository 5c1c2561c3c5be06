import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LINE_STREAM_NAMES, type LineStream } from '../../src/format/line-batch.ts';
import {
  compareAge,
  createNamePattern,
  findDailyName,
  listOwnFiles,
  parseOwnName,
} from '../../src/log/own-files.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';

const LOG = createNamePattern('log');

describe('parseOwnName', () => {
  for (const [name, expected] of [
    ['http-20190901.log', { stream: 0, day: 20190901, number: 0, state: 'plain' }],
    ['http-CQ-20190901.log', { stream: 1, day: 20190901, number: 0, state: 'plain' }],
    ['http-20190901.0012.log', { stream: 0, day: 20190901, number: 12, state: 'plain' }],
    ['http-SR-20190901.0001.log.gz', { stream: 4, day: 20190901, number: 1, state: 'compressed' }],
    ['http-20190901.log.zst', { stream: 0, day: 20190901, number: 0, state: 'compressed' }],
    ['http-20190901.log.zst.tmp', { stream: 0, day: 20190901, number: 0, state: 'unfinished' }],
  ] as const) {
    test(`${name} is a file of the output`, () => {
      expect(parseOwnName(name, LOG)).toEqual({ name, ...expected });
    });
  }

  for (const name of [
    'http-20190901.log.bak',
    'http-20190901.log.1',
    'http-20190901.log.tmp',
    'http-20190901.log.gz.bak',
    'http-20190901.log.gz.tmp.tmp',
    'http-2019090.log',
    'http-201909011.log',
    'http-20191301.log',
    'http-20190900.log',
    'http-20190901.1.log',
    'http-20190901.00001.log',
    'http-20190901.common.log',
    'http-20190901xlog',
    'http-20190901.json',
    'http-XX-20190901.log',
    'http--20190901.log',
    'xhttp-20190901.log',
    ' http-20190901.log',
    'http-20190901.log\n',
    'other.log',
    '',
  ]) {
    test(`${JSON.stringify(name)} is none`, () => {
      expect(parseOwnName(name, LOG)).toBeNull();
    });
  }

  test('a suffix is taken as it is, with its dots and dashes', () => {
    const pattern = createNamePattern('combined-timed.log');
    expect(parseOwnName('http-20190901.combined-timed.log.gz', pattern)?.state).toBe('compressed');
    expect(parseOwnName('http-20190901.combined-timedxlog', pattern)).toBeNull();
  });

  test('every name that is made is read again, and no other text is taken for one', () => {
    const parts = fc.record({
      stream: fc.integer({ min: 0, max: 4 }),
      day: fc.integer({ min: 20190901, max: 20190930 }),
      number: fc.integer({ min: 0, max: 9999 }),
    });
    fc.assert(
      fc.property(parts, ({ stream, day, number }) => {
        const name = findDailyName(day, LINE_STREAM_NAMES[stream as LineStream], 'log', number);
        expect(parseOwnName(name, LOG)).toEqual({ name, stream, day, number, state: 'plain' });
        expect(parseOwnName(`${name}~`, LOG)).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  test('numbered names sort by time, byte by byte and as a dictionary does', () => {
    const names = [20190901, 20190902].flatMap((day) =>
      [1, 2, 10, 999, 1000, 9999].map((number) => findDailyName(day, '', 'log', number)),
    );
    const shuffled = names.toReversed();
    expect(shuffled.toSorted()).toEqual(names);
    expect(shuffled.toSorted((one, other) => one.localeCompare(other, 'en'))).toEqual(names);
    const files = shuffled.flatMap((name) => parseOwnName(name, LOG) ?? []);
    expect(files.sort(compareAge).map(({ name }) => name)).toEqual(names);
  });
});

describe('listOwnFiles', () => {
  let directory = '';
  beforeEach(() => {
    directory = makeDirectory();
  });
  afterEach(() => removeDirectory(directory));

  test('directories, links and files of others are not among them', async () => {
    writeFileSync(join(directory, 'http-20190901.log'), '');
    writeFileSync(join(directory, 'http-20190901.log.bak'), '');
    writeFileSync(join(directory, 'other.log'), '');
    mkdirSync(join(directory, 'http-20190902.log'));
    symlinkSync(join(directory, 'other.log'), join(directory, 'http-20190903.log'));
    const files = await listOwnFiles(directory, LOG);
    expect(files.map(({ name }) => name)).toEqual(['http-20190901.log']);
  });

  test('a directory that is not there is an error', async () => {
    await expect(listOwnFiles(join(directory, 'gone'), LOG)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
