import { lstatSync, readFileSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT_RUNTIME, HttplogError } from '../errors.ts';
import type { LockPlace } from './lock-place.ts';
import { kindOf, type PlacedOutput } from './output-kinds.ts';
import { isOwnOrRoots } from './path-trust.ts';

/** The outputs that are files; pipes, devices and standard output may have several writers. */
export function findLockPlaces(plans: readonly PlacedOutput[]): LockPlace[] {
  return plans
    .map(({ target }) => kindOf(target).findLock(target.target))
    .filter((place) => place !== undefined);
}

/**
 * The process that has a file locked by flock(2), by what the kernel tells everybody. Undefined when there is
 * none, or it is not to be seen from here.
 *
 * @see proc_locks(5)
 */
export function findLockHolder(path: string): number | undefined {
  const stats = statLock(path);
  return stats === undefined ? undefined : findHolder(stats);
}

/** Undefined where it is not, or not for this user: whoever opens the output tells what is wrong with its directory. */
function statLock(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    // The name beside a long one may also be too long to be there.
    return undefined;
  }
}

function findHolder(stats: Stats): number | undefined {
  const locks = readLocks().filter(({ inode }) => inode === stats.ino);
  // Some file systems have another number of the device in this list.
  const lock = locks.find(({ device }) => device === formatDevice(stats)) ?? locks[0];
  return lock?.pid;
}

/** Whose lock is believed: in a directory where everybody may make files another user's would keep httplog away. */
export function isBelievedLock(path: string, stats: Stats): boolean {
  return isOwnOrRoots(stats) || stats.uid === statSync(dirname(path)).uid;
}

/** @throws HttplogError with exit code 1 when a daemon writes where these outputs go */
export function refuseLockedOutputs(plans: readonly PlacedOutput[]): void {
  for (const place of findLockPlaces(plans)) {
    // A database takes rows from several at once, each of them once.
    const stats = place.kind === 'database' ? undefined : statLock(place.lockPath);
    const holder =
      stats !== undefined && isBelievedLock(place.lockPath, stats) ? findHolder(stats) : undefined;
    if (holder !== undefined) {
      throw createLockedError(place, holder);
    }
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
