import type { WriterCounters } from '../counters/writer-counts.ts';
import { HttplogError, systemErrorName } from '../errors.ts';
import type { LineBatch } from '../format/line-batch.ts';
import {
  FULL_PIPE_WAIT_MAX_MS,
  WRITE_BATCHES_MAX,
  WRITE_GRACE_MS,
  WRITE_STALL_MS,
} from './limits.ts';
import type { LineOutput } from './line-output.ts';
import { Outage, type OutageListener } from './outage.ts';
import { settlesWithin } from './settles-within.ts';
import { createWriteError, createWriteFault } from './write-fault.ts';

/** What became of the lines of one batch; together they are all of them. */
export interface AppendOutcome {
  linesWritten: number;
  linesDropped: number;
}

/** What a queue needs from the writer that it belongs to. */
export interface BatchQueueOwner extends OutageListener {
  /** `hold`: a file that fails is tried again until it works. `fail`: the first error is the last. */
  readonly policy: 'hold' | 'fail';
  readonly retryIntervalMs: number;
  readonly counters: WriterCounters;
  /** This queue has ended for good; its waiting batches reject with the same error. */
  onEnd(error: HttplogError): void;
}

interface Entry {
  batch: LineBatch;
  resolve(outcome: AppendOutcome): void;
  reject(error: HttplogError): void;
}

const LINE_FEED = 0x0a;

/**
 * The batches that wait for one file, and the only one who writes it: one write at a time, in order, the
 * rest of a short write first.
 */
export class BatchQueue {
  readonly #output: LineOutput;
  readonly #owner: BatchQueueOwner;
  /** The head is being written. Bounded by the buffers of the caller, `BATCHES_MAX`. */
  readonly #entries: Entry[] = [];
  /** Bytes of the head that are in the file. */
  #headOffset = 0;
  #outage: Outage | null = null;
  /** Waits for a pipe that is full, in a row. */
  #fullPipeCount = 0;
  #isEnded = false;
  #pumping: Promise<void> | null = null;
  #wake: () => void = () => undefined;

  constructor(output: LineOutput, owner: BatchQueueOwner) {
    this.#output = output;
    this.#owner = owner;
  }

  get isIdle(): boolean {
    return this.#pumping === null;
  }

  /** See `LogWriter.append`; **the queue has not ended**. */
  append(batch: LineBatch): Promise<AppendOutcome> {
    return new Promise((resolve, reject) => {
      this.#entries.push({ batch, resolve, reject });
      this.#pumping ??= this.#pump();
    });
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    await this.#pumping;
  }

  /** Does not wait any longer for the next try. */
  retryNow(): void {
    this.#wake();
  }

  requireReopen(): void {
    this.#output.requireReopen();
  }

  /**
   * Ends the queue: what is not written by now is dropped, half a line at the end of the file is taken
   * back, the file is closed. A write that hangs in the kernel is left to itself, and its file open.
   */
  async close(): Promise<void> {
    this.#isEnded = true;
    this.#wake();
    const isStuck = this.#pumping !== null && !(await settlesWithin(this.#pumping, WRITE_GRACE_MS));
    if (isStuck) {
      this.#resolveAsDropped();
      return;
    }
    await this.#output.takeBack(this.#findTornByteLength());
    this.#resolveAsDropped();
    try {
      await this.#output.close();
    } catch (error) {
      // Network file systems say only here that earlier bytes did not arrive.
      this.#owner.counters.writeErrors += 1;
      if (this.#owner.policy === 'fail') {
        this.#owner.onEnd(this.#explain(error));
      } else {
        this.#owner.onFault(createWriteFault(this.#output.path, error));
      }
    }
  }

