import { findLineEnd } from '../http/classify.ts';
import { readRequestLine, START_LINE_OK } from '../http/start-line.ts';
import { LOST_GAP } from './http-events.ts';
import { SIDE_HEAD, SIDE_LOST, type StreamSide, type StreamState } from './stream-state.ts';

/** Of each status line. */
const HTTP_1 = Uint8Array.from('HTTP/1.', (sign) => sign.charCodeAt(0));

/**
 * Looks whether a feed begins a message, in a direction that was lost by a gap: only where the client is known to
 * wait for each response, and nothing is under way any more, is the next request the next exchange. The feeds of
 * a capture begin where segments do.
 */
export function findAgain(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): void {
  const { client, server, parts } = stream;
  if (side === server) {
    if (side.isSeeking && side.held === null && side.state === SIDE_HEAD) {
      side.isSeeking = !beginsResponse(bytes, offset, end);
    }
    return;
  }
  const isIdle = server.state === SIDE_LOST || (server.state === SIDE_HEAD && server.held === null);
  if (
    side.state !== SIDE_LOST ||
    side.lostReason !== LOST_GAP ||
    stream.isAhead ||
    stream.waitingCount > 0 ||
    !isIdle
  ) {
    return;
  }
  const lineEnd = findLineEnd(bytes, offset, end);
  if (
    lineEnd < end &&
    lineEnd > offset &&
    readRequestLine(bytes, offset, lineEnd, parts.request) === START_LINE_OK
  ) {
    client.state = SIDE_HEAD;
  }
}

function beginsResponse(bytes: Uint8Array, offset: number, end: number): boolean {
  const length = Math.min(HTTP_1.length, end - offset);
  for (let index = 0; index < length; index++) {
    if (bytes[offset + index] !== HTTP_1[index]) {
      return false;
    }
  }
  return true;
}
