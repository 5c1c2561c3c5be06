import {
  close as closeCallback,
  fstat as fstatCallback,
  ftruncate as ftruncateCallback,
  type Stats,
  writev as writevCallback,
} from 'node:fs';
import { promisify } from 'node:util';

const closeDescriptor = promisify(closeCallback);
const fstat = promisify(fstatCallback);
const ftruncate = promisify(ftruncateCallback);
const writev = promisify(writevCallback);

/** An open descriptor, and what we know about the end of its file. */
export class OpenFile {
  readonly #fd: number;
  readonly #stats: Stats;
  /** Where the file ends if nobody else writes it. */
  #expectedSize: number;
  /** Bytes before that end which we have written ourselves. */
  #ownByteLength = 0;

  private constructor(fd: number, stats: Stats) {
    this.#fd = fd;
    this.#stats = stats;
    this.#expectedSize = stats.size;
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

  isSameFile(stats: Stats): boolean {
    return this.#stats.ino === stats.ino && this.#stats.dev === stats.dev;
  }

  async write(chunks: Uint8Array[]): Promise<number> {
    const { bytesWritten } = await writev(this.#fd, chunks);
    if (bytesWritten === 0) {
      throw new Error('the system took no byte');
    }
    this.#expectedSize += bytesWritten;
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
