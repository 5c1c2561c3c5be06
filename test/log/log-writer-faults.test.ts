import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { LOG_FILE_CHECK_INTERVAL_MS } from '../../src/log/limits.ts';
import { type LogWriter, type LogWriterOptions, openLogWriter } from '../../src/log/log-writer.ts';
import type { OutputTarget } from '../../src/log/output-target.ts';
import { waitUntil } from '../live/child-process.ts';
import { countLines, joinText, makeBatch, makeBatches, sumLines } from './line-batches.ts';
import { CLOSE_MS, describeOnSmallDisk, useClock, useLogScene, WAIT_MS } from './scene.ts';
import { fillDisk, makeDirectory, remount, removeDirectory } from './small-disk.ts';

const RETRY_MS = 20;
/** By the clock, which is set ahead. */
const OUTAGE_SEC = 3;
/** Not within a test. */
const RETRY_LATER_MS = 60_000;
/** Less than one batch, so that its write is a short one. */
const LEFT_BYTES = 8192;

const clock = useClock();
const scene = useLogScene();
const { faults, recoveries, faultSeen } = scene;

function open(
  target: OutputTarget,
  policy: LogWriterOptions['policy'],
  retryIntervalMs = RETRY_MS,
): Promise<LogWriter> {
  return openLogWriter(target, { policy, retryIntervalMs, events: scene.events });
}

const openDaily = (policy: LogWriterOptions['policy'] = 'hold'): Promise<LogWriter> =>
  open(daily(), policy);
const daily = () => ({ kind: 'daily', directory: scene.pathOf() }) as const;
const logPath = (): string => scene.pathOf('http-20190901.log');
const readLog = (): string => scene.read('http-20190901.log');
const failedTries = (writer: LogWriter, count: number): Promise<void> =>
  waitUntil(`${count} tries`, () => writer.counters.writeErrors >= count, WAIT_MS);

