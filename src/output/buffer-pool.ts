import { BATCH_BYTES } from '../limits.ts';

/** A bounded number of batch buffers, made when they are first needed. */
export class BufferPool {
  readonly #free: Uint8Array[] = [];
  #unmade: number;
  /** Buffers made beyond the bound that are still in use. */
  #extra = 0;
  #waiting: (() => void)[] = [];

  constructor(buffersMax: number) {
    this.#unmade = buffersMax;
  }

  /** A buffer, or null when all are in use. */
  take(): Uint8Array | null {
    const bytes = this.#free.pop();
    if (bytes !== undefined) {
      return bytes;
    }
    if (this.#unmade === 0) {
      return null;
    }
    this.#unmade--;
    return createBatchBytes();
  }

  /** A buffer in any case; those made beyond the bound are not kept when they come back. */
  takeAnyway(): Uint8Array {
    const bytes = this.take();
    if (bytes !== null) {
      return bytes;
    }
    this.#extra++;
    return createBatchBytes();
  }

  /** True when all buffers are in use. */
  get isEmpty(): boolean {
    return this.#free.length === 0 && this.#unmade === 0;
  }

  give(bytes: Uint8Array): void {
    if (this.#extra > 0) {
      this.#extra--;
    } else {
      this.#free.push(bytes);
    }
    this.wake();
  }

  /** Resolves when `take` may have a buffer; check again, and after `wake` for whatever ended the wait. */
  async available(): Promise<void> {
    if (this.isEmpty) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Ends every wait. */
  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) {
      resolve();
    }
  }
}

/**
 * Memory of a batch. Shared with the thread that writes it, and never transferred: once any buffer of a thread
 * was detached, V8 looks for that at every access to every other one, the packet ring's too.
 */
export function createBatchBytes(): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(BATCH_BYTES));
}

/**
 * The buffers of several outputs, each with a share of its own: a disk that is stuck costs the lines of its
 * output and of no other.
 */
export class BufferPools {
  /** Buffers of each output. */
  readonly share: number;
  readonly #pools: readonly BufferPool[];

  /** @param buffersMax of all outputs together; each gets two at least */
  constructor(buffersMax: number, outputsCount: number) {
    this.share = Math.max(2, Math.floor(buffersMax / outputsCount));
    this.#pools = Array.from({ length: outputsCount }, () => new BufferPool(this.share));
  }

  of(output: number): BufferPool {
    return this.#pools[output];
  }

  /** True when an output has all its buffers in use. */
  get isAnyEmpty(): boolean {
    for (const pool of this.#pools) {
      if (pool.isEmpty) {
        return true;
      }
    }
    return false;
  }

  /** Resolves when every output may have a buffer, see `BufferPool.available`. */
  async available(): Promise<void> {
    for (const pool of this.#pools) {
      await pool.available();
    }
  }

  /** Ends every wait. */
  wake(): void {
    for (const pool of this.#pools) {
      pool.wake();
    }
  }
}
