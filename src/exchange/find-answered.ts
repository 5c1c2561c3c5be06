import type { Segment } from '../decode/segment.ts';
import type { HttpMessage } from '../http/message.ts';
import { INCOMPLETE_GAP, UNKNOWN } from '../record/exchange.ts';
import { losePlace, noteServerHasMore } from './client-ahead.ts';
import { endWaiting } from './end-exchange.ts';
import {
  acknowledgmentOf,
  EXCHANGE_CROWDED,
  hasMark,
  headBytesOf,
  requestEndOf,
  requestOf,
  requestStartOf,
  setAcknowledgment,
  totalBytesOf,
} from './exchange-state.ts';
import {
  expectMessageAt,
  FLOW_AHEAD,
  FLOW_ASSUMED,
  FLOW_ASTRAY,
  FLOW_SURE,
  type FlowState,
  FROM_CLIENT,
  FROM_SERVER,
  firstWaitingOf,
  forgetPlace,
  isFact,
  isInPlace,
  lastWaitingOf,
  movePlace,
  NO_EXCHANGE,
  noteFact,
  sideOf,
} from './flow-state.ts';
import { isAllLead, leadBytesBefore, leadBytesOf } from './lead-bytes.ts';
import { SEQUENCE_LEAP_MAX } from './limits.ts';
import { bytesBetween, sequenceBehind } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';
import { settleDoubt } from './two-in-one-place.ts';
import { takeFirstWaiting } from './waiting.ts';

/** Which request a response answers: the two proofs of docs/exchanges.md, and what follows without one. */

/**
 * The request that a response at this place answers, taken out of the queue of those that wait; or
 * NO_EXCHANGE. Without a proof bytes were lost, and with them maybe a message: what waits is given up.
 */
export function takeAnswered(tracker: ExchangeTracker, flow: number, segment: Segment): number {
  const { flows } = tracker;
  settleDoubt(tracker, flow, segment.acknowledgmentNumber);
  const first = firstWaitingOf(flows, flow);
  if (first !== NO_EXCHANGE && isNothingMissing(tracker, flow, first, segment)) {
    noteServerHasMore(tracker, flow, first, segment.acknowledgmentNumber);
    // Where the place was only assumed, that a client sends ahead tells of the past too.
    if (!isFact(flows, flow, FLOW_ASTRAY)) {
      noteFact(flows, flow, FLOW_SURE);
      expectRequestBehind(tracker, flow, first);
      return takeFirstWaiting(tracker, flow);
    }
  }
  if (isClientWaiting(tracker, flow, segment)) {
    const last = lastWaitingOf(flows, flow);
    endWaiting(tracker, flow, last, INCOMPLETE_GAP);
    expectRequestBehind(tracker, flow, last);
    noteFact(flows, flow, FLOW_ASSUMED | FLOW_SURE);
    return takeFirstWaiting(tracker, flow);
  }
  losePlace(flows, flow);
  if (!isBeforeWaiting(tracker, first, segment)) {
    endWaiting(tracker, flow, NO_EXCHANGE, INCOMPLETE_GAP);
  }
  return NO_EXCHANGE;
}

/**
 * Proof 1. No byte is missing before the request, none before the response, and the server had received the
 * request's head when it sent the response.
 *
 *     -> a b
 *     <- a            the next request begins behind a, the next response behind a
 *     <- b            both do: b is answered
 *
 *     -> b
 *     <- 408          ack before b: the server had given up, b is not answered
 *
 * @rule nothing-is-missing
 */
function isNothingMissing(
  { flows, slots }: ExchangeTracker,
  flow: number,
  first: number,
  { sequenceNumber, acknowledgmentNumber }: Segment,
): boolean {
  const start = requestStartOf(slots, first);
  const headEnd = sequenceBehind(start, Math.max(headBytesOf(slots, requestOf(first)), 1));
  const server = sideOf(flow, FROM_SERVER);
  const leadBytes = leadBytesBefore(flows, server, sequenceNumber);
  return (
    isInPlace(flows, sideOf(flow, FROM_CLIENT), start, leadBytesOf(slots, first)) &&
    isInPlace(flows, server, sequenceNumber, leadBytes) &&
    bytesBetween(headEnd, acknowledgmentNumber) >= 0
  );
}

