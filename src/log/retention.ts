import { compareAge, type OwnFile } from './own-files.ts';
import type { DeleteReason, Upkeep } from './upkeep.ts';

/** A file with what it takes of the disk. */
export interface SizedFile {
  file: OwnFile;
  byteLength: number;
  /** Written at the moment: it counts, and stays. */
  isOpen: boolean;
}

export interface Deletion {
  file: OwnFile;
  reason: DeleteReason;
  byteLength: number;
}

/**
 * The files that have to go, the oldest first.
 *
 * @param today 20190901
 */
export function chooseDeletions(
  files: readonly SizedFile[],
  upkeep: Upkeep,
  today: number,
): Deletion[] {
  const { keepDays, keepFiles, diskBytesMax } = upkeep;
  const firstDay = keepDays > 0 ? subtractDays(today, keepDays) : 0;
  let spareFiles = keepFiles > 0 ? countFiles(files) - keepFiles : 0;
  let spareBytes = diskBytesMax > 0 ? sumBytes(files) - diskBytesMax : 0;
  // Most of the time nothing has to go, and a large directory takes its time to sort.
  if (spareFiles <= 0 && spareBytes <= 0 && files.every(({ file }) => file.day >= firstDay)) {
    return [];
  }
  const deletions: Deletion[] = [];
  const oldestFirst = files.toSorted((one, other) => compareAge(one.file, other.file));
  for (const { file, byteLength, isOpen } of oldestFirst) {
    const reason = isOpen ? undefined : findReason(file.day < firstDay, spareFiles, spareBytes);
    if (reason !== undefined) {
      deletions.push({ file, reason, byteLength });
      spareFiles -= 1;
      spareBytes -= byteLength;
    }
  }
  return deletions;
}

function findReason(
  isTooOld: boolean,
  spareFiles: number,
  spareBytes: number,
): DeleteReason | undefined {
  if (isTooOld) {
    return 'keep-days';
  }
  if (spareFiles > 0) {
    return 'keep-files';
  }
  return spareBytes > 0 ? 'max-disk' : undefined;
}

/** A file and what is just made of it are one. */
function countFiles(files: readonly SizedFile[]): number {
  return new Set(files.map(({ file }) => file.name.replace(/\.(?:gz|zst)(?:\.tmp)?$/, ''))).size;
}

function sumBytes(files: readonly SizedFile[]): number {
  return files.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** A calendar day as a number, 20190901, so many days before another one. */
export function subtractDays(day: number, daysCount: number): number {
  const month = Math.floor(day / 100) % 100;
  const date = new Date(0);
  date.setUTCFullYear(Math.floor(day / 10_000), month - 1, (day % 100) - daysCount);
  return toDay(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
}

/** Today as a number, by this host's clock and time zone. */
export function findToday(nowMs: number): number {
  const now = new Date(nowMs);
  return toDay(now.getFullYear(), now.getMonth(), now.getDate());
}

function toDay(year: number, monthIndex: number, date: number): number {
  return Math.max(0, year * 10_000 + (monthIndex + 1) * 100 + date);
}
