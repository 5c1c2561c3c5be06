import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { BatchWriter } from '../../src/log/batch-writer.ts';
import { findToday } from '../../src/log/retention.ts';
import { openSqliteWriter } from '../../src/log/sqlite-writer.ts';
import type { WriteFault } from '../../src/log/write-fault.ts';
import { PATIENCE_MS } from '../patience.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';
import { makeRecordBatch, makeRecords } from './sqlite-records.ts';

const OTHER_UID = 65534;
const CLOSE_MS = 5000;
const WAIT = { timeout: PATIENCE_MS };
const isRoot = process.getuid?.() === 0;
const TODAY = findToday(Date.now());

let directory = '';
let logs = '';
let writer: BatchWriter | undefined;
let faults: WriteFault[] = [];
beforeEach(() => {
  directory = makeDirectory();
  logs = join(directory, 'logs');
  mkdirSync(logs);
  faults = [];
});
afterEach(async () => {
  await writer?.close(0);
  writer = undefined;
  removeDirectory(directory);
});

const single = (): string => join(logs, 'out.sqlite');
const today = (): string => join(logs, `http-${TODAY}.sqlite`);
const batch = () => makeRecordBatch(makeRecords(20), TODAY);

async function open(
  target: { path: string } | { directory: string },
  policy: 'hold' | 'fail' = 'hold',
): Promise<BatchWriter> {
  writer = await openSqliteWriter(target, {
    policy,
    retryIntervalMs: 20,
    events: { onFault: (fault) => faults.push(fault) },
  });
  return writer;
}

function countRows(path: string): unknown {
  const database = new DatabaseSync(path);
  try {
    return database.prepare('SELECT count(*) AS rows FROM exchanges').get()?.rows;
  } finally {
    database.close();
  }
}

async function makeDatabase(): Promise<void> {
  await (await open({ path: single() })).append(batch());
  await writer?.close(CLOSE_MS);
}

const refusal = (path: string, description: string) => ({
  exitCode: 4,
  message: `Cannot write ${path}: ${description}`,
});

describe('a link in the place of a database', () => {
  test('is refused at the start, and its target stays as it was', async () => {
    const victim = join(directory, 'victim');
    for (const isThere of [true, false]) {
      rmSync(victim, { force: true });
      if (isThere) {
        writeFileSync(victim, '');
      }
      for (const [path, target] of [
        [single(), { path: single() }],
        [today(), { directory: logs }],
      ] as const) {
        symlinkSync(victim, path);
        const expected = refusal(path, 'it is a symbolic link');
        await expect(open(target)).rejects.toMatchObject(expected);
        await expect(open(target, 'fail').then((opened) => opened.append(batch()))).rejects.toThrow(
          /it is a symbolic link/,
        );
        rmSync(path);
      }
      expect(isThere ? readFileSync(victim, 'utf8') : existsSync(victim)).toBe(
        isThere ? '' : false,
      );
    }
  });

  test('is waited out when it comes later', async () => {
    const victim = join(directory, 'victim');
    writeFileSync(victim, '');
    const opened = await open({ directory: logs });
    symlinkSync(victim, today());
    const append = opened.append(batch());
    await vi.waitFor(() => expect(faults).not.toEqual([]), WAIT);
    expect(faults[0].message).toBe(
      `Cannot write ${today()}: it is a symbolic link; its lines wait for it`,
    );
    expect(readFileSync(victim, 'utf8')).toBe('');
    rmSync(today());
    expect(await append).toEqual({ linesWritten: 20, linesDropped: 0 });
    expect(countRows(today())).toBe(20);
  });
});

describe.skipIf(!isRoot)('databases and what others own, as root', () => {
  test("another user's database, and one that others may write, are refused", async () => {
    await makeDatabase();
    chownSync(single(), OTHER_UID, 0);
    await expect(open({ path: single() })).rejects.toMatchObject(
      refusal(single(), `it belongs to user id ${OTHER_UID}`),
    );
    chownSync(single(), 0, 0);
    chmodSync(single(), 0o666);
    await expect(open({ path: single() })).rejects.toMatchObject(
      refusal(single(), 'others may write to it'),
    );
  });

  test("a directory of another user's is refused, for a replay too", async () => {
    chownSync(logs, OTHER_UID, 0);
    for (const policy of ['hold', 'fail'] as const) {
      await expect(open({ path: single() }, policy)).rejects.toMatchObject({ exitCode: 4 });
      await expect(open({ directory: logs }, policy)).rejects.toMatchObject({
        exitCode: 4,
        message: `Cannot write to ${logs}: ${logs} belongs to user id ${OTHER_UID}`,
      });
    }
    expect(readdirSync(logs)).toEqual([]);
  });

  test.each(['-wal', '-shm', '-journal'])('a %s of another user is not taken', async (suffix) => {
    await makeDatabase();
    const companion = `${single()}${suffix}`;
    writeFileSync(companion, 'of another');
    chownSync(companion, OTHER_UID, 0);
    await expect(open({ path: single() })).rejects.toMatchObject(
      refusal(single(), `${companion} belongs to user id ${OTHER_UID}`),
    );
    expect(readFileSync(companion, 'utf8')).toBe('of another');
  });

  test('a write-ahead log that lies there before its database is taken for none of it', async () => {
    // Of a database that was deleted, and whose rows nobody may find in the next one of that name.
    const old = new DatabaseSync(single());
    old.exec('PRAGMA journal_mode = WAL; CREATE TABLE old (a); INSERT INTO old VALUES (1)');
    const wal = readFileSync(`${single()}-wal`);
    old.close();
    rmSync(single());
    writeFileSync(`${single()}-wal`, wal);
    await makeDatabase();
    expect(countRows(single())).toBe(20);
    expect(readdirSync(logs)).toEqual(['out.sqlite']);
  });

  test('in a directory like /tmp all is done as in any other', async () => {
    chmodSync(logs, 0o1777);
    await makeDatabase();
    await makeDatabase();
    expect(countRows(single())).toBe(20);
    expect(readdirSync(logs)).toEqual(['out.sqlite']);
  });
});
