import type { BatchSink, LineBatch } from '../format/line-batch.ts';
import { REPLAY_BATCHES_MAX } from '../limits.ts';
import type { AppendOutcome } from '../log/batch-queue.ts';
import { BufferPools } from './buffer-pool.ts';

/** What takes the batches of all outputs. */
export interface BatchAppender {
  append(batch: LineBatch): Promise<AppendOutcome>;
}

/** The sink of a pipeline that runs in the log writer's own thread. */
export class WriterSink implements BatchSink {
  readonly #writer: BatchAppender;
  readonly #pools: BufferPools;
  #lastWrite: Promise<unknown> = Promise.resolve();
  #failure: unknown;

  constructor(writer: BatchAppender, outputsCount: number) {
    this.#writer = writer;
    this.#pools = new BufferPools(REPLAY_BATCHES_MAX, outputsCount);
  }

  take(output: number): Uint8Array | null {
    return this.#pools.of(output).takeAnyway();
  }

  get isFull(): boolean {
    return this.#pools.isAnyEmpty;
  }

  put(batch: LineBatch): void {
    const write: Promise<void> = this.#writer.append(batch).then(
      () => this.#pools.of(batch.output).give(batch.bytes),
      (error) => {
        this.#failure ??= error;
        this.#pools.wake();
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
    await this.#pools.available();
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
  }
}
