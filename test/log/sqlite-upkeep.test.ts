import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BatchWriter } from '../../src/log/batch-writer.ts';
import type { LogWriterEvents } from '../../src/log/log-writer.ts';
import { findToday, subtractDays } from '../../src/log/retention.ts';
import { openSqliteWriter } from '../../src/log/sqlite-writer.ts';
import { LEFT_ALONE, type Upkeep } from '../../src/log/upkeep.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import { PATIENCE_MS } from '../patience.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';
import { makeRecordBatch, makeRecords } from './sqlite-records.ts';

const CLOSE_MS = 5000;
const WAIT_MS = PATIENCE_MS;
const TODAY = findToday(Date.now());
/** A database with the schema alone takes some 60 KB. */
const ROTATE_BYTES = 200_000;
const ROWS_PER_BATCH = 50;

let directory = '';
let writers: BatchWriter[] = [];
let events: string[] = [];
let faults: string[] = [];
let hints: string[] = [];
beforeEach(() => {
  directory = makeDirectory();
  writers = [];
  events = [];
  faults = [];
  hints = [];
});
afterEach(async () => {
  await Promise.all(writers.map((writer) => writer.close(CLOSE_MS)));
  removeDirectory(directory);
});

const shorten = (path: string): string => path.replace(`${directory}/`, '');
const listeners: LogWriterEvents = {
  onRotate: (path, next) => events.push(`${shorten(path)} -> ${shorten(next)}`),
  onDelete: (path, reason) => events.push(`${shorten(path)} ${reason}`),
  onFault: ({ message, hint }) => {
    faults.push(message);
    hints.push(hint);
  },
};

async function open(
  upkeep: Partial<Upkeep>,
  policy: 'hold' | 'fail' = 'hold',
  place = directory,
): Promise<BatchWriter> {
  const target = { directory: place, upkeep: { ...LEFT_ALONE, ...upkeep } };
  const writer = await openSqliteWriter(target, { policy, retryIntervalMs: 20, events: listeners });
  writers.push(writer);
  return writer;
}

/** Batches of rows one after the other, numbered on from `first`. */
async function append(
  writer: BatchWriter,
  batchesCount: number,
  { first = 0, day = TODAY } = {},
): Promise<void> {
  for (let index = 0; index < batchesCount; index++) {
    const records = makeRecords(ROWS_PER_BATCH, first + index * ROWS_PER_BATCH);
    await writer.append(makeRecordBatch(records, day));
  }
}

const at = (name: string): string => join(directory, name);
const list = (): string[] => readdirSync(directory).sort();
const day = (daysAgo: number): number => subtractDays(TODAY, daysAgo);
const nameOf = (ofDay: number, number = 0): string =>
  number === 0 ? `http-${ofDay}.sqlite` : `http-${ofDay}.${String(number).padStart(4, '0')}.sqlite`;
const until = (condition: () => void): Promise<void> =>
  vi.waitFor(condition, { timeout: WAIT_MS, interval: 20 });

/** Ids of the rows in the order in which they were inserted. */
function readIds(path: string): unknown[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    const rows = database.prepare('SELECT id FROM exchanges ORDER BY rowid').all();
    return rows.map(({ id }) => id);
  } finally {
    database.close();
  }
}

const idsOf = (count: number, first = 0): unknown[] =>
  makeRecords(count, first).map(({ id }) => id);

/** Ids of all databases in the order of their names; compressed ones are opened. */
function readAllIds(): unknown[] {
  const opened = mkdtempSync(join(directory, 'opened-'));
  const names = list().filter((name) => name.startsWith('http-'));
  const ids = names.flatMap((name) => {
    const path = join(opened, name);
    const bytes = readFileSync(at(name));
    const plain = name.endsWith('.gz')
      ? gunzipSync(bytes)
      : name.endsWith('.zst')
        ? zstdDecompressSync(bytes)
        : bytes;
    writeFileSync(path, plain);
    return readIds(path);
  });
  rmSync(opened, { recursive: true });
  return ids;
}

