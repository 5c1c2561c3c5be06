import { execFileSync, spawn } from 'node:child_process';
import { existsSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FileHeader } from '../../src/log/file-header.ts';
import { LOG_FILE_CHECK_INTERVAL_MS } from '../../src/log/limits.ts';
import { type LogWriter, type LogWriterOptions, openLogWriter } from '../../src/log/log-writer.ts';
import { waitUntil } from '../live/child-process.ts';
import { joinText, makeBatch, makeBatches } from './line-batches.ts';
import { CLOSE_MS, describeOnSmallDisk, useClock, useLogScene, WAIT_MS } from './scene.ts';
import { fillDisk } from './small-disk.ts';

/** More than a page, so that a full disk can take a part of it. */
const HEADER = `#fields\ttime\t${'x'.repeat(5000)}\n`;
/** What a disk of pages of 4 KiB takes of the header. */
const LEFT_BYTES = 4096;

const clock = useClock();
const scene = useLogScene();
const { faults, faultSeen } = scene;
const path = (): string => scene.pathOf('out.tsv');
const read = (name = 'out.tsv'): string => scene.read(name);
const textOf = (...numbers: number[]): string => joinText(numbers.map((n) => makeBatch(n)));

function open(policy: LogWriterOptions['policy'] = 'hold', retryIntervalMs = 20) {
  const header = new TextEncoder().encode(HEADER);
  return openLogWriter(
    { kind: 'file', path: path(), header },
    { policy, retryIntervalMs, events: scene.events },
  );
}

async function appendAndClose(writer: LogWriter, ...numbers: number[]): Promise<void> {
  await Promise.all(numbers.map((number) => writer.append(makeBatch(number))));
  await writer.close(CLOSE_MS);
}

describe('FileHeader', () => {
  test('short writes and errors cost no byte of it, and double none', async () => {
    const header = new FileHeader(new TextEncoder().encode('#fields\n'));
    const taken: number[] = [];
    let callsCount = 0;
    const write = async ([chunk]: Uint8Array[]): Promise<number> => {
      callsCount += 1;
      if (callsCount % 3 === 0) {
        throw new Error('full');
      }
      taken.push(...chunk.subarray(0, 2));
      return Math.min(2, chunk.byteLength);
    };
    await expect(header.write({ write })).rejects.toThrow('full');
    expect(header.tornByteLength).toBe(4);
    await header.write({ write });
    expect(header.tornByteLength).toBe(0);
    await header.write({ write });
    expect(Buffer.from(taken).toString()).toBe('#fields\n');
  });
});

describe('LogWriter: a header', () => {
  test('stands once before the lines of a new or empty file, and is none of them', async () => {
    for (const makeFile of [() => undefined, () => writeFileSync(path(), '')]) {
      rmSync(path(), { force: true });
      makeFile();
      const writer = await open();
      await appendAndClose(writer, 0, 1);
      expect(read()).toBe(HEADER + textOf(0, 1));
      expect(writer.counters).toMatchObject({
        linesWritten: 200,
        bytesWritten: textOf(0, 1).length,
      });
    }
  });

  test('does not go into a file that has bytes, nor into one that was opened anew', async () => {
    writeFileSync(path(), 'before\n');
    const writer = await open();
    await writer.append(makeBatch(0));
    writer.reopen();
    await appendAndClose(writer, 1);
    expect(read()).toBe(`before\n${textOf(0, 1)}`);
  });

  test('begins the new file after a rotation', async () => {
    const writer = await open();
    await writer.append(makeBatch(0));
    renameSync(path(), `${path()}.1`);
    writer.reopen();
    await writer.append(makeBatch(1));
    rmSync(path());
    clock.skip(LOG_FILE_CHECK_INTERVAL_MS);
    await appendAndClose(writer, 2);
    expect(read('out.tsv.1')).toBe(HEADER + textOf(0));
    expect(read()).toBe(HEADER + textOf(2));
  });

  test('begins a file again that a rotation has copied and emptied', async () => {
    const writer = await open();
    await writer.append(makeBatch(0));
    truncateSync(path(), 0);
    clock.skip(LOG_FILE_CHECK_INTERVAL_MS);
    await appendAndClose(writer, 1);
    expect(read()).toBe(HEADER + textOf(1));
  });

  test('begins every daily file, whatever its suffix', async () => {
    const header = new TextEncoder().encode(HEADER);
    const target = { kind: 'daily', directory: scene.pathOf(), suffix: 'tsv', header } as const;
    const writer = await openLogWriter(target, { policy: 'fail' });
    const batches = makeBatches(2).map((batch, index) => ({ ...batch, day: 20190901 + index }));
    await Promise.all(batches.map((batch) => writer.append(batch)));
    await writer.close(CLOSE_MS);
    expect(read('http-20190901.tsv')).toBe(HEADER + textOf(0));
    expect(read('http-20190902.tsv')).toBe(HEADER + textOf(1));
  });

  test('goes to the first reader of a named pipe, and to the next after a write without one', async () => {
    execFileSync('mkfifo', [path()]);
    const writer = await open();
    for (const number of [0, 1]) {
      // Nobody reads: the write fails. Without that, nobody can tell one reader from the next.
      const append = writer.append(makeBatch(number));
      await faultSeen(number + 1);
      const reader = spawn('cat', [path()]);
      let text = '';
      reader.stdout.on('data', (chunk) => {
        text += chunk;
      });
      await append;
      const expected = HEADER + textOf(number);
      await waitUntil('the text', () => text.length >= expected.length, WAIT_MS);
      expect(text).toBe(expected);
      reader.kill();
      await new Promise((resolve) => reader.on('close', resolve));
    }
    expect(faults.map(({ errorName }) => errorName)).toEqual(['ENXIO', 'EPIPE']);
    await writer.close(CLOSE_MS);
  });
});

