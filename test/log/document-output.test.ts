import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { LineBatch, LineDocument } from '../../src/format/line-batch.ts';
import { DocumentOutput } from '../../src/log/document-output.ts';
import type { LineOutput } from '../../src/log/line-output.ts';
import { type LogWriter, openLogWriter } from '../../src/log/log-writer.ts';
import { CLOSE_MS, describeOnSmallDisk, useLogScene } from './scene.ts';
import { fillDisk } from './small-disk.ts';

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text));
const DOCUMENT: LineDocument = { opening: bytesOf('{"lines":\n'), closing: bytesOf('}\n') };

const scene = useLogScene();
const path = () => scene.pathOf('a.har');

/** Lines of one element each. */
function batchOf(...numbers: (number | string)[]): LineBatch {
  const bytes = bytesOf(numbers.map((number) => `,${JSON.stringify(number)}\n`).join(''));
  const rest = { lineCount: numbers.length, output: 0, stream: 0, day: 20190901 } as const;
  return { bytes, byteLength: bytes.byteLength, ...rest };
}

function open(policy: 'hold' | 'fail' = 'fail'): Promise<LogWriter> {
  return openLogWriter(
    { kind: 'file', path: path(), document: DOCUMENT },
    { policy, retryIntervalMs: 20, events: scene.events },
  );
}

describe('LogWriter: a document', () => {
  test('is whole when the writer is closed, and the lines count as lines', async () => {
    const writer = await open();
    await Promise.all([writer.append(batchOf(1, 2)), writer.append(batchOf(3))]);
    await writer.close(CLOSE_MS);
    expect(scene.read('a.har')).toBe('{"lines":\n[1\n,2\n,3\n]}\n');
    expect(writer.counters).toMatchObject({ linesWritten: 3, bytesWritten: 9, linesDropped: 0 });
  });

  test('of no lines is no file', async () => {
    await (await open()).close(CLOSE_MS);
    expect(scene.list()).toEqual([]);
  });

  test('is refused in a file that has something in it, and taken in an empty one', async () => {
    writeFileSync(path(), '');
    const writer = await open();
    await writer.append(batchOf(1));
    await writer.close(CLOSE_MS);
    await expect(open()).rejects.toMatchObject({ code: 'HTTPLOG_OUTPUT_NOT_EMPTY', exitCode: 2 });
    expect(JSON.parse(scene.read('a.har'))).toEqual({ lines: [1] });
  });

  test('is refused as well where the file was filled since the start', async () => {
    const writer = await open();
    writeFileSync(path(), 'x');
    await expect(writer.append(batchOf(1))).rejects.toMatchObject({
      code: 'HTTPLOG_OUTPUT_NOT_EMPTY',
    });
    await writer.close(CLOSE_MS);
    expect(scene.read('a.har')).toBe('x');
  });

  test('that is moved away is written to its end, and no other is begun', async () => {
    const writer = await open('hold');
    await writer.append(batchOf(1));
    renameSync(path(), scene.pathOf('b.har'));
    writer.reopen();
    await writer.append(batchOf(2));
    await writer.close(CLOSE_MS);
    expect(scene.list()).toEqual(['b.har']);
    expect(JSON.parse(scene.read('b.har'))).toEqual({ lines: [1, 2] });
  });
});

describeOnSmallDisk('LogWriter: a document on a disk that fills', scene, () => {
  test('has its end once there is room, and no half line', async () => {
    const writer = await open('hold');
    await writer.append(batchOf(1));
    const filler = fillDisk(scene.pathOf(), 4096);
    const waiting = writer.append(batchOf(2, 'x'.repeat(9000), 3));
    await scene.faultSeen();
    rmSync(filler);
    await waiting;
    await writer.close(CLOSE_MS);
    expect(JSON.parse(scene.read('a.har')).lines).toEqual([1, 2, 'x'.repeat(9000), 3]);
  });
});

describe('DocumentOutput', () => {
  /** Takes so many bytes a write. */
  function createOutput(step: number): LineOutput & { text: string } {
    return {
      ...{ path: 'p', isPipe: true, text: '' },
      prepare: async () => false,
      async write([chunk]) {
        const taken = chunk.subarray(0, step);
        this.text += Buffer.from(taken);
        return taken.byteLength;
      },
      requireReopen: () => undefined,
      async takeBack(byteLength) {
        this.text = this.text.slice(0, this.text.length - byteLength);
      },
      close: async () => undefined,
    };
  }

  test.each([1, 2, 100])('is whole after writes of at most %i bytes', async (step) => {
    const inner = createOutput(step);
    const output = new DocumentOutput(inner, DOCUMENT);
    const { bytes } = batchOf(1, 2);
    for (let offset = 0; offset < bytes.byteLength; ) {
      await output.prepare(0);
      offset += await output.write([bytes.subarray(offset)]);
    }
    await output.close();
    expect(inner.text).toBe('{"lines":\n[1\n,2\n]}\n');
  });

  test('whose first line is taken back is one of no lines', async () => {
    const inner = createOutput(100);
    const output = new DocumentOutput(inner, DOCUMENT);
    await output.prepare(0);
    const torn = batchOf(7).bytes.subarray(0, 2);
    const first = await output.write([torn]);
    await output.takeBack(first + (await output.write([torn.subarray(first)])));
    await output.close();
    expect(inner.text).toBe('{"lines":\n[]}\n');
  });

  test('that nobody reads any more gets no end', async () => {
    const inner = createOutput(100);
    const output = new DocumentOutput(inner, DOCUMENT);
    await output.prepare(0);
    inner.write = () => Promise.reject(new Error('gone'));
    await expect(output.write([batchOf(1).bytes])).rejects.toThrow('gone');
    await expect(output.close()).resolves.toBeUndefined();
  });
});
