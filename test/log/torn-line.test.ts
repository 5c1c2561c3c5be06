import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLogWriter } from '../../src/log/log-writer.ts';
import { LEFT_ALONE } from '../../src/log/upkeep.ts';
import { joinText, makeBatch } from './line-batches.ts';
import {
  fillDisk,
  findReasonNotToMount,
  makeDirectory,
  mountSmallDisk,
  removeDirectory,
  unmountSmallDisk,
} from './small-disk.ts';

const CLOSE_MS = 5000;
const MAIN_PATH = join(import.meta.dirname, 'endless-append-main.ts');
/** A whole line of `makeBatch`. */
const LINE = /^[a-z]+ \d+\.\d+ x*$/;

let directory = '';
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => removeDirectory(directory));

const logPath = (): string => join(directory, 'http-20190901.log');

async function appendOne(target = {}, header?: string): Promise<void> {
  const bytes = header === undefined ? undefined : new TextEncoder().encode(header);
  const writer = await openLogWriter(
    { kind: 'daily', directory, header: bytes, ...target },
    { policy: 'hold', retryIntervalMs: 20 },
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
      expect(readFileSync(logPath(), 'utf8')).toBe(
        `${before}${between}${joinText([makeBatch(0)])}`,
      );
    });
  }

  test('gets no header', async () => {
    writeFileSync(logPath(), 'a\tb');
    await appendOne({}, 'a\tb\n');
    expect(readFileSync(logPath(), 'utf8')).toBe(`a\tb\n${joinText([makeBatch(0)])}`);
  });

  test('of -o is ended, too', async () => {
    writeFileSync(logPath(), 'hal');
    const writer = await openLogWriter({ kind: 'file', path: logPath() }, { policy: 'fail' });
    await writer.append(makeBatch(0));
    await writer.close(CLOSE_MS);
    expect(readFileSync(logPath(), 'utf8')).toBe(`hal\n${joinText([makeBatch(0)])}`);
  });

  test('that is put in the place of the open one is ended', async () => {
    const writer = await openLogWriter({ kind: 'daily', directory }, { policy: 'hold' });
    await writer.append(makeBatch(0));
    writeFileSync(join(directory, 'other'), 'hal');
    renameSync(join(directory, 'other'), logPath());
    writer.reopen();
    await writer.append(makeBatch(1));
    await writer.close(CLOSE_MS);
    expect(readFileSync(logPath(), 'utf8')).toBe(`hal\n${joinText([makeBatch(1)])}`);
  });

  const reason = findReasonNotToMount();
  test.skipIf(reason !== undefined)(
    'on a full disk is ended as soon as there is room',
    async () => {
      mountSmallDisk(directory);
      try {
        const page = 'h'.repeat(4096);
        writeFileSync(logPath(), page);
        const filler = fillDisk(directory, 0);
        const appending = appendOne();
        await sleep(150);
        expect(readFileSync(logPath(), 'utf8')).toBe(page);
        writeFileSync(filler, '');
        await appending;
        expect(readFileSync(logPath(), 'utf8')).toBe(`${page}\n${joinText([makeBatch(0)])}`);
      } finally {
        unmountSmallDisk(directory);
      }
    },
  );
});

describe('a writer that is killed', () => {
  test('again and again leaves whole lines, and overwrites nothing', async () => {
    const upkeep = { ...LEFT_ALONE, rotateBytes: 1024 * 1024 };
    const target = { kind: 'daily', directory, upkeep };
    let before = new Map<string, string>();
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [MAIN_PATH, JSON.stringify(target), 'kill'], {
        stdio: 'inherit',
      });
      const startSize = sumSizes();
      while (sumSizes() < startSize + 2_000_000) {
        await sleep(5);
      }
      await sleep(round * 3);
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
  return readdirSync(directory).reduce(
    (sum, name) => sum + statSync(join(directory, name)).size,
    0,
  );
}

function readAll(): Map<string, string> {
  return new Map(
    readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]),
  );
}
