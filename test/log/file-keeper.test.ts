import {
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileKeeper } from '../../src/log/file-keeper.ts';
import { type LogWriter, type LogWriterEvents, openLogWriter } from '../../src/log/log-writer.ts';
import { findToday, subtractDays } from '../../src/log/retention.ts';
import { LEFT_ALONE, type Upkeep } from '../../src/log/upkeep.ts';
import { waitUntil } from '../live/child-process.ts';
import { joinText, makeBatch, makeBatches } from './line-batches.ts';
import { CLOSE_MS, describeOnSmallDisk, useLogScene, WAIT_MS } from './scene.ts';
import { fillDisk, removeDirectory } from './small-disk.ts';

const TODAY = findToday(Date.now());
/** Takes a compressor a minute, and no disk. */
const LARGE_BYTES = 16 * 1024 ** 3;

const scene = useLogScene();
const { faults, list, pathOf } = scene;
let deleted: string[] = [];
beforeEach(() => {
  deleted = [];
});

const events: LogWriterEvents = {
  ...scene.events,
  onDelete: (path, reason) => deleted.push(`${path.slice(pathOf().length + 1)} ${reason}`),
};
const openKept = (upkeep: Partial<Upkeep>, suffix = 'log'): Promise<LogWriter> =>
  openLogWriter(
    { kind: 'daily', directory: pathOf(), suffix, upkeep: { ...LEFT_ALONE, ...upkeep } },
    { policy: 'hold', retryIntervalMs: 20, idleFileCloseMs: 0, events },
  );
const put = (name: string, text = 'line\n'): void => writeFileSync(pathOf(name), text);
const day = (daysAgo: number): number => subtractDays(TODAY, daysAgo);

async function until(condition: () => boolean): Promise<void> {
  await waitUntil(`${condition}`, condition, WAIT_MS);
}

/** Of this thread: what other programs take does not count. */
function cpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** Returns what ends the watch and gives the longest turn of the event loop in microseconds of the processor. */
function watchTurns(): () => number {
  let longestUs = 0;
  let beganUs = cpuUs();
  let turn = setImmediate(function look() {
    longestUs = Math.max(longestUs, cpuUs() - beganUs);
    beganUs = cpuUs();
    turn = setImmediate(look);
  });
  return () => {
    clearImmediate(turn);
    return longestUs;
  };
}

/** The lines of all files in the order of their names, compressed ones opened. */
function readAll(): string {
  return list()
    .map((name) => {
      const bytes = readFileSync(pathOf(name));
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
    const keeper = new FileKeeper({ directory: pathOf(), suffix: 'log', upkeep, events });
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
    expect(readFileSync(pathOf(`http-${past}.0001.log`), 'utf8')).toBe(joinText([makeBatch(0)]));
    await writer.close(CLOSE_MS);
    expect(readFileSync(pathOf(`http-${past}.log.gz`), 'utf8')).toBe('packed');
  });

  test('an open file of a past day is compressed when it is closed, not before', async () => {
    const past = day(1);
    const writer = await openKept({ compression: 'zstd' });
    await writer.append(makeBatch(1, { day: past }));
    // A file of the day before makes the keeper look at all of them.
    await writer.append(makeBatch(0, { day: day(2) }));
    await writer.append(makeBatch(2, { day: past }));
    const older = `http-${day(2)}.log`;
    await until(() => list().includes(`${older}.zst`) && !list().includes(older));
    expect(list()).toEqual([`${older}.zst`, `http-${past}.log`]);
    await writer.append(makeBatch(3, { day: TODAY }));
    await writer.append(makeBatch(4, { day: TODAY }));
    await until(() => list().includes(`http-${past}.log.zst`) && list().length === 3);
    await writer.close(CLOSE_MS);
    expect(readAll()).toBe(joinText(makeBatches(5)));
  });

  test('what a killed run has left unfinished is deleted, and made again', async () => {
    const name = `http-${day(1)}.log`;
    put(name, joinText([makeBatch(0)]));
    put(`${name}.gz.tmp`, 'half');
    put('http-notes.log.gz.tmp', 'not ours');
    const writer = await openKept({ compression: 'gzip' });
    await until(() => list().join() === `${name}.gz,http-notes.log.gz.tmp`);
    await writer.close(CLOSE_MS);
    expect(gunzipSync(readFileSync(pathOf(`${name}.gz`))).toString()).toBe(
      joinText([makeBatch(0)]),
    );
  });

  test('a close ends it at once, and the file stays as it was', async () => {
    const name = `http-${day(1)}.log`;
    put(name, '');
    truncateSync(pathOf(name), LARGE_BYTES);
    const writer = await openKept({ compression: 'gzip' });
    await until(() => list().includes(`${name}.gz.tmp`));
    // Before its deadline, or the unfinished file would still be there.
    await writer.close(CLOSE_MS);
    expect(list()).toEqual([name]);
    expect(statSync(pathOf(name)).size).toBe(LARGE_BYTES);
  });
});

