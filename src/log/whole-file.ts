import { constants } from 'node:fs';
import { LOG_FILE_MODE } from './disk-file.ts';
import type { LineOutput } from './line-output.ts';
import { createNotEmptyError } from './not-empty.ts';
import { OpenFile } from './open-file.ts';
import { type FileTrust, openTrustedFile } from './trusted-file.ts';

const OPEN_FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NONBLOCK |
  constants.O_NOCTTY;

/**
 * A file that is one document: created by its first line, of one run from its first byte to its last. It is not
 * followed by name: what is moved away is written to its end.
 */
export class WholeFile implements LineOutput {
  readonly path: string;
  readonly isPipe = false;
  readonly #trust: FileTrust;
  readonly #onOpen: (path: string) => void;
  #file: OpenFile | null = null;

  constructor(path: string, trust: FileTrust, onOpen: (path: string) => void) {
    this.path = path;
    this.#trust = trust;
    this.#onOpen = onOpen;
  }

  async prepare(): Promise<boolean> {
    if (this.#file === null) {
      const fd = await openTrustedFile(this.path, OPEN_FLAGS, LOG_FILE_MODE, this.#trust);
      const file = await OpenFile.adopt(fd);
      if (file.stats.isFile() && file.stats.size > 0) {
        await file.close();
        throw createNotEmptyError(this.path);
      }
      this.#file = file;
      this.#onOpen(this.path);
    }
    return false;
  }

  async write(chunks: Uint8Array[]): Promise<number> {
    if (this.#file === null) {
      throw new Error(`${this.path} is written before it was prepared`);
    }
    return this.#file.write(chunks);
  }

  requireReopen(): void {
    // Another file would have no beginning, and this one no end.
  }

  async takeBack(byteLength: number): Promise<void> {
    await this.#file?.takeBack(byteLength);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }
}
