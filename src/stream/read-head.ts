import { findLineEnd } from '../http/classify.ts';
import { BYTE_CAPITAL_H, BYTE_CR, BYTE_LF, TOKEN_BYTES } from '../http/grammar.ts';
import { findHeadEnd, HEAD_WITHIN_LINE } from '../http/head-end.ts';
import { checkHead, HEAD_START_LINE } from '../http/head-faults.ts';
import {
  readRequestLine,
  readStatusLine,
  START_LINE_HTTP2,
  START_LINE_NONE,
  START_LINE_ODD,
} from '../http/start-line.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';
import { giveBytes } from './byte-pool.ts';
import { loseSide } from './end-message.ts';
import { holdBytes } from './held-bytes.ts';
import {
  FROM_CLIENT,
  LOST_NO_REQUEST,
  LOST_NO_ROOM,
  LOST_NOT_HTTP,
  LOST_TOO_LONG,
  PROTOCOL_HTTP2,
} from './http-events.ts';
import { EMPTY_LINE_BYTES_MAX } from './limits.ts';
import { SIDE_HEAD, SIDE_LOST, type StreamSide, type StreamState } from './stream-state.ts';
import { beginOther, takeHead } from './take-head.ts';

/**
 * Reads a head, or as much of it as there is: a whole one where it stands, without a copy.
 *
 * @returns one past the last byte that was read
 */
export function readHead(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  if (side.held !== null) {
    return continueHead(stream, side, bytes, offset, end);
  }
  offset = skipEmptyLines(stream, side, bytes, offset, end);
  if (offset === end || side.state !== SIDE_HEAD || !mayBegin(stream, side, bytes[offset])) {
    return end;
  }
  side.startSec = stream.timeSec;
  side.startNs = stream.timeNs;
  const lineEnd = findLineEnd(bytes, offset, end);
  if (lineEnd < end && lineEnd - offset <= HEAD_BYTES_MAX) {
    if (!isStartLine(stream, side, bytes, offset, lineEnd)) {
      // Of HTTP/2 all bytes are the other protocol's, its preface too.
      return stream.isUpgraded ? offset : end;
    }
    const { check } = stream.parts;
    if (checkHead(bytes, offset, lineEnd, end, check)) {
      return takeWhole(stream, side, bytes, offset, check.headEnd) ? check.headEnd : end;
    }
  }
  side.lineState = HEAD_WITHIN_LINE;
  side.isStartLineRead = false;
  return continueHead(stream, side, bytes, offset, end);
}

/** @see RFC 9112 section 2.2 */
function skipEmptyLines(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  while (offset < end && (bytes[offset] === BYTE_CR || bytes[offset] === BYTE_LF)) {
    offset++;
    if (++side.emptyLineBytes > EMPTY_LINE_BYTES_MAX) {
      loseSide(stream, side, LOST_NOT_HTTP);
      return end;
    }
  }
  return offset;
}

/** Says whether a message can begin with this byte here; else the direction is lost. */
function mayBegin(stream: StreamState, side: StreamSide, byte: number): boolean {
  if (side.direction === FROM_CLIENT) {
    if (TOKEN_BYTES[byte] === 1) {
      return true;
    }
    loseSide(stream, side, LOST_NOT_HTTP);
    return false;
  }
  if (byte !== BYTE_CAPITAL_H) {
    loseSide(stream, side, LOST_NOT_HTTP);
    return false;
  }
  if (stream.waitingCount === 0 && stream.client.state === SIDE_LOST) {
    loseSide(stream, side, LOST_NO_REQUEST);
    return false;
  }
  return true;
}

/** Reads the start line; false when the direction is lost by it, or carries another protocol from here on. */
function isStartLine(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  lineEnd: number,
): boolean {
  const { request, response } = stream.parts;
  const found =
    side.direction === FROM_CLIENT
      ? readRequestLine(bytes, offset, lineEnd, request)
      : readStatusLine(bytes, offset, lineEnd, response);
  stream.headFaults = found === START_LINE_ODD ? HEAD_START_LINE : 0;
  if (found === START_LINE_HTTP2 && stream.waitingCount === 0) {
    beginOther(stream, PROTOCOL_HTTP2);
    return false;
  }
  if (found === START_LINE_HTTP2 || found === START_LINE_NONE) {
    loseSide(stream, side, LOST_NOT_HTTP);
    return false;
  }
  return true;
}

/** Takes a head that stands in one piece; false when it is too long. */
function takeWhole(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  headEnd: number,
): boolean {
  if (headEnd - offset > HEAD_BYTES_MAX) {
    loseSide(stream, side, LOST_TOO_LONG);
    return false;
  }
  stream.headFaults |= stream.parts.check.faults;
  takeHead(stream, side, bytes, offset, headEnd);
  return true;
}

/** Holds the next bytes of a head, up to its end when that is among them. */
function continueHead(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  const headEnd = findHeadEnd(side, bytes, offset, end);
  const room = HEAD_BYTES_MAX + 1 - side.heldBytes;
  const stop = Math.min(headEnd === 0 ? end : headEnd, offset + room);
  const searchFrom = side.heldBytes;
  if (!holdBytes(stream, side, bytes, offset, stop)) {
    loseSide(stream, side, LOST_NO_ROOM);
    return end;
  }
  if (!isHeldStartLine(stream, side, searchFrom, headEnd !== 0)) {
    return stream.isUpgraded ? stop : end;
  }
  if (side.heldBytes > HEAD_BYTES_MAX) {
    loseSide(stream, side, LOST_TOO_LONG);
    return end;
  }
  if (headEnd !== 0) {
    takeHeld(stream, side);
  }
  return stop;
}

/** Reads the start line once it is there, and again when the head is: others may have been read in between. */
function isHeldStartLine(
  stream: StreamState,
  side: StreamSide,
  searchFrom: number,
  isHeadWhole: boolean,
): boolean {
  if (side.isStartLineRead && !isHeadWhole) {
    return true;
  }
  const held = side.held as Uint8Array;
  const lineEnd = findLineEnd(held, side.isStartLineRead ? 0 : searchFrom, side.heldBytes);
  if (lineEnd === side.heldBytes) {
    return true;
  }
  side.isStartLineRead = true;
  return isStartLine(stream, side, held, 0, lineEnd);
}

function takeHeld(stream: StreamState, side: StreamSide): void {
  const held = side.held as Uint8Array;
  const { heldBytes } = side;
  const { check, pool } = stream.parts;
  checkHead(held, 0, findLineEnd(held, 0, heldBytes), heldBytes, check);
  // What the head leads to may hold bytes of its own.
  side.held = null;
  side.heldBytes = 0;
  takeWhole(stream, side, held, 0, heldBytes);
  giveBytes(pool, held);
}
