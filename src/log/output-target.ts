import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  EXIT_NOT_FOUND,
  EXIT_PERMISSION,
  EXIT_RUNTIME,
  EXIT_USAGE,
  HttplogError,
  systemErrorName,
} from '../errors.ts';
import { LINE_STREAM_NAMES, type LineBatch, type LineDocument } from '../format/line-batch.ts';
import { checkDailyTrust, checkFileTrust } from './check-trust.ts';
import { createNotEmptyError } from './not-empty.ts';
import { findDailyName } from './own-files.ts';
import { refuseCapture } from './refuse-capture.ts';
import { checkUpkeep, hasNumbers, type Upkeep } from './upkeep.ts';
import { describeSystemError } from './write-fault.ts';

/** Where the lines go, and what a new file begins with. */
export type OutputTarget = OutputPlace & {
  /** Whole lines, such as names of columns; not counted as lines. A file that has bytes gets none. */
  header?: Uint8Array | undefined;
  /** The lines are elements of one document: **not of daily files**, which have no end. */
  document?: LineDocument | undefined;
  /** The option that named the place, for hints; else `-o` or `-d`. */
  option?: string | undefined;
};

type OutputPlace =
  /**
   * `DIR/http-YYYYMMDD.SUFFIX`, or `DIR/http-CQ-YYYYMMDD.SUFFIX` when split, by the batch's day and stream.
   * The suffix is `log` unless another one is given. With `upkeep` a day may have more files, with numbers.
   */
  | { kind: 'daily'; directory: string; suffix?: string | undefined; upkeep?: Upkeep | undefined }
  /** One file, appended to. */
  | { kind: 'file'; path: string }
  | { kind: 'stdout'; paint?: ((lines: Uint8Array) => Uint8Array) | undefined };

/** How names of daily files end if nothing else is said. */
export const DAILY_SUFFIX = 'log';

/** Stands for standard output where a path is expected. */
export const STDOUT_PATH = 'standard output';

/** Path of the file that a batch belongs to; its own day decides, however late it comes. */
export function findBatchPath(target: OutputTarget, batch: LineBatch): string {
  switch (target.kind) {
    case 'daily': {
      const name = LINE_STREAM_NAMES[batch.stream];
      const suffix = target.suffix ?? DAILY_SUFFIX;
      return join(target.directory, findDailyName(batch.day, name, suffix));
    }
    case 'file':
      return target.path;
    case 'stdout':
      return STDOUT_PATH;
    default:
      return target satisfies never;
  }
}

/**
 * Says no before anything is captured when the target cannot be written. Nothing is created.
 *
 * @param policy see `LogWriterOptions`
 * @throws HttplogError with exit code 2 (wrong kind of file), 3 (not there) or 4 (no permission, or another user
 *   may turn what is written elsewhere)
 */
export async function checkOutputTarget(
  target: OutputTarget,
  policy: 'hold' | 'fail' = 'hold',
): Promise<void> {
  switch (target.kind) {
    case 'daily':
      return checkDaily(target, policy);
    case 'file': {
      const option = target.option ?? '-o';
      await checkFile(target.path, option);
      await refuseCapture(target.path, option);
      if (target.document !== undefined) {
        await checkEmpty(target.path, option);
      }
      return checkFileTrust(target.path, option, { isNamed: true, isStrict: policy === 'hold' });
    }
    case 'stdout':
      return;
    default:
      target satisfies never;
  }
}

async function checkDaily(
  { directory, suffix = DAILY_SUFFIX, upkeep, option = '-d' }: OutputTarget & { kind: 'daily' },
  policy: 'hold' | 'fail',
): Promise<void> {
  if (upkeep !== undefined) {
    checkUpkeep(upkeep);
  }
  await checkDirectory(directory, option);
  // A daemon writes for long, and whoever owns a directory has the time to turn it.
  const isDaemon = policy === 'hold';
  const numbered = upkeep !== undefined && hasNumbers(upkeep);
  const place = { directory, suffix, option, hasNumbers: numbered };
  await checkDailyTrust({ ...place, isStrict: isDaemon, isDaemon });
}

/**
 * Checks that files can be made in a directory.
 *
 * @param option the option that names the directory, for the hint
 * @throws HttplogError with exit code 2 (no directory), 3 (not there) or 4 (no permission)
 */
export async function checkDirectory(directory: string, option: string): Promise<void> {
  const naming = `or name another one with ${option}`;
  let isDirectory: boolean;
  try {
    isDirectory = (await stat(directory)).isDirectory();
  } catch (error) {
    throw createAccessError(`Directory ${directory}`, error, {
      missing: `Create it with mkdir -p ${directory}, ${naming}`,
      denied: `Give this user access to ${directory}, ${naming}`,
    });
  }
  if (!isDirectory) {
    throw new HttplogError(`${directory} is not a directory`, {
      code: 'HTTPLOG_NOT_A_DIRECTORY',
      exitCode: EXIT_USAGE,
      hint: `Name a directory with ${option}`,
    });
  }
  await checkWritable(directory, `Directory ${directory}`, constants.W_OK | constants.X_OK, naming);
}

/** As `checkDirectory`, for a file that may still be missing. */
export async function checkFile(path: string, option: string): Promise<void> {
  const naming = `or name another one with ${option}`;
  try {
    if ((await stat(path)).isDirectory()) {
      throw new HttplogError(`${path} is a directory, not a file`, {
        code: 'HTTPLOG_OUTPUT_IS_DIRECTORY',
        exitCode: EXIT_USAGE,
        hint: `Name a file with ${option}, or use -d for daily files in a directory`,
      });
    }
  } catch (error) {
    if (error instanceof HttplogError) {
      throw error;
    }
    if (systemErrorName(error) === 'ENOENT') {
      return checkDirectory(dirname(path), option);
    }
    throw createAccessError(`File ${path}`, error, {
      missing: `Name a file with ${option}`,
      denied: `Give this user access to ${path}, ${naming}`,
    });
  }
  await checkWritable(path, `File ${path}`, constants.W_OK, naming);
}

/** @throws HttplogError when there is something in the file; what else is wrong with it was looked at before */
async function checkEmpty(path: string, option: string): Promise<void> {
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isFile() && stats.size > 0) {
    throw createNotEmptyError(path, option);
  }
}

async function checkWritable(
  path: string,
  subject: string,
  mode: number,
  naming: string,
): Promise<void> {
  try {
    await access(path, mode);
  } catch (error) {
    throw createAccessError(subject, error, {
      missing: `Create it again, ${naming}`,
      denied: `Let this user write to ${path}, ${naming}`,
    });
  }
}

function createAccessError(
  subject: string,
  cause: unknown,
  hints: { missing: string; denied: string },
): HttplogError {
  const name = systemErrorName(cause);
  switch (name) {
    case 'ENOENT':
      return new HttplogError(`${subject} does not exist`, {
        code: 'HTTPLOG_OUTPUT_MISSING',
        exitCode: EXIT_NOT_FOUND,
        hint: hints.missing,
        cause,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new HttplogError(`${subject} is not writable: ${describeSystemError(cause)}`, {
        code: 'HTTPLOG_OUTPUT_PERMISSION',
        exitCode: EXIT_PERMISSION,
        hint: hints.denied,
        cause,
      });
    default:
      return new HttplogError(`${subject} cannot be used: ${describeSystemError(cause)}`, {
        code: 'HTTPLOG_OUTPUT_UNUSABLE',
        exitCode: name === 'ENOTDIR' ? EXIT_USAGE : EXIT_RUNTIME,
        hint: hints.denied,
        cause,
      });
  }
}
