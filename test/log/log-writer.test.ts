import { readdirSync, readlinkSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { LineStream } from '../../src/format/line-batch.ts';
import { OPEN_FILES_MAX } from '../../src/limits.ts';
import { LOG_FILE_CHECK_INTERVAL_MS } from '../../src/log/limits.ts';
import { type LogWriter, openLogWriter } from '../../src/log/log-writer.ts';
import { waitUntil } from '../live/child-process.ts';
import { joinText, makeBatch, makeBatches, sumLines } from './line-batches.ts';
import { runAppend } from './run-append.ts';
import { CLOSE_MS, useClock, useLogScene, WAIT_MS } from './scene.ts';

const IDLE_MS = 60_000;

const clock = useClock();
const scene = useLogScene();
const { read, list, pathOf } = scene;
const daily = () => ({ kind: 'daily', directory: pathOf() }) as const;
const openDaily = (options = {}): Promise<LogWriter> =>
  openLogWriter(daily(), { policy: 'hold', ...options });
const readSize = (name: string): number => statSync(pathOf(name)).size;

/** Files of the directory that this process has open. */
function listOpenFiles(): string[] {
  return readdirSync('/proc/self/fd')
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return '';
      }
    })
    .filter((path) => path.startsWith(`${pathOf()}/`));
}

describe('LogWriter: files', () => {
  test('a writer that gets nothing makes no file, and closes', async () => {
    const writer = await openDaily();
    await writer.close(CLOSE_MS);
    expect(list()).toEqual([]);
    expect(writer.counters).toEqual({
      linesWritten: 0,
      bytesWritten: 0,
      linesDropped: 0,
      writeErrors: 0,
      filesOpened: 0,
    });
  });

  test('a batch without lines makes no file', async () => {
    const writer = await openDaily();
    const outcome = await writer.append(makeBatch(0, { lineCount: 0 }));
    expect(outcome).toEqual({ linesWritten: 0, linesDropped: 0 });
    await writer.close(CLOSE_MS);
    expect(list()).toEqual([]);
  });

  test('only the first byteLength bytes of a buffer are written', async () => {
    const writer = await openDaily();
    const batch = makeBatch(0);
    const bytes = new Uint8Array(batch.byteLength + 1000).fill(0x21);
    bytes.set(batch.bytes);
    await writer.append({ ...batch, bytes });
    expect(read('http-20190901.log')).toBe(joinText([batch]));
    await writer.close(CLOSE_MS);
  });

  test('the lines are in the file when the append resolves', async () => {
    const opened: string[] = [];
    const writer = await openDaily({ events: { onOpen: (path: string) => opened.push(path) } });
    const batch = makeBatch(0);
    expect(await writer.append(batch)).toEqual({ linesWritten: 100, linesDropped: 0 });
    expect(read('http-20190901.log')).toBe(joinText([batch]));
    expect(opened).toEqual([pathOf('http-20190901.log')]);
    await writer.close(CLOSE_MS);
    expect(listOpenFiles()).toEqual([]);
  });

  test('what stands in the file before is kept', async () => {
    writeFileSync(pathOf('http-20190901.log'), 'before\n');
    const writer = await openDaily();
    await writer.append(makeBatch(0));
    await writer.close(CLOSE_MS);
    expect(read('http-20190901.log')).toBe(`before\n${joinText([makeBatch(0)])}`);
  });

  test('-o writes every day and stream to one file', async () => {
    const path = pathOf('all');
    const writer = await openLogWriter({ kind: 'file', path }, { policy: 'fail' });
    const batches = [makeBatch(0, { stream: 1 }), makeBatch(1, { day: 20190902, stream: 2 })];
    await Promise.all(batches.map((batch) => writer.append(batch)));
    await writer.close(CLOSE_MS);
    expect(read('all')).toBe(joinText(batches));
  });

  for (const [umask, mode] of [
    ['000', 0o640],
    ['022', 0o640],
    ['077', 0o600],
  ] as const) {
    test(`a new file has mode ${mode.toString(8)} under umask ${umask}`, () => {
      const task = { policy: 'fail', batchCount: 1, closeMs: CLOSE_MS } as const;
      runAppend(`umask ${umask}; $APPEND`, { target: daily(), ...task });
      expect(statSync(pathOf('http-20190901.log')).mode & 0o777).toBe(mode);
    });
  }
});

