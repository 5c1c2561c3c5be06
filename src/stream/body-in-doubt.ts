import { findLineEnd, findMethod } from '../http/classify.ts';
import { createMethodTable, METHODS_REGISTERED } from '../http/grammar.ts';
import { readRequestLine, START_LINE_OK } from '../http/start-line.ts';
import { endMessage } from './end-message.ts';
import { holdBytes } from './held-bytes.ts';
import { DOUBT_BYTES_MAX } from './limits.ts';
import {
  SIDE_CHUNKED,
  SIDE_DOUBT,
  SIDE_LENGTH,
  type StreamSide,
  type StreamState,
} from './stream-state.ts';

const METHODS = createMethodTable(METHODS_REGISTERED);
/** The longest of them, and its space. */
const METHOD_BYTES_MAX = 1 + Math.max(...METHODS_REGISTERED.map(({ length }) => length));

/**
 * Says whether the next bytes may be the next request instead of the body: after a final response the client may
 * leave the body out that it had announced, as a whole.
 *
 *     -> POST a, Expect: 100-continue
 *     <- 417 a
 *     -> GET b           no body of a
 *
 * @see RFC 9110 section 10.1.1
 */
export function isBodyInDoubt(stream: StreamState, side: StreamSide): boolean {
  return (
    side === stream.client &&
    side.bodyBytes === 0 &&
    !side.isBodySure &&
    stream.waitingCount === 0 &&
    !stream.isUpgraded
  );
}

/**
 * Holds bytes up to the first line's end, or until they can be no request of a known method; then they are read
 * again, as what they are.
 *
 * @returns where it stopped
 */
export function readDoubt(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  const stop = Math.min(
    findLineEnd(bytes, offset, end) + 1,
    end,
    offset + DOUBT_BYTES_MAX - side.heldBytes,
  );
  if (!holdBytes(stream, side, bytes, offset, stop)) {
    beSureOfBody(stream, side);
    return offset;
  }
  const held = side.held as Uint8Array;
  const { heldBytes } = side;
  const lineEnd = findLineEnd(held, heldBytes - (stop - offset), heldBytes);
  const isMethodSeen = heldBytes >= METHOD_BYTES_MAX || lineEnd < heldBytes;
  const isRequest =
    METHODS.firstIndex[held[0]] !== -1 &&
    (!isMethodSeen || findMethod(held, 0, heldBytes, METHODS) !== -1);
  if (!isRequest || heldBytes === DOUBT_BYTES_MAX) {
    beSureOfBody(stream, side);
  } else if (lineEnd < heldBytes) {
    if (readRequestLine(held, 0, lineEnd, stream.parts.request) === START_LINE_OK) {
      endMessage(stream, side);
      stream.isReleased = true;
    } else {
      beSureOfBody(stream, side);
    }
  }
  return stop;
}

/** What is held is of the body. */
export function beSureOfBody(stream: StreamState, side: StreamSide): void {
  side.isBodySure = true;
  side.state = side.remainingBytes > 0 ? SIDE_LENGTH : SIDE_CHUNKED;
  stream.isReleased = side.held !== null;
}

/** The side's next bytes are held until it is known what they are. */
export function beginDoubt(side: StreamSide): void {
  side.state = SIDE_DOUBT;
}
