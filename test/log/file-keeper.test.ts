import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileKeeper } from '../../src/log/file-keeper.ts';
import { type LogWriter, type LogWriterEvents, openLogWriter } from '../../src/log/log-writer.ts';
import { findToday, subtractDays } from '../../src/log/retention.ts';
import { LEFT_ALONE, type Upkeep } from '../../src/log/upkeep.ts';
import { joinText, makeBatch, makeBatches } from './line-batches.ts';
import {
  fillDisk,
  findReasonNotToMount,
  makeDirectory,
  mountSmallDisk,
  removeDirectory,
  unmountSmallDisk,
} from './small-disk.ts';

const CLOSE_MS = 5000;
const TODAY = findToday(Date.now());

let directory = '';
let deleted: string[] = [];
let faults: string[] = [];
beforeEach(() => {
  directory = makeDirectory();
  deleted = [];
  faults = [];
});
afterEach(() => removeDirectory(directory));

const events: LogWriterEvents = {
  onDelete: (path, reason) => deleted.push(`${path.slice(directory.length + 1)} ${reason}`),
  onFault: ({ message }) => faults.push(message),
};
const openKept = (upkeep: Partial<Upkeep>, suffix = 'log'): Promise<LogWriter> =>
  openLogWriter(
    { kind: 'daily', directory, suffix, upkeep: { ...LEFT_ALONE, ...upkeep } },
    { policy: 'hold', retryIntervalMs: 20, idleFileCloseMs: 0, events },
  );
const list = (): string[] => readdirSync(directory).sort();
const put = (name: string, text = 'line\n'): void => writeFileSync(join(directory, name), text);
const day = (daysAgo: number): number => subtractDays(TODAY, daysAgo);

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1000 && !condition(); tries++) {
    await sleep(5);
  }
  expect(condition()).toBe(true);
}

/** The lines of all files in the order of their names, compressed ones opened. */
function readAll(): string {
  return list()
    .map((name) => {
      const bytes = readFileSync(join(directory, name));
      const plain = name.endsWith('.gz')
        ? gunzipSync(bytes)
        : name.endsWith('.zst')
          ? zstdDecompressSync(bytes)
          : bytes;
      return plain.toString();
    })
    .join('');
}

