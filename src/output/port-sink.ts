import type { MessagePort } from 'node:worker_threads';
import type { BatchSink, LineBatch } from '../format/line-batch.ts';
import { INNER_OUTPUTS_MAX, OUTPUTS_MAX } from '../limits.ts';
import type { BufferPools } from './buffer-pool.ts';
import { HASTY_BATCHES_SHARE } from './limits.ts';

/** What a worker posts with a batch; its bytes are shared memory, and are told free by a `ReturnedBuffer`. */
export interface BatchMessage {
  kind: 'batch';
  batch: LineBatch;
}

/** What the control plane posts when a batch was written. */
export interface ReturnedBuffer {
  kind: 'buffer';
  bytes: Uint8Array;
  /** The output whose buffer it is. */
  output: number;
}

/** The sink of a pipeline in a thread of its own: batches go through a port, and their buffers come back. */
export class PortSink implements BatchSink {
  readonly #port: MessagePort;
  readonly #pools: BufferPools;
  readonly #isLossless: boolean;
  /** By output: batches that were put and whose buffers are not back. */
  readonly #awayCounts = new Int32Array(OUTPUTS_MAX + INNER_OUTPUTS_MAX);

  /** @param isLossless false: when all buffers of an output are in use, its lines are dropped */
  constructor(port: MessagePort, pools: BufferPools, isLossless: boolean) {
    this.#port = port;
    this.#isLossless = isLossless;
    this.#pools = pools;
  }

  take(output: number): Uint8Array | null {
    const pool = this.#pools.of(output);
    return this.#isLossless ? pool.takeAnyway() : pool.take();
  }

  get isFull(): boolean {
    return this.#pools.isAnyEmpty;
  }

  /** True when so many batches are on their way that the output's disk does not keep up. */
  isBehind(output: number): boolean {
    return this.#awayCounts[output] >= Math.max(1, this.#pools.share / HASTY_BATCHES_SHARE);
  }

  put(batch: LineBatch): void {
    this.#awayCounts[batch.output]++;
    const message: BatchMessage = { kind: 'batch', batch };
    this.#port.postMessage(message);
  }

  ready(): Promise<void> {
    return this.#pools.available();
  }

  /** Takes back a buffer that the control plane returned. */
  give({ bytes, output }: ReturnedBuffer): void {
    this.#awayCounts[output]--;
    this.#pools.of(output).give(bytes);
  }
}

/** Control plane: hands a written batch's buffer back to the worker that owns it. */
export function returnBuffer(
  port: { postMessage(message: unknown): void },
  batch: LineBatch,
): void {
  const message: ReturnedBuffer = { kind: 'buffer', bytes: batch.bytes, output: batch.output };
  port.postMessage(message);
}
