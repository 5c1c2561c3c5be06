import {
  close as closeCallback,
  constants,
  fstat as fstatCallback,
  ftruncate as ftruncateCallback,
  type Stats,
  writev as writevCallback,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

const closeDescriptor = promisify(closeCallback);
const fstat = promisify(fstatCallback);
const ftruncate = promisify(ftruncateCallback);
const writev = promisify(writevCallback);

const LINE_FEED = 0x0a;

/** An open descriptor, and what we know about the end of its file. */
export class OpenFile {
  readonly #fd: number;
  readonly #stats: Stats;
  /** Bytes of the file when it was last looked at, and ours since. */
  #size: number;
  /** Where the file ends if nobody else writes it. */
  #expectedSize: number;
  /** Bytes before that end which we have written ourselves. */
  #ownByteLength = 0;

  private constructor(fd: number, stats: Stats) {
    this.#fd = fd;
    this.#stats = stats;
    this.#expectedSize = stats.size;
    this.#size = stats.size;
  }

  /** Takes over a descriptor; `previous` is an earlier one of the same path. */
  static async adopt(fd: number, previous: OpenFile | null = null): Promise<OpenFile> {
    const file = new OpenFile(fd, await fstat(fd));
    if (previous?.isSameFile(file.#stats) && previous.#expectedSize === file.#expectedSize) {
      file.#ownByteLength = previous.#ownByteLength;
    }
    return file;
  }

  get stats(): Stats {
    return this.#stats;
  }

  /** As far as is known: others may write to it, or empty it, at any time. */
  get size(): number {
    return this.#size;
  }

  /** The file was looked at again. */
  noteSize(size: number): void {
    this.#size = size;
  }

  /** Whether the file ends within a line, as one whose writer was killed does. False when it cannot be read. */
  async endsWithinLine(): Promise<boolean> {
    if (!this.#stats.isFile() || this.#stats.size === 0) {
      return false;
    }
    try {
      // Not by its path, which may be another file's by now.
      const reader = await open(`/proc/self/fd/${this.#fd}`, constants.O_RDONLY);
      try {
        const last = this.#stats.size - 1;
        const { bytesRead, buffer } = await reader.read(Buffer.alloc(1), 0, 1, last);
        return bytesRead === 1 && buffer[0] !== LINE_FEED;
      } finally {
        await reader.close();
      }
    } catch {
      return false;
    }
  }

  isSameFile(stats: Stats): boolean {
    return this.#stats.ino === stats.ino && this.#stats.dev === stats.dev;
  }

  async write(chunks: Uint8Array[]): Promise<number> {
    const { bytesWritten } = await writev(this.#fd, chunks);
    if (bytesWritten === 0) {
      throw new Error('the system took no byte');
    }
    this.#expectedSize += bytesWritten;
    this.#size += bytesWritten;
    this.#ownByteLength += bytesWritten;
    return bytesWritten;
  }

  /** See `LineOutput.takeBack`; a failure leaves the bytes where they are. */
  async takeBack(byteLength: number): Promise<void> {
    if (byteLength === 0 || byteLength > this.#ownByteLength || !this.#stats.isFile()) {
      return;
    }
    try {
      if ((await fstat(this.#fd)).size === this.#expectedSize) {
        await ftruncate(this.#fd, this.#expectedSize - byteLength);
        this.#expectedSize -= byteLength;
        this.#ownByteLength -= byteLength;
      }
    } catch {
      // A disk that fails keeps half a line; the line is counted as dropped either way.
    }
  }

  async close(): Promise<void> {
    await closeDescriptor(this.#fd);
  }
}