describe('--compress', () => {
  for (const [compression, suffix] of [
    ['gzip', 'gz'],
    ['zstd', 'zst'],
  ] as const) {
    test(`${compression}: files that are full are compressed while lines go on`, async () => {
      const writer = await openKept({ compression, rotateBytes: 50_000 });
      const batches = makeBatches(60, { day: TODAY });
      for (const batch of batches) {
        await writer.append(batch);
      }
      const packed = (): string[] => list().filter((name) => name.endsWith(`.${suffix}`));
      await until(() => packed().length === list().length - 1);
      await writer.close(CLOSE_MS);
      expect(packed().length).toBeGreaterThan(5);
      expect(readAll()).toBe(joinText(batches));
      expect(writer.upkeepCounters?.filesCompressed).toBe(packed().length);
      expect(faults).toEqual([]);
    });
  }

  test('a full file is compressed though the next one has not got its first line', async () => {
    const upkeep: Upkeep = { ...LEFT_ALONE, rotateBytes: 1, compression: 'gzip' };
    const keeper = new FileKeeper({ directory, suffix: 'log', upkeep, events });
    keeper.start();
    const { name, number } = await keeper.holdNewest(TODAY, 0);
    put(name);
    const next = keeper.holdNext(TODAY, 0, number);
    keeper.noteRotation(name, next.name);
    await until(() => list().join() === `${name}.gz`);
    await keeper.close();
    expect(faults).toEqual([]);
  });

  test('files of past days are compressed at the start, that of today is not', async () => {
    const names = [day(2), day(1), day(0)].map((number) => `http-${number}.log`);
    for (const name of names) {
      put(name);
    }
    const writer = await openKept({ compression: 'gzip' });
    await until(() => list().includes(`${names[1]}.gz`) && !list().includes(names[1]));
    await writer.close(CLOSE_MS);
    expect(list()).toEqual([`${names[0]}.gz`, `${names[1]}.gz`, names[2]]);
  });

  test('a late line of a compressed day goes to the next file of that day', async () => {
    const past = day(1);
    put(`http-${past}.log.gz`, 'packed');
    const writer = await openKept({ compression: 'gzip' });
    await writer.append(makeBatch(0, { day: past }));
    expect(readFileSync(join(directory, `http-${past}.0001.log`), 'utf8')).toBe(
      joinText([makeBatch(0)]),
    );
    await writer.close(CLOSE_MS);
    expect(readFileSync(join(directory, `http-${past}.log.gz`), 'utf8')).toBe('packed');
  });

  test('an open file of a past day is compressed when it is closed, not before', async () => {
    const past = day(1);
    const writer = await openKept({ compression: 'zstd' });
    await writer.append(makeBatch(0, { day: past }));
    await sleep(50);
    expect(list()).toEqual([`http-${past}.log`]);
    await writer.append(makeBatch(1, { day: TODAY }));
    await writer.append(makeBatch(2, { day: TODAY }));
    await until(() => list().includes(`http-${past}.log.zst`) && list().length === 2);
    await writer.close(CLOSE_MS);
    expect(readAll()).toBe(joinText(makeBatches(3)));
  });

  test('what a killed run has left unfinished is deleted, and made again', async () => {
    const name = `http-${day(1)}.log`;
    put(name, joinText([makeBatch(0)]));
    put(`${name}.gz.tmp`, 'half');
    put('http-notes.log.gz.tmp', 'not ours');
    const writer = await openKept({ compression: 'gzip' });
    await until(() => list().join() === `${name}.gz,http-notes.log.gz.tmp`);
    await writer.close(CLOSE_MS);
    expect(gunzipSync(readFileSync(join(directory, `${name}.gz`))).toString()).toBe(
      joinText([makeBatch(0)]),
    );
  });

  test('a close ends it at once, and the file stays as it was', async () => {
    const name = `http-${day(1)}.log`;
    put(name, 'x'.repeat(64 * 1024 * 1024));
    const writer = await openKept({ compression: 'gzip' });
    await until(() => list().includes(`${name}.gz.tmp`));
    const startMs = performance.now();
    await writer.close(CLOSE_MS);
    expect(performance.now() - startMs).toBeLessThan(1000);
    expect(list()).toEqual([name]);
    expect(statSync(join(directory, name)).size).toBe(64 * 1024 * 1024);
  });

  const reason = findReasonNotToMount();
  test.skipIf(reason !== undefined)(
    'on a full disk files stay as they are, and are told',
    async () => {
      mountSmallDisk(directory);
      try {
        const name = `http-${day(1)}.log`;
        put(name, joinText([makeBatch(0)]));
        fillDisk(directory, 0);
        const writer = await openKept({ compression: 'gzip' });
        await until(() => faults.length > 0);
        await writer.close(CLOSE_MS);
        expect(faults).toEqual([
          `Cannot compress ${join(directory, name)}: no space left on device (ENOSPC); it stays as it is`,
        ]);
        expect(list()).toEqual(['filler', name]);
        expect(writer.upkeepCounters).toMatchObject({ filesCompressed: 0, upkeepErrors: 1 });
      } finally {
        unmountSmallDisk(directory);
      }
    },
  );
});

