import { describe, expect, it } from 'vitest';
import type { LineBatch } from '../../src/format/line-batch.ts';
import { BATCH_BYTES } from '../../src/limits.ts';
import {
  type BatchBuilder,
  createBatchBuilder,
  flushBatches,
  reserveLine,
} from '../../src/output/batch-builder.ts';
import { TYPE_CQ, TYPE_CR, TYPE_SR } from '../../src/record/message-type.ts';
import { ListSink } from '../worker/pipeline-parts.ts';

const DAY = 20190901;

/** Writes a line of `byteLength` bytes where the pipeline would. */
function writeLine(batch: LineBatch | null, byteLength: number): void {
  if (batch === null) {
    throw new Error('no batch');
  }
  batch.bytes.fill(0x61, batch.byteLength, batch.byteLength + byteLength - 1);
  batch.bytes[batch.byteLength + byteLength - 1] = 0x0a;
  batch.byteLength += byteLength;
  batch.lineCount++;
}

function addLine(builder: BatchBuilder, byteLength: number, day = DAY): void {
  writeLine(reserveLine(builder, TYPE_CQ, day, byteLength), byteLength);
}

describe('reserveLine', () => {
  it('takes a buffer with the first line, and none before', () => {
    const sink = new ListSink();
    const builder = createBatchBuilder(sink, false);
    expect(sink.takes).toBe(0);
    addLine(builder, 10);
    addLine(builder, 10);
    expect([sink.takes, sink.batches.length]).toEqual([1, 0]);
  });

  it('a line that fills a batch to its last byte fits, and one more byte does not', () => {
    const sink = new ListSink();
    const builder = createBatchBuilder(sink, false);
    addLine(builder, BATCH_BYTES - 10);
    addLine(builder, 10);
    expect(sink.batches).toHaveLength(0);
    addLine(builder, 1);
    expect(sink.batches.map(({ lines }) => lines.length)).toEqual([2]);
    flushBatches(builder);
    addLine(builder, BATCH_BYTES - 10);
    addLine(builder, 11);
    expect(sink.batches.map(({ lines }) => lines.length)).toEqual([2, 1, 1]);
  });

  it('another day begins another batch, in both directions', () => {
    const sink = new ListSink();
    const builder = createBatchBuilder(sink, false);
    for (const day of [DAY, DAY, DAY + 1, DAY]) {
      addLine(builder, 5, day);
    }
    flushBatches(builder);
    expect(sink.batches.map(({ day, lines }) => [day, lines.length])).toEqual([
      [DAY, 2],
      [DAY + 1, 1],
      [DAY, 1],
    ]);
  });

  it('a room that was reserved and not used makes no line, and is used again', () => {
    const sink = new ListSink(1);
    const builder = createBatchBuilder(sink, false);
    reserveLine(builder, TYPE_CQ, DAY, 100);
    const batch = reserveLine(builder, TYPE_CQ, DAY + 1, 100);
    expect(batch?.day).toBe(DAY + 1);
    flushBatches(builder);
    expect([sink.takes, sink.batches.length]).toEqual([1, 0]);
  });

  it('without a buffer there is no batch, and what was written is handed over all the same', () => {
    const sink = new ListSink(1, false);
    const builder = createBatchBuilder(sink, false);
    addLine(builder, BATCH_BYTES);
    expect(reserveLine(builder, TYPE_CQ, DAY, 1)).toBeNull();
    expect(sink.batches).toHaveLength(1);
    expect(reserveLine(builder, TYPE_CQ, DAY, 1)).toBeNull();
    flushBatches(builder);
    expect(sink.batches).toHaveLength(1);
    sink.giveBack();
    expect(reserveLine(builder, TYPE_CQ, DAY, 1)).not.toBeNull();
  });

  it('joined, all types share a batch; split, each has one of its own', () => {
    for (const isSplitByType of [false, true]) {
      const sink = new ListSink();
      const builder = createBatchBuilder(sink, isSplitByType);
      for (const type of [TYPE_CQ, TYPE_SR, TYPE_CQ, TYPE_CR] as const) {
        writeLine(reserveLine(builder, type, DAY, 5), 5);
      }
      flushBatches(builder);
      expect(sink.batches.map(({ stream, lines }) => [stream, lines.length])).toEqual(
        isSplitByType
          ? [
              [TYPE_CQ, 2],
              [TYPE_CR, 1],
              [TYPE_SR, 1],
            ]
          : [[0, 4]],
      );
    }
  });
});

describe('flushBatches', () => {
  it('hands a batch over once, and a record of its own each time', () => {
    const handed: LineBatch[] = [];
    const sink = {
      take: () => new Uint8Array(BATCH_BYTES),
      isFull: false,
      put: (batch: LineBatch) => handed.push(batch),
      ready: async () => {},
    };
    const builder = createBatchBuilder(sink, false);
    addLine(builder, 5);
    flushBatches(builder);
    flushBatches(builder);
    addLine(builder, 7);
    flushBatches(builder);
    expect(handed.map(({ byteLength, lineCount }) => [byteLength, lineCount])).toEqual([
      [5, 1],
      [7, 1],
    ]);
    expect(handed[0].bytes === handed[1].bytes).toBe(false);
  });
});
