import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { compressFile } from '../../src/log/compress-file.ts';
import { type LogWriter, openLogWriter } from '../../src/log/log-writer.ts';
import { findToday, subtractDays } from '../../src/log/retention.ts';
import { LEFT_ALONE, type Upkeep } from '../../src/log/upkeep.ts';
import { PATIENCE_MS } from '../patience.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';

const OTHER_UID = 65534;
const CLOSE_MS = 5000;
const WAIT = { timeout: PATIENCE_MS };
const isRoot = process.getuid?.() === 0;
const TODAY = findToday(Date.now());
const day = (daysAgo: number): number => subtractDays(TODAY, daysAgo);

let directory = '';
let writer: LogWriter | undefined;
let deleted: string[] = [];
let compressed: string[] = [];
let faults: string[] = [];
beforeEach(() => {
  directory = join(makeDirectory(), 'logs');
  mkdirSync(directory);
  deleted = [];
  compressed = [];
  faults = [];
});
afterEach(async () => {
  await writer?.close(0);
  writer = undefined;
  removeDirectory(join(directory, '..'));
});

const list = (): string[] => readdirSync(directory).sort();
const shorten = (path: string): string => path.slice(directory.length + 1);
function put(name: string, uid = 0, text = 'line\n'): void {
  writeFileSync(join(directory, name), text);
  chownSync(join(directory, name), uid, 0);
}

async function open(upkeep: Partial<Upkeep>): Promise<void> {
  writer = await openLogWriter(
    { kind: 'daily', directory, upkeep: { ...LEFT_ALONE, ...upkeep } },
    {
      policy: 'hold',
      events: {
        onDelete: (path) => deleted.push(shorten(path)),
        onCompress: (path) => compressed.push(shorten(path)),
        onFault: ({ message }) => faults.push(message),
      },
    },
  );
}

describe.skipIf(!isRoot)("other users' files among the kept ones", () => {
  test('in a directory like /tmp they are no files of this output: not deleted, not counted', async () => {
    chmodSync(directory, 0o1777);
    put('http-20100101.log', OTHER_UID, 'x'.repeat(100_000));
    put('http-20100102.log', OTHER_UID);
    put('http-20100103.log.gz.tmp', OTHER_UID);
    put(`http-${day(3)}.log`);
    put(`http-${day(2)}.log`);
    put(`http-${day(1)}.log`);
    await open({ keepFiles: 2, diskBytesMax: 50_000 });
    await vi.waitFor(() => expect(deleted).toEqual([`http-${day(3)}.log`]), WAIT);
    await writer?.close(CLOSE_MS);
    expect(list()).toEqual([
      'http-20100101.log',
      'http-20100102.log',
      'http-20100103.log.gz.tmp',
      `http-${day(2)}.log`,
      `http-${day(1)}.log`,
    ]);
    expect(faults).toEqual([]);
  });

  test('in a directory like /tmp they are not compressed', async () => {
    chmodSync(directory, 0o1777);
    put(`http-${day(3)}.log`, OTHER_UID);
    put(`http-${day(2)}.log`);
    await open({ compression: 'gzip' });
    await vi.waitFor(() => expect(compressed).toEqual([`http-${day(2)}.log`]), WAIT);
    await writer?.close(CLOSE_MS);
    expect(list()).toEqual([`http-${day(3)}.log`, `http-${day(2)}.log.gz`]);
  });

  test("in a directory of one's own such a file stays, and is told", async () => {
    put(`http-${day(9)}.log`, OTHER_UID);
    await open({ keepDays: 3 });
    await vi.waitFor(() => expect(faults).not.toEqual([]), WAIT);
    await writer?.close(CLOSE_MS);
    const path = join(directory, `http-${day(9)}.log`);
    expect(faults).toEqual([
      `Cannot delete ${path}: it belongs to user id ${OTHER_UID}; it stays as it is`,
    ]);
    expect(list()).toEqual([`http-${day(9)}.log`]);
    expect(deleted).toEqual([]);
  });

  test('one that looks like the finished compressed file does not cost the source', async () => {
    put('http-20190901.log', 0, 'the only copy\n');
    put('http-20190901.log.gz', OTHER_UID, 'not it\n');
    const { atime, mtime } = statSync(join(directory, 'http-20190901.log'));
    utimesSync(join(directory, 'http-20190901.log.gz'), atime, mtime);
    const compressing = compressFile(
      join(directory, 'http-20190901.log'),
      'gzip',
      new AbortController().signal,
    );
    await expect(compressing).rejects.toThrow(/http-20190901\.log\.gz is there already/);
    expect(list()).toEqual(['http-20190901.log', 'http-20190901.log.gz']);
  });
});
