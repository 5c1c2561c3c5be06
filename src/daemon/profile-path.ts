import { accessSync, closeSync, constants } from 'node:fs';
import { EXIT_NOT_FOUND, EXIT_PERMISSION, HttplogError, systemErrorName } from '../errors.ts';
import { followPathSync } from '../log/path-trust.ts';
import { type FileTrust, openTrustedFileSync } from '../log/trusted-file.ts';
import { describeSystemError } from '../log/write-fault.ts';

const { O_APPEND, O_CREAT, O_WRONLY } = constants;
const PROFILE_MODE = 0o666;

/** A profile that cannot be written would be known only at the end, when it is too late. */
export function checkProfilePath(
  path: string | undefined,
  { isStrict }: Pick<FileTrust, 'isStrict'>,
): void {
  if (path === undefined) {
    return;
  }
  try {
    const place = followPathSync(path, isStrict);
    closeSync(openTrustedFileSync(place, O_WRONLY | O_APPEND | O_CREAT, PROFILE_MODE));
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
