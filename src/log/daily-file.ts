import { join } from 'node:path';
import type { LineStream } from '../format/line-batch.ts';
import { DiskFile } from './disk-file.ts';
import type { FileKeeper } from './file-keeper.ts';
import type { LineOutput } from './line-output.ts';
import { DAILY_NUMBER_MAX } from './own-files.ts';

const LINE_FEED = 0x0a;

export interface DailyFileOptions {
  directory: string;
  day: number;
  stream: LineStream;
  keeper: FileKeeper;
  header: Uint8Array | undefined;
  /** See `FileTrust`. */
  isStrict: boolean;
  onOpen(path: string): void;
}

/**
 * The files of one day and stream, one after the other: a file that has reached its size is closed between
 * two lines, and the next one begins. While a file is open here, the keeper leaves it alone.
 */
export class DailyFile implements LineOutput {
  readonly isPipe = false;
  readonly #options: DailyFileOptions;
  /** The file under way, and its name's number. */
  #file: DiskFile | null = null;
  #name: string;
  #number = 0;

  constructor(options: DailyFileOptions) {
    this.#options = options;
    this.#name = options.keeper.findName(options.day, options.stream, 0);
  }

  /** Without a number until the first file is known. */
  get path(): string {
    return join(this.#options.directory, this.#name);
  }

  /** It may change while the file is written. */
  get #rotateBytes(): number {
    const { rotateBytes } = this.#options.keeper.upkeep;
    return rotateBytes > 0 ? rotateBytes : Number.POSITIVE_INFINITY;
  }

  async prepare(tornByteLength: number): Promise<boolean> {
    if (tornByteLength === 0 && this.#isFull()) {
      await this.#rotate();
    }
    this.#file ??= await this.#begin();
    return this.#file.prepare(tornByteLength);
  }

  /** Up to the end of the line that reaches the size; the rest is for the next file. */
  async write(chunks: Uint8Array[]): Promise<number> {
    if (this.#file === null) {
      throw new Error(`${this.path} is written before it was prepared`);
    }
    const isLast = this.#number >= DAILY_NUMBER_MAX;
    const roomByteLength = isLast ? Number.POSITIVE_INFINITY : this.#rotateBytes - this.#file.size;
    return this.#file.write(cutChunks(chunks, roomByteLength));
  }

  requireReopen(): void {
    this.#file?.requireReopen();
  }

  async takeBack(byteLength: number): Promise<void> {
    await this.#file?.takeBack(byteLength);
  }

  async close(): Promise<void> {
    const file = this.#file;
    if (file === null) {
      return;
    }
    this.#file = null;
    try {
      await file.close();
    } finally {
      this.#options.keeper.release(this.#name);
    }
  }

  #isFull(): boolean {
    const size = this.#file?.size ?? 0;
    return size >= this.#rotateBytes && this.#number < DAILY_NUMBER_MAX;
  }

  async #begin(): Promise<DiskFile> {
    const { keeper, day, stream } = this.#options;
    const { name, number } = await keeper.holdNewest(day, stream);
    return this.#use(name, number);
  }

  async #rotate(): Promise<void> {
    const { keeper, day, stream } = this.#options;
    const full = this.#file;
    const fullName = this.#name;
    const { name, number } = keeper.holdNext(day, stream, this.#number);
    this.#file = this.#use(name, number);
    try {
      await full?.close();
    } finally {
      keeper.noteRotation(fullName, name);
    }
  }

  #use(name: string, number: number): DiskFile {
    this.#name = name;
    this.#number = number;
    const { isStrict, onOpen, header } = this.#options;
    return new DiskFile(this.path, { isNamed: false, isStrict }, onOpen, header);
  }
}

/** The chunks up to the first end of a line at or behind so many bytes; all when there is none. */
function cutChunks(chunks: Uint8Array[], roomByteLength: number): Uint8Array[] {
  let room = roomByteLength;
  for (const [index, chunk] of chunks.entries()) {
    if (room <= chunk.byteLength) {
      const end = chunk.indexOf(LINE_FEED, Math.max(0, room - 1)) + 1;
      return end === 0 ? chunks : [...chunks.slice(0, index), chunk.subarray(0, end)];
    }
    room -= chunk.byteLength;
  }
  return chunks;
}