/** A database of that day with its write-ahead log, as a killed run leaves it. */
async function leaveBehind(ofDay: number, rowsCount: number): Promise<string> {
  const elsewhere = makeDirectory();
  try {
    const writer = await open({}, 'fail', elsewhere);
    await writer.append(makeRecordBatch(makeRecords(rowsCount), ofDay));
    const name = nameOf(ofDay);
    for (const suffix of ['', '-wal', '-shm']) {
      copyFileSync(join(elsewhere, `${name}${suffix}`), at(`${name}${suffix}`));
    }
    await writer.close(CLOSE_MS);
    return name;
  } finally {
    removeDirectory(elsewhere);
  }
}

describe('databases: --rotate-size', () => {
  test('a full database is closed for good, and every row is in one of them', async () => {
    const writer = await open({ rotateBytes: ROTATE_BYTES });
    await append(writer, 20);
    await writer.close(CLOSE_MS);
    const names = list();
    expect(names.length).toBeGreaterThan(3);
    expect(names).toEqual(names.map((_, index) => nameOf(TODAY, index + 1)));
    for (const name of names.slice(0, -1)) {
      const { size } = statSync(at(name));
      expect(size).toBeGreaterThanOrEqual(ROTATE_BYTES);
      expect(size).toBeLessThan(2 * ROTATE_BYTES);
    }
    expect(readAllIds()).toEqual(idsOf(20 * ROWS_PER_BATCH));
    expect(events).toEqual(names.slice(1).map((name, index) => `${names[index]} -> ${name}`));
    expect(writer.upkeepCounters).toMatchObject({ filesRotated: names.length - 1 });
    expect(writer.counters).toMatchObject({ filesOpened: names.length, linesDropped: 0 });
  });

  test('a full database needs nothing beside it, and no right to write where it is read', async () => {
    const writer = await open({ rotateBytes: ROTATE_BYTES });
    await append(writer, 8);
    // The write-ahead mode stands in bytes 18 and 19 of a database that has it.
    const modeOf = (number: number) => [
      ...readFileSync(at(nameOf(TODAY, number))).subarray(18, 20),
    ];
    expect(modeOf(1)).toEqual([1, 1]);
    expect(existsSync(at(`${nameOf(TODAY, 1)}-wal`))).toBe(false);
    const last = list().filter((name) => name.endsWith('.sqlite')).length;
    expect(modeOf(last)).toEqual([2, 2]);
  });

  test('the next run goes on in the last database, or behind it when that is full', async () => {
    const first = await open({ rotateBytes: ROTATE_BYTES });
    await append(first, 1);
    await first.close(CLOSE_MS);
    const second = await open({ rotateBytes: ROTATE_BYTES });
    await append(second, 4, { first: ROWS_PER_BATCH });
    await second.close(CLOSE_MS);
    expect(list()).toEqual([nameOf(TODAY, 1)]);
    expect(statSync(at(nameOf(TODAY, 1))).size).toBeGreaterThanOrEqual(ROTATE_BYTES);
    const third = await open({ rotateBytes: ROTATE_BYTES });
    await append(third, 1, { first: 5 * ROWS_PER_BATCH });
    await third.close(CLOSE_MS);
    expect(list()).toEqual([nameOf(TODAY, 1), nameOf(TODAY, 2)]);
    expect(readAllIds()).toEqual(idsOf(6 * ROWS_PER_BATCH));
  });

  test('a replay rotates, too, and deletes and compresses nothing', async () => {
    await leaveBehind(day(50), 10);
    const writer = await open(
      { rotateBytes: ROTATE_BYTES, keepFiles: 1, keepDays: 1, compression: 'gzip' },
      'fail',
    );
    await append(writer, 8);
    await writer.close(CLOSE_MS);
    expect(list().filter((name) => name.endsWith('.sqlite')).length).toBeGreaterThan(2);
    expect(list()).toContain(nameOf(day(50)));
    expect(list().filter((name) => name.endsWith('.gz'))).toEqual([]);
  });

  test('opened anew in the middle, it goes on where it was', async () => {
    const writer = await open({ rotateBytes: ROTATE_BYTES });
    for (let index = 0; index < 12; index++) {
      const appending = append(writer, 1, { first: index * ROWS_PER_BATCH });
      writer.reopen();
      await appending;
    }
    await writer.close(CLOSE_MS);
    expect(list().length).toBeGreaterThan(1);
    expect(readAllIds()).toEqual(idsOf(12 * ROWS_PER_BATCH));
    expect(faults).toEqual([]);
  });
});

