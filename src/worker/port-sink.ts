import type { MessagePort } from 'node:worker_threads';
import type { BatchSink, LineBatch } from '../format/line-batch.ts';
import { BufferPool } from './buffer-pool.ts';

/** What a worker posts with a batch; its bytes are transferred, and come back as a `ReturnedBuffer`. */
export interface BatchMessage {
  kind: 'batch';
  batch: LineBatch;
}

/** What the control plane posts when a batch was written. */
export interface ReturnedBuffer {
  kind: 'buffer';
  bytes: Uint8Array<ArrayBuffer>;
}

/** The sink of a pipeline in a thread of its own: batches go through a port, and their buffers come back. */
export class PortSink implements BatchSink {
  readonly #port: MessagePort;
  readonly #pool: BufferPool;

  readonly #isLossless: boolean;

  /** @param isLossless false: when all buffers are in use, lines are dropped */
  constructor(port: MessagePort, buffersMax: number, isLossless: boolean) {
    this.#port = port;
    this.#isLossless = isLossless;
    this.#pool = new BufferPool(buffersMax);
  }

  take(): Uint8Array<ArrayBuffer> | null {
    return this.#isLossless ? this.#pool.takeAnyway() : this.#pool.take();
  }

  get isFull(): boolean {
    return this.#pool.isEmpty;
  }

  put(batch: LineBatch): void {
    const message: BatchMessage = { kind: 'batch', batch };
    this.#port.postMessage(message, [batch.bytes.buffer]);
  }

  ready(): Promise<void> {
    return this.#pool.available();
  }

  /** Takes back a buffer that the control plane returned. */
  give(bytes: Uint8Array<ArrayBuffer>): void {
    this.#pool.give(bytes);
  }
}

/** Control plane: hands a written batch's buffer back to the worker that owns it. */
export function returnBuffer(
  port: { postMessage(message: unknown, transfer: ArrayBuffer[]): void },
  batch: LineBatch,
): void {
  const message: ReturnedBuffer = { kind: 'buffer', bytes: batch.bytes };
  port.postMessage(message, [batch.bytes.buffer]);
}
