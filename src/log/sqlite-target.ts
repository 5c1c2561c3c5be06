import { checkDailyTrust, checkFileTrust } from './check-trust.ts';
import { checkDirectory, checkFile } from './output-target.ts';
import { DAILY_DATABASE_SUFFIX } from './own-files.ts';
import { checkUpkeep, hasNumbers, type Upkeep } from './upkeep.ts';

/** Where the records go: one database, or daily ones. */
export type SqliteTarget =
  | { path: string }
  /** With `upkeep` a day may have more databases, with numbers. */
  | { directory: string; upkeep?: Upkeep | undefined };

/** The one option that names databases, for hints. */
const OUTPUT_OPTION = '--output';

/**
 * Says no before anything is captured when the target cannot be written. Nothing is created.
 *
 * @throws HttplogError with exit code 2 (wrong kind of file, no such compression), 3 (not there) or 4 (no permission,
 *   or another user may turn what is written elsewhere)
 */
export async function checkSqliteTarget(
  target: SqliteTarget,
  policy: 'hold' | 'fail',
): Promise<void> {
  // What SQLite opens, it opens by name: whoever owns the directory could turn it within a replay, too.
  const isStrict = true;
  if ('path' in target) {
    await checkFile(target.path, OUTPUT_OPTION);
    await checkFileTrust(target.path, OUTPUT_OPTION, { isNamed: false, isStrict });
    return;
  }
  const { directory, upkeep } = target;
  if (upkeep !== undefined) {
    checkUpkeep(upkeep);
  }
  await checkDirectory(directory, OUTPUT_OPTION);
  await checkDailyTrust({
    directory,
    suffix: DAILY_DATABASE_SUFFIX,
    option: OUTPUT_OPTION,
    hasNumbers: upkeep !== undefined && hasNumbers(upkeep),
    isStrict,
    isDaemon: policy === 'hold',
  });
}
