import { lstat, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LINE_STREAM_NAMES, type LineStream } from '../format/line-batch.ts';
import { UNFINISHED_SUFFIX } from './compress-file.ts';
import { DIRECTORY_READ_ENTRIES } from './limits.ts';
import { isOwnOrRoots, isWritableByOthers } from './path-trust.ts';

/** A file that one output has made, as its name tells. */
export interface OwnFile {
  name: string;
  stream: LineStream;
  /** 20190901. */
  day: number;
  /** Within day and stream; 0 in names without a number. */
  number: number;
  state: 'plain' | 'compressed' | 'unfinished';
}

/** How names of daily databases end. */
export const DAILY_DATABASE_SUFFIX = 'sqlite';

/** `http-20190901.log`, or `http-CQ-20190901.0001.log` with a stream's name and a number. */
export function findDailyName(day: number, streamName: string, suffix: string, number = 0): string {
  const digits = String(day).padStart(8, '0');
  const start = streamName === '' ? `http-${digits}` : `http-${streamName}-${digits}`;
  return number === 0
    ? `${start}.${suffix}`
    : `${start}.${String(number).padStart(4, '0')}.${suffix}`;
}

/** The last number that a name has room for. */
export const DAILY_NUMBER_MAX = 9999;

/** The names of one output: no other is ever touched. */
export function createNamePattern(suffix: string): RegExp {
  const types = LINE_STREAM_NAMES.filter((name) => name !== '').join('|');
  const ending = suffix.replaceAll(/[^A-Za-z0-9]/g, '\\$&');
  const day = '\\d{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\\d|3[01])';
  const packed = `(?<packed>\\.(?:gz|zst)(?<unfinished>\\${UNFINISHED_SUFFIX})?)?`;
  return new RegExp(
    `^http-(?:(?<type>${types})-)?(?<day>${day})(?:\\.(?<number>\\d{4}))?\\.${ending}${packed}$`,
  );
}

export function parseOwnName(name: string, pattern: RegExp): OwnFile | null {
  const groups = pattern.exec(name)?.groups;
  if (groups === undefined) {
    return null;
  }
  const { type = '', day, number = '0', packed, unfinished } = groups;
  return {
    name,
    stream: LINE_STREAM_NAMES.indexOf(type as (typeof LINE_STREAM_NAMES)[number]) as LineStream,
    day: Number(day),
    number: Number(number),
    state: unfinished !== undefined ? 'unfinished' : packed !== undefined ? 'compressed' : 'plain',
  };
}

/**
 * The output's own files in a directory: regular ones, no links, and where others can make files too none of
 * theirs. Read in pieces, so that a directory of 100,000 files holds nobody up.
 *
 * @throws Error of the system when the directory cannot be read
 */
export async function listOwnFiles(directory: string, pattern: RegExp): Promise<OwnFile[]> {
  const stats = await stat(directory);
  const isShared = !isOwnOrRoots(stats) || isWritableByOthers(stats);
  const files: OwnFile[] = [];
  for await (const entry of await opendir(directory, { bufferSize: DIRECTORY_READ_ENTRIES })) {
    const file = parseOwnName(entry.name, pattern);
    if (file !== null && entry.isFile()) {
      if (!isShared || (await isOfOwnOrRoot(join(directory, entry.name)))) {
        files.push(file);
      }
    }
  }
  return files;
}

/** False for one that is gone. */
async function isOfOwnOrRoot(path: string): Promise<boolean> {
  try {
    return isOwnOrRoots(await lstat(path));
  } catch {
    return false;
  }
}

/** The oldest first. */
export function compareAge(one: OwnFile, other: OwnFile): number {
  return (
    one.day - other.day ||
    one.number - other.number ||
    one.stream - other.stream ||
    (one.name < other.name ? -1 : 1)
  );
}
