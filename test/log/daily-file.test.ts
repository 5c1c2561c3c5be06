import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LineBatch } from '../../src/format/line-batch.ts';
import { LOG_FILE_CHECK_INTERVAL_MS } from '../../src/log/limits.ts';
import { type LogWriter, type LogWriterOptions, openLogWriter } from '../../src/log/log-writer.ts';
import { LEFT_ALONE } from '../../src/log/upkeep.ts';
import { waitUntil } from '../live/child-process.ts';
import { joinText, makeBatch, makeBatches } from './line-batches.ts';
import { CLOSE_MS, describeOnSmallDisk, useClock, useLogScene, WAIT_MS } from './scene.ts';
import { fillDisk } from './small-disk.ts';

/** No line of `makeBatch` is longer. */
const LINE_BYTES_MAX = 160;

const clock = useClock();
const scene = useLogScene();
const { read, list, pathOf } = scene;
const openRotating = (
  rotateBytes: number,
  options: Partial<LogWriterOptions> = {},
  target: { suffix?: string; header?: Uint8Array } = {},
): Promise<LogWriter> =>
  openLogWriter(
    { kind: 'daily', directory: pathOf(), upkeep: { ...LEFT_ALONE, rotateBytes }, ...target },
    { policy: 'hold', retryIntervalMs: 20, ...options },
  );
const readAll = (pattern = /./): string =>
  list()
    .filter((name) => pattern.test(name))
    .map(read)
    .join('');

async function appendAll(writer: LogWriter, batches: LineBatch[]): Promise<void> {
  await Promise.all(batches.map((batch) => writer.append(batch)));
}

