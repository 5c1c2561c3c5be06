import { copyBytes } from '../bytes.ts';
import { giveBytes, growBytes, takeBytes } from './byte-pool.ts';
import type { StreamSide, StreamState } from './stream-state.ts';

/** Up to so many bytes a loop costs less than a view. */
const VIEW_BYTES_MIN = 256;

/** Holds further bytes of a side; false when there is no room for them. */
export function holdBytes(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): boolean {
  const { pool } = stream.parts;
  const byteLength = side.heldBytes + end - offset;
  if (side.held === null) {
    side.heldSec = stream.timeSec;
    side.heldNs = stream.timeNs;
  }
  const held =
    side.held === null
      ? takeBytes(pool, byteLength)
      : growBytes(pool, side.held, side.heldBytes, byteLength);
  if (held === null) {
    return false;
  }
  if (end - offset <= VIEW_BYTES_MIN) {
    copyBytes(held, side.heldBytes, bytes, offset, end);
  } else {
    held.set(bytes.subarray(offset, end), side.heldBytes);
  }
  side.held = held;
  side.heldBytes = byteLength;
  return true;
}

export function dropHeld(stream: StreamState, side: StreamSide): void {
  if (side.held !== null) {
    giveBytes(stream.parts.pool, side.held);
    side.held = null;
    side.heldBytes = 0;
  }
}
