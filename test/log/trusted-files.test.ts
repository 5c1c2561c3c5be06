import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LogWriter, openLogWriter } from '../../src/log/log-writer.ts';
import { checkOutputTarget, type OutputTarget } from '../../src/log/output-target.ts';
import { findToday } from '../../src/log/retention.ts';
import { PATIENCE_MS } from '../patience.ts';
import { joinText, makeBatch } from './line-batches.ts';
import { runAppend } from './run-append.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';

const OTHER_UID = 65534;
const CLOSE_MS = 5000;
const FAULT_TIMEOUT = { timeout: PATIENCE_MS };
const isRoot = process.getuid?.() === 0;
const TODAY = findToday(Date.now());
const BATCH = makeBatch(0, { day: TODAY, lineCount: 3 });
const TEXT = joinText([BATCH]);

let directory = '';
let logs = '';
let victim = '';
let writer: LogWriter | undefined;
let faults: { errorName: string; message: string; hint: string }[] = [];
beforeEach(() => {
  directory = makeDirectory();
  logs = join(directory, 'logs');
  victim = join(directory, 'victim');
  mkdirSync(logs);
  writeFileSync(victim, 'before\n');
  faults = [];
});
afterEach(async () => {
  await writer?.close(0);
  writer = undefined;
  removeDirectory(directory);
});

const today = (): string => join(logs, `http-${TODAY}.log`);
const readVictim = (): string => readFileSync(victim, 'utf8');
const isUntouched = (): void => expect(readVictim()).toBe('before\n');

async function open(target: OutputTarget): Promise<LogWriter> {
  writer = await openLogWriter(target, {
    policy: 'hold',
    retryIntervalMs: 20,
    events: { onFault: (fault) => faults.push(fault) },
  });
  return writer;
}
const openDaily = (): Promise<LogWriter> => open({ kind: 'daily', directory: logs });
const openNamed = (path: string): Promise<LogWriter> => open({ kind: 'file', path });

/** A refused start: one sentence, exit code 4, and what to do. */
async function expectRefusal(target: OutputTarget, message: string): Promise<void> {
  await expect(checkOutputTarget(target)).rejects.toMatchObject({
    exitCode: 4,
    message,
    hint: expect.stringMatching(/\S/),
  });
  await expect(open(target)).rejects.toMatchObject({ exitCode: 4, message });
}

/** A running daemon: its lines wait until `mend` was done, and then all are there. */
async function expectOutage(opened: LogWriter, description: string, mend: () => void) {
  const append = opened.append(BATCH);
  await vi.waitFor(() => expect(faults).not.toEqual([]), FAULT_TIMEOUT);
  expect(faults[0].message).toBe(`Cannot write ${today()}: ${description}; its lines wait for it`);
  expect(opened.pendingBatches).toBe(1);
  mend();
  expect(await append).toEqual({ linesWritten: 3, linesDropped: 0 });
  expect(readFileSync(today(), 'utf8')).toBe(TEXT);
}

describe('a symbolic link in the place of a daily file', () => {
  const daily = (): OutputTarget => ({ kind: 'daily', directory: logs });

  test('is not written through, whether its target is there or not', async () => {
    symlinkSync(victim, today());
    await expectRefusal(daily(), `Cannot write ${today()}: it is a symbolic link`);
    isUntouched();
    rmSync(today());
    symlinkSync(join(directory, 'missing'), today());
    await expectRefusal(daily(), `Cannot write ${today()}: it is a symbolic link`);
    expect(existsSync(join(directory, 'missing'))).toBe(false);
  });

  test('that comes while it runs is waited out, and the lines are not lost', async () => {
    const opened = await openDaily();
    symlinkSync(victim, today());
    await expectOutage(opened, 'it is a symbolic link', () => rmSync(today()));
    isUntouched();
  });

  test('that takes the place of the open file is seen', async () => {
    const opened = await openDaily();
    await opened.append(makeBatch(1, { day: TODAY, lineCount: 1 }));
    rmSync(today());
    symlinkSync(victim, today());
    opened.reopen();
    await expectOutage(opened, 'it is a symbolic link', () => rmSync(today()));
    isUntouched();
  });

  test('ends a replay with exit code 4', () => {
    symlinkSync(victim, today());
    const task = { policy: 'fail', batchCount: 1, closeMs: 1000 } as const;
    // The batches of that process have a day of their own.
    symlinkSync(victim, join(logs, 'http-20190901.log'));
    const { report } = runAppend('$APPEND', { ...task, target: daily() });
    expect(report.errors).toMatchObject([{ exitCode: 4, code: 'HTTPLOG_FILE_LINK' }]);
    isUntouched();
  });
});