describeOnSmallDisk('--compress on a full disk', scene, () => {
  test('files stay as they are, and are told', async () => {
    const name = `http-${day(1)}.log`;
    put(name, joinText([makeBatch(0)]));
    fillDisk(pathOf(), 0);
    const writer = await openKept({ compression: 'gzip' });
    await scene.faultSeen();
    await writer.close(CLOSE_MS);
    expect(faults.map(({ message }) => message)).toEqual([
      `Cannot compress ${pathOf(name)}: no space left on device (ENOSPC); it stays as it is`,
    ]);
    expect(list()).toEqual(['filler', name]);
    expect(writer.upkeepCounters).toMatchObject({ filesCompressed: 0, upkeepErrors: 1 });
  });
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
    mkdirSync(pathOf(`http-${old}.log`));
    mkdirSync(pathOf('http-20100101.log'));
    symlinkSync(pathOf('other.log'), pathOf('http-20100102.log'));
    const kept = list();
    put(`http-${day(99)}.log`);
    put(`http-CQ-${day(98)}.0004.log.zst`);
    const writer = await openKept({ keepDays: 1, keepFiles: 1, diskBytesMax: 1024 });
    await until(() => deleted.length === 2);
    // The oldest go first: all that is older than these two would be gone by now.
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
    // The open one, which is the last, grows on behind the look at each rotation.
    const closedSize = (): number =>
      list()
        .slice(0, -1)
        .reduce((sum, name) => sum + statSync(pathOf(name)).size, 0);
    await until(() => closedSize() <= 70_000);
    await writer.close(CLOSE_MS);
    expect(deleted.length).toBeGreaterThan(10);
    expect(deleted).toEqual(deleted.toSorted());
    expect(deleted[0]).toBe(`http-${TODAY}.0001.log max-disk`);
    expect(closedSize()).toBeGreaterThan(40_000);
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
    }
    const isPacked = (): boolean => list().filter((name) => name.endsWith('.gz')).length === 5;
    await until(() => list().length === 6 && isPacked());
    await writer.close(CLOSE_MS);
    expect(joinText(batches).endsWith(readAll())).toBe(true);
    expect(readAll().length).toBeGreaterThan(80_000);
    expect(faults).toEqual([]);
  });

  test('a directory of many files holds nobody up', async () => {
    for (let number = 0; number < 4000; number++) {
      const name = `http-20100101.${String(number).padStart(4, '0')}`;
      put(`${name}.log`, '');
      put(`${name}.tsv`, '');
    }
    utimesSync(pathOf(), 1, 1);
    const baseline = cpuUs();
    for (const name of list()) {
      statSync(pathOf(name));
    }
    const atOnceUs = cpuUs() - baseline;
    const endWatch = watchTurns();
    const writer = await openKept({ keepFiles: 3900, diskBytesMax: 1 });
    await until(() => deleted.length === 100);
    const longestUs = endWatch();
    await writer.close(CLOSE_MS);
    expect(longestUs / atOnceUs).toBeLessThan(0.5);
    expect(list()).toHaveLength(7900);
    expect(deleted[0]).toBe('http-20100101.0000.log keep-files');
  });

  test('a directory that is gone is told, and looked after again when it is back', async () => {
    const writer = await openKept({ keepFiles: 1 });
    removeDirectory(pathOf());
    const appending = writer.append(makeBatch(0, { day: TODAY }));
    await scene.faultSeen();
    mkdirSync(pathOf());
    await appending;
    put(`http-${day(5)}.log`);
    await writer.append(makeBatch(1, { day: subtractDays(TODAY, -1) }));
    await writer.append(makeBatch(1, { day: subtractDays(TODAY, -1) }));
    await until(() => deleted.length === 2);
    await writer.close(CLOSE_MS);
    expect(list()).toEqual([`http-${subtractDays(TODAY, -1)}.log`]);
  });
});
