import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { EXIT_PERMISSION, HttplogError, systemErrorName } from '../errors.ts';
import { LINE_STREAM_NAMES } from '../format/line-batch.ts';
import { DIRECTORY_READ_ENTRIES } from './limits.ts';
import { createNamePattern, findDailyName, parseOwnName } from './own-files.ts';
import { findTrustRemedy, followPath, isTrustFault } from './path-trust.ts';
import { findToday } from './retention.ts';
import { checkTrustedFile } from './trusted-file.ts';
import { describeSystemError } from './write-fault.ts';

/** Daily files or databases that will be written. */
export interface DailyPlace {
  directory: string;
  suffix: string;
  /** The option that named the directory, for hints. */
  option: string;
  /** A day has more files than one. */
  hasNumbers: boolean;
  /** See `followPath`. */
  isStrict: boolean;
  /** Lines will be those of today. */
  isDaemon: boolean;
}

/**
 * Looks at a directory, and for a daemon at today's files in it: others come with their day.
 *
 * @throws HttplogError with exit code 4 when another user may turn what is written elsewhere
 */
export async function checkDailyTrust(place: DailyPlace): Promise<void> {
  const { directory, option, isStrict, isDaemon } = place;
  await refuseUntrusted(directory, option, `Cannot write to ${directory}`, () =>
    followPath(directory, isStrict),
  );
  if (!isDaemon) {
    return;
  }
  for (const name of await findTodaysNames(place)) {
    await checkFileTrust(join(directory, name), option, { isNamed: false, isStrict });
  }
}

/** @throws HttplogError with exit code 4 when another user may have put that file there, or may write it */
export async function checkFileTrust(
  path: string,
  option: string,
  trust: { isNamed: boolean; isStrict: boolean },
): Promise<void> {
  await refuseUntrusted(path, option, `Cannot write ${path}`, () => checkTrustedFile(path, trust));
}

async function refuseUntrusted(
  path: string,
  option: string,
  subject: string,
  look: () => Promise<unknown>,
): Promise<void> {
  try {
    await look();
  } catch (error) {
    const name = systemErrorName(error);
    if (!isTrustFault(name)) {
      // What the system says about the place is told by whoever opens it.
      return;
    }
    throw new HttplogError(`${subject}: ${describeSystemError(error)}`, {
      code: name,
      exitCode: EXIT_PERMISSION,
      hint: `${findTrustRemedy(path, name)}, or name another one with ${option}`,
      cause: error,
    });
  }
}

/** Links among them. */
async function findTodaysNames({ directory, suffix, hasNumbers }: DailyPlace): Promise<string[]> {
  const today = findToday(Date.now());
  if (!hasNumbers) {
    return LINE_STREAM_NAMES.map((streamName) => findDailyName(today, streamName, suffix));
  }
  const pattern = createNamePattern(suffix);
  const names: string[] = [];
  for await (const { name } of await opendir(directory, { bufferSize: DIRECTORY_READ_ENTRIES })) {
    const file = parseOwnName(name, pattern);
    if (file?.day === today && file.state === 'plain') {
      names.push(name);
    }
  }
  return names;
}
