import {
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  breakDisk,
  findReasonForNoRealDisk,
  findReasonNotToMount,
  freezeDisk,
  mountRealDisk,
  mountSmallDisk,
  thawDisk,
  unmountSmallDisk,
} from '../log/small-disk.ts';
import { PATIENCE_MS } from '../patience.ts';
import type { HttplogProcess } from './httplog-process.ts';
import { type LogLine, readLogDirectory, waitForLines } from './log-lines.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import {
  countNames,
  expectAllCounted,
  NOTICE_TIMEOUT_MS,
  newDirectory,
  useWebScene,
} from './web-scene.ts';

const noLive = canCaptureLive() ?? canMakeNamespaces() ?? missingTool('nginx');
const noMount = noLive ?? findReasonNotToMount();
const noRealDisk =
  noMount ?? missingTool('mkfs.ext4', 'fsfreeze', 'findmnt') ?? findReasonForNoRealDisk();
const NOBODY_ID = 65534;
const FROZEN_MS = 10_000;
/** The lines of one connection wait in 32 of the 128 buffers. */
const FEW_BUFFERS = ['-cpu', '4'];
describe.skipIf(noLive)(titleWithReason('a disk or directory at fault', noLive), () => {
  const { startDaemon, ask, hosts } = useWebScene();

  const startIn = (directory: string, ...args: string[]): Promise<HttplogProcess> =>
    startDaemon(['-i', hosts().server.device, '-d', directory, ...args]);

  /** On top of what is mounted there already. */
  function mountIn(directory: string): void {
    mountRealDisk(directory, newDirectory());
    onTestFinished(() => unmountSmallDisk(directory));
  }

  const awaitLines = (directory: string, count: number) =>
    waitForLines(() => readLogDirectory(directory), count, NOTICE_TIMEOUT_MS);
  const awaitNotice = (httplog: HttplogProcess, pattern: RegExp) =>
    httplog.waitForOutput('stderr', pattern, NOTICE_TIMEOUT_MS);

  /** One message at the beginning, one at the end. */
  function expectToldOnce(stderr: string): void {
    expect(stderr.match(/ERROR/g), stderr).toHaveLength(1);
    expect(stderr.match(/INFO .*is written again/g), stderr).toHaveLength(1);
  }

  test.skipIf(noRealDisk)(
    titleWithReason('a disk that hangs for ten seconds under load costs no line', noRealDisk),
    async () => {
      const directory = newDirectory();
      mountIn(directory);
      const httplog = await startIn(directory, ...FEW_BUFFERS);
      await ask('before', 10);
      await awaitLines(directory, 20);
      freezeDisk(directory);
      const thaw = sleep(FROZEN_MS).then(() => thawDisk(directory));
      try {
        // Many flushes, each of a few lines: more than there are buffers.
        await ask('meanwhile', 500, { intervalMs: FROZEN_MS / 500 });
      } finally {
        await thaw;
      }
      await awaitNotice(httplog, /is written again/);
      await ask('after', 10);
      const exit = await httplog.end();
      expect(exit.code).toBe(0);
      expectToldOnce(exit.stderr);
      expect(exit.stderr).toMatch(
        /ERROR Cannot write .*: no answer within 5 seconds; its lines wait for it\. Check the disk/,
      );
      expect(expectAllCounted(readLogDirectory(directory), 520, exit)).toBe(0);
      expect(countNames(readLogDirectory(directory))).toEqual({
        before: 10,
        meanwhile: 500,
        after: 10,
      });
    },
    3 * PATIENCE_MS,
  );

  test.skipIf(noRealDisk)(
    titleWithReason('a disk that turns read-only is waited for, or for another one', noRealDisk),
    async () => {
      const [broken, sound] = [newDirectory(), newDirectory()];
      mountIn(broken);
      mountIn(sound);
      const directory = join(newDirectory(), 'logs');
      symlinkSync(broken, directory);
      const httplog = await startIn(directory);
      await ask('before', 10);
      await awaitLines(directory, 20);
      breakDisk(broken);
      await ask('meanwhile', 10);
      await awaitNotice(
        httplog,
        /ERROR .*read-only file system \(EROFS\).*Mount the file system of/,
      );
      rmSync(directory);
      symlinkSync(sound, directory);
      await awaitNotice(httplog, /is written again/);
      await ask('after', 10);
      const exit = await httplog.end();
      expect(exit.code).toBe(0);
      expectToldOnce(exit.stderr);
      const [gone, kept] = [readLogDirectory(broken), readLogDirectory(sound)];
      expect(expectAllCounted([...gone, ...kept], 30, exit)).toBe(0);
      expect(countNames(kept)).toEqual({ meanwhile: 10, after: 10 });
    },
  );

  test('a directory that its user may not write to any more is waited for', async () => {
    const directory = newDirectory();
    chownSync(directory, NOBODY_ID, NOBODY_ID);
    const httplog = await startIn(directory, '--user', 'nobody');
    await ask('before', 10);
    const file = logFileOf(await awaitLines(directory, 20));
    chmodSync(directory, 0o555);
    renameSync(join(directory, file), join(directory, 'kept.log'));
    await ask('meanwhile', 10);
    await awaitNotice(httplog, /ERROR .*permission denied \(EACCES\).*Let this user write to/);
    chmodSync(directory, 0o755);
    await awaitNotice(httplog, /is written again/);
    await ask('after', 10);
    const exit = await httplog.end();
    expect(exit.code).toBe(0);
    expectToldOnce(exit.stderr);
    expect(expectAllCounted(readLogDirectory(directory), 30, exit)).toBe(0);
  });

  test('a directory that a file has replaced is waited for', async () => {
    const parent = newDirectory();
    const directory = join(parent, 'logs');
    mkdirSync(directory);
    const httplog = await startIn(directory);
    await ask('before', 10);
    await awaitLines(directory, 20);
    const away = join(parent, 'away');
    renameSync(directory, away);
    writeFileSync(directory, 'a file\n');
    await ask('meanwhile', 10);
    await awaitNotice(httplog, /ERROR .*not a directory \(ENOTDIR\).*Move away what stands/);
    renameSync(directory, join(parent, 'file'));
    renameSync(away, directory);
    await awaitNotice(httplog, /is written again/);
    await ask('after', 10);
    const exit = await httplog.end();
    expect(exit.code).toBe(0);
    expectToldOnce(exit.stderr);
    expect(expectAllCounted(readLogDirectory(directory), 30, exit)).toBe(0);
  });

  test.skipIf(noMount)(
    titleWithReason('a directory of 100,000 files holds nobody up', noMount),
    async () => {
      const directory = newDirectory();
      mountSmallDisk(directory, '64m');
      onTestFinished(() => unmountSmallDisk(directory));
      for (let number = 0; number < 100_000; number++) {
        const digits = `${100_000 + number}`.slice(1);
        writeFileSync(
          join(directory, `http-201001${10 + Number(digits[0])}.${digits.slice(1)}.log`),
          '',
        );
      }
      const upkeep = ['--rotate-size', '8KB', '--keep-files', '100000'];
      const httplog = await startIn(directory, ...upkeep);
      await ask('many', 1000);
      const isDeleted = /INFO .*Deleted .*http-20100110.0000.log because of --keep-files/;
      await awaitNotice(httplog, isDeleted);
      const exit = await httplog.end();
      expect(exit.code).toBe(0);
      // Where other programs have the processor, so many names may take five seconds, which is told.
      const others = exit.stderr.replaceAll(/ERROR .*: no answer within 5 seconds;/g, '');
      expect(others).not.toMatch(/ERROR|WARN/);
      const lines = readLogDirectory(directory);
      expect(expectAllCounted(lines, 1000, exit)).toBe(0);
    },
    3 * PATIENCE_MS,
  );
});

/** The daily file that a line stands in. */
function logFileOf([line]: LogLine[]): string {
  return `http-${line.text.slice(0, 10).replaceAll('-', '')}.log`;
}
