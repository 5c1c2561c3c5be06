import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BatchWriter } from '../../src/log/batch-writer.ts';
import { openSqliteWriter } from '../../src/log/sqlite-writer.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';
import { makeMessage, makeRecord, makeRecordBatch, makeRecords } from './sqlite-records.ts';

const CLOSE_MS = 5000;

let directory = '';
let writer: BatchWriter | undefined;
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(async () => {
  await writer?.close(CLOSE_MS);
  writer = undefined;
  removeDirectory(directory);
});

const pathOf = (name: string): string => join(directory, name);

async function open(options: object = {}): Promise<BatchWriter> {
  writer = await openSqliteWriter({ path: pathOf('out') }, { policy: 'fail', ...options });
  return writer;
}

function query(sql: string, path = pathOf('out')): Record<string, unknown>[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => ({ ...row }));
  } finally {
    database.close();
  }
}

function countRows(path = pathOf('out'), table = 'exchanges'): unknown {
  return query(`SELECT count(*) AS rows FROM ${table}`, path)[0].rows;
}

describe('SqliteWriter: rows', () => {
  test('a row has the values of its record in typed columns', async () => {
    const { append } = bind(await open());
    await append([makeRecord(7, { complete: false, incomplete: 'reset', connect_ms: 3 })]);
    const [row] = query('SELECT * FROM exchanges');
    const { record: _record, ...expected } = makeRecord(7);
    expect(row).toMatchObject({
      ...expected,
      vlan: '[100,5]',
      complete: 0,
      incomplete: 'reset',
      connect_ms: 3,
      request_headers: '{"Accept":"text/html","Cookie":"session=7"}',
      response_headers: null,
      user: null,
    });
    expect(query('SELECT typeof(connect_ms) AS a, typeof(status) AS b FROM exchanges')).toEqual([
      { a: 'real', b: 'integer' },
    ]);
    expect(query("SELECT request_headers ->> 'Cookie' AS cookie FROM exchanges")).toEqual([
      { cookie: 'session=7' },
    ]);
  });

  test('messages have a table of their own', async () => {
    const { append } = bind(await open());
    const outcome = await append([makeRecord(0), makeMessage(1), makeMessage(1)]);
    expect(outcome).toEqual({ linesWritten: 3, linesDropped: 0 });
    expect(countRows()).toBe(1);
    expect(query('SELECT host, status, response_head_bytes FROM messages')).toEqual([
      { host: 'host1.example.com', status: 200, response_head_bytes: 240 },
      { host: 'host1.example.com', status: 200, response_head_bytes: 240 },
    ]);
  });

  test('the same exchanges again add nothing', async () => {
    const { append } = bind(await open());
    await append(makeRecords(100));
    expect(await append(makeRecords(150))).toEqual({ linesWritten: 150, linesDropped: 0 });
    expect(countRows()).toBe(150);
  });

  test("a peer's values are values: quotes, NULs, numbers out of range, unknown keys", async () => {
    const { append } = bind(await open());
    const path = `/'); DROP TABLE exchanges; -- "\u0000\n\u2028\ud800`;
    const changes = { path, content_length: 1e21, status: '404', unknown: 1, duration_ms: 'x' };
    const request_headers = JSON.parse('{"__proto__": "a\\u0000b"}');
    await append([makeRecord(1, { ...changes, request_headers }), makeRecord(2)]);
    expect(query('SELECT path, content_length, status, duration_ms FROM exchanges')).toEqual([
      {
        path: `/'); DROP TABLE exchanges; -- "\ufffd\n\u2028\ufffd`,
        content_length: null,
        status: 404,
        duration_ms: null,
      },
      { path: '/api/items/17', content_length: 6, status: 200, duration_ms: 4.5 },
    ]);
    expect(query('SELECT request_headers FROM exchanges LIMIT 1')).toEqual([
      { request_headers: '{"__proto__":"a\\u0000b"}' },
    ]);
  });

  test('lines that are no record are dropped and counted, the others of the batch are kept', async () => {
    const opened = await open({ policy: 'hold' });
    const { append } = bind(opened);
    const lines = ['{"record":"exch', 'null', '[]', '{"record":"exchange"}', '{"record":"other"}'];
    const outcome = await append([makeRecord(0), ...lines, makeRecord(1)]);
    expect(outcome).toEqual({ linesWritten: 2, linesDropped: lines.length });
    expect(opened.counters).toMatchObject({ linesWritten: 2, linesDropped: 5, writeErrors: 0 });
    expect(countRows()).toBe(2);
  });
});

