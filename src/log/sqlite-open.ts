import {
  closeSync,
  constants,
  fstatSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { systemErrorName } from '../errors.ts';
import {
  createTrustRefusal,
  isOwnOrRoots,
  isWritableByOthers,
  type TrustedPath,
} from './path-trust.ts';
import { createSqliteRefusal } from './sqlite-fault.ts';
import { findPlaceSync, openTrustedFileSync } from './trusted-file.ts';

export type SqliteModule = typeof import('node:sqlite');

/** What SQLite makes beside a database while it is open, and leaves behind when the machine stops. */
export const COMPANION_SUFFIXES = ['-wal', '-shm', '-journal'] as const;

/** As log files: readable by the group, by nobody else. What SQLite makes beside it has the same mode. */
const DATABASE_FILE_MODE = 0o640;

/** O_NONBLOCK is for a named pipe of that name, which would hold the thread. */
const OPEN_FLAGS = constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY;
const MAKE_FLAGS = OPEN_FLAGS | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** What every database begins with; an empty file is an empty database. */
const SQLITE_MAGIC = 'SQLite format 3\0';

/** An open database, and its file as it was looked at. */
export interface OpenedDatabase {
  database: DatabaseSync;
  stats: Stats;
}

/**
 * Opens a database that is there, when nobody else may have put it there or may write to it.
 *
 * SQLite follows links to a database, and opens what is beside it by name: everything is looked at before, and
 * the file once more when SQLite has it.
 *
 * @param timeoutMs that SQLite waits for locks
 * @throws Error of the system, of SQLite, of `createSqliteRefusal` or of `createTrustRefusal`
 */
export function openDatabase(
  sqlite: SqliteModule,
  place: TrustedPath,
  timeoutMs: number,
): OpenedDatabase {
  const fd = openTrustedFileSync(place, OPEN_FLAGS, 0);
  try {
    const stats = fstatSync(fd);
    refuseForeign(fd, stats);
    claimCompanions(place);
    const database = new sqlite.DatabaseSync(createUri(place.path), { timeout: timeoutMs });
    if (countDescriptors(stats) < 2) {
      database.close();
      throw createTrustRefusal('HTTPLOG_FILE_LINK', 'it was replaced while it was opened');
    }
    return { database, stats };
  } finally {
    // Before SQLite has a lock: the end of any descriptor of a file ends all of the process's locks on it.
    closeSync(fd);
  }
}

/**
 * Makes a database under another name and gives it its own one when it is whole, so that nobody who reads it
 * ever sees a part. When another process was first, its database stays.
 *
 * @param fill makes tables and modes; the database has nothing beside it after it is closed
 */
export function makeDatabase(
  sqlite: SqliteModule,
  place: TrustedPath,
  fill: (database: DatabaseSync) => void,
): void {
  const unborn = { ...place, path: `${place.path}.${process.pid}${UNBORN_ENDING}` };
  removeWithCompanions(unborn.path);
  closeSync(openSync(unborn.path, MAKE_FLAGS, DATABASE_FILE_MODE));
  try {
    const { database, stats } = openDatabase(sqlite, unborn, 0);
    try {
      fill(database);
    } finally {
      database.close();
    }
    if (!isThere(place.path)) {
      removeOrphans(place.path, stats.ctimeMs);
      giveName(unborn.path, place.path);
    }
  } finally {
    removeWithCompanions(unborn.path);
  }
}

export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

const UNBORN_ENDING = '.tmp';
const UNBORN_NAME = /^(?<name>.+)\.(?<pid>\d+)\.tmp(?:-wal|-shm|-journal)?$/;

/** Deletes databases that a killed run was about to make. Never throws: what stays is in nobody's way. */
export function removeUnborn(directory: string, isOwnName: (name: string) => boolean): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const { name, pid } = UNBORN_NAME.exec(entry.name)?.groups ?? {};
      const path = join(directory, entry.name);
      if (name !== undefined && isOwnName(name) && entry.isFile() && !isRunning(Number(pid))) {
        if (isOwnOrRoots(lstatSync(path))) {
          rmSync(path);
        }
      }
    }
  } catch {
    // It cannot be read, or another start has just deleted the same.
  }
}

