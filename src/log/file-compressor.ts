import { join } from 'node:path';
import { systemErrorName } from '../errors.ts';
import { type Compression, compressFile, NO_COMPRESSOR } from './compress-file.ts';
import type { FileClaims } from './file-claims.ts';
import type { OwnFile } from './own-files.ts';
import type { UpkeepReports } from './upkeep-reports.ts';

export interface FileCompressorOptions {
  directory: string;
  claims: FileClaims;
  reports: UpkeepReports;
  /** Brings everything of a closed file into the one that is compressed; rejects when it cannot be now. */
  settle?: ((path: string) => Promise<void>) | undefined;
  /** Told after each file that was compressed. */
  onShrunk(): void;
}

/** Compresses the closed files of a directory, one at a time. */
export class FileCompressor {
  readonly #options: FileCompressorOptions;
  readonly #stop = new AbortController();
  #compression: Compression | typeof NO_COMPRESSOR = NO_COMPRESSOR;
  /** The oldest first. */
  #waiting: OwnFile[] = [];
  #running: Promise<void> | null = null;

  constructor(options: FileCompressorOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** These are the files to compress, in the place of those that still wait. */
  compress(files: OwnFile[], compression: Compression | typeof NO_COMPRESSOR): void {
    this.#compression = compression;
    this.#waiting = compression === NO_COMPRESSOR ? [] : files;
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
      const compression = this.#compression;
      if (compression !== NO_COMPRESSOR) {
        await this.#options.claims.take(name, () => this.#compressOne(name, compression));
      }
    }
  }

  async #compressOne(name: string, compression: Compression): Promise<void> {
    const { directory, reports, settle } = this.#options;
    const path = join(directory, name);
    try {
      await settle?.(path);
      const compressed = await compressFile(path, compression, this.#stop.signal);
      reports.noteCompressed(path, compressed);
      this.#options.onShrunk();
    } catch (error) {
      // One that was deleted or moved away is nobody's fault.
      if (!this.#stop.signal.aborted && systemErrorName(error) !== 'ENOENT') {
        reports.noteFault(path, 'compress', error);
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
