import type { UpkeepCounters } from '../counters/writer-counts.ts';
import { EXIT_USAGE, HttplogError } from '../errors.ts';
import { type Compression, isCompressionThere, NO_COMPRESSOR } from './compress-file.ts';

/** What daily files are allowed to become; 0 and `none` leave everything as it is. */
export interface Upkeep {
  /** A file that has reached it is followed by the next of its day; 0: never. */
  rotateBytes: number;
  /** What closed files are compressed with. */
  compression: Compression | typeof NO_COMPRESSOR;
  /** Days before today whose files stay; 0: all. */
  keepDays: number;
  /** Files that stay, the open ones among them; 0: all. */
  keepFiles: number;
  /** Bytes that all files together may take, the open ones among them; 0: any. */
  diskBytesMax: number;
}

export const LEFT_ALONE: Upkeep = {
  rotateBytes: 0,
  compression: NO_COMPRESSOR,
  keepDays: 0,
  keepFiles: 0,
  diskBytesMax: 0,
};

/** Why files are deleted: the name of the option that asks for it. */
export type DeleteReason = keyof UpkeepCounters['filesDeleted'];

/** What became of closed files; told after it was done. Must not throw. */
export interface UpkeepEvents {
  /** The file is full; the next lines go to `nextPath`. */
  onRotate?(path: string, nextPath: string): void;
  /** The file stands in `compressedPath` now, and is gone. */
  onCompress?(path: string, compressedPath: string, bytesBefore: number, bytesAfter: number): void;
  onDelete?(path: string, reason: DeleteReason, byteLength: number): void;
}

/** Whether anything is to be done about files of the past. */
export function hasPastUpkeep(upkeep: Upkeep): boolean {
  return upkeep.compression !== NO_COMPRESSOR || hasRetention(upkeep);
}

export function hasRetention({ keepDays, keepFiles, diskBytesMax }: Upkeep): boolean {
  return keepDays > 0 || keepFiles > 0 || diskBytesMax > 0;
}

/** Whether a day can have more files than one. */
export function hasNumbers({ rotateBytes, compression }: Upkeep): boolean {
  return rotateBytes > 0 || compression !== NO_COMPRESSOR;
}

/** @throws HttplogError with exit code 2 when this Node.js cannot compress so */
export function checkUpkeep({ compression }: Upkeep): void {
  if (compression !== NO_COMPRESSOR && !isCompressionThere(compression)) {
    throw new HttplogError(`Node.js ${process.versions.node} has no ${compression}`, {
      code: 'HTTPLOG_CONFIGURATION',
      exitCode: EXIT_USAGE,
      hint: 'Use --compress gzip, or Node.js 22.15 or later',
    });
  }
}
