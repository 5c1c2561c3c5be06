import { FileKeeper, type FileKeeperOptions } from './file-keeper.ts';
import { hasPastUpkeep, LEFT_ALONE, type Upkeep } from './upkeep.ts';

/** Daily files of one output, with what they are allowed to become. */
export interface KeptFiles extends Omit<FileKeeperOptions, 'upkeep'> {
  upkeep: Upkeep | undefined;
}

/**
 * What looks after the daily files of an output, from now on; null when they are left alone.
 *
 * @param policy `fail`, for a replay: files are followed by others, and nothing is compressed or deleted
 */
export function createKeeper(files: KeptFiles, policy: 'hold' | 'fail'): FileKeeper | null {
  if (files.upkeep === undefined) {
    return null;
  }
  const { rotateBytes } = files.upkeep;
  const upkeep = policy === 'hold' ? files.upkeep : { ...LEFT_ALONE, rotateBytes };
  if (rotateBytes === 0 && !hasPastUpkeep(upkeep)) {
    return null;
  }
  const keeper = new FileKeeper({ ...files, upkeep });
  if (hasPastUpkeep(upkeep)) {
    keeper.start();
  }
  return keeper;
}