describeOnSmallDisk('LogWriter: a full disk', scene, () => {
  test('is told once, and after it is freed no byte is doubled or missing', async () => {
    const filler = fillDisk(scene.pathOf(), LEFT_BYTES);
    const writer = await openDaily();
    const batches = makeBatches(20, { lineCount: 137 });
    const appends = batches.map((batch) => writer.append(batch));
    await faultSeen();
    await failedTries(writer, 4);
    clock.skip(OUTAGE_SEC * 1000);
    const text = joinText(batches);
    expect(readLog()).toBe(text.slice(0, LEFT_BYTES));
    expect(readLog().endsWith('\n')).toBe(false);
    expect(faults).toEqual([
      {
        path: logPath(),
        errorName: 'ENOSPC',
        message: `Cannot write ${logPath()}: no space left on device (ENOSPC); its lines wait for it`,
        hint: `Free some space on the disk that holds ${logPath()}; httplog goes on by itself`,
      },
    ]);
    expect(writer.pendingBatches).toBe(20);
    rmSync(filler);
    await Promise.all(appends);
    expect(readLog()).toBe(text);
    expect(recoveries).toHaveLength(1);
    expect(recoveries[0].path).toBe(logPath());
    expect(recoveries[0].failedTries).toBeGreaterThan(2);
    expect(recoveries[0].secondsDown).toBeGreaterThan(OUTAGE_SEC);
    expect(writer.counters.linesWritten).toBe(sumLines(batches));
    expect(writer.counters.writeErrors).toBe(recoveries[0].failedTries);
    await writer.close(CLOSE_MS);
  });

  test('a second outage is told again', async () => {
    const writer = await openDaily();
    for (const number of [1, 2]) {
      const filler = fillDisk(scene.pathOf(), 0);
      const append = writer.append(makeBatch(number));
      await faultSeen(number);
      rmSync(filler);
      await append;
      expect(recoveries).toHaveLength(number);
    }
    await writer.close(CLOSE_MS);
    expect(readLog()).toBe(joinText([makeBatch(1), makeBatch(2)]));
  });

  test('a full log that is moved away ends in a whole line, the new one begins with one', async () => {
    const filler = fillDisk(scene.pathOf(), LEFT_BYTES);
    const writer = await openDaily();
    const batches = makeBatches(3, { lineCount: 137 });
    const appends = batches.map((batch) => writer.append(batch));
    await faultSeen();
    renameSync(logPath(), `${logPath()}.1`);
    // Before its next try the writer would go on in the moved one.
    await waitUntil('a new file', () => existsSync(logPath()), WAIT_MS);
    rmSync(filler);
    await Promise.all(appends);
    await writer.close(CLOSE_MS);
    const moved = scene.read('http-20190901.log.1');
    expect(moved.endsWith('\n')).toBe(true);
    expect(moved.length).toBeGreaterThan(LEFT_BYTES - 200);
    expect(moved + readLog()).toBe(joinText(batches));
  });

  test('close at the deadline drops what is left, counts it, and leaves whole lines', async () => {
    fillDisk(scene.pathOf(), LEFT_BYTES);
    const writer = await openDaily();
    const batches = makeBatches(20);
    const appends = batches.map((batch) => writer.append(batch));
    // Nobody frees the disk: a close that waited for it would never end.
    const order: string[] = [];
    const deadline = sleep(150).then(() => order.push('deadline'));
    await Promise.all([deadline, writer.close(150).then(() => order.push('closed'))]);
    expect(order).toEqual(['deadline', 'closed']);
    const text = readLog();
    expect(text).toBe(joinText(batches).slice(0, text.length));
    expect(text.endsWith('\n')).toBe(true);
    expect(writer.counters.linesWritten).toBe(countLines(text));
    expect(writer.counters.bytesWritten).toBe(text.length);
    expect(writer.counters.linesWritten + writer.counters.linesDropped).toBe(sumLines(batches));
    const outcomes = await Promise.all(appends);
    const dropped = outcomes.reduce((sum, { linesDropped }) => sum + linesDropped, 0);
    expect(dropped).toBe(writer.counters.linesDropped);
    expect(writer.pendingBatches).toBe(0);
  });

  test('a file of another disk goes on meanwhile', async () => {
    const filler = fillDisk(scene.pathOf(), 0);
    const other = makeDirectory();
    mkdirSync(join(other, 'logs'));
    const writer = await openDaily();
    // A link would be refused: a file of another disk is bound to the name.
    const elsewhere = join(other, 'logs', 'elsewhere');
    const mountPoint = scene.pathOf('http-20190902.log');
    for (const path of [elsewhere, mountPoint]) {
      writeFileSync(path, '');
    }
    execFileSync('mount', ['--bind', elsewhere, mountPoint]);
    const stuck = writer.append(makeBatch(0));
    await faultSeen();
    await writer.append(makeBatch(1, { day: 20190902 }));
    expect(writer.pendingBatches).toBe(1);
    rmSync(filler);
    await stuck;
    await writer.close(CLOSE_MS);
    execFileSync('umount', [mountPoint]);
    removeDirectory(other);
  });

  test('with fail every append rejects, and the file ends in a whole line', async () => {
    writeFileSync(logPath(), 'before, without an end');
    fillDisk(scene.pathOf(), LEFT_BYTES);
    const writer = await openDaily('fail');
    const batches = makeBatches(20);
    const settled = await Promise.allSettled(batches.map((batch) => writer.append(batch)));
    const text = readLog();
    expect(text).toBe(`before, without an end\n${joinText(batches)}`.slice(0, text.length));
    expect(text.endsWith('\n')).toBe(true);
    const linesWritten = countLines(text) - 1;
    expect(linesWritten).toBeGreaterThan(0);
    const rejected = settled.filter(({ status }) => status === 'rejected');
    expect(rejected).toHaveLength(batches.length - Math.floor(linesWritten / 100));
    await expect(writer.append(makeBatch(0))).rejects.toMatchObject({
      code: 'HTTPLOG_WRITE',
      exitCode: 1,
      message: `Cannot write ${logPath()}: no space left on device (ENOSPC); ${linesWritten} lines were written`,
      hint: `Free some space on the disk that holds ${logPath()} and start again`,
    });
    await writer.close(CLOSE_MS);
    expect(writer.counters.linesWritten).toBe(linesWritten);
    expect(linesWritten + writer.counters.linesDropped).toBe(sumLines(batches) + 100);
    expect(faults).toEqual([]);
  });

  test('nothing is taken back from a file that another program has written to', async () => {
    fillDisk(scene.pathOf(), LEFT_BYTES);
    const writer = await open(daily(), 'hold', RETRY_LATER_MS);
    const append = writer.append(makeBatch(0, { lineCount: 200 }));
    await faultSeen();
    rmSync(scene.pathOf('filler'));
    writeFileSync(logPath(), 'of another program', { flag: 'a' });
    fillDisk(scene.pathOf(), 0);
    await writer.close(0);
    expect((await append).linesDropped).toBeGreaterThan(0);
    expect(readLog()).toContain('of another program');
  });

  test('a file system that turns read-only is waited for', async () => {
    const writer = await openDaily();
    remount(scene.pathOf(), 'ro');
    const append = writer.append(makeBatch(0));
    await faultSeen();
    expect(faults[0].errorName).toBe('EROFS');
    remount(scene.pathOf(), 'rw');
    await append;
    await writer.close(CLOSE_MS);
    expect(readLog()).toBe(joinText([makeBatch(0)]));
  });
});

