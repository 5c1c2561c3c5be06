import koffi from 'koffi';

/**
 * The C library's calls that a packet socket needs, bound once a thread.
 *
 * Synchronous calls only: koffi's asynchronous ones crash in worker threads.
 */
const libc = koffi.load('libc.so.6');

export const socket = libc.func('int socket(int domain, int type, int protocol)');
export const setsockopt = libc.func(
  'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
);
export const getsockopt = libc.func(
  'int getsockopt(int fd, int level, int name, void *value, void *length)',
);
export const bind = libc.func('int bind(int fd, const void *address, uint32_t length)');
export const closeDescriptor = libc.func('int close(int fd)');
export const mmap = libc.func(
  'void *mmap(void *address, size_t length, int protection, int flags, int fd, int64_t offset)',
);
export const munmap = libc.func('int munmap(void *address, size_t length)');
export const poll = libc.func('int poll(void *descriptors, unsigned long count, int timeoutMs)');
export const ifNameToIndex = libc.func('unsigned int if_nametoindex(const char *name)');

/** The view of mapped memory as an ArrayBuffer: no copy, valid until `munmap`. */
export function viewMemory(address: unknown, byteLength: number): ArrayBuffer {
  return koffi.view(address, byteLength);
}

/** Address of a buffer's first byte, or of what a pointer points to: for structures that hold pointers. */
export function addressOf(bufferOrPointer: unknown): bigint {
  return koffi.address(bufferOrPointer);
}

/** The last failed call's error number. */
export function errorNumber(): number {
  return koffi.errno();
}

/** True when mmap failed: it gives (void *) -1. */
export function isMapFailed(address: unknown): boolean {
  return BigInt.asIntN(64, koffi.address(address)) === -1n;
}

export const EPERM = 1;
export const ENOMEM = 12;
export const EACCES = 13;
export const EINTR = 4;
export const ENODEV = 19;
export const EINVAL = 22;
export const ENETDOWN = 100;
