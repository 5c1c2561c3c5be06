import { join } from 'node:path';
import { systemErrorName } from '../errors.ts';
import { type Compression, compressFile } from './compress-file.ts';
import type { FileClaims } from './file-claims.ts';
import type { OwnFile } from './own-files.ts';
import type { UpkeepReports } from './upkeep-reports.ts';

/** Compresses the closed files of a directory, one at a time. */
export class FileCompressor {
  readonly #directory: string;
  readonly #compression: Compression;
  readonly #claims: FileClaims;
  readonly #reports: UpkeepReports;
  readonly #onShrunk: () => void;
  readonly #stop = new AbortController();
  /** The oldest first. */
  #waiting: OwnFile[] = [];
  #running: Promise<void> | null = null;

  /** @param onShrunk told after each file that was compressed */
  constructor(
    directory: string,
    compression: Compression,
    claims: FileClaims,
    reports: UpkeepReports,
    onShrunk: () => void,
  ) {
    this.#directory = directory;
    this.#compression = compression;
    this.#claims = claims;
    this.#reports = reports;
    this.#onShrunk = onShrunk;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** These are the files to compress, in the place of those that still wait. */
  compress(files: OwnFile[]): void {
    this.#waiting = files;
    this.#run();
  }

  /** The file under way stays as it was. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #run(): void {
    if (this.#running === null && this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      this.#running = this.#compressWaiting().finally(() => {
        this.#running = null;
        this.#run();
      });
    }
  }

  async #compressWaiting(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      const [{ name }, ...others] = this.#waiting;
      this.#waiting = others;
      await this.#claims.take(name, () => this.#compressOne(name));
    }
  }

  async #compressOne(name: string): Promise<void> {
    const path = join(this.#directory, name);
    try {
      const compressed = await compressFile(path, this.#compression, this.#stop.signal);
      this.#reports.noteCompressed(path, compressed);
      this.#onShrunk();
    } catch (error) {
      // One that was deleted or moved away is nobody's fault.
      if (!this.#stop.signal.aborted && systemErrorName(error) !== 'ENOENT') {
        this.#reports.noteFault(path, 'compress', error);
        // The others would not fit either, and lines need the space.
        this.#waiting = isDiskFull(error) ? [] : this.#waiting;
      }
    }
  }
}

function isDiskFull(error: unknown): boolean {
  const name = systemErrorName(error);
  return name === 'ENOSPC' || name === 'EDQUOT';
}
