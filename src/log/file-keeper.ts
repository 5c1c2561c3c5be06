import { lstat, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { UpkeepCounters } from '../counters/writer-counts.ts';
import { systemErrorName } from '../errors.ts';
import { LINE_STREAM_NAMES, type LineStream } from '../format/line-batch.ts';
import { findClosedFiles } from './closed-files.ts';
import { FileClaims } from './file-claims.ts';
import { FileCompressor } from './file-compressor.ts';
import { FileSizes } from './file-sizes.ts';
import { UPKEEP_INTERVAL_MS } from './limits.ts';
import {
  createNamePattern,
  DAILY_NUMBER_MAX,
  findDailyName,
  listOwnFiles,
  type OwnFile,
  parseOwnName,
} from './own-files.ts';
import { refuseOther } from './path-trust.ts';
import { chooseDeletions, type Deletion, findToday, type SizedFile } from './retention.ts';
import {
  hasNumbers,
  hasPastUpkeep,
  hasRetention,
  type Upkeep,
  type UpkeepEvents,
} from './upkeep.ts';
import { UpkeepReports } from './upkeep-reports.ts';
import type { WriteFault } from './write-fault.ts';

export interface FileKeeperOptions {
  directory: string;
  suffix: string;
  /** How names of files end that belong to each of them, `-wal` of a database: they count, and go with it. */
  companionSuffixes?: readonly string[] | undefined;
  upkeep: Upkeep;
  events: UpkeepEvents & { onFault?(fault: WriteFault): void };
  /** See `FileCompressorOptions`. */
  settle?: ((path: string) => Promise<void>) | undefined;
}

/** A file that was given out to be written. */
export interface HeldFile {
  name: string;
  number: number;
}

/**
 * Looks after the files of one output: which one is written next, and what becomes of those that are closed.
 * What is held to be written is neither compressed nor deleted, and what is compressed is never given out.
 */
export class FileKeeper {
  /** Changed by `change` alone. */
  upkeep: Upkeep;
  readonly #directory: string;
  readonly #suffix: string;
  readonly #companionSuffixes: readonly string[];
  readonly #pattern: RegExp;
  readonly #claims = new FileClaims();
  readonly #reports: UpkeepReports;
  readonly #compressor: FileCompressor;
  readonly #sizes: FileSizes;
  #sweeping: Promise<void> | null = null;
  #isSweepDue = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: FileKeeperOptions) {
    const { directory, suffix, upkeep, settle } = options;
    this.upkeep = upkeep;
    this.#directory = directory;
    this.#suffix = suffix;
    this.#companionSuffixes = options.companionSuffixes ?? [];
    this.#pattern = createNamePattern(suffix);
    this.#sizes = new FileSizes(directory, this.#companionSuffixes);
    this.#reports = new UpkeepReports(options.events);
    this.#compressor = new FileCompressor({
      directory,
      claims: this.#claims,
      reports: this.#reports,
      settle,
      onShrunk: () => this.#sweepSoon(),
    });
  }

  get counters(): UpkeepCounters {
    return this.#reports.counters;
  }

  /** Looks after the files of the past from now on, where anything is to be done about them. */
  start(): void {
    if (hasPastUpkeep(this.upkeep)) {
      this.#timer = setInterval(() => this.#sweepSoon(), UPKEEP_INTERVAL_MS).unref();
      this.#sweepSoon();
    }
  }

  /** From here on this holds. A file that is being compressed at the moment is brought to its end. */
  change(upkeep: Upkeep): void {
    this.upkeep = upkeep;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#compressor.compress([], upkeep.compression);
    if (!this.#isClosed) {
      this.start();
    }
  }

  /** Ends what is under way: a file that is being compressed stays as it was. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#isClosed = true;
    await this.#compressor.close();
    await this.#sweeping;
  }

  /**
   * The newest file of a day, or the one behind it when that is full or closed for good. It is the caller's
   * until `release`.
   *
   * @throws Error of the system when the directory cannot be read
   */
  async holdNewest(day: number, stream: LineStream): Promise<HeldFile> {
    if (!hasNumbers(this.upkeep)) {
      const only = this.findName(day, stream, 0);
      await this.#claims.untaken(only);
      return this.#hold(only, 0);
    }
    const files = (await listOwnFiles(this.#directory, this.#pattern)).filter(
      (file) => file.day === day && file.stream === stream,
    );
    if (files.length === 0) {
      return this.holdNext(day, stream, this.upkeep.rotateBytes > 0 ? 0 : -1);
    }
    const number = Math.max(...files.map((file) => file.number));
    const name = this.findName(day, stream, number);
    const isClosed = files.some((file) => file.number === number && file.state !== 'plain');
    return isClosed || (await this.#isFull(name)) || this.#claims.isTaken(name)
      ? this.holdNext(day, stream, number)
      : this.#hold(name, number);
  }

  /** The file behind that number; the last number stands for itself. */
  holdNext(day: number, stream: LineStream, number: number): HeldFile {
    let next = Math.min(number + 1, DAILY_NUMBER_MAX);
    while (this.#claims.isTaken(this.findName(day, stream, next)) && next < DAILY_NUMBER_MAX) {
      next += 1;
    }
    return this.#hold(this.findName(day, stream, next), next);
  }

  /** The file is closed; what is to become of it is looked at soon. */
  release(name: string): void {
    this.#claims.release(name);
    if (this.#timer !== undefined) {
      this.#sweepSoon();
    }
  }

  noteRotation(name: string, nextName: string): void {
    this.#reports.noteRotated(join(this.#directory, name), join(this.#directory, nextName));
    this.release(name);
  }

  findName(day: number, stream: LineStream, number: number): string {
    return findDailyName(day, LINE_STREAM_NAMES[stream], this.#suffix, number);
  }

  #hold(name: string, number: number): HeldFile {
    this.#claims.hold(name);
    this.#sizes.forget(name);
    return { name, number };
  }

  async #isFull(name: string): Promise<boolean> {
    const { rotateBytes } = this.upkeep;
    return rotateBytes > 0 && (await this.#sizes.read(name)) >= rotateBytes;
  }

  #sweepSoon(): void {
    this.#isSweepDue = true;
    if (this.#sweeping === null && !this.#isClosed) {
      this.#sweeping = this.#sweepWhileDue().finally(() => {
        this.#sweeping = null;
        if (this.#isSweepDue) {
          this.#sweepSoon();
        }
      });
    }
  }

  async #sweepWhileDue(): Promise<void> {
    while (this.#isSweepDue && !this.#isClosed) {
      this.#isSweepDue = false;
      try {
        await this.#sweep();
      } catch (error) {
        this.#reports.noteFault(this.#directory, 'look after the files of', error);
      }
    }
  }

  async #sweep(): Promise<void> {
    const listed = await listOwnFiles(this.#directory, this.#pattern);
    const files = await this.#deleteUnfinished(listed);
    const upkeep = this.upkeep;
    if (hasRetention(upkeep)) {
      const sized = await this.#measure(files, upkeep.diskBytesMax > 0);
      for (const deletion of chooseDeletions(sized, upkeep, findToday(Date.now()))) {
        // What was chosen by limits that hold no more stays: they are looked at anew.
        if (this.upkeep !== upkeep) {
          return;
        }
        await this.#delete(deletion);
      }
    }
    if (!this.#isClosed) {
      const held = this.#claims.heldNames().map((name) => parseOwnName(name, this.#pattern));
      const closed = findClosedFiles(files, held, findToday(Date.now())).filter(
        ({ name }) => !this.#claims.isBusy(name),
      );
      this.#compressor.compress(closed, this.upkeep.compression);
    }
  }

  /** What a run that was killed has left; the others are given back. */
  async #deleteUnfinished(files: OwnFile[]): Promise<OwnFile[]> {
    if (this.#compressor.isRunning) {
      return files;
    }
    for (const { name, state } of files) {
      if (state === 'unfinished') {
        await unlink(join(this.#directory, name)).catch(() => undefined);
      }
    }
    return files.filter(({ state }) => state !== 'unfinished');
  }

  /** Sizes as far as they are needed; none at all when the end has come. */
  async #measure(files: readonly OwnFile[], isSizeNeeded: boolean): Promise<SizedFile[]> {
    this.#sizes.forgetOthers(files);
    const sized: SizedFile[] = [];
    for (const file of files) {
      if (this.#isClosed) {
        return [];
      }
      const isOpen = this.#claims.isHeld(file.name);
      let byteLength = isSizeNeeded ? this.#sizes.find(file.name) : 0;
      byteLength ??= await this.#sizes.read(file.name);
      if (isSizeNeeded && file.state !== 'unfinished' && !this.#claims.isBusy(file.name)) {
        this.#sizes.note(file.name, byteLength);
      }
      sized.push({ file, byteLength, isOpen });
    }
    return sized;
  }

  /** One that is compressed at the moment stays until it is: then everything is looked at again. */
  async #delete({ file: { name, state }, reason, byteLength }: Deletion): Promise<void> {
    if (this.#isClosed || state === 'unfinished') {
      return;
    }
    const path = join(this.#directory, name);
    await this.#claims.take(name, async () => {
      try {
        refuseOther(await lstat(path));
        const deletedByteLength = byteLength || (await this.#sizes.read(name));
        await this.#deleteCompanions(path);
        await unlink(path);
        this.#sizes.forget(name);
        this.#reports.noteDeleted(path, reason, deletedByteLength);
      } catch (error) {
        if (systemErrorName(error) === 'ENOENT') {
          // It was compressed or moved since the directory was read: the sum is another one now.
          this.#isSweepDue = true;
        } else {
          this.#reports.noteFault(path, 'delete', error);
        }
      }
    });
  }

  /** Before their file: the next one of its name must not find them. */
  async #deleteCompanions(path: string): Promise<void> {
    for (const suffix of this.#companionSuffixes) {
      await rm(`${path}${suffix}`, { force: true });
    }
  }
}
