import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BatchWriter } from '../../src/log/batch-writer.ts';
import type { SqliteTarget } from '../../src/log/sqlite-target.ts';
import { openSqliteWriter } from '../../src/log/sqlite-writer.ts';
import { LEFT_ALONE } from '../../src/log/upkeep.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';
import { makeRecordBatch, makeRecords } from './sqlite-records.ts';

const CLOSE_MS = 5000;
const READER_PATH = join(import.meta.dirname, 'sqlite-read-main.ts');
const APPEND_PATH = join(import.meta.dirname, 'sqlite-append-main.ts');
const DAYS_COUNT = 28;
const ROTATING_BATCHES_COUNT = 60;

let directory = '';
let writers: BatchWriter[] = [];
beforeEach(() => {
  directory = makeDirectory();
  writers = [];
});
afterEach(async () => {
  await Promise.all(writers.map((writer) => writer.close(CLOSE_MS)));
  removeDirectory(directory);
});

const list = (): string[] => readdirSync(directory).sort();
const at = (name: string): string => join(directory, name);

async function open(target: SqliteTarget): Promise<BatchWriter> {
  const writer = await openSqliteWriter(target, { policy: 'fail' });
  writers.push(writer);
  return writer;
}

function countRows(name: string): number {
  const database = new DatabaseSync(at(name), { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS rows FROM exchanges').get()?.rows);
  } finally {
    database.close();
  }
}

interface ReadReport {
  reads: number;
  databases: number;
  errors: Record<string, number>;
}

/** What another process sees that reads the newest databases all the while. */
async function readMeanwhile(
  { count, timeoutMs }: { count: number; timeoutMs: number },
  write: () => Promise<void>,
): Promise<ReadReport> {
  const args = [READER_PATH, directory, String(count), String(timeoutMs)];
  const reader = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = text(reader.stdout);
  await new Promise((resolve) => reader.stdout.once('data', resolve));
  await write();
  writeFileSync(at('end'), '');
  return JSON.parse((await output).split('\n')[1]) as ReadReport;
}

/** A process id that is nobody's any more. */
const endedPid = (): number => spawnSync('true').pid;

describe('a database is there whole or not at all', () => {
  test('who reads it from its first moment on sees no error, at midnight', async () => {
    // SQLite itself locks what is opened first or closed last: well below a millisecond.
    const report = await readMeanwhile({ count: 2, timeoutMs: 100 }, async () => {
      const writer = await open({ directory });
      for (let index = 0; index < DAYS_COUNT; index++) {
        const records = makeRecords(5, index * 5);
        await writer.append(makeRecordBatch(records, 20261101 + index));
      }
    });
    expect(report.errors).toEqual({});
    expect(report.databases).toBeGreaterThan(0);
    expect(report.reads).toBeGreaterThan(0);
  });

  test('nor does who reads it when one is full and the next one comes', async () => {
    const report = await readMeanwhile({ count: 10, timeoutMs: 100 }, async () => {
      const writer = await open({ directory, upkeep: { ...LEFT_ALONE, rotateBytes: 100_000 } });
      for (let index = 0; index < ROTATING_BATCHES_COUNT; index++) {
        await writer.append(makeRecordBatch(makeRecords(50, index * 50)));
      }
    });
    expect(report.errors).toEqual({});
    expect(report.databases).toBeGreaterThan(0);
  });

  test('several that make it at the same time lose no row', async () => {
    const children = [0, 10, 20, 30].map((first) =>
      spawn(process.execPath, [APPEND_PATH, at('out'), String(first)], { stdio: 'inherit' }),
    );
    const codes = await Promise.all(
      children.map((child) => new Promise((resolve) => child.once('exit', resolve))),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    // First, since a reader leaves files beside it.
    expect(list()).toEqual(['out']);
    expect(countRows('out')).toBe(40);
  });

  test('what a killed run has left unborn is deleted at the next start, and no other file', async () => {
    const pid = endedPid();
    const alive = process.ppid;
    const unborn = [
      `http-20261101.sqlite.${pid}.tmp`,
      `http-20261101.sqlite.${pid}.tmp-wal`,
      `http-20261102.0003.sqlite.${pid}.tmp-journal`,
    ];
    const others = [
      `http-20261101.sqlite.${alive}.tmp`,
      `http-20261101.json.${pid}.tmp`,
      `out.${pid}.tmp`,
      'http-20261101.sqlite.tmp',
    ];
    for (const name of [...unborn, ...others]) {
      writeFileSync(at(name), 'x');
    }
    await (await open({ directory })).close(CLOSE_MS);
    expect(list()).toEqual(others.toSorted());
    await (await open({ path: at('out') })).close(CLOSE_MS);
    expect(list()).toEqual(others.filter((name) => name !== `out.${pid}.tmp`).toSorted());
  });
});
