import { dirname } from 'node:path';
import {
  EXIT_NOT_FOUND,
  EXIT_PERMISSION,
  EXIT_RUNTIME,
  EXIT_USAGE,
  type ExitCode,
  HttplogError,
  systemErrorName,
} from '../errors.ts';
import { findTrustRemedy, isTrustFault } from './path-trust.ts';
import { describeSystemError, type WriteFault } from './write-fault.ts';

/** Why a database cannot be written, as it crosses between threads. */
export interface SqliteFailure {
  /** `SQLITE_FULL`, `ENOSPC`, `HTTPLOG_SQLITE_VERSION` and the like; empty when nobody gave a name. */
  name: string;
  /** For the end of a sentence. */
  description: string;
}

/** Why this runtime cannot write a database at all. */
export const SQLITE_MISSING = 'HTTPLOG_SQLITE_MISSING';

/**
 * Result codes by number, without what extended codes add.
 *
 * @see https://www.sqlite.org/rescode.html
 */
const RESULT_NAMES: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  3: 'SQLITE_PERM',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  7: 'SQLITE_NOMEM',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  19: 'SQLITE_CONSTRAINT',
  26: 'SQLITE_NOTADB',
};
const PRIMARY_CODE_MASK = 0xff;

/** Why httplog itself leaves a database alone; `description` is for the end of a sentence. */
export function createSqliteRefusal(name: string, description: string): Error {
  return Object.assign(new Error(description), { code: name });
}

export function describeSqliteFailure(error: unknown): SqliteFailure {
  if (error instanceof Error && 'errcode' in error && typeof error.errcode === 'number') {
    const name = RESULT_NAMES[error.errcode & PRIMARY_CODE_MASK] ?? `SQLITE_${error.errcode}`;
    return { name, description: `${error.message} (${name})` };
  }
  return { name: systemErrorName(error), description: describeSystemError(error) };
}

/** The error that `Outage` and `createWriteFault` tell in their own words. */
export function restoreSqliteFailure({ name, description }: SqliteFailure): Error {
  return Object.assign(new Error(description), { code: name });
}

/** The fault with a remedy that knows of databases. */
export function refineSqliteFault(fault: WriteFault): WriteFault {
  const remedy = findRemedy(fault.path, fault.errorName);
  return { ...fault, hint: `${remedy}; httplog goes on by itself` };
}

/** The error that ends a replay, or a start. */
export function createSqliteError(
  path: string,
  { name, description }: SqliteFailure,
  linesWritten?: number,
): HttplogError {
  if (name === SQLITE_MISSING) {
    return new HttplogError(description, {
      code: SQLITE_MISSING,
      exitCode: EXIT_RUNTIME,
      hint: 'Run it with the Node that httplog brings (npm ci installs it), or write to a file instead',
    });
  }
  const lines = linesWritten === 1 ? '1 line was' : `${linesWritten} lines were`;
  const ending = linesWritten === undefined ? '' : `; ${lines} written`;
  return new HttplogError(`Cannot write ${path}: ${description}${ending}`, {
    code: name.startsWith('HTTPLOG_') ? name : 'HTTPLOG_SQLITE',
    exitCode: findExitCode(name),
    hint: `${findRemedy(path, name)} and start again`,
  });
}

function findExitCode(name: string): ExitCode {
  if (isTrustFault(name)) {
    return EXIT_PERMISSION;
  }
  switch (name) {
    case 'HTTPLOG_SQLITE_FOREIGN':
    case 'HTTPLOG_SQLITE_VERSION':
    case 'SQLITE_NOTADB':
      return EXIT_USAGE;
    case 'ENOENT':
      return EXIT_NOT_FOUND;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'SQLITE_PERM':
    case 'SQLITE_READONLY':
      return EXIT_PERMISSION;
    default:
      return EXIT_RUNTIME;
  }
}

function findRemedy(path: string, name: string): string {
  if (isTrustFault(name)) {
    return findTrustRemedy(path, name);
  }
  switch (name) {
    case 'ENOSPC':
    case 'SQLITE_FULL':
      return `Free some space on the disk that holds ${path}`;
    case 'EROFS':
      return `Mount the file system of ${path} writable`;
    case 'EACCES':
    case 'EPERM':
    case 'SQLITE_PERM':
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
      return `Let this user write to ${path} and to its directory`;
    case 'ENOENT':
      return `Create the directory again with mkdir -p ${dirname(path)}`;
    case 'SQLITE_BUSY':
    case 'SQLITE_LOCKED':
    case 'SQLITE_PROTOCOL':
      return `End the program that holds ${path} locked (fuser ${path})`;
    case 'HTTPLOG_SQLITE_VERSION':
      return `Install a newer httplog, or move ${path} away`;
    case 'HTTPLOG_SQLITE_FOREIGN':
    case 'SQLITE_NOTADB':
    case 'SQLITE_CORRUPT':
      return `Move ${path} away, or name another file`;
    default:
      return `Check the disk that holds ${path}, and what the kernel says about it (dmesg)`;
  }
}