describe('LogWriter: order', () => {
  test('200 batches that wait together are written in order', async () => {
    const writer = await openDaily();
    const batches = makeBatches(200);
    const appends = batches.map((batch) => writer.append(batch));
    expect(writer.pendingBatches).toBe(200);
    await Promise.all(appends);
    expect(writer.pendingBatches).toBe(0);
    const text = joinText(batches);
    expect(read('http-20190901.log')).toBe(text);
    expect(writer.counters).toEqual({
      linesWritten: sumLines(batches),
      bytesWritten: text.length,
      linesDropped: 0,
      writeErrors: 0,
      filesOpened: 1,
    });
    await writer.close(CLOSE_MS);
  });

  test('close waits for what is pending', async () => {
    const writer = await openDaily();
    const batches = makeBatches(200);
    for (const batch of batches) {
      void writer.append(batch);
    }
    await writer.close(CLOSE_MS);
    expect(read('http-20190901.log')).toBe(joinText(batches));
  });

  test('an append after the close is counted as dropped', async () => {
    const writer = await openDaily();
    await writer.close(CLOSE_MS);
    expect(await writer.append(makeBatch(0))).toEqual({ linesWritten: 0, linesDropped: 100 });
    expect(writer.counters.linesDropped).toBe(100);
    expect(list()).toEqual([]);
  });

  test('a batch of yesterday that comes after midnight goes to the file of yesterday', async () => {
    const writer = await openDaily();
    const batches = [20190901, 20190902, 20190901, 20190902].map((day, number) =>
      makeBatch(number, { day }),
    );
    await Promise.all(batches.map((batch) => writer.append(batch)));
    await writer.close(CLOSE_MS);
    expect(read('http-20190901.log')).toBe(joinText([batches[0], batches[2]]));
    expect(read('http-20190902.log')).toBe(joinText([batches[1], batches[3]]));
  });

  test('split streams go to four files, each in order', async () => {
    const writer = await openDaily();
    const batches = Array.from({ length: 40 }, (_, number) =>
      makeBatch(number, { stream: ((number % 4) + 1) as LineStream }),
    );
    await Promise.all(batches.map((batch) => writer.append(batch)));
    await writer.close(CLOSE_MS);
    const names = ['CQ', 'CR', 'SQ', 'SR'].map((type) => `http-${type}-20190901.log`);
    expect(list()).toEqual(names);
    names.forEach((name, index) => {
      expect(read(name)).toBe(joinText(batches.filter(({ stream }) => stream === index + 1)));
    });
  });
});

describe('LogWriter: open files', () => {
  for (const dayCount of [OPEN_FILES_MAX - 1, OPEN_FILES_MAX, OPEN_FILES_MAX + 1]) {
    test(`of ${dayCount} days at most ${OPEN_FILES_MAX} stay open`, async () => {
      const writer = await openDaily();
      for (let round = 0; round < 2; round++) {
        for (let index = 0; index < dayCount; index++) {
          await writer.append(makeBatch(round, { day: 20190901 + index }));
        }
      }
      expect(listOpenFiles()).toHaveLength(Math.min(dayCount, OPEN_FILES_MAX));
      await writer.close(CLOSE_MS);
      expect(list()).toHaveLength(dayCount);
      expect(readSize('http-20190901.log')).toBe(joinText(makeBatches(2)).length);
    });
  }

  test('the file of a past day closes when nothing came for a while, the newest stays', async () => {
    const writer = await openDaily({ idleFileCloseMs: IDLE_MS });
    await writer.append(makeBatch(0, { day: 20190901 }));
    await writer.append(makeBatch(1, { day: 20190902 }));
    expect(listOpenFiles()).toHaveLength(2);
    clock.skip(IDLE_MS);
    await writer.append(makeBatch(2, { day: 20190902 }));
    await waitUntil('one file is closed', () => listOpenFiles().length === 1, WAIT_MS);
    expect(listOpenFiles()).toEqual([pathOf('http-20190902.log')]);
    await writer.append(makeBatch(3, { day: 20190901 }));
    await writer.close(CLOSE_MS);
    expect(read('http-20190901.log')).toBe(joinText([makeBatch(0), makeBatch(3)]));
  });
});

describe('LogWriter: a file that is moved or deleted', () => {
  test('a new file takes its place within the check interval', async () => {
    const writer = await openDaily();
    const path = pathOf('http-20190901.log');
    await writer.append(makeBatch(0));
    renameSync(path, `${path}.1`);
    clock.skip(LOG_FILE_CHECK_INTERVAL_MS);
    await writer.append(makeBatch(1));
    rmSync(path);
    clock.skip(LOG_FILE_CHECK_INTERVAL_MS);
    await writer.append(makeBatch(2));
    await writer.close(CLOSE_MS);
    expect(read('http-20190901.log.1')).toBe(joinText([makeBatch(0)]));
    expect(read('http-20190901.log')).toBe(joinText([makeBatch(2)]));
    expect(writer.counters).toMatchObject({ linesWritten: 300, writeErrors: 0, filesOpened: 3 });
    expect(listOpenFiles()).toEqual([]);
  });

  test('reopen takes the new file at once', async () => {
    const writer = await openDaily();
    const path = pathOf('http-20190901.log');
    await writer.append(makeBatch(0));
    renameSync(path, `${path}.1`);
    writer.reopen();
    await writer.append(makeBatch(1));
    await writer.close(CLOSE_MS);
    expect(read('http-20190901.log.1')).toBe(joinText([makeBatch(0)]));
    expect(read('http-20190901.log')).toBe(joinText([makeBatch(1)]));
  });
});
