import { constants, open as openCallback, type Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemErrorName } from '../errors.ts';
import { LOG_FILE_CHECK_INTERVAL_MS } from '../limits.ts';
import type { LineOutput } from './line-output.ts';
import { OpenFile } from './open-file.ts';

const openDescriptor = promisify(openCallback);

/** Readable by the group, by nobody else; the umask may take more away. */
const LOG_FILE_MODE = 0o640;

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

/**
 * A log file that is appended to. Created by its first line, and followed by name: when it was deleted or
 * moved away, or its directory was, the next write goes to a new file of that name.
 */
export class DiskFile implements LineOutput {
  readonly path: string;
  readonly #onOpen: (path: string) => void;
  #file: OpenFile | null = null;
  #mustReopen = false;
  #checkedAtMs = 0;

  constructor(path: string, onOpen: (path: string) => void) {
    this.path = path;
    this.#onOpen = onOpen;
  }

  async prepare(tornByteLength: number): Promise<boolean> {
    const previous = this.#file;
    if (previous !== null && !this.#mustReopen && (await this.#isInPlace(previous))) {
      return false;
    }
    const fd = await openDescriptor(this.path, OPEN_FLAGS, LOG_FILE_MODE);
    const file = await OpenFile.adopt(fd, previous);
    this.#file = file;
    this.#mustReopen = false;
    this.#checkedAtMs = performance.now();
    if (previous === null) {
      this.#onOpen(this.path);
      return false;
    }
    // The new reader of a named pipe has not seen the beginning of the line either.
    const isOther = !file.stats.isFile() || !previous.isSameFile(file.stats);
    if (isOther) {
      await previous.takeBack(tornByteLength);
      this.#onOpen(this.path);
    }
    // It was left because it failed or is gone; its end has nothing to tell that matters now.
    await previous.close().catch(() => undefined);
    return isOther;
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
    await this.#file?.takeBack(byteLength);
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
    const stats = await statIfThere(this.path);
    return stats !== null && file.isSameFile(stats);
  }
}

async function statIfThere(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (systemErrorName(error) === 'ENOENT') {
      return null;
    }
    throw error;
  }
}
