import { dropHeld } from './held-bytes.ts';
import { FROM_CLIENT, LOST_TOO_MANY } from './http-events.ts';
import { STREAM_WAITING_MAX } from './limits.ts';
import {
  SIDE_HEAD,
  SIDE_LOST,
  SIDE_UPGRADED,
  SIDE_WAITS,
  type StreamSide,
  type StreamState,
  WAITING_CONNECT,
  WAITING_UPGRADE,
} from './stream-state.ts';

/** The message's last byte has passed. */
export function endMessage(stream: StreamState, side: StreamSide): void {
  if (side.direction === FROM_CLIENT) {
    endRequest(stream);
  } else {
    endResponse(stream);
  }
}

function endRequest(stream: StreamState): void {
  const { client, events } = stream;
  events.requestEnd();
  if (stream.isUpgraded) {
    client.state = SIDE_UPGRADED;
    return;
  }
  const isDecided = stream.waitingCount === 0;
  const marks = isDecided ? 0 : newestMarks(stream);
  client.state = (marks & (WAITING_CONNECT | WAITING_UPGRADE)) === 0 ? SIDE_HEAD : SIDE_WAITS;
}

function endResponse(stream: StreamState): void {
  const { client, server, events } = stream;
  takeWaiting(stream);
  server.state = SIDE_HEAD;
  events.responseEnd();
  if (stream.waitingCount === 0 && client.state === SIDE_WAITS) {
    client.state = SIDE_HEAD;
    stream.isReleased = true;
  }
}

/**
 * A direction is read no more. What the server's said of requests that wait is lost with it; the client's leaves
 * them waiting, as their heads were seen.
 */
export function loseSide(stream: StreamState, side: StreamSide, reason: number): void {
  const { client, server, events } = stream;
  dropHeld(stream, side);
  side.state = SIDE_LOST;
  side.lostReason = reason;
  if (!side.isClosed || side.isCloseDue) {
    events.lost(side.direction, reason);
  }
  if (side === server) {
    stream.waitingCount = 0;
    if (client.state === SIDE_WAITS) {
      loseSide(stream, client, reason);
    }
  }
}

/** The marks of the request that the next response answers; 0 when there is none. */
export function marksOfFirst({ waiting, waitingFirst, waitingCount }: StreamState): number {
  return waitingCount === 0 ? 0 : waiting[waitingFirst];
}

function newestMarks({ waiting, waitingFirst, waitingCount }: StreamState): number {
  return waiting[(waitingFirst + waitingCount - 1) % waiting.length];
}

/** Makes a request wait; false, and the client's direction is lost, when too many do. */
export function pushWaiting(stream: StreamState, marks: number): boolean {
  const { waiting, waitingCount } = stream;
  if (waitingCount === STREAM_WAITING_MAX) {
    loseSide(stream, stream.client, LOST_TOO_MANY);
    return false;
  }
  if (waitingCount === waiting.length) {
    const larger = new Uint8Array(2 * waiting.length);
    for (let index = 0; index < waitingCount; index++) {
      larger[index] = waiting[(stream.waitingFirst + index) % waiting.length];
    }
    stream.waiting = larger;
    stream.waitingFirst = 0;
  }
  stream.waiting[(stream.waitingFirst + waitingCount) % stream.waiting.length] = marks;
  stream.waitingCount++;
  return true;
}

export function takeWaiting(stream: StreamState): void {
  if (stream.waitingCount > 0) {
    stream.waitingFirst = (stream.waitingFirst + 1) % stream.waiting.length;
    stream.waitingCount--;
  }
}
