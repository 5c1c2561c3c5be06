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

/** Why files are deleted, by the name of the option. */
export const DELETE_REASONS = ['keep-days', 'keep-files', 'max-disk'] as const;
export type DeleteReason = (typeof DELETE_REASONS)[number];

/** What became of closed files; told after it was done. Must not throw. */
export interface UpkeepEvents {
  /** The file is full; the next lines go to `nextPath`. */
  onRotate?(path: string, nextPath: string): void;
  /** The file stands in `compressedPath` now, and is gone. */
  onCompress?(path: string, compressedPath: string, bytesBefore: number, bytesAfter: number): void;
  onDelete?(path: string, reason: DeleteReason, byteLength: number): void;
}

export interface UpkeepCounters {
  /** Files that were full and are followed by another one. */
  filesRotated: number;
  filesCompressed: number;
  /** Bytes of those files before, and after. */
  compressionInputBytes: number;
  compressionOutputBytes: number;
  filesDeleted: Record<DeleteReason, number>;
  /** Files that could not be compressed or deleted, and directories that could not be read; each try counts. */
  upkeepErrors: number;
}

export function createUpkeepCounters(): UpkeepCounters {
  return {
    filesRotated: 0,
    filesCompressed: 0,
    compressionInputBytes: 0,
    compressionOutputBytes: 0,
    filesDeleted: { 'keep-days': 0, 'keep-files': 0, 'max-disk': 0 },
    upkeepErrors: 0,
  };
}

/** Adds the counters of one output to those of several. */
export function addUpkeepCounters(sum: UpkeepCounters, part: UpkeepCounters): void {
  sum.filesRotated += part.filesRotated;
  sum.filesCompressed += part.filesCompressed;
  sum.compressionInputBytes += part.compressionInputBytes;
  sum.compressionOutputBytes += part.compressionOutputBytes;
  for (const reason of DELETE_REASONS) {
    sum.filesDeleted[reason] += part.filesDeleted[reason];
  }
  sum.upkeepErrors += part.upkeepErrors;
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
