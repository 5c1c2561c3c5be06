import { FileKeeper, type FileKeeperOptions } from './file-keeper.ts';
import { LEFT_ALONE, type Upkeep } from './upkeep.ts';

/** Daily files of one output, with what they are allowed to become. */
export interface KeptFiles extends Omit<FileKeeperOptions, 'upkeep'> {
  upkeep: Upkeep | undefined;
}

/**
 * What looks after the daily files of an output, from now on; a daemon's also while they are left alone, because
 * that may change.
 *
 * @param policy `fail`, for a replay: files are followed by others, and nothing is compressed or deleted; null when
 * they are not
 */
export function createKeeper(files: KeptFiles, policy: 'hold' | 'fail'): FileKeeper | null {
  const { upkeep = LEFT_ALONE } = files;
  if (policy === 'hold') {
    const keeper = new FileKeeper({ ...files, upkeep });
    keeper.start();
    return keeper;
  }
  const { rotateBytes } = upkeep;
  return rotateBytes === 0
    ? null
    : new FileKeeper({ ...files, upkeep: { ...LEFT_ALONE, rotateBytes } });
}
