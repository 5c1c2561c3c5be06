import { rmSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  fillDisk,
  findReasonNotToMount,
  mountSmallDisk,
  unmountSmallDisk,
} from '../log/small-disk.ts';
import { PATIENCE_MS } from '../patience.ts';
import type { HttplogProcess } from './httplog-process.ts';
import { readLogDirectory, waitForLines } from './log-lines.ts';
import { createMemoryGroup, findReasonForNoMemoryGroup, type MemoryGroup } from './memory-group.ts';
import { canCaptureLive, canMakeNamespaces, missingTool, titleWithReason } from './requirements.ts';
import {
  countNames,
  expectAllCounted,
  NOTICE_TIMEOUT_MS,
  newDirectory,
  useWebScene,
} from './web-scene.ts';

const reason =
  canCaptureLive() ??
  canMakeNamespaces() ??
  missingTool('nginx') ??
  findReasonNotToMount() ??
  findReasonForNoMemoryGroup();
/** Lines of 14 KB fill buffers and page cache soon. */
const LONG = { headers: { 'user-agent': 'a'.repeat(14_000) } };
const LARGE_HEADS = ['large_client_header_buffers 4 32k;', 'client_header_buffer_size 32k;'];

describe.skipIf(reason)(titleWithReason('with little memory', reason), () => {
  const scene = useWebScene({ serverLines: LARGE_HEADS });

  function newGroup(limitMegabytes: number): MemoryGroup {
    const group = createMemoryGroup(limitMegabytes);
    onTestFinished(() => group.remove());
    return group;
  }

  function startIn(
    group: MemoryGroup,
    directory: string,
    more: string[] = [],
  ): Promise<HttplogProcess> {
    const { namespace, device } = scene.hosts().server;
    const { program, args } = group.wrap(namespace, [
      ...['-i', device, '-d', directory],
      ...['-s', '65535', '-log_every', '1'],
      ...more,
    ]);
    return scene.startDaemon(args, { program, isOutside: true });
  }

  function newFullDisk(): { directory: string; filler: string } {
    const directory = newDirectory();
    mountSmallDisk(directory, '128m');
    onTestFinished(() => unmountSmallDisk(directory));
    return { directory, filler: fillDisk(directory, 0) };
  }

  test(
    'the page cache of its files is given back, and no line is lost',
    async () => {
      const group = newGroup(80);
      const directory = newDirectory();
      const httplog = await startIn(group, directory);
      await scene.ask('many', 3000, LONG);
      const exit = await httplog.end();
      expect(exit.code).toBe(0);
      expect(group.reachedCount()).toBeGreaterThan(0);
      expect(expectAllCounted(readLogDirectory(directory), 3000, exit)).toBe(0);
    },
    3 * PATIENCE_MS,
  );

  test(
    '256 MB are enough for all that waits for a full disk',
    async () => {
      const group = newGroup(256);
      const { directory, filler } = newFullDisk();
      // Heads this large fill a ring of 8 MB while the first functions are still compiled.
      const httplog = await startIn(group, directory, ['-b', '32']);
      await scene.ask('meanwhile', 5500, LONG);
      const lost = /WARN .*Lost: 0 of \d+ packets dropped by the kernel .*, \d+ lines dropped/;
      await httplog.waitForOutput('stderr', lost, NOTICE_TIMEOUT_MS);
      rmSync(filler);
      await httplog.waitForOutput('stderr', /is written again/, NOTICE_TIMEOUT_MS);
      await scene.ask('after', 10);
      const exit = await httplog.end();
      expect(exit.code).toBe(0);
      expect(exit.stderr.match(/ERROR/g)).toHaveLength(1);
      const lines = readLogDirectory(directory);
      expect(expectAllCounted(lines, 5510, exit)).toBeGreaterThan(0);
      expect(countNames(lines).after).toBe(10);
    },
    3 * PATIENCE_MS,
  );

  test(
    'too little for that: the kernel ends it, and the next one goes on with the file',
    async () => {
      const group = newGroup(96);
      const { directory, filler } = newFullDisk();
      const httplog = await startIn(group, directory);
      await scene.ask('lost', 5500, LONG);
      const { signal } = await httplog.waitForExit();
      expect(signal).toBe('SIGKILL');
      rmSync(filler);
      const next = await startIn(group, directory);
      await scene.ask('after', 10);
      await waitForLines(() => readLogDirectory(directory), 20, NOTICE_TIMEOUT_MS);
      const exit = await next.end();
      expect(exit.code).toBe(0);
      expect(countNames(readLogDirectory(directory))).toEqual({ after: 10 });
    },
    3 * PATIENCE_MS,
  );
});
