import { checkDirectory, checkFile } from './output-target.ts';
import { checkUpkeep, type Upkeep } from './upkeep.ts';

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
 * @throws HttplogError with exit code 2 (wrong kind of file, no such compression), 3 (not there) or 4 (no permission)
 */
export async function checkSqliteTarget(target: SqliteTarget): Promise<void> {
  if ('path' in target) {
    await checkFile(target.path, OUTPUT_OPTION);
  } else {
    if (target.upkeep !== undefined) {
      checkUpkeep(target.upkeep);
    }
    await checkDirectory(target.directory, OUTPUT_OPTION);
  }
}
