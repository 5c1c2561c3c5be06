import { fstatSync } from 'node:fs';
import { lateTty } from '../late-modules.ts';

export const STDOUT_FD = 1;
export const STDERR_FD = 2;

/** Device number of /dev/null, where most scripts send what they do not want. */
const NULL_DEVICE = 0x103;

/**
 * Whether somebody may be looking. Without `process.stdout`, which brings Node's streams and sockets with it: for a file,
 * a pipe and /dev/null the kind of the file says enough.
 */
export function isTerminal(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    return stats.isCharacterDevice() && stats.rdev !== NULL_DEVICE && lateTty().isatty(fd);
  } catch {
    return false; // It is closed.
  }
}
