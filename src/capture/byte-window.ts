import { FILL_END, FILL_FRAMES, FILL_IDLE, type FillState } from './frame.ts';
import { POLL_TIMEOUT_MS, READ_CHUNK_BYTES, READ_HEAD_ROOM_BYTES } from './limits.ts';

/** Bytes in order: a file, a pipe, or what a decompressor makes of either. */
export interface ByteSource {
  /**
   * Fills `target` from `offset` on with at least one byte and gives their count, or 0 at the end.
   * One call at a time; `target` must not be touched meanwhile. Rejects with the cause as it is.
   */
  read(target: Uint8Array, offset: number): Promise<number>;
  /** Bytes taken from the file so far, compressed ones where it is compressed. */
  readonly bytesRead: number;
  /** The file's length, or undefined for a pipe. */
  readonly bytesTotal: number | undefined;
  /** Gives the file back, at once or as soon as a running `read` is done. */
  close(): void;
}

/** How much of a file was read. */
export interface ReadProgress {
  /** Bytes taken from the file, compressed ones where it is compressed; reading ahead counts. */
  bytesRead: number;
  /** The file's length, or undefined where nobody knows it. */
  bytesTotal: number | undefined;
}

/**
 * The part of a byte source that is in memory: `[position, end)` of `bytes`.
 *
 * Two buffers alternate. While the caller decodes one, the source reads into the other, behind its head
 * room; then the rest of the first is moved in front of what was read. Bytes that were given stay as
 * they are until the next `advance`.
 */
export class ByteWindow {
  bytes: Uint8Array = new Uint8Array(0);
  /** The same bytes, for loads of more than one byte. */
  view: DataView = new DataView(new ArrayBuffer(0));
  /** First byte not consumed; the caller moves it. */
  position = 0;
  end = 0;

  readonly #source: ByteSource;
  /** Offset in the source of `bytes[0]`. */
  #startOffset = 0;
  #headRoom = READ_HEAD_ROOM_BYTES;
  /** The buffer that the source fills from `#headRoom` on. */
  #spare: Uint8Array = new Uint8Array(0);
  /** Bytes that came into `#spare`; -1 while the source reads. */
  #arrivedBytes = -1;
  #failure: unknown;
  #ended = false;
  #wake = () => {};

  constructor(source: ByteSource) {
    this.#source = source;
    this.#startRead();
  }

  /** Offset in the source of `position`. */
  get offset(): number {
    return this.#startOffset + this.position;
  }

  get progress(): ReadProgress {
    return { bytesRead: this.#source.bytesRead, bytesTotal: this.#source.bytesTotal };
  }

  /**
   * Waits until `byteLength` bytes stand at `position`: FILL_FRAMES, or FILL_END when the source ends
   * before, or FILL_IDLE after POLL_TIMEOUT_MS. Rejects with the source's failure once everything
   * before it is in the window. **The caller bounds `byteLength`.**
   */
  async advance(byteLength: number): Promise<FillState> {
    if (this.end - this.position >= byteLength) {
      return FILL_FRAMES;
    }
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      this.#wake();
    }, POLL_TIMEOUT_MS);
    try {
      while (this.end - this.position < byteLength) {
        if (this.#failure !== undefined) {
          throw this.#failure;
        }
        if (this.#ended) {
          return FILL_END;
        }
        if (this.#arrivedBytes >= 0) {
          this.#accept(this.#arrivedBytes);
        } else if (isLate) {
          return FILL_IDLE;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      clearTimeout(timer);
    }
    return FILL_FRAMES;
  }

  /** Waits without a bound: whether `byteLength` bytes stand at `position` before the source ends. */
  async has(byteLength: number): Promise<boolean> {
    let state: FillState = FILL_IDLE;
    while (state === FILL_IDLE) {
      state = await this.advance(byteLength);
    }
    return state === FILL_FRAMES;
  }

  /** A copy of the next bytes, which are consumed. **They stand in the window.** */
  take(byteLength: number): Uint8Array {
    const bytes = this.bytes.slice(this.position, this.position + byteLength);
    this.position += byteLength;
    return bytes;
  }

  close(): void {
    this.#ended = true;
    this.#wake();
    this.#source.close();
  }

  #startRead(): void {
    if (this.#spare.byteLength !== this.#headRoom + READ_CHUNK_BYTES) {
      this.#spare = new Uint8Array(this.#headRoom + READ_CHUNK_BYTES);
    }
    this.#arrivedBytes = -1;
    this.#source.read(this.#spare, this.#headRoom).then(
      (count) => {
        this.#arrivedBytes = count;
        this.#wake();
      },
      (error) => {
        this.#failure = error;
        this.#wake();
      },
    );
  }

  /** Joins `count` bytes in the spare buffer to the rest of this one: moves whichever is shorter. */
  #accept(count: number): void {
    if (count === 0) {
      this.#ended = true;
      return;
    }
    const arrived = this.#spare.subarray(this.#headRoom, this.#headRoom + count);
    const restBytes = this.end - this.position;
    if (count < restBytes && count <= this.bytes.byteLength - this.end) {
      this.bytes.set(arrived, this.end);
      this.end += count;
    } else {
      this.#swap(arrived, restBytes);
    }
    this.#startRead();
  }

  #swap(arrived: Uint8Array, restBytes: number): void {
    let target = this.#spare;
    if (restBytes > this.#headRoom) {
      this.#headRoom = Math.max(2 * this.#headRoom, restBytes);
      target = new Uint8Array(this.#headRoom + READ_CHUNK_BYTES);
      target.set(arrived, this.#headRoom);
    }
    const position = this.#headRoom - restBytes;
    target.set(this.bytes.subarray(this.position, this.end), position);
    this.#startOffset += this.position - position;
    this.#spare = this.bytes;
    this.bytes = target;
    this.view = new DataView(target.buffer);
    this.position = position;
    this.end = this.#headRoom + arrived.byteLength;
  }
}
