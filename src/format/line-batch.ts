import { MESSAGE_TYPE_NAMES } from '../record/message-type.ts';

/**
 * The record that crosses the door from format to log: a run of whole lines for one file.
 *
 * A batch is handed over: its memory is shared by all threads, and used by the one that holds it.
 */
export interface LineBatch {
  /** Backing store, `BATCH_BYTES` long; lines fill `[0, byteLength)`. */
  bytes: Uint8Array;
  byteLength: number;
  lineCount: number;
  /** Which of the outputs, in the order of the settings. */
  output: number;
  /** Which of the files of a day: `LINE_STREAM_ALL`, or the message type's when split. */
  stream: LineStream;
  /** Local calendar day of the packets' time as a number, 20190901. All lines of a batch share it. */
  day: number;
}

/**
 * What stands before and behind lines that are the elements of one JSON array. Each line begins with the comma that
 * the array's opening bracket takes the place of in the first.
 */
export interface LineDocument {
  /** Whole lines, up to the array. */
  readonly opening: Uint8Array;
  /** Behind the bracket that closes the array. */
  readonly closing: Uint8Array;
}

/** One file for all types; the others are one file a type (`-log_split`). */
export const LINE_STREAM_ALL = 0;
export const LINE_STREAM_CQ = 1;
export const LINE_STREAM_CR = 2;
export const LINE_STREAM_SQ = 3;
export const LINE_STREAM_SR = 4;

export type LineStream = 0 | 1 | 2 | 3 | 4;

/** Names of the streams as they stand in file names, by stream. */
export const LINE_STREAM_NAMES = ['', ...MESSAGE_TYPE_NAMES] as const;

/**
 * Where finished batches go. Bounded: when every buffer is in use, a live worker drops and counts lines, and
 * a replay waits with `ready` before it reads on.
 */
export interface BatchSink {
  /**
   * A buffer of `BATCH_BYTES` of those that the output may have. When all are in use: null if lines may be
   * dropped; else one more, so that a frame is always done with, and the number grows by what one frame can
   * need at most.
   */
  take(output: number): Uint8Array | null;
  /** True when all buffers of an output are in use: the next frame should wait. */
  readonly isFull: boolean;
  /** Hands the batch over; its bytes come back to `take` by themselves once they are written. */
  put(batch: LineBatch): void;
  /** Resolves when `take` has a buffer for each output; rejects when writing has failed for good. */
  ready(): Promise<void>;
}