/** This process has none at its start. */
function isRunning(pid: number): boolean {
  if (pid === process.pid) {
    return false;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorName(error) !== 'ESRCH';
  }
}

/** The place of a database; its directory is root's where root writes it, since SQLite opens it by name. */
export function findDatabasePlace(path: string): TrustedPath {
  return findPlaceSync(path, true);
}

function refuseForeign(fd: number, stats: Stats): void {
  if (!stats.isFile()) {
    throw createSqliteRefusal('HTTPLOG_SQLITE_FOREIGN', 'it is not a regular file');
  }
  if (stats.size > 0) {
    const head = Buffer.alloc(SQLITE_MAGIC.length);
    readSync(fd, head, 0, head.length, 0);
    if (head.toString('latin1') !== SQLITE_MAGIC) {
      throw createSqliteRefusal('HTTPLOG_SQLITE_FOREIGN', 'it is not a SQLite database');
    }
  }
}

/**
 * SQLite takes what is beside a database for its own: a journal of another user's could change any of its
 * pages, and even name a file to delete. Where others can make files, we make ours before they do.
 */
function claimCompanions({ path, isPrivate }: TrustedPath): void {
  for (const suffix of COMPANION_SUFFIXES) {
    const companion = `${path}${suffix}`;
    const stats = lstatSync(companion, { throwIfNoEntry: false });
    if (stats === undefined) {
      if (!isPrivate) {
        closeSync(openSync(companion, MAKE_FLAGS, DATABASE_FILE_MODE));
      }
    } else if (!isOwnOrRoots(stats)) {
      throw createTrustRefusal(
        'HTTPLOG_FILE_OWNER',
        `${companion} belongs to user id ${stats.uid}`,
      );
    } else if (!stats.isFile() || isWritableByOthers(stats) || (stats.nlink > 1 && !isPrivate)) {
      throw createTrustRefusal('HTTPLOG_FILE_LINK', `${companion} is not a file of its own alone`);
    }
  }
}

/** Not made where it is missing. */
function createUri(path: string): string {
  return `file:${path.split('/').map(encodeURIComponent).join('/')}?mode=rw`;
}

/** How often this process has the file open. */
function countDescriptors({ dev, ino }: Stats): number {
  const directory = '/proc/self/fd';
  return readdirSync(directory).filter((name) => {
    const stats = statSync(join(directory, name), { throwIfNoEntry: false });
    return stats?.ino === ino && stats.dev === dev;
  }).length;
}

/**
 * What lies beside a name that has no database was left by one that was deleted, and would be taken for a part
 * of the next. What another process makes at this moment is younger.
 */
function removeOrphans(path: string, beforeMs: number): void {
  for (const suffix of COMPANION_SUFFIXES) {
    const stats = lstatSync(`${path}${suffix}`, { throwIfNoEntry: false });
    if (stats !== undefined && stats.ctimeMs < beforeMs) {
      rmSync(`${path}${suffix}`);
    }
  }
}

/** A rename would take the place of what another process has made meanwhile. */
function giveName(unbornPath: string, path: string): void {
  try {
    linkSync(unbornPath, path);
  } catch (error) {
    switch (systemErrorName(error)) {
      case 'EEXIST':
        return;
      // Not every file system has hard links.
      case 'EPERM':
      case 'ENOSYS':
      case 'ENOTSUP':
      case 'EOPNOTSUPP':
      case 'EMLINK':
        renameSync(unbornPath, path);
        return;
      default:
        throw error;
    }
  }
}

function removeWithCompanions(path: string): void {
  for (const suffix of ['', ...COMPANION_SUFFIXES]) {
    rmSync(`${path}${suffix}`, { force: true });
  }
}
