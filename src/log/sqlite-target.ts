import { join } from 'node:path';
import type { LineBatch } from '../format/line-batch.ts';
import { checkDirectory, checkFile } from './output-target.ts';
import { findDailyName } from './own-files.ts';

/** Where the records go: one database, or one a day, `DIR/http-YYYYMMDD.sqlite`. */
export type SqliteTarget = { path: string } | { directory: string };

const DAILY_SUFFIX = 'sqlite';
/** The one option that names databases, for hints. */
const OUTPUT_OPTION = '--output';

/** Path of the database that a batch belongs to; types are not split, because a query tells them apart. */
export function findDatabasePath(target: SqliteTarget, batch: LineBatch): string {
  return 'path' in target
    ? target.path
    : join(target.directory, findDailyName(batch.day, '', DAILY_SUFFIX));
}

/**
 * Says no before anything is captured when the target cannot be written. Nothing is created.
 *
 * @throws HttplogError with exit code 2 (wrong kind of file), 3 (not there) or 4 (no permission)
 */
export async function checkSqliteTarget(target: SqliteTarget): Promise<void> {
  if ('path' in target) {
    await checkFile(target.path, OUTPUT_OPTION);
  } else {
    await checkDirectory(target.directory, OUTPUT_OPTION);
  }
}
