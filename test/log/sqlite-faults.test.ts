import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BatchWriter } from '../../src/log/batch-writer.ts';
import { openSqliteWriter, type SqliteWriterOptions } from '../../src/log/sqlite-writer.ts';
import type { WriteFault, WriteRecovery } from '../../src/log/write-fault.ts';
import { waitUntil } from '../live/child-process.ts';
import { WAIT_MS } from './scene.ts';
import {
  fillDisk,
  findReasonNotToMount,
  makeDirectory,
  mountSmallDisk,
  remount,
  removeDirectory,
  unmountSmallDisk,
} from './small-disk.ts';
import { makeRecordBatch, makeRecords } from './sqlite-records.ts';

const CLOSE_MS = 5000;
const RETRY_MS = 20;
const REASON_NOT_TO_MOUNT = findReasonNotToMount();
const reason = REASON_NOT_TO_MOUNT === undefined ? '' : ` [skipped: ${REASON_NOT_TO_MOUNT}]`;

let directory = '';
let writer: BatchWriter | undefined;
let faults: WriteFault[] = [];
let recoveries: WriteRecovery[] = [];
beforeEach(() => {
  directory = makeDirectory();
  faults = [];
  recoveries = [];
});
afterEach(async () => {
  await writer?.close(0);
  writer = undefined;
  removeDirectory(directory);
});

const path = (): string => join(directory, 'out.sqlite');
const batchOf = (first: number, count = 20) => makeRecordBatch(makeRecords(count, first));
const faultSeen = (): Promise<void> => waitUntil('a fault', () => faults.length > 0, WAIT_MS);

async function open(policy: SqliteWriterOptions['policy']): Promise<BatchWriter> {
  writer = await openSqliteWriter(
    { path: path() },
    {
      policy,
      retryIntervalMs: RETRY_MS,
      events: {
        onFault: (fault) => faults.push(fault),
        onRecovery: (recovery) => recoveries.push(recovery),
      },
    },
  );
  return writer;
}

function countRows(): unknown {
  const database = new DatabaseSync(path());
  try {
    return database.prepare('SELECT count(*) AS rows FROM exchanges').get()?.rows;
  } finally {
    database.close();
  }
}

describe.skipIf(REASON_NOT_TO_MOUNT !== undefined)(`SqliteWriter: a small disk${reason}`, () => {
  beforeEach(() => mountSmallDisk(directory));
  afterEach(async () => {
    await writer?.close(0);
    unmountSmallDisk(directory);
  });

  test('a full disk is told once, and after it is freed every batch is there once', async () => {
    const filler = fillDisk(directory, 8192);
    const opened = await open('hold');
    const batches = [0, 20, 40].map((first) => batchOf(first));
    const bytes = batches.map((batch) => batch.bytes.slice());
    const appends = batches.map((batch) => opened.append(batch));
    await faultSeen();
    await waitUntil('more tries', () => opened.counters.writeErrors > 2, WAIT_MS);
    expect(faults).toHaveLength(1);
    expect(faults[0].path).toBe(path());
    expect(faults[0].message).toMatch(/^Cannot write .*\((SQLITE_\w+)\); its lines wait for it$/);
    expect(opened.pendingBatches).toBe(3);
    rmSync(filler);
    await Promise.all(appends);
    expect(countRows()).toBe(60);
    expect(batches.map((batch) => batch.bytes)).toEqual(bytes);
    expect(recoveries).toHaveLength(1);
    expect(recoveries[0].failedTries).toBeGreaterThan(1);
    expect(opened.counters).toMatchObject({
      linesWritten: 60,
      linesDropped: 0,
      writeErrors: recoveries[0].failedTries,
    });
  });

  test('with fail a full disk rejects this append and every later one', async () => {
    const opened = await open('fail');
    const appends = Array.from({ length: 30 }, (_, n) => opened.append(batchOf(n * 20)));
    const settled = await Promise.allSettled(appends);
    const writtenCount = settled.filter(({ status }) => status === 'fulfilled').length;
    expect(writtenCount).toBeGreaterThan(0);
    expect(writtenCount).toBeLessThan(30);
    await expect(opened.append(batchOf(0))).rejects.toMatchObject({
      code: 'HTTPLOG_SQLITE',
      exitCode: 1,
      message: `Cannot write ${path()}: database or disk is full (SQLITE_FULL); ${writtenCount * 20} lines were written`,
      hint: `Free some space on the disk that holds ${path()} and start again`,
    });
    expect(opened.counters.linesDropped).toBe(31 * 20 - writtenCount * 20);
    await opened.close(CLOSE_MS);
    expect(countRows()).toBe(writtenCount * 20);
    expect(faults).toEqual([]);
  });

  test('close at the deadline drops what is left, counts it, and gives buffers back', async () => {
    fillDisk(directory, 0);
    const opened = await open('hold');
    const batch = batchOf(0);
    const { byteLength } = batch.bytes;
    const append = opened.append(batch);
    await faultSeen();
    // Nobody frees the disk: a close that waited for it would never end.
    const order: string[] = [];
    const deadline = sleep(150).then(() => order.push('deadline'));
    await Promise.all([deadline, opened.close(150).then(() => order.push('closed'))]);
    expect(order).toEqual(['deadline', 'closed']);
    expect(await append).toEqual({ linesWritten: 0, linesDropped: 20 });
    expect(batch.bytes.byteLength).toBe(byteLength);
    expect(opened.counters.linesDropped).toBe(20);
  });

  test('a file system that turns read-only is waited for', async () => {
    const opened = await open('hold');
    remount(directory, 'ro');
    const append = opened.append(batchOf(0));
    await faultSeen();
    expect(faults[0]).toMatchObject({
      errorName: 'EROFS',
      hint: `Mount the file system of ${path()} writable; httplog goes on by itself`,
    });
    remount(directory, 'rw');
    await append;
    expect(countRows()).toBe(20);
  });
});

