import koffi from 'koffi';

/** The C library's call around signals that Node does not have. */
const libc = koffi.load('libc.so.6');

const pthreadSigmask = libc.func('int pthread_sigmask(int how, const void *set, void *oldSet)');

const SIG_UNBLOCK = 1;
/** sigset_t: a bit a signal, from signal 1 on. */
const SIGNAL_SET_BYTES = 128;

/**
 * This thread takes the signal from here on, and one that came while it was blocked comes now.
 *
 * @param signal its number, 1 to 64
 */
export function unblockSignal(signal: number): void {
  const set = Buffer.alloc(SIGNAL_SET_BYTES);
  const bit = signal - 1;
  set[bit >> 3] = 1 << (bit & 7);
  pthreadSigmask(SIG_UNBLOCK, set, null);
}