describe('SqliteWriter: batches', () => {
  test('the bytes are back when the append settles, whatever part of a buffer they are', async () => {
    const opened = await open();
    const batch = makeRecordBatch(makeRecords(10));
    const before = batch.bytes.slice();
    const buffer = new Uint8Array(batch.bytes.byteLength + 64);
    batch.bytes = buffer.subarray(64);
    batch.bytes.set(before);
    const append = opened.append(batch);
    expect(opened.pendingBatches).toBe(1);
    await append;
    expect(opened.pendingBatches).toBe(0);
    expect(batch.bytes).toEqual(before);
    expect(batch.bytes.byteOffset).toBe(64);
  });

  test('batches that wait together are all written, and counted', async () => {
    const opened: string[] = [];
    const { append, counters } = bind(
      await open({ events: { onOpen: (path: string) => opened.push(path) } }),
    );
    const appends = Array.from({ length: 20 }, (_, n) => append(makeRecords(50, n * 50)));
    await Promise.all(appends);
    expect(countRows()).toBe(1000);
    expect(counters).toMatchObject({ linesWritten: 1000, linesDropped: 0, filesOpened: 1 });
    expect(counters.bytesWritten).toBeGreaterThan(500_000);
    expect(opened).toEqual([pathOf('out')]);
  });

  test('no file is made before the first line, and close waits for what is pending', async () => {
    const opened = await open();
    expect(await opened.append(makeRecordBatch([]))).toEqual({ linesWritten: 0, linesDropped: 0 });
    expect(readdirSync(directory)).toEqual([]);
    const appends = [0, 1, 2].map((n) => opened.append(makeRecordBatch(makeRecords(100, n * 100))));
    await opened.close(CLOSE_MS);
    expect(readdirSync(directory)).toEqual(['out']);
    expect(countRows()).toBe(300);
    expect(await Promise.all(appends)).toHaveLength(3);
    const late = await opened.append(makeRecordBatch(makeRecords(5)));
    expect(late).toEqual({ linesWritten: 0, linesDropped: 5 });
    expect(opened.counters.linesDropped).toBe(5);
  });

  test('a reader sees whole batches while more are written', async () => {
    const { append } = bind(await open());
    await append(makeRecords(100));
    const reader = new DatabaseSync(pathOf('out'), { readOnly: true });
    const count = reader.prepare('SELECT count(*) AS rows FROM exchanges');
    reader.exec('BEGIN');
    expect(count.get()?.rows).toBe(100);
    await append(makeRecords(100, 100));
    expect(count.get()?.rows).toBe(100);
    reader.exec('COMMIT');
    expect(count.get()?.rows).toBe(200);
    reader.close();
  });
});

describe('SqliteWriter: files', () => {
  test('each day has its database, with the mode of a log file', async () => {
    writer = await openSqliteWriter({ directory }, { policy: 'fail' });
    for (const day of [20261121, 20261122, 20261123, 20261121]) {
      await writer.append(makeRecordBatch([makeRecord(writer.counters.linesWritten)], day));
    }
    await writer.close(CLOSE_MS);
    expect(readdirSync(directory).sort()).toEqual([
      'http-20261121.sqlite',
      'http-20261122.sqlite',
      'http-20261123.sqlite',
    ]);
    expect(countRows(pathOf('http-20261121.sqlite'))).toBe(2);
    expect(statSync(pathOf('http-20261122.sqlite')).mode & 0o777).toBe(0o640);
  });

  test('a database that is moved away keeps its rows, and a new one takes its place', async () => {
    const { append } = bind(await open());
    await append(makeRecords(10));
    renameSync(pathOf('out'), pathOf('moved'));
    // Its thread looks now and then: what comes before that goes on in the moved one.
    let rowsCount = 10;
    while (!existsSync(pathOf('out'))) {
      await append(makeRecords(5, rowsCount));
      rowsCount += 5;
    }
    expect(countRows()).toBe(5);
    expect(countRows(pathOf('moved'))).toBe(rowsCount - 5);
  });

  test('reopen follows a moved database at once', async () => {
    const opened = await open();
    const { append } = bind(opened);
    await append(makeRecords(10));
    renameSync(pathOf('out'), pathOf('moved'));
    opened.reopen();
    await append(makeRecords(5));
    expect(countRows(pathOf('moved'))).toBe(10);
    expect(countRows()).toBe(5);
    expect(opened.counters.filesOpened).toBe(2);
  });

  test('a database of an earlier run is added to', async () => {
    await bind(await open()).append(makeRecords(10));
    await writer?.close(CLOSE_MS);
    expect(existsSync(pathOf('out-wal'))).toBe(false);
    await bind(await open()).append(makeRecords(10, 10));
    expect(countRows()).toBe(20);
  });

  test('a runtime without SQLite is told at the start', () => {
    const main = join(import.meta.dirname, 'sqlite-open-main.ts');
    const run = (flags: string[]): unknown =>
      JSON.parse(execFileSync(process.execPath, [...flags, main, directory], { encoding: 'utf8' }));
    expect(run([])).toEqual({});
    expect(run(['--no-experimental-sqlite'])).toEqual({
      code: 'HTTPLOG_SQLITE_MISSING',
      exitCode: 1,
      message: `This runtime, Node ${process.versions.node}, has no node:sqlite to write a database with`,
      hint: 'Run it with the Node that httplog brings (npm ci installs it), or write to a file instead',
    });
  });
});

function bind(opened: BatchWriter) {
  return {
    counters: opened.counters,
    append: (records: readonly unknown[]) => opened.append(makeRecordBatch(records)),
  };
}
