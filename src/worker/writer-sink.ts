import type { BatchSink, LineBatch } from '../format/line-batch.ts';
import { REPLAY_BATCHES_MAX } from '../limits.ts';
import type { LogWriter } from '../log/log-writer.ts';
import { BufferPool } from './buffer-pool.ts';

/** The sink of a pipeline that runs in the log writer's own thread. */
export class WriterSink implements BatchSink {
  readonly #writer: LogWriter;
  readonly #pool = new BufferPool(REPLAY_BATCHES_MAX);
  #lastWrite: Promise<unknown> = Promise.resolve();
  #failure: unknown;

  constructor(writer: LogWriter) {
    this.#writer = writer;
  }

  take(): Uint8Array<ArrayBuffer> | null {
    return this.#pool.takeAnyway();
  }

  get isFull(): boolean {
    return this.#pool.isEmpty;
  }

  put(batch: LineBatch): void {
    const write: Promise<void> = this.#writer.append(batch).then(
      () => this.#pool.give(batch.bytes),
      (error) => {
        this.#failure ??= error;
        this.#pool.wake();
      },
    );
    this.#lastWrite = Promise.all([this.#lastWrite, write]);
  }

  /** Resolves when all that was put is written; rejects with the first error of the writer. */
  async settled(): Promise<void> {
    await this.#lastWrite;
    this.#throwFailure();
  }

  async ready(): Promise<void> {
    await this.#pool.available();
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }
}