/**
 * Proof 2. The newest request was sent when the client had received all that stands before this segment, and
 * no more; and this segment when the server had received all of that request, and no more. A body that looks
 * like a request, whose head was lost, is hardly ever so.
 *
 *     -> a (lost)
 *     <- a
 *     -> b            ack behind the response a
 *     <- b            begins there; ack behind the request b
 *
 * A client that was seen to send ahead may have others under way, and so may one whose request is crowded.
 *
 * @rule client-waits
 */
export function isClientWaiting(
  { flows, slots }: ExchangeTracker,
  flow: number,
  segment: Segment,
): boolean {
  const last = lastWaitingOf(flows, flow);
  if (
    last === NO_EXCHANGE ||
    isFact(flows, flow, FLOW_AHEAD) ||
    hasMark(slots, last, EXCHANGE_CROWDED) ||
    !hasReceivedAllBefore(flows, flow, acknowledgmentOf(slots, last), segment.sequenceNumber)
  ) {
    return false;
  }
  const total = totalBytesOf(slots, requestOf(last));
  const received = bytesBetween(requestStartOf(slots, last), segment.acknowledgmentNumber);
  if (total === UNKNOWN) {
    return received > 0;
  }
  const requestEnd = requestEndOf(slots, last);
  const client = sideOf(flow, FROM_CLIENT);
  return (
    received === (total | 0) || isAllLead(flows, client, requestEnd, segment.acknowledgmentNumber)
  );
}

/** What the client had received ends here, or before bytes that belong to no message. */
function hasReceivedAllBefore(
  flows: FlowState,
  flow: number,
  acknowledgment: number,
  sequence: number,
): boolean {
  return (
    acknowledgment === sequence ||
    isAllLead(flows, sideOf(flow, FROM_SERVER), acknowledgment, sequence)
  );
}

/**
 * A response that stands before what the client had received when it asked comes late: it answers nothing that
 * waits, and takes nothing from it.
 *
 *     -> a (lost)
 *     -> b            ack behind the response a
 *     <- a            captured behind b
 *     <- b
 *
 * @rule early-response-keeps-who-waits
 */
function isBeforeWaiting({ slots }: ExchangeTracker, first: number, segment: Segment): boolean {
  return (
    first !== NO_EXCHANGE &&
    bytesBetween(acknowledgmentOf(slots, first), segment.sequenceNumber) < 0
  );
}

/**
 * An interim response answers nothing. The final one begins behind it: both proofs have their place there.
 *
 *     -> a, Expect: 100-continue      ack 0
 *     <- 100                          at 0
 *     -> body of a
 *     <- a                            behind the 100
 *
 * @rule interim-answers-nothing
 * @see RFC 9110 section 15.2
 */
export function noteInterim(
  { flows, slots }: ExchangeTracker,
  flow: number,
  segment: Segment,
  message: HttpMessage,
): void {
  const { sequenceNumber } = segment;
  if (message.headEnd === 0) {
    return;
  }
  const server = sideOf(flow, FROM_SERVER);
  const finalSequence = (sequenceNumber + message.headEnd - segment.payloadOffset) | 0;
  const leadBytes = leadBytesBefore(flows, server, sequenceNumber);
  if (isInPlace(flows, server, sequenceNumber, leadBytes)) {
    movePlace(flows, server, finalSequence);
  }
  const last = lastWaitingOf(flows, flow);
  if (
    last !== NO_EXCHANGE &&
    hasReceivedAllBefore(flows, flow, acknowledgmentOf(slots, last), sequenceNumber)
  ) {
    setAcknowledgment(slots, last, finalSequence);
  }
}

/** The request behind the one that is answered now has to begin where that one ends, if that is known. */
function expectRequestBehind({ flows, slots }: ExchangeTracker, flow: number, index: number): void {
  const client = sideOf(flow, FROM_CLIENT);
  const total = totalBytesOf(slots, requestOf(index));
  if (total === UNKNOWN || total > SEQUENCE_LEAP_MAX) {
    forgetPlace(flows, client);
  } else {
    expectMessageAt(flows, client, requestEndOf(slots, index));
  }
}