describeOnSmallDisk('LogWriter: a header and a full disk', scene, () => {
  test('half of it is finished when there is space again', async () => {
    const filler = fillDisk(scene.pathOf(), LEFT_BYTES);
    const writer = await open();
    const append = writer.append(makeBatch(0));
    await faultSeen();
    expect(read()).toBe(HEADER.slice(0, LEFT_BYTES));
    rmSync(filler);
    await append;
    await appendAndClose(writer, 1);
    expect(read()).toBe(HEADER + textOf(0, 1));
  });

  test('half of it is taken back at a stop, and by an error that ends a replay', async () => {
    fillDisk(scene.pathOf(), LEFT_BYTES);
    const held = await open('hold', 60_000);
    const append = held.append(makeBatch(0));
    await faultSeen();
    // Long enough that no write is under way at the deadline: one that does not come back is left to itself.
    await held.close(500);
    expect(await append).toEqual({ linesWritten: 0, linesDropped: 100 });
    expect(read()).toBe('');
    const failing = await open('fail');
    await expect(failing.append(makeBatch(0))).rejects.toMatchObject({ code: 'HTTPLOG_WRITE' });
    expect(read()).toBe('');
    await failing.close(CLOSE_MS);
    expect(read()).toBe('');
  });

  test('half a line in a moved file begins again behind the header of the new one', async () => {
    const filler = fillDisk(scene.pathOf(), 2 * LEFT_BYTES);
    const writer = await open();
    const append = writer.append(makeBatch(0, { lineCount: 200 }));
    await faultSeen();
    renameSync(path(), `${path()}.1`);
    // The header of the new file does not fit either: what it owes is kept until it does.
    const tries = writer.counters.writeErrors;
    const isOwed = (): boolean => existsSync(path()) && writer.counters.writeErrors > tries + 1;
    await waitUntil('tries of the new file', isOwed, WAIT_MS);
    rmSync(filler);
    await append;
    await writer.close(CLOSE_MS);
    const [moved, now] = [read('out.tsv.1'), read()];
    expect(moved.startsWith(HEADER)).toBe(true);
    expect(moved.endsWith('\n')).toBe(true);
    expect(now.startsWith(HEADER)).toBe(true);
    const lines = moved.slice(HEADER.length) + now.slice(HEADER.length);
    expect(lines).toBe(joinText([makeBatch(0, { lineCount: 200 })]));
  });

  test('half of it in a moved file is taken back there', async () => {
    const filler = fillDisk(scene.pathOf(), LEFT_BYTES);
    // The next try is that of the close: one under way could still finish the moved file.
    const writer = await open('hold', 60_000);
    const append = writer.append(makeBatch(0));
    await faultSeen();
    renameSync(path(), `${path()}.1`);
    rmSync(filler);
    await writer.close(CLOSE_MS);
    await append;
    expect(read('out.tsv.1')).toBe('');
    expect(read()).toBe(HEADER + textOf(0));
  });
});
