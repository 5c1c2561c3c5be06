import { constants, type Stats } from 'node:fs';
import { lstat, stat } from 'node:fs/promises';
import { systemErrorName } from '../errors.ts';
import { FileHeader } from './file-header.ts';
import { LOG_FILE_CHECK_INTERVAL_MS } from './limits.ts';
import type { LineOutput } from './line-output.ts';
import { OpenFile } from './open-file.ts';
import { type FileTrust, openTrustedFile } from './trusted-file.ts';

/** Readable by the group, by nobody else; the umask may take more away. */
export const LOG_FILE_MODE = 0o640;

/**
 * O_NONBLOCK changes nothing for a regular file. A named pipe without a reader then fails at once instead
 * of holding a thread of the pool, for which the end of the process would wait.
 */
const OPEN_FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  constants.O_NONBLOCK |
  constants.O_NOCTTY;

const LINE_FEED = Uint8Array.of(0x0a);

/**
 * A log file that is appended to. Created by its first line, and followed by name: when it was deleted or
 * moved away, or its directory was, the next write goes to a new file of that name. Of a file that was there
 * before, a last line without its end is ended first.
 */
export class DiskFile implements LineOutput {
  readonly path: string;
  /** A named pipe is opened without waiting, and never waited for. */
  readonly isPipe = false;
  readonly #trust: FileTrust;
  readonly #onOpen: (path: string) => void;
  readonly #header: FileHeader;
  #file: OpenFile | null = null;
  #mustReopen = false;
  #checkedAtMs = 0;
  /** The file ends within a line that somebody else has begun: ours would be glued to it. */
  #endsWithinLine = false;
  /** The file became another one, and who writes has not been told yet. */
  #isOther = false;

  /**
   * @param header what a new or empty file begins with. A named pipe gets it when it is opened, and again
   *   after a write found no reader: a reader that takes over without one cannot be told from the one before.
   */
  constructor(path: string, trust: FileTrust, onOpen: (path: string) => void, header?: Uint8Array) {
    this.path = path;
    this.#trust = trust;
    this.#onOpen = onOpen;
    this.#header = new FileHeader(header);
  }

  /** Bytes of the open file; 0 when none is open. */
  get size(): number {
    return this.#file?.size ?? 0;
  }

  async prepare(tornByteLength: number): Promise<boolean> {
    let file = this.#file;
    if (file === null || this.#mustReopen || !(await this.#isInPlace(file))) {
      file = await this.#open(tornByteLength);
    }
    if (this.#endsWithinLine) {
      await file.write([LINE_FEED]);
      this.#endsWithinLine = false;
    }
    await this.#header.write(file);
    const isOther = this.#isOther;
    this.#isOther = false;
    return isOther;
  }

  async #open(tornByteLength: number): Promise<OpenFile> {
    const previous = this.#file;
    const fd = await openTrustedFile(this.path, OPEN_FLAGS, LOG_FILE_MODE, this.#trust);
    const file = await OpenFile.adopt(fd, previous);
    this.#file = file;
    this.#mustReopen = false;
    this.#checkedAtMs = performance.now();
    // The new reader of a named pipe has not seen the beginning of the line either.
    const isOther = previous !== null && (!file.stats.isFile() || !previous.isSameFile(file.stats));
    if (isOther) {
      // A line is torn only in the file that it was begun in, and a header only before all lines.
      await previous.takeBack(this.#header.tornByteLength || (this.#isOther ? 0 : tornByteLength));
      this.#isOther = true;
    }
    if (previous === null || isOther || file.stats.size === 0) {
      this.#header.begin(file.stats.size > 0);
    }
    if (previous === null || isOther) {
      this.#endsWithinLine = await file.endsWithinLine();
      this.#onOpen(this.path);
    }
    // It was left because it failed or is gone; its end has nothing to tell that matters now.
    await previous?.close().catch(() => undefined);
    return file;
  }

  async write(chunks: Uint8Array[]): Promise<number> {
    if (this.#file === null) {
      throw new Error(`${this.path} is written before it was prepared`);
    }
    return this.#file.write(chunks);
  }

  requireReopen(): void {
    this.#mustReopen = true;
  }

  async takeBack(byteLength: number): Promise<void> {
    await this.#file?.takeBack(this.#header.tornByteLength || byteLength);
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close();
  }

  /** One `stat` a flush under usual load, five a second under full load. */
  async #isInPlace(file: OpenFile): Promise<boolean> {
    const nowMs = performance.now();
    if (nowMs - this.#checkedAtMs < LOG_FILE_CHECK_INTERVAL_MS) {
      return true;
    }
    this.#checkedAtMs = nowMs;
    const stats = await this.#statIfThere();
    if (stats === null || !file.isSameFile(stats)) {
      return false;
    }
    file.noteSize(stats.size);
    if (stats.isFile() && stats.size === 0) {
      // Emptied in place by a rotation that copies; of a file that was not, nothing is there yet.
      this.#header.begin(false);
    }
    return true;
  }

  /** A link that comes in the place of the file is another one, even when it leads to this one. */
  async #statIfThere(): Promise<Stats | null> {
    try {
      return await (this.#trust.isNamed ? stat(this.path) : lstat(this.path));
    } catch (error) {
      if (systemErrorName(error) === 'ENOENT') {
        return null;
      }
      throw error;
    }
  }
}
