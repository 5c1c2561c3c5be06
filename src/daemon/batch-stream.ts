import type { MessagePort } from 'node:worker_threads';
import type { LineBatch } from '../format/line-batch.ts';
import type { OutputWriters } from '../log/output-writers.ts';
import { type BatchMessage, returnBuffer } from '../output/port-sink.ts';

/** Of one capture: less than a task's buffers, so that it decodes while they are written. */
const WRITES_AT_ONCE_MAX = 4;

/** The batches of one replay task, kept until it is that capture's turn to be written. */
export class BatchStream {
  readonly #port: MessagePort;
  /** Bounded by the task's own buffers. */
  readonly #batches: LineBatch[] = [];
  #isEnded = false;
  #wake: (() => void) | null = null;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (message: BatchMessage | { kind: 'end' }) => {
      if (message.kind === 'batch') {
        this.#batches.push(message.batch);
      } else {
        this.#isEnded = true;
      }
      this.#wake?.();
    });
    port.on('close', () => {
      this.#isEnded = true;
      this.#wake?.();
    });
  }

  /** The next batch in the task's order, or null behind its last. */
  async next(): Promise<LineBatch | null> {
    while (this.#batches.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#batches.shift() ?? null;
  }

  /** Gives a written batch's buffer back to the task. */
  give(batch: LineBatch): void {
    if (!this.#isEnded) {
      returnBuffer(this.#port, batch);
    }
  }

  close(): void {
    this.#port.close();
  }
}

/**
 * Writes a capture's batches in their order, some in flight at once.
 *
 * @throws HttplogError of the writer
 */
export async function writeStream(stream: BatchStream, writer: OutputWriters): Promise<void> {
  const writes = new Set<Promise<void>>();
  let failure: unknown;
  for (
    let batch = await stream.next();
    batch !== null && failure === undefined;
    batch = await stream.next()
  ) {
    const written = batch;
    const write = writer
      .append(written)
      .then(
        () => stream.give(written),
        (error: unknown) => {
          failure ??= error;
        },
      )
      .finally(() => writes.delete(write));
    writes.add(write);
    if (writes.size >= WRITES_AT_ONCE_MAX) {
      await Promise.race(writes);
    }
  }
  await Promise.all(writes);
  if (failure !== undefined) {
    throw failure;
  }
}
