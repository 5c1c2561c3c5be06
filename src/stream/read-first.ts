import { PROXY_HEADER_CUT, proxyHeaderBytes } from '../http/proxy-protocol.ts';
import { loseSide } from './end-message.ts';
import { dropHeld, holdBytes } from './held-bytes.ts';
import { LOST_NO_ROOM } from './http-events.ts';
import { PROXY_HEADER_BYTES_MAX } from './limits.ts';
import { SIDE_HEAD, type StreamSide, type StreamState } from './stream-state.ts';

/**
 * Reads the first bytes of a client: what a proxy has sent before them is told and passed over. The same bytes later
 * are what a client has written.
 *
 * @returns one past the last byte that was read
 */
export function readFirst(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  if (side.held !== null) {
    return continueFirst(stream, side, bytes, offset, end);
  }
  const byteLength = proxyHeaderBytes(bytes, offset, end);
  if (byteLength === PROXY_HEADER_CUT) {
    return continueFirst(stream, side, bytes, offset, end);
  }
  side.state = SIDE_HEAD;
  if (byteLength > 0) {
    stream.events.proxied(bytes, offset, offset + byteLength);
  }
  return offset + byteLength;
}

/** A header of several feeds, or what has only begun like one: that is read again as what it is, each at its time. */
function continueFirst(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  const { heldBytes } = side;
  const stop = Math.min(end, offset + PROXY_HEADER_BYTES_MAX - heldBytes);
  if (!holdBytes(stream, side, bytes, offset, stop)) {
    loseSide(stream, side, LOST_NO_ROOM);
    return end;
  }
  const held = side.held as unknown as Uint8Array;
  const byteLength = proxyHeaderBytes(held, 0, side.heldBytes);
  if (byteLength === PROXY_HEADER_CUT) {
    return stop;
  }
  side.state = SIDE_HEAD;
  if (byteLength === 0) {
    side.heldBytes = heldBytes;
    stream.isReleased = true;
    return offset;
  }
  const restBytes = side.heldBytes - byteLength;
  stream.events.proxied(held, 0, byteLength);
  dropHeld(stream, side);
  return stop - restBytes;
}
