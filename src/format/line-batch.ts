/**
 * The record that crosses the door from format to log: a run of whole lines for one file.
 *
 * A batch is handed over, never shared: whoever holds it owns its bytes.
 */
export interface LineBatch {
  /** Backing store, `BATCH_BYTES` long; lines fill `[0, byteLength)`. Its ArrayBuffer may be transferred. */
  bytes: Uint8Array<ArrayBuffer>;
  byteLength: number;
  lineCount: number;
  /** Which of the files of a day: `LINE_STREAM_ALL`, or the message type's when split. */
  stream: LineStream;
  /** Local calendar day of the packets' time as a number, 20190901. All lines of a batch share it. */
  day: number;
}

/** One file for all types; the others are one file a type (`-log_split`). */
export const LINE_STREAM_ALL = 0;
export const LINE_STREAM_CQ = 1;
export const LINE_STREAM_CR = 2;
export const LINE_STREAM_SQ = 3;
export const LINE_STREAM_SR = 4;

export type LineStream = 0 | 1 | 2 | 3 | 4;

/** Names of the streams as they stand in file names, by stream. */
export const LINE_STREAM_NAMES = ['', 'CQ', 'CR', 'SQ', 'SR'] as const;

/**
 * Where finished batches go. Bounded: `take` gives null when every buffer is in use, and then a live
 * worker drops and counts lines while a replay waits with `ready`.
 */
export interface BatchSink {
  /** A buffer of `BATCH_BYTES`, or null when all of them are waiting to be written. */
  take(): Uint8Array<ArrayBuffer> | null;
  /** Hands the batch over; its bytes come back to `take` by themselves once they are written. */
  put(batch: LineBatch): void;
  /** Resolves when `take` has a buffer; rejects when writing has failed for good. */
  ready(): Promise<void>;
}
