import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLogWriter } from '../../src/log/log-writer.ts';
import { LEFT_ALONE } from '../../src/log/upkeep.ts';
import { waitUntil } from '../live/child-process.ts';
import { joinText, makeBatch } from './line-batches.ts';
import { CLOSE_MS, describeOnSmallDisk, useLogScene, WAIT_MS } from './scene.ts';
import { fillDisk } from './small-disk.ts';

const MAIN_PATH = join(import.meta.dirname, 'endless-append-main.ts');
/** A whole line of `makeBatch`. */
const LINE = /^[a-z]+ \d+\.\d+ x*$/;

const scene = useLogScene();
const logPath = (): string => scene.pathOf('http-20190901.log');
const readLog = (): string => scene.read('http-20190901.log');

async function appendOne(target = {}, header?: string): Promise<void> {
  const bytes = header === undefined ? undefined : new TextEncoder().encode(header);
  const writer = await openLogWriter(
    { kind: 'daily', directory: scene.pathOf(), header: bytes, ...target },
    { policy: 'hold', retryIntervalMs: 20, events: scene.events },
  );
  await writer.append(makeBatch(0));
  expect(writer.counters.bytesWritten).toBe(makeBatch(0).byteLength);
  await writer.close(CLOSE_MS);
}

describe('a file that ends within a line', () => {
  for (const [what, before, between] of [
    ['half a line', 'whole\nhal', '\n'],
    ['a line', 'whole\n', ''],
    ['nothing', '', ''],
    ['one byte', 'x', '\n'],
    ['an empty line', '\n', ''],
    ['NULs, as some file systems leave them', 'whole\n\0\0', '\n'],
  ]) {
    test(`ended by ${what}: the next line stands by itself`, async () => {
      writeFileSync(logPath(), before);
      await appendOne();
      expect(readLog()).toBe(`${before}${between}${joinText([makeBatch(0)])}`);
    });
  }

  test('gets no header', async () => {
    writeFileSync(logPath(), 'a\tb');
    await appendOne({}, 'a\tb\n');
    expect(readLog()).toBe(`a\tb\n${joinText([makeBatch(0)])}`);
  });

  test('of -o is ended, too', async () => {
    writeFileSync(logPath(), 'hal');
    const writer = await openLogWriter({ kind: 'file', path: logPath() }, { policy: 'fail' });
    await writer.append(makeBatch(0));
    await writer.close(CLOSE_MS);
    expect(readLog()).toBe(`hal\n${joinText([makeBatch(0)])}`);
  });

  test('that is put in the place of the open one is ended', async () => {
    const target = { kind: 'daily', directory: scene.pathOf() } as const;
    const writer = await openLogWriter(target, { policy: 'hold' });
    await writer.append(makeBatch(0));
    writeFileSync(scene.pathOf('other'), 'hal');
    renameSync(scene.pathOf('other'), logPath());
    writer.reopen();
    await writer.append(makeBatch(1));
    await writer.close(CLOSE_MS);
    expect(readLog()).toBe(`hal\n${joinText([makeBatch(1)])}`);
  });
});

describeOnSmallDisk('a file that ends within a line on a full disk', scene, () => {
  test('is ended as soon as there is room', async () => {
    const page = 'h'.repeat(4096);
    writeFileSync(logPath(), page);
    const filler = fillDisk(scene.pathOf(), 0);
    const appending = appendOne();
    await scene.faultSeen();
    expect(readLog()).toBe(page);
    writeFileSync(filler, '');
    await appending;
    expect(readLog()).toBe(`${page}\n${joinText([makeBatch(0)])}`);
  });
});

describe('a writer that is killed', () => {
  test('again and again leaves whole lines, and overwrites nothing', async () => {
    const upkeep = { ...LEFT_ALONE, rotateBytes: 1024 * 1024 };
    const target = { kind: 'daily', directory: scene.pathOf(), upkeep };
    let before = new Map<string, string>();
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [MAIN_PATH, JSON.stringify(target), 'kill'], {
        stdio: 'inherit',
      });
      // Each time somewhere else between two rotations.
      const size = sumSizes() + 2_000_000 + round * 300_000;
      await waitUntil('it has written enough', () => sumSizes() >= size, WAIT_MS);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const after = readAll();
      for (const [name, text] of before) {
        expect(after.get(name)?.startsWith(text), name).toBe(true);
      }
      before = after;
    }
    await appendOne({ upkeep });
    const lines = [...readAll().values()].flatMap((text) => text.replace(/\n$/, '').split('\n'));
    // At most the last line of each of the two files of each round may be torn.
    const torn = lines.filter((line) => !LINE.test(line));
    expect(torn.length).toBeLessThanOrEqual(8);
    expect(lines.length).toBeGreaterThan(50_000);
    expect(lines.filter((line) => (line.match(/kill/g) ?? []).length > 1)).toEqual([]);
  });
});

function sumSizes(): number {
  return scene.list().reduce((sum, name) => sum + statSync(scene.pathOf(name)).size, 0);
}

function readAll(): Map<string, string> {
  return new Map(scene.list().map((name) => [name, scene.read(name)]));
}