  async #pump(): Promise<void> {
    while (this.#entries.length > 0 && !this.#isEnded) {
      const endWatch = this.#watchStall();
      try {
        await this.#writeOnce();
      } catch (error) {
        await this.#handleError(error);
      } finally {
        endWatch();
      }
    }
    this.#pumping = null;
  }

  /** A disk that hangs gives no error: it is told after a while. Returns what ends the watch. */
  #watchStall(): () => void {
    if (this.#owner.policy === 'fail' || this.#output.isPipe) {
      return () => undefined;
    }
    const startedAtMs = performance.now();
    const timer = setInterval(() => {
      if (!this.#isEnded) {
        this.#outage ??= new Outage(this.#output.path, this.#owner, startedAtMs);
        this.#outage.noteFailedTry(new Error(`no answer within ${WRITE_STALL_MS / 1000} seconds`));
      }
    }, WRITE_STALL_MS);
    timer.unref();
    return () => clearInterval(timer);
  }

  async #writeOnce(): Promise<void> {
    const isOtherFile = await this.#output.prepare(this.#findTornByteLength());
    if (isOtherFile) {
      this.#headOffset -= this.#findTornByteLength();
    }
    if (this.#isEnded) {
      return;
    }
    const chunks = this.#gatherChunks();
    const writtenByteLength = await this.#output.write(chunks);
    // After the deadline of a stop these batches are counted already.
    if (this.#entries.length === 0) {
      return;
    }
    this.#fullPipeCount = 0;
    this.#advance(writtenByteLength);
    // A short write after an outage is a disk that is still full but for some bytes.
    if (this.#outage !== null && writtenByteLength === sumByteLengths(chunks)) {
      this.#outage.end();
      this.#outage = null;
    }
  }

  #gatherChunks(): Uint8Array[] {
    const count = Math.min(this.#entries.length, WRITE_BATCHES_MAX);
    const chunks: Uint8Array[] = [];
    for (let index = 0; index < count; index++) {
      const { bytes, byteLength } = this.#entries[index].batch;
      chunks.push(bytes.subarray(index === 0 ? this.#headOffset : 0, byteLength));
    }
    return chunks;
  }

  #advance(writtenByteLength: number): void {
    this.#headOffset += writtenByteLength;
    while (this.#entries.length > 0) {
      const { batch, resolve } = this.#entries[0];
      if (this.#headOffset < batch.byteLength) {
        return;
      }
      this.#headOffset -= batch.byteLength;
      this.#entries.shift();
      this.#owner.counters.linesWritten += batch.lineCount;
      this.#owner.counters.bytesWritten += batch.byteLength;
      resolve({ linesWritten: batch.lineCount, linesDropped: 0 });
    }
  }

  /** Bytes at the end of the file that are the beginning of a line. */
  #findTornByteLength(): number {
    if (this.#headOffset === 0 || this.#entries.length === 0) {
      return 0;
    }
    const { bytes } = this.#entries[0].batch;
    return this.#headOffset - (bytes.lastIndexOf(LINE_FEED, this.#headOffset - 1) + 1);
  }

  async #handleError(error: unknown): Promise<void> {
    if (this.#isEnded) {
      return;
    }
    if (systemErrorName(error) === 'EAGAIN') {
      this.#fullPipeCount += 1;
      await this.#pause(Math.min(this.#fullPipeCount, FULL_PIPE_WAIT_MAX_MS));
      return;
    }
    this.#owner.counters.writeErrors += 1;
    if (this.#owner.policy === 'fail' || error instanceof HttplogError) {
      await this.#fail(error);
      return;
    }
    this.#output.requireReopen();
    this.#outage ??= new Outage(this.#output.path, this.#owner);
    this.#outage.noteFailedTry(error);
    await this.#pause(this.#owner.retryIntervalMs);
  }

  /** The end of the queue by an error, for this batch and all that wait behind it. */
  async #fail(cause: unknown): Promise<void> {
    this.#isEnded = true;
    await this.#output.takeBack(this.#findTornByteLength());
    const dropped = this.#dropAll();
    const error = this.#explain(cause);
    this.#owner.onEnd(error);
    for (const { entry } of dropped) {
      entry.reject(error);
    }
  }

  #explain(cause: unknown): HttplogError {
    return cause instanceof HttplogError
      ? cause
      : createWriteError(this.#output.path, cause, this.#owner.counters.linesWritten);
  }

  #resolveAsDropped(): void {
    for (const { entry, outcome } of this.#dropAll()) {
      entry.resolve(outcome);
    }
  }

  /** Empties the queue: whole lines of the head that are in the file count as written. */
  #dropAll(): Array<{ entry: Entry; outcome: AppendOutcome }> {
    const { counters } = this.#owner;
    const headByteLength = this.#headOffset - this.#findTornByteLength();
    this.#headOffset = 0;
    return this.#entries.splice(0).map((entry, index) => {
      const byteLength = index === 0 ? headByteLength : 0;
      const linesWritten = countLines(entry.batch.bytes, byteLength);
      const linesDropped = entry.batch.lineCount - linesWritten;
      counters.bytesWritten += byteLength;
      counters.linesWritten += linesWritten;
      counters.linesDropped += linesDropped;
      return { entry, outcome: { linesWritten, linesDropped } };
    });
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function sumByteLengths(chunks: Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

function countLines(bytes: Uint8Array, byteLength: number): number {
  let count = 0;
  let offset = bytes.indexOf(LINE_FEED);
  while (offset !== -1 && offset < byteLength) {
    count += 1;
    offset = bytes.indexOf(LINE_FEED, offset + 1);
  }
  return count;
}
