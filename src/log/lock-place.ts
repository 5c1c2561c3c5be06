import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemErrorName } from '../errors.ts';

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

/** Daily files of different formats stand in one directory without being in each other's way. */
export function createDailyLock(directory: string, suffix: string, option: string): LockPlace {
  return {
    kind: 'daily',
    path: directory,
    lockPath: join(directory, `.http-${suffix}.lock`),
    description: `daily files *.${suffix} in ${directory}`,
    option,
  };
}

export function createFileLock(
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
