import type { MessagePort } from 'node:worker_threads';
import type { LineBatch } from '../format/line-batch.ts';
import { type BatchMessage, returnBuffer } from '../output/port-sink.ts';

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