describe.skipIf(!isRoot)('files and directories of others, as root', () => {
  const daily = (): OutputTarget => ({ kind: 'daily', directory: logs });

  test('a daily file of another owner is not written', async () => {
    writeFileSync(today(), '');
    chownSync(today(), OTHER_UID, 0);
    await expectRefusal(daily(), `Cannot write ${today()}: it belongs to user id ${OTHER_UID}`);
    rmSync(today());
    const opened = await openDaily();
    writeFileSync(today(), '');
    chownSync(today(), OTHER_UID, 0);
    await expectOutage(opened, `it belongs to user id ${OTHER_UID}`, () =>
      chownSync(today(), 0, 0),
    );
  });

  test('a file that others may write is not written, by its mode or its group', async () => {
    writeFileSync(today(), '');
    for (const [mode, group] of [
      [0o646, 0],
      [0o660, OTHER_UID],
    ]) {
      chmodSync(today(), mode);
      chownSync(today(), 0, group);
      await expectRefusal(daily(), `Cannot write ${today()}: others may write to it`);
    }
    chmodSync(today(), 0o660);
    chownSync(today(), 0, 0);
    await (await openDaily()).append(BATCH);
    expect(readFileSync(today(), 'utf8')).toBe(TEXT);
  });

  test('a directory that others may write is refused, with the sticky bit it is not', async () => {
    chmodSync(logs, 0o777);
    await expectRefusal(daily(), `Cannot write to ${logs}: others may put files into ${logs}`);
    chmodSync(logs, 0o1777);
    const opened = await openDaily();
    await opened.append(BATCH);
    expect(readFileSync(today(), 'utf8')).toBe(TEXT);
  });

  test('a directory above it that others may write is refused', async () => {
    chmodSync(directory, 0o777);
    const message = `Cannot write to ${logs}: others may put files into ${directory}`;
    await expectRefusal(daily(), message);
    await expectRefusal(
      { kind: 'file', path: join(logs, 'out') },
      `Cannot write ${join(logs, 'out')}: others may put files into ${directory}`,
    );
  });

  test("a daemon that stays root writes to no other user's directory, a replay does", async () => {
    chownSync(logs, OTHER_UID, 0);
    await expectRefusal(
      daily(),
      `Cannot write to ${logs}: ${logs} belongs to user id ${OTHER_UID}`,
    );
    const task = { policy: 'fail', batchCount: 1, closeMs: 1000 } as const;
    expect(runAppend('$APPEND', { ...task, target: daily() }).report.errors).toEqual([]);
  });

  test('another hard link is refused where others may make one', async () => {
    linkSync(victim, today());
    chmodSync(logs, 0o1777);
    await expectRefusal(daily(), `Cannot write ${today()}: it has another name, by a hard link`);
    isUntouched();
    chmodSync(logs, 0o755);
    await (await openDaily()).append(BATCH);
    expect(readVictim()).toBe(`before\n${TEXT}`);
  });

  test('in a directory like /tmp a file that another made first is refused', async () => {
    chmodSync(logs, 0o1777);
    const opened = await openDaily();
    execFileSync('touch', [today()], { uid: OTHER_UID, gid: OTHER_UID });
    await expectOutage(opened, `it belongs to user id ${OTHER_UID}`, () => rmSync(today()));
  });

  test('a link to a directory is followed when root made it, not when another did', async () => {
    const link = join(directory, 'current');
    symlinkSync(logs, link);
    await (await open({ kind: 'daily', directory: link })).append(BATCH);
    expect(readFileSync(today(), 'utf8')).toBe(TEXT);
    execFileSync('chown', ['-h', String(OTHER_UID), link]);
    await expectRefusal(
      { kind: 'daily', directory: link },
      `Cannot write to ${link}: the link ${link} belongs to user id ${OTHER_UID}`,
    );
  });
});

describe('-o FILE', () => {
  test('goes on through a link of its own owner, to a pipe, a device and /dev/stdout', async () => {
    const link = join(directory, 'link');
    symlinkSync(victim, link);
    const opened = await openNamed(link);
    await opened.append(BATCH);
    expect(readVictim()).toBe(`before\n${TEXT}`);
    await opened.close(CLOSE_MS);
    const task = { policy: 'fail', batchCount: 2, closeMs: 1000 } as const;
    const run = (shell: string, path: string) =>
      runAppend(shell, { ...task, target: { kind: 'file', path } });
    expect(run('$APPEND', '/dev/null').report.errors).toEqual([]);
    const expected = joinText([makeBatch(0), makeBatch(1)]);
    expect(run('$APPEND | cat', '/dev/stdout').stdout).toBe(expected);
    const fifo = join(directory, 'fifo');
    execFileSync('mkfifo', [fifo]);
    // Held open, it takes the lines of two batches without a reader.
    expect(run(`exec 3<>${fifo}; $APPEND`, fifo).report.errors).toEqual([]);
  });

  test.skipIf(!isRoot)('goes to a file that the shell opened for another user', () => {
    const task = { policy: 'fail', batchCount: 1, closeMs: 1000 } as const;
    chownSync(victim, OTHER_UID, 0);
    const target: OutputTarget = { kind: 'file', path: '/dev/fd/3' };
    expect(runAppend(`$APPEND 3>>${victim}`, { ...task, target }).report.errors).toEqual([]);
    expect(readVictim()).toBe(`before\n${joinText([makeBatch(0)])}`);
  });

  test.skipIf(!isRoot)(
    "follows no other user's link, and writes no other user's file",
    async () => {
      const link = join(directory, 'link');
      symlinkSync(victim, link);
      execFileSync('chown', ['-h', String(OTHER_UID), link]);
      await expectRefusal(
        { kind: 'file', path: link },
        `Cannot write ${link}: the link ${link} belongs to user id ${OTHER_UID}`,
      );
      chownSync(victim, OTHER_UID, 0);
      await expectRefusal(
        { kind: 'file', path: victim },
        `Cannot write ${victim}: it belongs to user id ${OTHER_UID}`,
      );
      isUntouched();
    },
  );

  test.skipIf(!isRoot)(
    "writes a reader's pipe in the reader's directory, in no other",
    async () => {
      const fifo = join(logs, 'fifo');
      execFileSync('mkfifo', ['-m', '666', fifo]);
      chownSync(fifo, OTHER_UID, 0);
      await expectRefusal(
        { kind: 'file', path: fifo },
        `Cannot write ${fifo}: it belongs to user id ${OTHER_UID}`,
      );
      chownSync(logs, OTHER_UID, 0);
      await openNamed(fifo);
    },
  );
});
