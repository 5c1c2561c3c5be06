/** Limits of daily files that are changed while they are written, as SIGHUP does. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BatchWriter } from '../../src/log/batch-writer.ts';
import { FileKeeper } from '../../src/log/file-keeper.ts';
import { type LogWriterEvents, openLogWriter } from '../../src/log/log-writer.ts';
import { findToday, subtractDays } from '../../src/log/retention.ts';
import { openSqliteWriter } from '../../src/log/sqlite-writer.ts';
import { LEFT_ALONE, type Upkeep } from '../../src/log/upkeep.ts';
import { waitUntil } from '../live/child-process.ts';
import { PATIENCE_MS } from '../patience.ts';
import { joinText, makeBatches } from './line-batches.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';
import { makeRecordBatch, makeRecords } from './sqlite-records.ts';

const CLOSE_MS = 5000;
const WAIT_MS = PATIENCE_MS;
const TODAY = findToday(Date.now());

let directory = '';
let deleted: string[] = [];
beforeEach(() => {
  directory = makeDirectory();
  deleted = [];
});
afterEach(() => removeDirectory(directory));

const events: LogWriterEvents = {
  onDelete: (path, reason) => deleted.push(`${path.slice(directory.length + 1)} ${reason}`),
};
const open = (): Promise<BatchWriter> =>
  openLogWriter({ kind: 'daily', directory }, { policy: 'hold', idleFileCloseMs: 0, events });
const list = (): string[] => readdirSync(directory).sort();
const nameOf = (daysAgo: number, ending = '') =>
  `http-${subtractDays(TODAY, daysAgo)}.log${ending}`;
const change = (writer: BatchWriter, upkeep: Partial<Upkeep>) =>
  writer.changeUpkeep({ ...LEFT_ALONE, ...upkeep });

/** Files of so many past days. */
function putPast(days: number): void {
  for (let daysAgo = 1; daysAgo <= days; daysAgo++) {
    writeFileSync(join(directory, nameOf(daysAgo)), `${daysAgo}\n`);
  }
}

test('retention that was off deletes from then on, and never the file that is written', async () => {
  putPast(4);
  const writer = await open();
  const batches = makeBatches(2, { day: TODAY });
  await writer.append(batches[0]);
  expect(list()).toHaveLength(5);
  change(writer, { keepFiles: 3 });
  await waitUntil('two files less', () => list().length === 3, WAIT_MS);
  expect(deleted).toEqual([`${nameOf(4)} keep-files`, `${nameOf(3)} keep-files`]);
  change(writer, { diskBytesMax: 1 });
  await waitUntil('all but the open one are gone', () => list().length === 1, WAIT_MS);
  await writer.append(batches[1]);
  await writer.close(CLOSE_MS);
  expect(readFileSync(join(directory, nameOf(0)), 'utf8')).toBe(joinText(batches));
});

test('compression that was off takes the past, leaves today, and is off again', async () => {
  putPast(2);
  const writer = await open();
  const batches = makeBatches(2, { day: TODAY });
  await writer.append(batches[0]);
  change(writer, { compression: 'gzip' });
  const isPacked = () => list().join() === [nameOf(2, '.gz'), nameOf(1, '.gz'), nameOf(0)].join();
  await waitUntil('the past is compressed', isPacked, WAIT_MS);
  change(writer, {});
  writeFileSync(join(directory, nameOf(3)), 'late\n');
  await writer.append(batches[1]);
  // What looks after files looks at all of them: this one is deleted, the other not compressed.
  change(writer, { keepFiles: 3 });
  await waitUntil('a file less', () => list().length === 3, WAIT_MS);
  await writer.close(CLOSE_MS);
  expect(list()).toEqual([nameOf(2, '.gz'), nameOf(1, '.gz'), nameOf(0)]);
  expect(gunzipSync(readFileSync(join(directory, nameOf(1, '.gz')))).toString()).toBe('1\n');
});

test('a size that is set later is that of the file which is written, and taken back no more', async () => {
  const writer = await open();
  const batches = makeBatches(9, { day: TODAY });
  const append = async (from: number, to: number) => {
    for (const batch of batches.slice(from, to)) {
      await writer.append(batch);
    }
  };
  await append(0, 3);
  expect(list()).toEqual([nameOf(0)]);
  change(writer, { rotateBytes: 1 });
  await append(3, 4);
  expect(list().length).toBeGreaterThan(1);
  change(writer, {});
  const filesCount = list().length;
  await append(4, 9);
  await writer.close(CLOSE_MS);
  expect(list()).toHaveLength(filesCount);
  // The file without a number is the first.
  const [first, ...others] = [nameOf(0), ...list().filter((name) => name !== nameOf(0))];
  const text = [first, ...others]
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('');
  expect(text).toBe(joinText(batches));
});

test('a sweep under way deletes no more by limits that hold no more', async () => {
  putPast(200);
  const upkeep: Upkeep = { ...LEFT_ALONE, keepFiles: 1 };
  const keeper: FileKeeper = new FileKeeper({
    directory,
    suffix: 'log',
    upkeep,
    events: {
      onDelete: () => {
        deleted.push('');
        keeper.change(LEFT_ALONE);
      },
    },
  });
  keeper.start();
  await waitUntil('the first is deleted', () => deleted.length > 0, WAIT_MS);
  await keeper.close();
  expect(deleted).toHaveLength(1);
  expect(list()).toHaveLength(199);
});

test('daily databases are rotated from then on', async () => {
  const writer = await openSqliteWriter({ directory }, { policy: 'hold' });
  const append = async (first: number) =>
    writer.append(makeRecordBatch(makeRecords(200, first), TODAY));
  await append(0);
  await append(200);
  const databases = () => list().filter((name) => name.endsWith('.sqlite'));
  expect(databases()).toHaveLength(1);
  change(writer, { rotateBytes: 1024 });
  await append(400);
  await append(600);
  await writer.close(CLOSE_MS);
  expect(databases()).toHaveLength(3);
  expect(writer.counters).toMatchObject({ linesWritten: 800, linesDropped: 0 });
});
