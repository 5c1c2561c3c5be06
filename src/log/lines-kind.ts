import { resolve } from 'node:path';
import { OPEN_FILES_MAX } from '../limits.ts';
import { DESCRIPTORS_PER_FILE_OUTPUT } from './limits.ts';
import { createDailyLock, createFileLock } from './lock-place.ts';
import { openLogWriter } from './log-writer.ts';
import type { OutputKind, PlannedPlace } from './output-kind.ts';
import { DAILY_SUFFIX, type OutputTarget, STDOUT_PATH } from './output-target.ts';

/** Files of lines: one, daily ones, or standard output. */
export const LINES_KIND: OutputKind<OutputTarget> = {
  createTarget(place: PlannedPlace): OutputTarget {
    const { directory, path, suffix, header, document, option, upkeep, paint } = place;
    if (directory !== undefined) {
      return { kind: 'daily', directory, suffix, header, option, upkeep };
    }
    return path === '-'
      ? { kind: 'stdout', header, document, paint }
      : { kind: 'file', path, header, document, option };
  },

  describe(target) {
    switch (target.kind) {
      case 'daily':
        return target.directory;
      case 'file':
        return target.path;
      case 'stdout':
        return STDOUT_PATH;
      default:
        return target satisfies never;
    }
  },

  nameOf(target) {
    switch (target.kind) {
      case 'daily':
        return nameDaily(target.directory, target.suffix ?? DAILY_SUFFIX);
      case 'file':
        return resolve(target.path);
      case 'stdout':
        return STDOUT_PATH;
      default:
        return target satisfies never;
    }
  },

  findLock(target) {
    switch (target.kind) {
      case 'daily': {
        const { directory, suffix = DAILY_SUFFIX, option = '-d' } = target;
        return createDailyLock(directory, suffix, option);
      }
      case 'file':
        return createFileLock('file', target.path, target.option ?? '-o');
      case 'stdout':
        return undefined;
      default:
        return target satisfies never;
    }
  },

  countNeeds({ kind }) {
    const files = kind === 'daily' ? OPEN_FILES_MAX : 0;
    return { descriptors: DESCRIPTORS_PER_FILE_OUTPUT + files, threads: 0 };
  },

  open: openLogWriter,
};

/** Daily files of one directory and one ending. */
export function nameDaily(directory: string, suffix: string): string {
  return `daily files *.${suffix} in ${resolve(directory)}`;
}
