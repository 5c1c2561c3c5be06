import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { EXIT_PERMISSION, HttplogError, systemErrorName } from '../errors.ts';
import {
  belongsToOrRoot,
  EVERYBODY_WRITES,
  GROUP_WRITES,
  isReplaceable,
  ROOT_UID,
} from '../file-modes.ts';
import { quoteValue } from './mistakes.ts';

/**
 * Files that say what httplog does, read only where nobody but root and the one who started it has a say in
 * them. What was opened is what is judged and read, so that nothing can be put in its place in between.
 */

/** How somebody came to read a file: the less was said, the more is asked. */
export interface FileTrust {
  /**
   * `found`: it lies where httplog looks, whoever put it there. `named`: the caller asked for it, and only
   * root, who has more to lose than what is its own, is kept from files that everybody may write.
   */
  kind: 'found' | 'named';
  /** Of a found file: a link is as good as a file, in a directory that is root's in any case. */
  isLinkAllowed?: boolean;
  callerUid: number;
}

const OTHERS_WRITE = EVERYBODY_WRITES | GROUP_WRITES;
const MODE_BITS = 0o7777;

/**
 * Who started httplog. Read with this module, which is before it becomes another user: when files are read
 * again, that user's own must not pass for those of the one who started it.
 */
export const STARTED_BY_UID = process.geteuid?.() ?? ROOT_UID;

export const TRUST_NAMED: FileTrust = { kind: 'named', callerUid: STARTED_BY_UID };

/**
 * Reads at most so many bytes, from whatever a named path is: a device or a pipe tells no size before.
 *
 * @throws HttplogError `HTTPLOG_FILE_UNTRUSTED` with exit code 4, its message the reason alone; else the system's
 */
export function readTrustedFile(path: string, trust: FileTrust, byteLengthMax: number): Buffer {
  const file = openFile(path, trust);
  try {
    const reason = explainDistrust(path, fstatSync(file), trust);
    if (reason !== undefined) {
      throw untrusted(reason);
    }
    return readStart(file, byteLengthMax);
  } finally {
    closeSync(file);
  }
}

function openFile(path: string, { kind, isLinkAllowed }: FileTrust): number {
  // A pipe that was found must not hold the start up; one that was named may well be waited for.
  const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = constants;
  const found = O_NONBLOCK | O_NOCTTY | (isLinkAllowed === true ? 0 : O_NOFOLLOW);
  try {
    return openSync(path, kind === 'found' ? O_RDONLY | found : O_RDONLY);
  } catch (error) {
    if (kind === 'found' && isLinkAllowed !== true && systemErrorName(error) === 'ELOOP') {
      throw untrusted('it is a symbolic link', error);
    }
    throw error;
  }
}

function explainDistrust(path: string, file: Stats, trust: FileTrust): string | undefined {
  const directory = dirname(path);
  return trust.kind === 'found'
    ? explainFound(file, directory, trust.callerUid)
    : explainNamed(file, directory, trust.callerUid);
}

function explainFound(file: Stats, directory: string, callerUid: number): string | undefined {
  // Reading it has its own error.
  if (file.isDirectory()) {
    return undefined;
  }
  if (!file.isFile()) {
    return 'it is no regular file';
  }
  if (!belongsToOrRoot(file, callerUid)) {
    return `it belongs to user ${file.uid}, neither to root nor to who starts httplog`;
  }
  if ((file.mode & OTHERS_WRITE) !== 0) {
    return `others may write it ${describeMode(file)}`;
  }
  const place = statSync(directory);
  if (!belongsToOrRoot(place, callerUid)) {
    return `${describePath(directory)} belongs to user ${place.uid}, who may put another one in its place`;
  }
  return isReplaceable(place, OTHERS_WRITE)
    ? `others may put another one in its place, in ${describePath(directory)} ${describeMode(place)}`
    : undefined;
}

function explainNamed(file: Stats, directory: string, callerUid: number): string | undefined {
  // The mode of a device such as /dev/null says nothing of who wrote what is read.
  if (callerUid !== ROOT_UID || !(file.isFile() || file.isFIFO())) {
    return undefined;
  }
  if ((file.mode & EVERYBODY_WRITES) !== 0) {
    return `everybody may write it ${describeMode(file)}: chmod o-w it`;
  }
  const place = statSync(directory);
  return isReplaceable(place, EVERYBODY_WRITES)
    ? `everybody may put another one in its place, in ${describePath(directory)} ${describeMode(place)}: chmod o-w that directory`
    : undefined;
}

function describeMode({ mode }: Stats): string {
  return `(mode ${(mode & MODE_BITS).toString(8).padStart(4, '0')})`;
}

/** A path as it is, unless it could play with the terminal. */
export function describePath(path: string): string {
  return /\p{Cc}/u.test(path) ? quoteValue(path) : path;
}

function readStart(file: number, byteLengthMax: number): Buffer {
  const bytes = Buffer.alloc(byteLengthMax);
  let byteLength = 0;
  let readLength = -1;
  while (readLength !== 0 && byteLength < byteLengthMax) {
    readLength = readSync(file, bytes, byteLength, byteLengthMax - byteLength, null);
    byteLength += readLength;
  }
  return bytes.subarray(0, byteLength);
}

function untrusted(reason: string, cause?: unknown): HttplogError {
  const code = 'HTTPLOG_FILE_UNTRUSTED';
  return new HttplogError(`is not read: ${reason}`, { code, exitCode: EXIT_PERMISSION, cause });
}
