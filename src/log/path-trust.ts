import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { systemErrorName } from '../errors.ts';
import {
  belongsToOrRoot,
  EVERYBODY_WRITES,
  GROUP_WRITES,
  isSticky,
  ROOT_GID,
  ROOT_UID,
} from '../file-modes.ts';
import { PATH_LINKS_MAX } from './limits.ts';

/** Why httplog itself leaves a place alone; `description` is for the end of a sentence. */
export type TrustFault =
  | 'HTTPLOG_FILE_LINK'
  | 'HTTPLOG_FILE_OWNER'
  | 'HTTPLOG_FILE_MODE'
  | 'HTTPLOG_FILE_NAMES'
  | 'HTTPLOG_PATH_LINK'
  | 'HTTPLOG_PATH_OWNER'
  | 'HTTPLOG_PATH_MODE';

export function createTrustRefusal(name: TrustFault, description: string): Error {
  return Object.assign(new Error(description), { code: name });
}

/** Whether httplog itself refused, as against the system. */
export function isTrustFault(name: string): boolean {
  return name.startsWith('HTTPLOG_FILE_') || name.startsWith('HTTPLOG_PATH_');
}

/** What has to be done about it, up to `or name another place`. */
export function findTrustRemedy(path: string, name: string): string {
  switch (name) {
    case 'HTTPLOG_FILE_OWNER':
      return `Move ${path} away, or give it to the user that httplog runs as (chown)`;
    case 'HTTPLOG_FILE_MODE':
      return `Take it from the others with chmod go-w ${path}`;
    case 'HTTPLOG_PATH_LINK':
      return 'Name the directory that the link leads to';
    case 'HTTPLOG_PATH_OWNER':
      return "Run as that user with --user, or name a directory of root's";
    case 'HTTPLOG_PATH_MODE':
      return 'Take it from the others with chmod go-w, or set its sticky bit';
    default:
      return `Move ${path} away`;
  }
}

/** Where a path leads, once nobody else can have turned it. */
export interface TrustedPath {
  /** Without a link on its way, but for one to a descriptor. */
  path: string;
  /** Of what stands there; null when nothing does. */
  stats: Stats | null;
  /** Of the directory that it stands in. */
  directoryUid: number;
  /** Nobody but this user and root can make, rename or delete a file there. */
  isPrivate: boolean;
  /** It names an open descriptor, `/proc/self/fd/1`: whoever opened that has looked at it. */
  isDescriptor: boolean;
}

/** What the walk is told about each path that it asks for; null when it is missing. */
interface PathFacts {
  stats: Stats;
  /** Of a symbolic link. */
  target: string | null;
}

type Walk = Generator<string, TrustedPath, PathFacts | null>;

const DESCRIPTOR_PATH = /^\/proc\/\d+\/(?:task\/\d+\/)?fd\/\d+$/;

/**
 * Follows a path, and refuses what another user may have put there.
 *
 * A link on the way belongs to this user or to root. For root, moreover, nobody else may write to a
 * directory on the way, unless its sticky bit keeps them from the files of others, and with `isStrict` every
 * one is root's own: who owns a directory can replace it at any time while a daemon runs.
 *
 * @throws Error of `createTrustRefusal`, or of the system when something on the way cannot be looked at
 */
export async function followPath(path: string, isStrict: boolean): Promise<TrustedPath> {
  const walk = walkPath(path, isStrict);
  let step = walk.next();
  while (step.done !== true) {
    step = walk.next(await findFacts(step.value));
  }
  return step.value;
}

/** As `followPath`, for a thread that may wait. */
export function followPathSync(path: string, isStrict: boolean): TrustedPath {
  const walk = walkPath(path, isStrict);
  let step = walk.next();
  while (step.done !== true) {
    step = walk.next(findFactsSync(step.value));
  }
  return step.value;
}

/** Others than this user and root can write to it. Of groups, root's and the own main one are not others. */
export function isWritableByOthers({ mode, gid }: Stats): boolean {
  const isGroupTrusted = gid === ROOT_GID || gid === process.getegid?.();
  return (mode & EVERYBODY_WRITES) !== 0 || ((mode & GROUP_WRITES) !== 0 && !isGroupTrusted);
}

export function isOwnOrRoots(stats: Stats): boolean {
  return belongsToOrRoot(stats, process.geteuid?.());
}

