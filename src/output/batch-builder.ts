import {
  type BatchSink,
  LINE_STREAM_ALL,
  LINE_STREAM_NAMES,
  type LineBatch,
  type LineStream,
} from '../format/line-batch.ts';

/** The batches that one output's lines are being written into: one, or one a message type when split. */
export interface BatchBuilder {
  readonly sink: BatchSink;
  readonly output: number;
  readonly isSplitByType: boolean;
  /** By stream. Without a buffer of its own a batch holds `NO_BYTES`. */
  readonly open: readonly LineBatch[];
}

const NO_BYTES = new Uint8Array(0);

export function createBatchBuilder(
  sink: BatchSink,
  isSplitByType: boolean,
  output = 0,
): BatchBuilder {
  const open = LINE_STREAM_NAMES.map((_, stream) => createBatch(stream as LineStream, output));
  return { sink, output, isSplitByType, open };
}

/**
 * The batch that a line of this stream, where they are split, and day goes into, with room for it; null when the sink has no buffer.
 * A batch holds lines of one day: the day names the file.
 */
export function reserveLine(
  builder: BatchBuilder,
  stream: LineStream,
  day: number,
  lineBytesMax: number,
): LineBatch | null {
  const batch = builder.open[builder.isSplitByType ? stream : LINE_STREAM_ALL];
  const isRoomLeft = batch.bytes.length - batch.byteLength >= lineBytesMax;
  if (isRoomLeft && batch.day === day) {
    return batch;
  }
  if (batch.byteLength > 0) {
    handOver(builder.sink, batch);
  }
  if (batch.bytes === NO_BYTES) {
    const bytes = builder.sink.take(builder.output);
    if (bytes === null) {
      return null;
    }
    batch.bytes = bytes;
  }
  batch.day = day;
  return batch;
}

/** Hands over every batch that has lines. */
export function flushBatches(builder: BatchBuilder): void {
  for (const batch of builder.open) {
    if (batch.byteLength > 0) {
      handOver(builder.sink, batch);
    }
  }
}

function handOver(sink: BatchSink, batch: LineBatch): void {
  // A record of its own a batch, not a line: the sink keeps it while this one is filled again.
  sink.put({ ...batch });
  batch.bytes = NO_BYTES;
  batch.byteLength = 0;
  batch.lineCount = 0;
}

function createBatch(stream: LineStream, output: number): LineBatch {
  return { bytes: NO_BYTES, byteLength: 0, lineCount: 0, output, stream, day: 0 };
}
