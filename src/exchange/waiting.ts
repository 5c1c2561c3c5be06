import { noteNextRequest } from './client-ahead.ts';
import {
  EXCHANGE_DOUBTED,
  mark,
  nextWaitingOf,
  requestOf,
  requestStartOf,
  setNextWaiting,
  setPassedBytes,
} from './exchange-state.ts';
import {
  addToWaitingCount,
  firstWaitingOf,
  lastWaitingOf,
  NO_EXCHANGE,
  setFirstWaiting,
  setLastWaiting,
  setNewestRequest,
} from './flow-state.ts';
import { LATE_REQUEST_STEPS_MAX } from './limits.ts';
import { bytesBetween } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';

/** The requests of a flow that wait for their responses, in the order of their sequence numbers. */

/** Lets a request wait behind the last of its flow, or, when it comes late, where its sequence number belongs. */
export function waitForResponse(tracker: ExchangeTracker, flow: number, index: number): void {
  const { flows, slots } = tracker;
  const last = lastWaitingOf(flows, flow);
  addToWaitingCount(flows, flow, 1);
  if (last === NO_EXCHANGE) {
    setFirstWaiting(flows, flow, index);
    setLastWaiting(flows, flow, index);
    setNewestRequest(flows, flow, index);
    return;
  }
  if (bytesBetween(requestStartOf(slots, last), requestStartOf(slots, index)) > 0) {
    setNextWaiting(slots, last, index);
    noteNextRequest(tracker, flow, last, index);
    setLastWaiting(flows, flow, index);
    setNewestRequest(flows, flow, index);
    return;
  }
  waitAmongOthers(tracker, flow, index);
}

/**
 * A request that comes behind a later one waits before it. Of what has passed behind its beginning, the bytes
 * up to the later one are its own.
 *
 *     -> b    captured first
 *     -> a    stands before b
 *     <- a
 *     <- b
 *
 * @rule late-request
 */
function waitAmongOthers(tracker: ExchangeTracker, flow: number, index: number): void {
  const { flows, slots } = tracker;
  const sequence = requestStartOf(slots, index);
  let previous = NO_EXCHANGE;
  // The last that waits stands behind it, so that the walk ends there at the latest.
  let later = firstWaitingOf(flows, flow);
  for (
    let steps = 0;
    steps < LATE_REQUEST_STEPS_MAX && bytesBetween(requestStartOf(slots, later), sequence) > 0;
    steps++
  ) {
    previous = later;
    later = nextWaitingOf(slots, later);
  }
  setNextWaiting(slots, index, later);
  if (previous === NO_EXCHANGE) {
    setFirstWaiting(flows, flow, index);
  } else {
    setNextWaiting(slots, previous, index);
    noteNextRequest(tracker, flow, previous, index);
  }
  noteNextRequest(tracker, flow, index, later);
  const ownBytes = bytesBetween(sequence, requestStartOf(slots, later));
  if (ownBytes === 0) {
    mark(slots, index, EXCHANGE_DOUBTED);
    mark(slots, later, EXCHANGE_DOUBTED);
  } else {
    setPassedBytes(slots, requestOf(index), Math.max(0, ownBytes));
  }
}

/** Takes the one that waits behind another out of its flow's queue; **the caller has checked that there is one**. */
export function takeWaitingBehind(
  { flows, slots }: ExchangeTracker,
  flow: number,
  previous: number,
): number {
  const index = nextWaitingOf(slots, previous);
  const next = nextWaitingOf(slots, index);
  addToWaitingCount(flows, flow, -1);
  setNextWaiting(slots, previous, next);
  if (next === NO_EXCHANGE) {
    setLastWaiting(flows, flow, previous);
  }
  setNextWaiting(slots, index, NO_EXCHANGE);
  return index;
}

/** Takes the first that waits out of its flow's queue; **the caller has checked that there is one**. */
export function takeFirstWaiting({ flows, slots }: ExchangeTracker, flow: number): number {
  const index = firstWaitingOf(flows, flow);
  const next = nextWaitingOf(slots, index);
  addToWaitingCount(flows, flow, -1);
  setFirstWaiting(flows, flow, next);
  if (next === NO_EXCHANGE) {
    setLastWaiting(flows, flow, NO_EXCHANGE);
  }
  setNextWaiting(slots, index, NO_EXCHANGE);
  return index;
}