/** @throws Error of `createTrustRefusal` when it belongs to neither this user nor root */
export function refuseOther(stats: Stats): void {
  if (!isOwnOrRoots(stats)) {
    throw createTrustRefusal('HTTPLOG_FILE_OWNER', `it belongs to user id ${stats.uid}`);
  }
}

function* walkPath(path: string, isStrict: boolean): Walk {
  let names = splitPath(resolve(path));
  let current = '/';
  let facts = yield current;
  let directory = facts?.stats;
  let fault: Error | null = null;
  let linksCount = 0;
  while (names.length > 0) {
    const [name, ...others] = names;
    if (facts?.stats.isDirectory() === true) {
      directory = facts.stats;
      fault ??= findDirectoryFault(current, directory, isStrict);
    }
    const next = name === '..' ? dirname(current) : join(current, name);
    facts = yield next;
    names = others;
    const link = facts?.target ?? null;
    if (facts === null || link === null) {
      current = next;
      if (facts === null) {
        current = join(next, ...others);
        names = [];
      }
    } else if (!isOwnOrRoots(facts.stats)) {
      throw createTrustRefusal(
        'HTTPLOG_PATH_LINK',
        `the link ${next} belongs to user id ${facts.stats.uid}`,
      );
    } else if (DESCRIPTOR_PATH.test(next)) {
      return createTrustedPath(next, facts.stats, directory, true);
    } else {
      linksCount += 1;
      if (linksCount > PATH_LINKS_MAX) {
        throw createTrustRefusal('HTTPLOG_PATH_LINK', `${path} has too many links on its way`);
      }
      names = [...splitPath(link), ...others];
      current = link.startsWith('/') ? '/' : dirname(next);
      facts = yield current;
    }
  }
  const stats = facts?.stats ?? null;
  if (stats?.isDirectory() === true) {
    fault ??= findDirectoryFault(current, stats, isStrict);
  }
  // What others read from, a pipe or a terminal, may well be where they can write.
  if (fault !== null && (stats === null || stats.isFile() || stats.isDirectory())) {
    throw fault;
  }
  return createTrustedPath(current, stats, directory, false);
}

function createTrustedPath(
  path: string,
  stats: Stats | null,
  directory: Stats | undefined,
  isDescriptor: boolean,
): TrustedPath {
  const isPrivate =
    directory !== undefined && isOwnOrRoots(directory) && !isWritableByOthers(directory);
  return { path, stats, directoryUid: directory?.uid ?? ROOT_UID, isPrivate, isDescriptor };
}

/** Why root does not write below this directory. */
function findDirectoryFault(path: string, stats: Stats, isStrict: boolean): Error | null {
  if (process.geteuid?.() !== ROOT_UID) {
    return null;
  }
  if (isWritableByOthers(stats) && !isSticky(stats)) {
    return createTrustRefusal('HTTPLOG_PATH_MODE', `others may put files into ${path}`);
  }
  return isStrict && stats.uid !== ROOT_UID && stats.uid !== findUnmappedUid()
    ? createTrustRefusal('HTTPLOG_PATH_OWNER', `${path} belongs to user id ${stats.uid}`)
    : null;
}

/** Root of a user namespace sees the host's root, and whoever else is not in it, as this id. */
function findUnmappedUid(): number | undefined {
  try {
    const isWholeHost = /^\s*0\s+0\s+4294967295\s*$/.test(
      readFileSync('/proc/self/uid_map', 'latin1'),
    );
    return isWholeHost ? undefined : Number(readFileSync('/proc/sys/kernel/overflowuid', 'latin1'));
  } catch {
    return undefined;
  }
}

function splitPath(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

async function findFacts(path: string): Promise<PathFacts | null> {
  try {
    const stats = await lstat(path);
    return { stats, target: stats.isSymbolicLink() ? await readlink(path) : null };
  } catch (error) {
    return passIfMissing(error);
  }
}

function findFactsSync(path: string): PathFacts | null {
  try {
    const stats = lstatSync(path);
    return { stats, target: stats.isSymbolicLink() ? readlinkSync(path) : null };
  } catch (error) {
    return passIfMissing(error);
  }
}

/** Who opens the path is told ENOENT or ENOTDIR by the system. */
function passIfMissing(error: unknown): null {
  const name = systemErrorName(error);
  if (name === 'ENOENT' || name === 'ENOTDIR') {
    return null;
  }
  throw error;
}
