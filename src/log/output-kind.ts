import type { LineDocument } from '../format/line-batch.ts';
import type { BatchWriter } from './batch-writer.ts';
import type { LockPlace } from './lock-place.ts';
import type { LogWriterEvents } from './log-writer.ts';
import type { Upkeep } from './upkeep.ts';

/** What the control plane says of the place of an output; a kind takes what it needs. */
export interface PlannedPlace {
  /** Of daily files; undefined: `path` says it. */
  directory: string | undefined;
  /** A file, `-`, or what else names the place. */
  path: string;
  /** How names of daily files of its format end. */
  suffix: string;
  /** Lines that a file of its format begins with. */
  header: Uint8Array | undefined;
  /** What makes a document of the lines of its format; undefined: they are lines. */
  document: LineDocument | undefined;
  /** The option that named the place, for hints; undefined: the usual one. */
  option: string | undefined;
  upkeep: Upkeep | undefined;
  /** Who takes the lines where they are written nowhere. */
  take?: ((lines: Uint8Array) => void) | undefined;
  /** Makes lines coloured, for a terminal; undefined: they stay as they are. */
  paint?: ((lines: Uint8Array) => Uint8Array) | undefined;
}

export interface WriterOptions {
  /**
   * `hold`, for a daemon: what fails is tried again until it works, its batches wait.
   * `fail`, for a replay: the first error rejects this and every later append.
   */
  policy: 'hold' | 'fail';
  events?: LogWriterEvents;
}

/** A kind of output: what becomes of the lines of its format, and what has to be known of their place. */
export interface OutputKind<Target> {
  createTarget(place: PlannedPlace): Target;
  /** Where its lines go, in words. */
  describe(target: Target): string;
  /** What no other output may write to as well; two outputs of one name are refused. */
  nameOf(target: Target): string;
  /** What one daemon alone may write to; undefined where there may be several. */
  findLock(target: Target): LockPlace | undefined;
  /** Descriptors at the worst moment, and threads besides those that decode. */
  countNeeds(target: Target): { descriptors: number; threads: number };
  /** @throws HttplogError when it cannot be written */
  open(target: Target, options: WriterOptions): Promise<BatchWriter>;
}
