import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compressFile, FileChangedError } from '../../src/log/compress-file.ts';
import { joinText, makeBatches } from './line-batches.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';

const TEXT = joinText(makeBatches(300));
const WAYS = [
  ['gzip', '.gz', gunzipSync],
  ['zstd', '.zst', zstdDecompressSync],
] as const;

let directory = '';
let path = '';
beforeEach(() => {
  directory = makeDirectory();
  path = join(directory, 'http-20190901.log');
  writeFileSync(path, TEXT, { mode: 0o640 });
});
afterEach(() => removeDirectory(directory));

const never = (): AbortSignal => new AbortController().signal;

describe('compressFile', () => {
  for (const [compression, suffix, decompress] of WAYS) {
    test(`${compression}: the same bytes come out, and the source is gone`, async () => {
      utimesSync(path, 1567296000, 1567299600);
      const compressed = await compressFile(path, compression, never());
      expect(readdirSync(directory)).toEqual([`http-20190901.log${suffix}`]);
      expect(decompress(readFileSync(compressed.path)).toString()).toBe(TEXT);
      expect(compressed.bytesBefore).toBe(TEXT.length);
      expect(compressed.bytesAfter).toBe(statSync(compressed.path).size);
      expect(compressed.bytesAfter).toBeLessThan(TEXT.length / 2);
    });

    test(`${compression}: time and mode are kept`, async () => {
      utimesSync(path, 1567296000, 1567299600);
      const { path: compressedPath } = await compressFile(path, compression, never());
      const stats = statSync(compressedPath);
      expect(stats.mtimeMs).toBe(1567299600_000);
      expect(stats.mode & 0o777).toBe(0o640);
    });

    test(`${compression}: an empty file is compressed, too`, async () => {
      writeFileSync(path, '');
      const compressed = await compressFile(path, compression, never());
      expect(decompress(readFileSync(compressed.path)).length).toBe(0);
    });
  }

  test("gzip's own tool finds nothing wrong", async () => {
    const compressed = await compressFile(path, 'gzip', never());
    expect(execFileSync('gzip', ['-dc', compressed.path], { maxBuffer: 2 ** 26 }).toString()).toBe(
      TEXT,
    );
  });

  test('at the signal the source stays and nothing else', async () => {
    const stop = new AbortController();
    const compressing = compressFile(path, 'gzip', stop.signal);
    stop.abort();
    await expect(compressing).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(directory)).toEqual(['http-20190901.log']);
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
  });

  test('a file that is written to meanwhile stays with every byte', async () => {
    const compressing = compressFile(path, 'gzip', never());
    const rejection = compressing.catch((error: unknown) => error);
    while (!existsSync(`${path}.gz.tmp`)) {
      await nextTurn();
    }
    appendFileSync(path, 'late\n');
    expect(await rejection).toBeInstanceOf(FileChangedError);
    expect(readdirSync(directory)).toEqual(['http-20190901.log']);
    expect(readFileSync(path, 'utf8')).toBe(`${TEXT}late\n`);
  });

  test('a compressed file that is there already is not replaced', async () => {
    writeFileSync(`${path}.gz`, 'something else');
    utimesSync(`${path}.gz`, 1, 1);
    await expect(compressFile(path, 'gzip', never())).rejects.toThrow('is there already');
    expect(readFileSync(`${path}.gz`, 'utf8')).toBe('something else');
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
  });

  test('a run that ended before the source was deleted is finished', async () => {
    const kept = join(directory, 'kept');
    writeFileSync(kept, TEXT);
    const { atime, mtime } = statSync(path);
    const compressed = await compressFile(path, 'zstd', never());
    writeFileSync(path, TEXT);
    utimesSync(path, atime, mtime);
    const again = await compressFile(path, 'zstd', never());
    expect(again).toEqual(compressed);
    expect(existsSync(path)).toBe(false);
    expect(zstdDecompressSync(readFileSync(again.path)).toString()).toBe(TEXT);
  });

  test('what a killed run has left is written anew', async () => {
    writeFileSync(`${path}.gz.tmp`, 'half');
    const compressed = await compressFile(path, 'gzip', never());
    expect(gunzipSync(readFileSync(compressed.path)).toString()).toBe(TEXT);
    expect(readdirSync(directory)).toEqual(['http-20190901.log.gz']);
  });

  test('a link is not followed', async () => {
    const link = join(directory, 'http-20190902.log');
    symlinkSync(path, link);
    await expect(compressFile(link, 'gzip', never())).rejects.toMatchObject({ code: 'ELOOP' });
    expect(readFileSync(path, 'utf8')).toBe(TEXT);
  });
});
