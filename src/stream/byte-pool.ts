import { copyBytes } from '../bytes.ts';
import {
  HELD_BYTES_MAX,
  HELD_BYTES_MIN,
  HELD_BYTES_OF_ONE_MAX,
  SPARE_BYTES_MAX,
} from './limits.ts';

/** Up to so many bytes a loop costs less than a view. */
const VIEW_BYTES_MIN = 256;

/** Buffers that connections hold for a while: of sizes that double, handed out again when they are given back. */
export interface BytePool {
  /** By size, the smallest first. */
  readonly spares: readonly Uint8Array[][];
  /** Of all buffers that are out. */
  takenBytes: number;
}

const SIZES_COUNT = Math.log2(HELD_BYTES_OF_ONE_MAX / HELD_BYTES_MIN) + 1;

export function createBytePool(): BytePool {
  return { spares: Array.from({ length: SIZES_COUNT }, () => []), takenBytes: 0 };
}

/** Gives a buffer of at least so many bytes; null when it would be too large, or all together would. */
export function takeBytes(pool: BytePool, byteLength: number): Uint8Array | null {
  let size = 0;
  let sizeBytes = HELD_BYTES_MIN;
  while (sizeBytes < byteLength) {
    sizeBytes *= 2;
    size++;
  }
  if (size >= SIZES_COUNT || pool.takenBytes + sizeBytes > HELD_BYTES_MAX) {
    return null;
  }
  pool.takenBytes += sizeBytes;
  return pool.spares[size].pop() ?? new Uint8Array(sizeBytes);
}

export function giveBytes(pool: BytePool, bytes: Uint8Array): void {
  pool.takenBytes -= bytes.length;
  const spares = pool.spares[Math.log2(bytes.length / HELD_BYTES_MIN)];
  if ((spares.length + 1) * bytes.length <= SPARE_BYTES_MAX) {
    spares.push(bytes);
  }
}

/**
 * A buffer with room for so many bytes in place of one that has too little; the old one's first `usedBytes` are
 * copied, and it is given back.
 */
export function growBytes(
  pool: BytePool,
  bytes: Uint8Array,
  usedBytes: number,
  byteLength: number,
): Uint8Array | null {
  if (byteLength <= bytes.length) {
    return bytes;
  }
  const larger = takeBytes(pool, byteLength);
  if (larger !== null) {
    larger.set(bytes.subarray(0, usedBytes));
    giveBytes(pool, bytes);
  }
  return larger;
}

/** Copies `source[offset, end)`, few bytes or many; gives where the next one goes. */
export function putBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  offset: number,
  end: number,
): number {
  if (end - offset <= VIEW_BYTES_MIN) {
    return copyBytes(target, at, source, offset, end);
  }
  target.set(source.subarray(offset, end), at);
  return at + end - offset;
}