describe('LogWriter: other faults', () => {
  test('a deleted directory is waited for until it is there again', async () => {
    const writer = await openDaily();
    await writer.append(makeBatch(0));
    removeDirectory(scene.pathOf());
    clock.skip(LOG_FILE_CHECK_INTERVAL_MS);
    const appends = [1, 2].map((number) => writer.append(makeBatch(number)));
    await faultSeen();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({
      errorName: 'ENOENT',
      hint: `Create the directory again with mkdir -p ${scene.pathOf()}; httplog goes on by itself`,
    });
    mkdirSync(scene.pathOf());
    await Promise.all(appends);
    await writer.close(CLOSE_MS);
    expect(readLog()).toBe(joinText([makeBatch(1), makeBatch(2)]));
    expect(recoveries).toHaveLength(1);
    expect(writer.counters).toMatchObject({ linesWritten: 300, linesDropped: 0, filesOpened: 2 });
  });

  test('with fail a deleted directory ends the writer', async () => {
    const writer = await openDaily('fail');
    removeDirectory(scene.pathOf());
    await expect(writer.append(makeBatch(0))).rejects.toThrow(
      `Cannot write ${logPath()}: no such file or directory (ENOENT); 0 lines were written`,
    );
    await writer.close(CLOSE_MS);
    expect(writer.counters).toMatchObject({ linesDropped: 100, writeErrors: 1 });
  });

  test('a directory in place of the file is a fault like others', async () => {
    mkdirSync(logPath());
    const writer = await openDaily();
    const append = writer.append(makeBatch(0));
    await faultSeen();
    expect(faults[0].errorName).toBe('EISDIR');
    rmSync(logPath(), { recursive: true });
    await append;
    await writer.close(CLOSE_MS);
    expect(statSync(logPath()).size).toBe(makeBatch(0).byteLength);
  });

  test('close tries once more at once instead of waiting for the next try', async () => {
    const writer = await open(daily(), 'hold', RETRY_LATER_MS);
    removeDirectory(scene.pathOf());
    const append = writer.append(makeBatch(0));
    await faultSeen();
    mkdirSync(scene.pathOf());
    await writer.close(CLOSE_MS);
    expect(await append).toEqual({ linesWritten: 100, linesDropped: 0 });
  });
});
