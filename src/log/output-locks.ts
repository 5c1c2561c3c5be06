import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  type Stats,
  unlinkSync,
} from 'node:fs';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { HttplogError, systemErrorName } from '../errors.ts';
import { LOCK_HELD, lockDescriptor } from '../system/locks.ts';
import { OUTPUT_LOCK_TRIES_MAX } from './limits.ts';
import type { LockPlace } from './lock-place.ts';
import {
  createLockedError,
  findLockHolder,
  findLockPlaces,
  isBelievedLock,
} from './lock-places.ts';
import type { PlacedOutput } from './output-kinds.ts';
import { createTrustRefusal } from './path-trust.ts';
import { describeSystemError } from './write-fault.ts';

/** Only who may write there can open it: nobody else can keep httplog from its start. */
const LOCK_FILE_MODE = 0o600;
const LOCK_FLAGS =
  constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Of a file that is there, and is only locked. */
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

interface Lock {
  fd: number;
  /** To be deleted with the lock; undefined for the written file itself. */
  path: string | undefined;
}

/** What two daemons would write to, locked by this one until it ends. */
export class OutputLocks {
  readonly #locks: readonly Lock[];

  constructor(locks: readonly Lock[]) {
    this.#locks = locks;
  }

  /** After everything was written. Never throws. */
  release(): void {
    for (const { fd, path } of this.#locks) {
      try {
        if (path !== undefined && isSameFile(fd, path)) {
          // While it is locked: who opens it now finds out that it is another one.
          unlinkSync(path);
        }
        closeSync(fd);
      } catch {
        // The lock ends with the process, and an unlocked file keeps nobody away.
      }
    }
  }
}

/**
 * Locks every output that is files, before the first line.
 *
 * @param warn told where there are no locks to be had: httplog goes on without
 * @throws HttplogError with exit code 1 when another httplog writes there
 */
export function lockOutputs(
  plans: readonly PlacedOutput[],
  warn: (text: string) => void,
): OutputLocks {
  const locks: Lock[] = [];
  try {
    for (const place of findLockPlaces(plans)) {
      const lock = lockPlace(place, warn);
      if (lock !== undefined) {
        locks.push(lock);
      }
    }
  } catch (error) {
    new OutputLocks(locks).release();
    throw error;
  }
  return new OutputLocks(locks);
}

/** Undefined without a lock, which was told where it matters. */
function lockPlace(place: LockPlace, warn: (text: string) => void): Lock | undefined {
  try {
    return takeLock(place);
  } catch (error) {
    if (error instanceof HttplogError) {
      throw error;
    }
    // Whoever opens the output tells that its directory is missing or closed to this user.
    if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(systemErrorName(error))) {
      warn(
        `Cannot lock ${place.description}: ${describeSystemError(error)}` +
          '; a second httplog that writes there would not be noticed',
      );
    }
    return undefined;
  }
}

function takeLock(place: LockPlace): Lock {
  for (let tries = 1; ; tries++) {
    const lock = openLock(place);
    const stats = fstatSync(lock.fd);
    if (lock.path !== undefined && !isBelievedLock(lock.path, stats)) {
      closeSync(lock.fd);
      throw createForeignLock(lock.path, stats);
    }
    const error = lockDescriptor(lock.fd);
    if (error === 0 && (lock.path === undefined || isSameFile(lock.fd, lock.path))) {
      return lock;
    }
    const holder = error === LOCK_HELD ? findLockHolder(lock.path ?? place.path) : undefined;
    closeSync(lock.fd);
    if (error === LOCK_HELD) {
      throw createLockedError(place, holder);
    }
    // Without an error it was deleted by the one before, who has just ended.
    if (error !== 0 || tries >= OUTPUT_LOCK_TRIES_MAX) {
      throw createLockFailure(error);
    }
  }
}

/** The lock beside what is written; where none can be made, the written file is locked itself. */
function openLock(place: LockPlace): Lock {
  const path = place.lockPath;
  try {
    return { fd: openSync(path, LOCK_FLAGS, LOCK_FILE_MODE), path };
  } catch (error) {
    if (systemErrorName(error) !== 'EACCES') {
      throw error;
    }
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats !== undefined) {
      if (!isBelievedLock(path, stats)) {
        throw createForeignLock(path, stats);
      }
      // Of another user, such as root before a change of --user.
      const holder = findLockHolder(path);
      if (holder !== undefined) {
        throw createLockedError(place, holder);
      }
      unlinkSync(path);
      return { fd: openSync(path, LOCK_FLAGS, LOCK_FILE_MODE), path };
    }
    if (place.kind !== 'file') {
      throw error;
    }
    return { fd: openSync(place.path, READ_FLAGS), path: undefined };
  }
}

function isSameFile(fd: number, path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  const own = fstatSync(fd);
  return stats?.ino === own.ino && stats.dev === own.dev;
}

function createForeignLock(path: string, { uid }: Stats): Error {
  return createTrustRefusal('HTTPLOG_FILE_OWNER', `${path} belongs to user id ${uid}`);
}

function createLockFailure(error: number): Error {
  const message = `${getSystemErrorMessage(-error)} (${getSystemErrorName(-error)})`;
  return Object.assign(new Error(message), { code: getSystemErrorName(-error) });
}
