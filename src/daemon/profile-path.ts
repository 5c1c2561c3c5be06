import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { EXIT_NOT_FOUND, EXIT_PERMISSION, HttplogError, systemErrorName } from '../errors.ts';
import { describeSystemError } from '../log/write-fault.ts';

/** A profile that cannot be written would be known only at the end, when it is too late. */
export function checkProfilePath(path: string | undefined): void {
  if (path === undefined) {
    return;
  }
  try {
    closeSync(openSync(path, 'a'));
    accessSync(path, constants.W_OK);
  } catch (error) {
    const isMissing = systemErrorName(error) === 'ENOENT';
    throw new HttplogError(`Cannot write the profile ${path}: ${describeSystemError(error)}`, {
      code: 'HTTPLOG_PROFILE',
      exitCode: isMissing ? EXIT_NOT_FOUND : EXIT_PERMISSION,
      hint: 'Name a file in a directory that exists and may be written, with -cpuprofile',
      cause: error,
    });
  }
}