describe('retention', () => {
  test('files of others, directories and links are never deleted', async () => {
    const old = day(100);
    const others = [
      `http-${old}.log.bak`,
      `http-${old}.json`,
      `http-${old}.common.log`,
      `http-${old}.1.log`,
      `http-${old}.log.gz.old`,
      `myhttp-${old}.log`,
      'other.log',
    ];
    for (const name of others) {
      put(name, 'x'.repeat(5000));
    }
    mkdirSync(join(directory, `http-${old}.log`));
    mkdirSync(join(directory, 'http-20100101.log'));
    symlinkSync(join(directory, 'other.log'), join(directory, 'http-20100102.log'));
    const kept = list();
    put(`http-${day(99)}.log`);
    put(`http-CQ-${day(98)}.0004.log.zst`);
    const writer = await openKept({ keepDays: 1, keepFiles: 1, diskBytesMax: 1024 });
    await until(() => deleted.length === 2);
    await sleep(20);
    await writer.close(CLOSE_MS);
    expect(list()).toEqual(kept);
    expect(deleted).toEqual([
      `http-${day(99)}.log keep-days`,
      `http-CQ-${day(98)}.0004.log.zst keep-days`,
    ]);
    expect(faults).toEqual([]);
  });

  test('--max-disk: the oldest go after each rotation, the open one never', async () => {
    const writer = await openKept({ rotateBytes: 20_000, diskBytesMax: 70_000 });
    const batches = makeBatches(60, { day: TODAY });
    for (const batch of batches) {
      await writer.append(batch);
    }
    const size = (): number =>
      list().reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
    // The open one has grown since the last rotation.
    await until(() => size() <= 70_000 + 20_000);
    await writer.close(CLOSE_MS);
    expect(deleted.length).toBeGreaterThan(10);
    expect(deleted).toEqual(deleted.toSorted());
    expect(deleted[0]).toBe(`http-${TODAY}.0001.log max-disk`);
    expect(size()).toBeGreaterThan(40_000);
    // What is left is the end of what was written, without a gap.
    expect(joinText(batches).endsWith(readAll())).toBe(true);
    expect(writer.counters.linesDropped).toBe(0);
    expect(writer.upkeepCounters?.filesDeleted).toEqual({
      'keep-days': 0,
      'keep-files': 0,
      'max-disk': deleted.length,
    });
  });

  test('--max-disk smaller than the open file leaves that one alone', async () => {
    const writer = await openKept({ diskBytesMax: 1 });
    put(`http-${day(3)}.log`);
    await writer.append(makeBatch(0, { day: day(2) }));
    await writer.append(makeBatch(1, { day: TODAY }));
    await writer.append(makeBatch(2, { day: TODAY }));
    await until(() => deleted.length === 2);
    await writer.close(CLOSE_MS);
    expect(list()).toEqual([`http-${TODAY}.log`]);
    expect(readAll()).toBe(joinText([makeBatch(1), makeBatch(2)]));
  });

  test('rotation, compression and deletion together keep the newest lines whole', async () => {
    const writer = await openKept({ rotateBytes: 20_000, compression: 'gzip', keepFiles: 6 });
    const batches = makeBatches(150, { day: TODAY });
    for (let index = 0; index < batches.length; index += 5) {
      await Promise.all(batches.slice(index, index + 5).map((batch) => writer.append(batch)));
      await sleep(1);
    }
    const isPacked = (): boolean => list().filter((name) => name.endsWith('.gz')).length === 5;
    await until(() => list().length === 6 && isPacked());
    await writer.close(CLOSE_MS);
    expect(joinText(batches).endsWith(readAll())).toBe(true);
    expect(readAll().length).toBeGreaterThan(80_000);
    expect(faults).toEqual([]);
  });

  test('a directory of many files holds nobody up', async () => {
    for (let number = 0; number < 20_000; number++) {
      put(
        `http-20100101.${String(number % 10_000).padStart(4, '0')}.${number < 10_000 ? 'log' : 'tsv'}`,
        '',
      );
    }
    utimesSync(directory, 1, 1);
    const delay = monitorEventLoopDelay({ resolution: 5 });
    delay.enable();
    const writer = await openKept({ keepFiles: 9_900, diskBytesMax: 1 });
    await until(() => deleted.length === 100);
    delay.disable();
    await writer.close(CLOSE_MS);
    expect(delay.max / 1e6).toBeLessThan(250);
    expect(list()).toHaveLength(19_900);
    expect(deleted[0]).toBe('http-20100101.0000.log keep-files');
  });

  test('a directory that is gone is told, and looked after again when it is back', async () => {
    const writer = await openKept({ keepFiles: 1 });
    removeDirectory(directory);
    const appending = writer.append(makeBatch(0, { day: TODAY }));
    await until(() => faults.length > 0);
    mkdirSync(directory);
    await appending;
    put(`http-${day(5)}.log`);
    await writer.append(makeBatch(1, { day: subtractDays(TODAY, -1) }));
    await writer.append(makeBatch(1, { day: subtractDays(TODAY, -1) }));
    await until(() => deleted.length === 2);
    await writer.close(CLOSE_MS);
    expect(list()).toEqual([`http-${subtractDays(TODAY, -1)}.log`]);
  });
});
