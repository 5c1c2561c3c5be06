import { giveBytes, growBytes, putBytes, takeBytes } from './byte-pool.ts';
import type { StreamSide, StreamState } from './stream-state.ts';

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
  putBytes(held, side.heldBytes, bytes, offset, end);
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
