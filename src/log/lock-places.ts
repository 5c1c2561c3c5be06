import { lstatSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EXIT_RUNTIME, HttplogError, systemErrorName } from '../errors.ts';
import type { PlacedOutput } from './output-place.ts';
import { DAILY_SUFFIX } from './output-target.ts';
import { DAILY_DATABASE_SUFFIX } from './own-files.ts';
import { isOwnOrRoots } from './path-trust.ts';

/** What one daemon alone may write to. */
export interface LockPlace {
  kind: 'daily' | 'file' | 'database';
  /** The file, or the directory of daily ones. */
  path: string;
  /** Beside the file, or in the directory: where it is locked. */
  lockPath: string;
  /** For the end of a sentence. */
  description: string;
  /** The option that named it. */
  option: string;
}

/** The outputs that are files; pipes, devices and standard output may have several writers. */
export function findLockPlaces(plans: readonly PlacedOutput[]): LockPlace[] {
  return plans.map(findLockPlace).filter((place) => place !== undefined);
}

/**
 * The process that has a file locked by flock(2), by what the kernel tells everybody. Undefined when there is
 * none, or it is not to be seen from here.
 *
 * @see proc_locks(5)
 */
export function findLockHolder(path: string): number | undefined {
  let stats: Stats;
  try {
    stats = lstatSync(path);
  } catch {
    // Not there, or not for this user: whoever opens the output tells what is wrong with its directory.
    return undefined;
  }
  const locks = readLocks().filter(({ inode }) => inode === stats.ino);
  // Some file systems have another number of the device in this list.
  const lock = locks.find(({ device }) => device === formatDevice(stats)) ?? locks[0];
  return lock?.pid;
}

/** Whose lock is believed: in a directory where everybody may make files a stranger's would keep httplog away. */
export function isBelievedLock(path: string, stats: Stats): boolean {
  return isOwnOrRoots(stats) || stats.uid === statSync(dirname(path)).uid;
}

/** @throws HttplogError with exit code 1 when a daemon writes where these outputs go */
export function refuseLockedOutputs(plans: readonly PlacedOutput[]): void {
  for (const place of findLockPlaces(plans)) {
    // A database takes rows from several at once, each of them once.
    const holder =
      place.kind === 'database' || !hasBelievedLock(place.lockPath)
        ? undefined
        : findLockHolder(place.lockPath);
    if (holder !== undefined) {
      throw createLockedError(place, holder);
    }
  }
}

function hasBelievedLock(path: string): boolean {
  try {
    return isBelievedLock(path, lstatSync(path));
  } catch {
    // As above; or the name beside a long one is too long to be there.
    return false;
  }
}

export function createLockedError(place: LockPlace, pid: number | undefined): HttplogError {
  const who = pid === undefined ? 'Another httplog' : `Another httplog, pid ${pid},`;
  return new HttplogError(`${who} writes to ${place.description}`, {
    code: 'HTTPLOG_OUTPUT_LOCKED',
    exitCode: EXIT_RUNTIME,
    hint: `Stop that one first, or name another place with ${place.option}`,
  });
}

function findLockPlace({ target }: PlacedOutput): LockPlace | undefined {
  if (target.kind === 'sqlite') {
    return 'path' in target.target
      ? createFilePlace('database', target.target.path, '--output')
      : createDailyPlace(target.target.directory, DAILY_DATABASE_SUFFIX, '--output');
  }
  switch (target.target.kind) {
    case 'daily': {
      const { directory, suffix = DAILY_SUFFIX, option = '-d' } = target.target;
      return createDailyPlace(directory, suffix, option);
    }
    case 'file':
      return createFilePlace('file', target.target.path, target.target.option ?? '-o');
    case 'stdout':
      return undefined;
    default:
      return target.target satisfies never;
  }
}

/** Daily files of different formats stand in one directory without being in each other's way. */
function createDailyPlace(directory: string, suffix: string, option: string): LockPlace {
  return {
    kind: 'daily',
    path: directory,
    lockPath: join(directory, `.http-${suffix}.lock`),
    description: `daily files *.${suffix} in ${directory}`,
    option,
  };
}

function createFilePlace(
  kind: 'file' | 'database',
  path: string,
  option: string,
): LockPlace | undefined {
  const realPath = findRealPath(path);
  if (realPath === undefined) {
    return undefined;
  }
  const lockPath = join(dirname(realPath), `.${basename(realPath)}.lock`);
  return { kind, path: realPath, lockPath, description: path, option };
}

/** Without links; undefined for what is there and is no file, or cannot be looked at. */
function findRealPath(path: string): string | undefined {
  try {
    const realPath = realpathSync(path);
    return lstatSync(realPath).isFile() ? realPath : undefined;
  } catch (error) {
    if (systemErrorName(error) !== 'ENOENT') {
      return undefined;
    }
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return undefined;
  }
}

const LOCK_LINE =
  /^\d+: FLOCK +\S+ +WRITE +(?<pid>\d+) +(?<device>[0-9a-f]+:[0-9a-f]+):(?<inode>\d+) /;

function readLocks(): { pid: number; device: string; inode: number }[] {
  let text: string;
  try {
    text = readFileSync('/proc/locks', 'latin1');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const { pid, device, inode } = LOCK_LINE.exec(line)?.groups ?? {};
    return pid === undefined ? [] : [{ pid: Number(pid), device, inode: Number(inode) }];
  });
}

/** As the kernel prints it there, `08:01`. */
function formatDevice({ dev }: Stats): string {
  const major = (dev >>> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00);
  return [major, minor].map((part) => part.toString(16).padStart(2, '0')).join(':');
}