describe('--rotate-size', () => {
  test('files have whole lines, in order, and hardly more than the size', async () => {
    const rotated: string[] = [];
    const writer = await openRotating(20_000, {
      events: { onRotate: (path, next) => rotated.push(`${path} ${next}`) },
    });
    const batches = makeBatches(30);
    await appendAll(writer, batches);
    await writer.close(CLOSE_MS);
    expect(readAll()).toBe(joinText(batches));
    const names = list();
    expect(names[0]).toBe('http-20190901.0001.log');
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const text = read(name);
      expect(text.endsWith('\n')).toBe(true);
      expect(text.length).toBeLessThan(20_000 + LINE_BYTES_MAX);
    }
    for (const name of names.slice(0, -1)) {
      expect(statSync(pathOf(name)).size).toBeGreaterThanOrEqual(20_000);
    }
    expect(rotated).toHaveLength(names.length - 1);
    expect(rotated[0]).toBe(`${pathOf(names[0])} ${pathOf(names[1])}`);
    expect(writer.upkeepCounters?.filesRotated).toBe(names.length - 1);
    expect(writer.counters.linesWritten).toBe(3000);
  });

  test('a size smaller than a line gives each line a file', async () => {
    const writer = await openRotating(1);
    await writer.append(makeBatch(0, { lineCount: 5 }));
    await writer.close(CLOSE_MS);
    expect(list()).toHaveLength(5);
    expect(readAll()).toBe(joinText([makeBatch(0, { lineCount: 5 })]));
  });

  test('a batch that ends at the size leaves no empty file behind it', async () => {
    const batch = makeBatch(0);
    const writer = await openRotating(batch.byteLength);
    await writer.append(batch);
    expect(list()).toEqual(['http-20190901.0001.log']);
    await writer.append(batch);
    await writer.close(CLOSE_MS);
    expect(list()).toEqual(['http-20190901.0001.log', 'http-20190901.0002.log']);
    expect(read('http-20190901.0002.log')).toBe(joinText([batch]));
  });

  test('a start after a stop goes on in the newest file, or behind it when it is full', async () => {
    const batch = makeBatch(0, { lineCount: 10 });
    for (let start = 0; start < 4; start++) {
      const writer = await openRotating(batch.byteLength + 1);
      await writer.append(batch);
      await writer.close(CLOSE_MS);
    }
    expect(readAll()).toBe(joinText([batch, batch, batch, batch]));
    expect(list()).toEqual([
      'http-20190901.0001.log',
      'http-20190901.0002.log',
      'http-20190901.0003.log',
      'http-20190901.0004.log',
    ]);
    // The last line reaches the size, and is in the file that it fills.
    expect(read('http-20190901.0001.log').length).toBeGreaterThan(batch.byteLength);
  });

  test('a file of before the option is gone on with, and followed by the first number', async () => {
    writeFileSync(pathOf('http-20190901.log'), 'before\n');
    const writer = await openRotating(5000);
    const batches = makeBatches(2);
    await appendAll(writer, batches);
    await writer.close(CLOSE_MS);
    const numbered = readAll(/\.\d{4}\.log$/);
    expect(list()[0]).toBe('http-20190901.0001.log');
    expect(read('http-20190901.log') + numbered).toBe(`before\n${joinText(batches)}`);
  });

  test('behind a compressed file comes the next number', async () => {
    writeFileSync(pathOf('http-20190901.0007.log.gz'), 'packed');
    const writer = await openRotating(5000);
    await writer.append(makeBatch(0, { lineCount: 3 }));
    await writer.close(CLOSE_MS);
    expect(list()).toEqual(['http-20190901.0007.log.gz', 'http-20190901.0008.log']);
    expect(read('http-20190901.0007.log.gz')).toBe('packed');
  });

  test('the last number is never left', async () => {
    writeFileSync(pathOf('http-20190901.9999.log'), 'before\n');
    const writer = await openRotating(100);
    await writer.append(makeBatch(0));
    await writer.close(CLOSE_MS);
    expect(list()).toEqual(['http-20190901.9999.log']);
    expect(read('http-20190901.9999.log')).toBe(`before\n${joinText([makeBatch(0)])}`);
  });

  test('streams, days and suffixes count for themselves', async () => {
    const writer = await openRotating(10_000, {}, { suffix: 'json' });
    const batches = [20190901, 20190902].flatMap((day) =>
      ([1, 4] as const).flatMap((stream) =>
        makeBatches(3, { day, stream, tag: `${day}${stream}` }),
      ),
    );
    await appendAll(writer, batches);
    await writer.close(CLOSE_MS);
    for (const day of [20190901, 20190902]) {
      expect(readAll(new RegExp(`^http-CQ-${day}\\.\\d{4}\\.json$`))).toBe(
        joinText(makeBatches(3, { tag: `${day}1` })),
      );
      expect(readAll(new RegExp(`^http-SR-${day}\\.\\d{4}\\.json$`))).toBe(
        joinText(makeBatches(3, { tag: `${day}4` })),
      );
    }
  });

  test('each file begins with the header', async () => {
    const writer = await openRotating(10_000, {}, { header: new TextEncoder().encode('a\tb\n') });
    const batches = makeBatches(5);
    await appendAll(writer, batches);
    await writer.close(CLOSE_MS);
    expect(list().length).toBeGreaterThan(3);
    expect(list().every((name) => read(name).startsWith('a\tb\n'))).toBe(true);
    expect(readAll().replaceAll('a\tb\n', '')).toBe(joinText(batches));
  });

  test('a file that is moved away or emptied while it is open is gone on with', async () => {
    const writer = await openRotating(60_000);
    await writer.append(makeBatch(0));
    renameSync(pathOf('http-20190901.0001.log'), pathOf('moved'));
    clock.skip(LOG_FILE_CHECK_INTERVAL_MS);
    await writer.append(makeBatch(1));
    expect(read('http-20190901.0001.log')).toBe(joinText([makeBatch(1)]));
    for (let number = 2; number < 8; number++) {
      clock.skip(LOG_FILE_CHECK_INTERVAL_MS);
      writeFileSync(pathOf('http-20190901.0001.log'), '');
      await writer.append(makeBatch(number));
    }
    await writer.close(CLOSE_MS);
    expect(list()).toEqual(['http-20190901.0001.log', 'moved']);
  });

  test('a replay rotates and deletes nothing', async () => {
    writeFileSync(pathOf('http-20100101.log'), 'old\n');
    const upkeep = { ...LEFT_ALONE, rotateBytes: 9000, keepFiles: 1, compression: 'gzip' } as const;
    const target = { kind: 'daily', directory: pathOf(), upkeep } as const;
    const writer = await openLogWriter(target, { policy: 'fail' });
    await appendAll(writer, makeBatches(5));
    // By the time that a daemon, which begins later, has deleted an old file, a replay would have, too.
    const directory = pathOf('of a daemon');
    mkdirSync(directory);
    for (const day of [20100101, 20100102]) {
      writeFileSync(`${directory}/http-${day}.log`, 'old\n');
    }
    const daemon = await openLogWriter({ ...target, directory }, { policy: 'hold' });
    const hasDeleted = (): boolean => !existsSync(`${directory}/http-20100101.log`);
    await waitUntil('a daemon deletes', hasDeleted, WAIT_MS);
    await daemon.close(CLOSE_MS);
    rmSync(directory, { recursive: true });
    await writer.close(CLOSE_MS);
    expect(list().length).toBeGreaterThan(3);
    expect(list().filter((name) => name.endsWith('.gz'))).toEqual([]);
    expect(read('http-20100101.log')).toBe('old\n');
  });

  test('any batches at any size come out as they went in', async () => {
    const rows = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6000 }), rows, async (rotateBytes, counts) => {
        rmSync(pathOf(), { recursive: true });
        mkdirSync(pathOf());
        const writer = await openRotating(rotateBytes);
        const batches = counts.map((lineCount, index) => makeBatch(index, { lineCount }));
        await appendAll(writer, batches);
        await writer.close(CLOSE_MS);
        expect(readAll()).toBe(joinText(batches));
        expect(list().every((name) => read(name).endsWith('\n'))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describeOnSmallDisk('--rotate-size on a small disk', scene, () => {
  test('a disk that is full at a rotation loses no line', async () => {
    const filler = fillDisk(pathOf(), 30_000);
    const writer = await openRotating(10_000, { events: scene.events });
    const batches = makeBatches(12);
    const appending = appendAll(writer, batches);
    await scene.faultSeen();
    expect(scene.faults.map(({ errorName }) => errorName)).toEqual(['ENOSPC']);
    rmSync(filler);
    await appending;
    await writer.close(CLOSE_MS);
    expect(readAll()).toBe(joinText(batches));
    expect(writer.counters.linesDropped).toBe(0);
  });
});
