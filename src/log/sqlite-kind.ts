import { resolve } from 'node:path';
import { SQLITE_DATABASES_MAX } from '../limits.ts';
import { nameDaily } from './lines-kind.ts';
import { createDailyLock, createFileLock } from './lock-place.ts';
import type { OutputKind } from './output-kind.ts';
import { DAILY_DATABASE_SUFFIX } from './own-files.ts';
import type { SqliteTarget } from './sqlite-target.ts';

/** A database, its write-ahead log, that one's index, and a journal while it is made. */
const FILES_PER_DATABASE = 4;
const OPTION = '--output';

/** Databases: one, or daily ones. */
export const SQLITE_KIND: OutputKind<SqliteTarget> = {
  createTarget({ directory, path, upkeep }) {
    return directory === undefined ? { path } : { directory, upkeep };
  },

  describe(target) {
    return 'path' in target ? target.path : target.directory;
  },

  nameOf(target) {
    return 'path' in target
      ? resolve(target.path)
      : nameDaily(target.directory, DAILY_DATABASE_SUFFIX);
  },

  findLock(target) {
    return 'path' in target
      ? createFileLock('database', target.path, OPTION)
      : createDailyLock(target.directory, DAILY_DATABASE_SUFFIX, OPTION);
  },

  countNeeds() {
    return { descriptors: SQLITE_DATABASES_MAX * FILES_PER_DATABASE, threads: 1 };
  },

  async open(target, options) {
    // Loaded when asked for: it brings SQLite with it.
    return (await import('./sqlite-writer.ts')).openSqliteWriter(target, options);
  },
};