describe('databases: --compress', () => {
  for (const [compression, suffix] of [
    ['gzip', 'gz'],
    ['zstd', 'zst'],
  ] as const) {
    test(`${compression}: full databases are compressed while rows go on`, async () => {
      const writer = await open({ compression, rotateBytes: ROTATE_BYTES });
      await append(writer, 20);
      const isPacked = (name: string) => name.endsWith(`.${suffix}`);
      await until(() => {
        const names = list().filter((name) => !/-(wal|shm)$/.test(name));
        expect(names.filter(isPacked)).toHaveLength(names.length - 1);
        expect(names.length).toBeGreaterThan(3);
      });
      await writer.close(CLOSE_MS);
      const packed = list().filter(isPacked);
      const { upkeepCounters: counters } = writer;
      expect(counters).toMatchObject({ filesCompressed: packed.length, upkeepErrors: 0 });
      expect(counters?.compressionInputBytes).toBeGreaterThanOrEqual(packed.length * ROTATE_BYTES);
      expect(counters?.compressionOutputBytes).toBe(
        packed.reduce((sum, name) => sum + statSync(at(name)).size, 0),
      );
      expect(readAllIds()).toEqual(idsOf(20 * ROWS_PER_BATCH));
      expect(faults).toEqual([]);
    });
  }

  test('rows that a killed run has left in the write-ahead log are in what is compressed', async () => {
    const name = await leaveBehind(day(1), 40);
    expect(statSync(at(`${name}-wal`)).size).toBeGreaterThan(0);
    await open({ compression: 'gzip' });
    await until(() => expect(list()).toEqual([`${name}.gz`]));
    expect(readAllIds()).toEqual(idsOf(40));
  });

  test('rows that come late for a compressed day go to the next database of that day', async () => {
    const name = await leaveBehind(day(1), 10);
    const writer = await open({ compression: 'gzip' });
    await until(() => expect(list()).toEqual([`${name}.gz`]));
    await append(writer, 1, { first: 10, day: day(1) });
    await writer.close(CLOSE_MS);
    expect(list()).toEqual([nameOf(day(1), 1), `${name}.gz`]);
    expect(readIds(at(nameOf(day(1), 1)))).toEqual(idsOf(ROWS_PER_BATCH, 10));
  });

  test('a database that somebody reads stays, is told, and is compressed later', async () => {
    const writer = await open({ compression: 'gzip', rotateBytes: ROTATE_BYTES });
    await append(writer, 1);
    const name = nameOf(TODAY, 1);
    const reader = new DatabaseSync(at(name), { readOnly: true });
    reader.exec('BEGIN');
    expect(reader.prepare('SELECT count(*) AS rows FROM exchanges').get()?.rows).toBe(50);
    await append(writer, 6, { first: 50 });
    await until(() => expect(faults).toHaveLength(1));
    expect(faults).toEqual([
      `Cannot compress ${at(name)}: database is locked (SQLITE_BUSY); it stays as it is`,
    ]);
    expect(hints[0]).toContain(`End the program that holds ${at(name)} locked`);
    expect(writer.upkeepCounters?.upkeepErrors).toBeGreaterThan(0);
    reader.exec('COMMIT');
    const rows = Number(reader.prepare('SELECT count(*) AS rows FROM exchanges').get()?.rows);
    expect(rows).toBeGreaterThan(50);
    reader.close();
    // The next database that is full makes it look again.
    await append(writer, 6, { first: 350 });
    await until(() => expect(list()).toContain(`${name}.gz`));
    await writer.close(CLOSE_MS);
    expect(list()).not.toContain(name);
    expect(readAllIds()).toEqual(idsOf(13 * ROWS_PER_BATCH));
  });

  test('a file of that name that is no database stays as it is', async () => {
    const name = nameOf(day(1));
    writeFileSync(at(name), 'This is a text of more than a hundred bytes. '.repeat(4));
    await open({ compression: 'gzip' });
    await until(() => expect(faults).toHaveLength(1));
    expect(faults[0]).toBe(
      `Cannot compress ${at(name)}: it is not a SQLite database; it stays as it is`,
    );
    expect(list()).toEqual([name]);
  });
});

