import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BatchWriter } from '../../src/log/batch-writer.ts';
import { openSqliteWriter } from '../../src/log/sqlite-writer.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';
import { makeRecord, makeRecordBatch } from './sqlite-records.ts';

const DOCUMENT = readFileSync(join(import.meta.dirname, '../../docs/sqlite.md'), 'utf8');
const QUERIES = [...DOCUMENT.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql);
const hasTool = spawnSync('sqlite3', ['--version']).status === 0;
const reason = hasTool ? '' : ' [skipped: there is no sqlite3]';

/** 100 requests of `/slow` that take 1 to 100 ms, and 60 of `/fast` with 6 errors, the last 10 not whole. */
function makeTraffic(): Record<string, unknown>[] {
  const slow = Array.from({ length: 100 }, (_, index) =>
    makeRecord(index, {
      time: `2026-11-21T10:00:${String(index % 60).padStart(2, '0')}.000000Z`,
      path: '/slow',
      duration_ms: index + 1,
      client_ip: '192.0.2.1',
      response_body_bytes: 10,
      status: 200,
    }),
  );
  const fast = Array.from({ length: 60 }, (_, index) =>
    makeRecord(1000 + index, {
      time: '2026-11-21T10:01:30.500000Z',
      path: '/fast',
      duration_ms: 2,
      client_ip: '2001:db8::7',
      response_body_bytes: 5,
      status: index < 6 ? 503 : 404,
      ...(index < 50 ? {} : { complete: false, incomplete: index < 58 ? 'reset' : 'gap' }),
    }),
  );
  const longAgo = makeRecord(5000, { time: '2026-11-01T00:00:00.000000Z', path: '/old' });
  return [...slow, ...fast, longAgo];
}

describe.skipIf(!hasTool)(`docs/sqlite.md${reason}`, () => {
  let directory = '';
  let writer: BatchWriter;
  beforeAll(async () => {
    directory = makeDirectory();
    writer = await openSqliteWriter({ path: join(directory, 'http.sqlite') }, { policy: 'fail' });
    await writer.append(makeRecordBatch(makeTraffic()));
  });
  afterAll(async () => {
    await writer.close(1000);
    removeDirectory(directory);
  });

  function run(sql: string, flag = '-json'): string {
    const path = join(directory, 'http.sqlite');
    const { status, stdout, stderr } = spawnSync('sqlite3', ['-readonly', flag, path, sql], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return stdout;
  }
  const rowsOf = (sql: string): unknown => JSON.parse(run(sql));

  test('has five queries', () => {
    expect(QUERIES).toHaveLength(5);
  });

  test('the slowest paths', () => {
    expect(rowsOf(QUERIES[0])).toEqual([
      { path: '/slow', requests: 100, mean_ms: 50.5, max_ms: 100 },
      { path: '/fast', requests: 60, mean_ms: 2, max_ms: 2 },
    ]);
  });

  test('errors by minute', () => {
    expect(rowsOf(QUERIES[1])).toEqual([
      { minute: '2026-11-21T10:01', requests: 60, error_percent: 10 },
      { minute: '2026-11-21T10:00', requests: 100, error_percent: 0 },
      { minute: '2026-11-01T00:00', requests: 1, error_percent: expect.any(Number) },
    ]);
  });

  test('the clients with the most requests', () => {
    expect(rowsOf(QUERIES[2])).toEqual([
      { client_ip: '192.0.2.1', requests: 100, bytes: 1000, refused: 0 },
      { client_ip: '2001:db8::7', requests: 60, bytes: 300, refused: 54 },
      expect.objectContaining({ requests: 1 }),
    ]);
  });

  test('the 95th percentile by path', () => {
    const rows = rowsOf(QUERIES[3]);
    expect(rows).toContainEqual({ path: '/slow', requests: 100, p95_ms: 95 });
    expect(rows).toContainEqual({ path: '/fast', requests: 60, p95_ms: 2 });
  });

  test('incomplete exchanges by reason', () => {
    expect(rowsOf(QUERIES[4])).toEqual([
      { incomplete: 'reset', exchanges: 8, percent: 4.97 },
      { incomplete: 'gap', exchanges: 2, percent: 1.24 },
    ]);
  });

  test('the command of its beginning', () => {
    const sql = /```sh\nsqlite3 -readonly -box http\.sqlite "(.*)"\n```/.exec(DOCUMENT)?.[1] ?? '';
    expect(run(sql, '-box')).toContain('2026-11-21T10:01:30.500000Z');
  });

  test('names every column of the tables', () => {
    const rows = rowsOf(
      "SELECT DISTINCT name FROM pragma_table_info('exchanges') UNION SELECT name FROM pragma_table_info('messages')",
    ) as { name: string }[];
    const table = DOCUMENT.slice(DOCUMENT.indexOf('## Tables'), DOCUMENT.indexOf('## Queries'));
    expect(rows.length).toBeGreaterThan(40);
    const missing = rows.filter(({ name }) => !new RegExp(`[ |]${name}[ ,]`).test(table));
    expect(missing).toEqual([]);
  });
});
