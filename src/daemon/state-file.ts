import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readSync,
  rmdirSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { readHttplogProcess, readStartTicks } from '../admin/process.ts';
import {
  type AdminAddress,
  parseAdminAddress,
  printAdminAddress,
} from '../config/admin-address.ts';
import { STATE_FILE_BYTES_MAX, STATE_FILES_MAX } from './limits.ts';
import type { OtherUser } from './privileges.ts';

/**
 * What a daemon leaves for `httplog status`: a file each, in a directory that is the daemon's user's. Whoever
 * reads it believes nothing of it that the kernel does not say, too.
 */
export interface DaemonState {
  pid: number;
  /** `starttime` of /proc/PID/stat, against a number that is another process's by now. */
  startTicks: number;
  admin: AdminAddress | undefined;
  /** Who owns the file. */
  uid: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the unit's RuntimeDirectory= makes; a start as root makes it, too. */
const SYSTEM_DIRECTORY = '/run/httplog';
const FILE_NAME = /^daemon-[1-9][0-9]{0,9}\.json$/;
const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

/**
 * Makes the directory for the user that is to be become. **Call it before that**: nobody but root may write /run,
 * and nothing in the directory is touched.
 */
export function prepareStateDirectory(environment: Environment, user: OtherUser | undefined): void {
  if (process.getuid?.() !== 0 || findRuntimeDirectories(environment).length > 0) {
    return;
  }
  try {
    if (user !== undefined && lstatSync(SYSTEM_DIRECTORY, { throwIfNoEntry: false })?.uid === 0) {
      // Of a daemon that stayed root, and has ended; what is in use is not empty, and stays.
      rmdirSync(SYSTEM_DIRECTORY);
    }
    mkdirSync(SYSTEM_DIRECTORY);
    chmodSync(SYSTEM_DIRECTORY, DIRECTORY_MODE);
    if (user !== undefined) {
      lchownSync(SYSTEM_DIRECTORY, user.uid, user.gid);
    }
  } catch {
    // It is there, or cannot be: the daemon is found by its process, then.
  }
}

/**
 * Writes this process's state where `httplog status` looks for it. Without a place there is none, and the daemon
 * is found by its process alone.
 *
 * @returns removes it
 */
export function writeState(environment: Environment, admin: AdminAddress | undefined): () => void {
  for (const directory of findWritableDirectories(environment)) {
    const path = join(directory, `daemon-${process.pid}.json`);
    try {
      removeStale(directory);
      writeNew(path, printState(admin));
      return () => removeState(path);
    } catch {
      // The next place.
    }
  }
  return () => undefined;
}

/** All that is written in the places of daemons, whoever wrote it. */
export function readStates(environment: Environment): DaemonState[] {
  return findStateDirectories(environment).flatMap(readDirectory);
}

function readDirectory(directory: string): DaemonState[] {
  return listStateFiles(directory).flatMap((path) => {
    const state = readState(path);
    return state === undefined ? [] : [state];
  });
}

/** `RUNTIME_DIRECTORY` of systemd.exec(5): the place of this service, if it says so itself. */
function findRuntimeDirectories({ RUNTIME_DIRECTORY = '' }: Environment): string[] {
  return RUNTIME_DIRECTORY.split(':').filter((path) => isAbsolute(path));
}

function findUserDirectory({ XDG_RUNTIME_DIR = '' }: Environment): string[] {
  return isAbsolute(XDG_RUNTIME_DIR) ? [join(XDG_RUNTIME_DIR, 'httplog')] : [];
}

function findStateDirectories(environment: Environment): string[] {
  const places = [...findRuntimeDirectories(environment), SYSTEM_DIRECTORY];
  return [...new Set([...places, ...findUserDirectory(environment)])];
}

/** One that systemd or root has made; else one of this user's own, which is made. */
function findWritableDirectories(environment: Environment): string[] {
  const given = findRuntimeDirectories(environment);
  if (given.length > 0) {
    return given.filter(isOwnDirectory);
  }
  const isRoot = process.getuid?.() === 0;
  const own = isRoot ? [] : findUserDirectory(environment);
  for (const directory of own) {
    try {
      mkdirSync(directory, { mode: 0o700 });
    } catch {
      // It is there, or the place is not this user's.
    }
  }
  // A name that is new is written nowhere else, whoever owns the directory of root's making.
  return [SYSTEM_DIRECTORY, ...own.filter(isOwnDirectory)].filter(isWritable);
}

function isOwnDirectory(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.uid === process.getuid?.();
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function printState(admin: AdminAddress | undefined): string {
  const absolute = admin?.kind === 'socket' ? { ...admin, path: resolve(admin.path) } : admin;
  const state = {
    pid: process.pid,
    startTicks: readStartTicks(process.pid),
    admin: absolute === undefined ? null : printAdminAddress(absolute),
  };
  return `${JSON.stringify(state)}\n`;
}

/** As a new file: what has the name is no file of a process that runs. */
function writeNew(path: string, text: string): void {
  rmSync(path, { force: true });
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const fd = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, FILE_MODE);
  try {
    // Whatever the mask of this process: everybody may know that it runs.
    fchmodSync(fd, FILE_MODE);
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

function removeState(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // The next start removes it.
  }
}

/** Files of daemons that were killed. */
function removeStale(directory: string): void {
  for (const path of listStateFiles(directory)) {
    const state = readState(path);
    if (state === undefined || readHttplogProcess(state.pid)?.startTicks !== state.startTicks) {
      removeState(path);
    }
  }
}

/** Paths of at most STATE_FILES_MAX: who fills a directory hides nothing but itself, since processes count. */
function listStateFiles(path: string): string[] {
  const paths: string[] = [];
  try {
    const directory = opendirSync(path);
    try {
      for (let looks = 0; looks < STATE_FILES_MAX; looks++) {
        const entry = directory.readSync();
        if (entry === null) {
          break;
        }
        if (FILE_NAME.test(entry.name)) {
          paths.push(join(path, entry.name));
        }
      }
    } finally {
      directory.closeSync();
    }
  } catch {
    // It is not there, or not for this user.
  }
  return paths;
}

/** Undefined for what is no state: a link, a pipe, anything long, any other text. */
function readState(path: string): DaemonState | undefined {
  try {
    const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
    const fd = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      const stats = fstatSync(fd);
      const buffer = Buffer.alloc(STATE_FILE_BYTES_MAX);
      const byteLength = stats.isFile() ? readSync(fd, buffer) : 0;
      return parseState(buffer.toString('utf8', 0, byteLength), stats.uid);
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/** @throws SyntaxError for what is no JSON */
function parseState(text: string, uid: number): DaemonState | undefined {
  const { pid, startTicks, admin } = Object(JSON.parse(text)) as Record<string, unknown>;
  if (!Number.isInteger(pid) || !Number.isInteger(startTicks) || Number(pid) < 1) {
    return undefined;
  }
  const address = typeof admin === 'string' ? parseAdminAddress(admin) : null;
  return {
    pid: Number(pid),
    startTicks: Number(startTicks),
    admin: address ?? undefined,
    uid,
  };
}