describe('databases: retention', () => {
  test('what SQLite has left beside a database goes with it, and nothing else does', async () => {
    const others = [
      `http-${day(9)}.sqlite.bak`,
      `http-${day(9)}.log`,
      `http-${day(9)}.json`,
      `my-${nameOf(day(9))}`,
      `${nameOf(day(9))}-wal`,
    ];
    for (const name of others) {
      writeFileSync(at(name), 'x');
    }
    mkdirSync(at(nameOf(day(8))));
    const kept = list();
    for (const daysAgo of [7, 6, 5]) {
      await leaveBehind(day(daysAgo), 10);
    }
    const writer = await open({ keepDays: 2 });
    await until(() => expect(list()).toEqual(kept));
    expect(events).toEqual([7, 6, 5].map((daysAgo) => `${nameOf(day(daysAgo))} keep-days`));
    expect(writer.upkeepCounters?.filesDeleted).toEqual({
      'keep-days': 3,
      'keep-files': 0,
      'max-disk': 0,
    });
  });

  test('--max-disk counts the write-ahead log of a database', async () => {
    const name = await leaveBehind(day(2), 10);
    const walBytes = statSync(at(`${name}-wal`)).size;
    const other = nameOf(day(1));
    writeFileSync(at(other), Buffer.alloc(1000));
    const diskBytesMax = statSync(at(name)).size + 1000 + walBytes / 2;
    const writer = await open({ diskBytesMax });
    await until(() => expect(list()).toEqual([other]));
    expect(events).toEqual([`${name} max-disk`]);
    expect(writer.upkeepCounters?.filesDeleted['max-disk']).toBe(1);
  });

  test('--keep-files: the oldest go after each rotation, the open one never', async () => {
    const writer = await open({ rotateBytes: ROTATE_BYTES, keepFiles: 2, compression: 'gzip' });
    await append(writer, 20);
    await until(() => {
      const names = list().filter((name) => !/-(wal|shm)$/.test(name));
      expect(names.map((name) => name.endsWith('.gz'))).toEqual([true, false]);
    });
    await writer.close(CLOSE_MS);
    const ids = readAllIds();
    expect(ids.length).toBeGreaterThan(ROWS_PER_BATCH);
    // What is left is the end of what was inserted, without a gap.
    expect(ids).toEqual(idsOf(20 * ROWS_PER_BATCH).slice(-ids.length));
    expect(writer.counters).toMatchObject({ linesWritten: 20 * ROWS_PER_BATCH, linesDropped: 0 });
    expect(faults).toEqual([]);
  });

  test('an open database of a past day stays until it is closed', async () => {
    const writer = await open({ keepFiles: 1 });
    await append(writer, 1, { day: day(1) });
    await append(writer, 1, { first: 50, day: TODAY });
    expect(list()).toContain(nameOf(day(1)));
    // Two databases are open at once at most.
    await append(writer, 1, { first: 100, day: subtractDays(TODAY, -1) });
    await until(() => expect(events).toEqual([`${nameOf(day(1))} keep-files`]));
    expect(list()).not.toContain(nameOf(day(1)));
  });

  test('a directory that is gone is waited for', async () => {
    const writer = await open({ rotateBytes: ROTATE_BYTES });
    rmSync(directory, { recursive: true });
    const appending = append(writer, 1);
    await until(() => expect(faults).toHaveLength(1));
    expect(faults[0]).toContain(`Cannot write ${directory}: `);
    mkdirSync(directory);
    await appending;
    await writer.close(CLOSE_MS);
    expect(readAllIds()).toEqual(idsOf(ROWS_PER_BATCH));
  });
});

const noTool = missingTool('sqlite3', 'gzip');

test.skipIf(noTool)(titleWithReason('sqlite3 reads what gzip -d gives back', noTool), async () => {
  const writer = await open({ compression: 'gzip', rotateBytes: ROTATE_BYTES });
  await append(writer, 6);
  const packed = `${nameOf(TODAY, 1)}.gz`;
  await until(() => expect(list()).toContain(packed));
  await writer.close(CLOSE_MS);
  expect(spawnSync('gzip', ['-d', at(packed)]).status).toBe(0);
  const sql = 'PRAGMA integrity_check; SELECT count(*) > 50 FROM exchanges';
  const { status, stdout } = spawnSync('sqlite3', ['-readonly', at(nameOf(TODAY, 1)), sql], {
    encoding: 'utf8',
  });
  expect([status, stdout]).toEqual([0, 'ok\n1\n']);
});
