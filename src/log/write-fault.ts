import { dirname } from 'node:path';
import { getSystemErrorMessage } from 'node:util';
import {
  EXIT_OK,
  EXIT_PERMISSION,
  EXIT_RUNTIME,
  HttplogError,
  systemErrorName,
} from '../errors.ts';
import { findTrustRemedy, isTrustFault } from './path-trust.ts';

/** A file that cannot be written at the moment. Its lines wait, and it is tried again. */
export interface WriteFault {
  path: string;
  /** `ENOSPC` and the like; empty when the system gave no name. */
  errorName: string;
  /** One sentence in sentence case, no final period. */
  message: string;
  /** What to do about it, a sentence without a final period. */
  hint: string;
}

/** The end of a fault that was reported. */
export interface WriteRecovery {
  path: string;
  secondsDown: number;
  /** Tries that failed, the first one included. */
  failedTries: number;
}

/** `no space left on device (ENOSPC)`, for the end of a sentence. */
export function describeSystemError(error: unknown): string {
  const name = systemErrorName(error);
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    return `${getSystemErrorMessage(error.errno)} (${name})`;
  }
  return error instanceof Error ? error.message : String(error);
}

/** The record told when a file starts to fail, or still fails a minute later. */
export function createWriteFault(path: string, error: unknown): WriteFault {
  return {
    path,
    errorName: systemErrorName(error),
    message: `Cannot write ${path}: ${describeSystemError(error)}; its lines wait for it`,
    hint: `${findRemedy(path, error)}; httplog goes on by itself`,
  };
}

/** The error that ends a replay. `linesWritten` counts every line that is whole in its file. */
export function createWriteError(path: string, error: unknown, linesWritten: number): HttplogError {
  const name = systemErrorName(error);
  if (name === 'EPIPE') {
    return createOutputClosedError(path, error);
  }
  const isRefused = isTrustFault(name);
  const lines = linesWritten === 1 ? '1 line was' : `${linesWritten} lines were`;
  return new HttplogError(`Cannot write ${path}: ${describeSystemError(error)}; ${lines} written`, {
    code: isRefused ? name : 'HTTPLOG_WRITE',
    exitCode: isRefused ? EXIT_PERMISSION : EXIT_RUNTIME,
    hint: `${findRemedy(path, error)} and start again`,
    cause: error,
  });
}

/** The reader of a pipe has what it wanted, as `head` does. Not a failure: the command ends quietly. */
export function createOutputClosedError(path: string, cause: unknown): HttplogError {
  return new HttplogError(`Nobody reads ${path} any more`, {
    code: 'HTTPLOG_OUTPUT_CLOSED',
    exitCode: EXIT_OK,
    cause,
  });
}

function findRemedy(path: string, error: unknown): string {
  const name = systemErrorName(error);
  if (isTrustFault(name)) {
    return findTrustRemedy(path, name);
  }
  switch (name) {
    case 'ENOSPC':
      return `Free some space on the disk that holds ${path}`;
    case 'EDQUOT':
      return 'Raise the disk quota of this user, or delete files of it';
    case 'EROFS':
      return `Mount the file system of ${path} writable`;
    case 'EACCES':
    case 'EPERM':
      return `Let this user write to ${path}`;
    case 'ENOENT':
      return `Create the directory again with mkdir -p ${dirname(path)}`;
    case 'ENXIO':
    case 'EPIPE':
      return `Start the program that reads ${path}`;
    case 'EISDIR':
    case 'ENOTDIR':
      return `Move away what stands in place of ${path}`;
    case 'EMFILE':
    case 'ENFILE':
      return 'Raise the limit of open files (ulimit -n)';
    default:
      return `Check the disk that holds ${path}, and what the kernel says about it (dmesg)`;
  }
}
