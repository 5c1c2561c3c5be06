import type { OpenFile } from './open-file.ts';

/**
 * The lines that a new file begins with, and how many of their bytes stand in the file that is open. No line
 * may follow before all of them do.
 */
export class FileHeader {
  readonly #bytes: Uint8Array;
  #writtenByteLength = 0;

  /** @param bytes whole lines; undefined: none */
  constructor(bytes: Uint8Array | undefined) {
    this.#bytes = bytes ?? new Uint8Array(0);
  }

  /** Bytes at the end of the file that are a part of the header; 0 when all of it is there, or nothing. */
  get tornByteLength(): number {
    return this.#writtenByteLength < this.#bytes.byteLength ? this.#writtenByteLength : 0;
  }

  /** A file that has bytes already has its header, or goes without one. */
  begin(hasBytes: boolean): void {
    this.#writtenByteLength = hasBytes ? this.#bytes.byteLength : 0;
  }

  /** Writes what is missing of it; after an error the next call goes on from there. */
  async write(file: Pick<OpenFile, 'write'>): Promise<void> {
    while (this.#writtenByteLength < this.#bytes.byteLength) {
      this.#writtenByteLength += await file.write([this.#bytes.subarray(this.#writtenByteLength)]);
    }
  }
}
