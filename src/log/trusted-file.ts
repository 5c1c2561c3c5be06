import {
  close as closeCallback,
  closeSync,
  constants,
  fstat as fstatCallback,
  fstatSync,
  ftruncateSync,
  open as openCallback,
  openSync,
  type Stats,
  writeFileSync,
} from 'node:fs';
import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemErrorName } from '../errors.ts';
import {
  createTrustRefusal,
  followPath,
  followPathSync,
  isOwnOrRoots,
  isWritableByOthers,
  type TrustedPath,
} from './path-trust.ts';

const openDescriptor = promisify(openCallback);
const closeDescriptor = promisify(closeCallback);
const fstat = promisify(fstatCallback);

/** How a file is looked at before it is written. */
export interface FileTrust {
  /** The operator named this very file: links of the own user and root's are followed to it. */
  isNamed: boolean;
  /** See `followPath`. */
  isStrict: boolean;
}

/**
 * Opens a file to write it, and refuses one that another user may have put there or may write to.
 *
 * @throws Error of `createTrustRefusal`, or of the system
 */
export async function openTrustedFile(
  path: string,
  flags: number,
  mode: number,
  trust: FileTrust,
): Promise<number> {
  const place = await findPlace(path, trust);
  let fd: number;
  try {
    fd = await openDescriptor(place.path, addNoFollow(flags, place), mode);
  } catch (error) {
    throw explainLink(error);
  }
  const fault = findFileFault(await fstat(fd), place);
  if (fault !== null) {
    await closeDescriptor(fd);
    throw fault;
  }
  return fd;
}

/** As `openTrustedFile`, for a thread that may wait, and never through a link. */
export function openTrustedFileSync(place: TrustedPath, flags: number, mode: number): number {
  let fd: number;
  try {
    fd = openSync(place.path, addNoFollow(flags, place), mode);
  } catch (error) {
    throw explainLink(error);
  }
  const fault = findFileFault(fstatSync(fd), place);
  if (fault !== null) {
    closeSync(fd);
    throw fault;
  }
  return fd;
}

/** Puts a text in the place of what a file holds: not before it is known whose it is. */
export async function writeTrustedFile(
  path: string,
  text: string,
  trust: FileTrust,
): Promise<void> {
  const fd = await openTrustedFile(path, constants.O_WRONLY | constants.O_CREAT, 0o666, trust);
  try {
    if (fstatSync(fd).isFile()) {
      ftruncateSync(fd);
    }
    writeFileSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

/** The place of a file whose directory alone may be reached through links. */
export function findPlaceSync(path: string, isStrict: boolean): TrustedPath {
  return enterDirectory(followPathSync(dirname(path), isStrict), path);
}

/**
 * Looks at files before there is anything to write; those that are missing are passed.
 *
 * @throws Error of `createTrustRefusal`, or of the system
 */
export async function checkTrustedFile(path: string, trust: FileTrust): Promise<void> {
  const place = await findPlace(path, trust);
  const stats = place.isDescriptor ? null : await lstatIfThere(place.path);
  if (stats?.isSymbolicLink() === true) {
    throw createLinkRefusal();
  }
  const fault = stats === null ? null : findFileFault(stats, place);
  if (fault !== null) {
    throw fault;
  }
}

/** Why a file is not written; null when it is. */
function findFileFault(stats: Stats, place: TrustedPath): Error | null {
  if (place.isDescriptor || stats.isCharacterDevice() || stats.isBlockDevice()) {
    return null;
  }
  // Whoever owns the directory of a pipe reads what goes through it, and may own the pipe.
  const isReaders = stats.isFIFO() && stats.uid === place.directoryUid;
  if (!isOwnOrRoots(stats) && !isReaders) {
    return createTrustRefusal('HTTPLOG_FILE_OWNER', `it belongs to user id ${stats.uid}`);
  }
  if (!stats.isFile()) {
    return null;
  }
  if (place.stats !== null && !place.stats.isFile()) {
    // It was a pipe or a device when its directories were looked at, which mean nothing to those.
    return createTrustRefusal('HTTPLOG_FILE_LINK', 'it was replaced while it was opened');
  }
  if (isWritableByOthers(stats)) {
    return createTrustRefusal('HTTPLOG_FILE_MODE', 'others may write to it');
  }
  return stats.nlink > 1 && !place.isPrivate
    ? createTrustRefusal('HTTPLOG_FILE_NAMES', 'it has another name, by a hard link')
    : null;
}

async function findPlace(path: string, { isNamed, isStrict }: FileTrust): Promise<TrustedPath> {
  return isNamed
    ? followPath(path, isStrict)
    : enterDirectory(await followPath(dirname(path), isStrict), path);
}

function enterDirectory(directory: TrustedPath, path: string): TrustedPath {
  const { stats } = directory;
  const isPrivate = stats !== null && isOwnOrRoots(stats) && !isWritableByOthers(stats);
  return {
    path: join(directory.path, basename(path)),
    stats: null,
    directoryUid: stats?.uid ?? directory.directoryUid,
    isPrivate,
    isDescriptor: false,
  };
}

function addNoFollow(flags: number, { isDescriptor }: TrustedPath): number {
  return isDescriptor ? flags : flags | constants.O_NOFOLLOW;
}

/** With O_NOFOLLOW the system says of a link that there are too many. */
function explainLink(error: unknown): unknown {
  return systemErrorName(error) === 'ELOOP' ? createLinkRefusal() : error;
}

function createLinkRefusal(): Error {
  return createTrustRefusal('HTTPLOG_FILE_LINK', 'it is a symbolic link');
}

async function lstatIfThere(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if (systemErrorName(error) === 'ENOENT') {
      return null;
    }
    throw error;
  }
}
