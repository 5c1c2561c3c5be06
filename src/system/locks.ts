import koffi from 'koffi';
import { errorNumber } from './libc.ts';

/** The C library's call for locks on whole files, which Node does not have. */
const libc = koffi.load('libc.so.6');

const flock = libc.func('int flock(int fd, int operation)');

const LOCK_EXCLUSIVE = 2;
const LOCK_NONBLOCKING = 4;

/** EWOULDBLOCK: another descriptor has the lock. */
export const LOCK_HELD = 11;

/**
 * Takes the lock of a file for as long as the descriptor is open, by this process or a copy of it. Gone with the
 * process, however that ends.
 *
 * @returns the error number, 0 when it was taken
 * @see flock(2)
 */
export function lockDescriptor(fd: number): number {
  return flock(fd, LOCK_EXCLUSIVE | LOCK_NONBLOCKING) === 0 ? 0 : errorNumber();
}
