import type { Settings } from '../config/settings.ts';
import type { Upkeep } from '../log/upkeep.ts';

/** What daily files are allowed to become; undefined: whatever they become, nobody looks after them. */
export function createUpkeep(settings: Settings): Upkeep | undefined {
  const upkeep: Upkeep = {
    rotateBytes: settings.rotateBytes,
    compression: settings.compression,
    keepDays: settings.keepDays,
    keepFiles: settings.keepFiles,
    diskBytesMax: settings.diskBytesMax,
  };
  const isLeftAlone = Object.values(upkeep).every((value) => value === 0 || value === 'none');
  return isLeftAlone ? undefined : upkeep;
}