describe('SqliteWriter: other faults', () => {
  test('a database that another program holds locked is waited for', async () => {
    const opened = await open('hold');
    await opened.append(batchOf(0));
    const other = new DatabaseSync(path());
    other.exec('BEGIN IMMEDIATE');
    const append = opened.append(batchOf(20));
    await faultSeen();
    expect(faults[0]).toMatchObject({
      errorName: 'SQLITE_BUSY',
      message: `Cannot write ${path()}: database is locked (SQLITE_BUSY); its lines wait for it`,
      hint: `End the program that holds ${path()} locked (fuser ${path()}); httplog goes on by itself`,
    });
    other.exec('ROLLBACK');
    other.close();
    expect(await append).toEqual({ linesWritten: 20, linesDropped: 0 });
    expect(countRows()).toBe(40);
  });

  test('a stop while the database is locked drops and counts what waits for it', async () => {
    const opened = await open('hold');
    await opened.append(batchOf(0));
    const other = new DatabaseSync(path());
    other.exec('BEGIN IMMEDIATE');
    const append = opened.append(batchOf(20));
    await faultSeen();
    await opened.close(50);
    expect(await append).toEqual({ linesWritten: 0, linesDropped: 20 });
    other.exec('ROLLBACK');
    other.close();
    expect(countRows()).toBe(20);
  });

  test('a deleted directory is waited for until it is there again', async () => {
    const opened = await open('hold');
    removeDirectory(directory);
    const append = opened.append(batchOf(0));
    await faultSeen();
    expect(faults[0]).toMatchObject({
      errorName: 'ENOENT',
      hint: `Create the directory again with mkdir -p ${directory}; httplog goes on by itself`,
    });
    mkdirSync(directory);
    await append;
    expect(countRows()).toBe(20);
  });

  test('another kind of file that comes in its place is waited for, and not touched', async () => {
    const opened = await open('hold');
    writeFileSync(path(), 'a text');
    const append = opened.append(batchOf(0));
    await faultSeen();
    expect(faults[0]).toMatchObject({
      errorName: 'HTTPLOG_SQLITE_FOREIGN',
      message: `Cannot write ${path()}: it is not a SQLite database; its lines wait for it`,
      hint: `Move ${path()} away, or name another file; httplog goes on by itself`,
    });
    expect(readFileSync(path(), 'utf8')).toBe('a text');
    rmSync(path());
    await append;
    expect(countRows()).toBe(20);
  });
});

describe('openSqliteWriter: what is refused before anything is captured', () => {
  const expectRefusal = (error: object): Promise<void> =>
    expect(open('hold')).rejects.toMatchObject(error);

  test('a file that is no database', async () => {
    writeFileSync(path(), 'a text');
    await expectRefusal({
      code: 'HTTPLOG_SQLITE_FOREIGN',
      exitCode: 2,
      message: `Cannot write ${path()}: it is not a SQLite database`,
      hint: `Move ${path()} away, or name another file and start again`,
    });
    expect(readFileSync(path(), 'utf8')).toBe('a text');
  });

  test('a damaged database', async () => {
    writeFileSync(path(), `SQLite format 3\0${'x'.repeat(5000)}`);
    await expectRefusal({ exitCode: 2, code: 'HTTPLOG_SQLITE' });
  });

  test('a directory in place of the file, and a missing directory', async () => {
    mkdirSync(path());
    await expectRefusal({ code: 'HTTPLOG_OUTPUT_IS_DIRECTORY', exitCode: 2 });
    const missing = join(directory, 'missing');
    await expect(
      openSqliteWriter({ path: join(missing, 'out') }, { policy: 'fail' }),
    ).rejects.toMatchObject({ exitCode: 3, message: `Directory ${missing} does not exist` });
    await expect(
      openSqliteWriter({ directory: missing }, { policy: 'fail' }),
    ).rejects.toMatchObject({ exitCode: 3 });
    expect(readdirSync(directory)).toEqual(['out.sqlite']);
  });
});
