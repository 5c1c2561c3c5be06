import { UNKNOWN } from '../record/exchange.ts';
import {
  acknowledgmentOf,
  EXCHANGE_CROWDED,
  type ExchangeSlots,
  flowOf,
  hasMark,
  requestEndOf,
  requestOf,
  requestStartOf,
  totalBytesOf,
} from './exchange-state.ts';
import {
  dropFact,
  FLOW_AHEAD,
  FLOW_ASSUMED,
  FLOW_ASTRAY,
  type FlowState,
  FROM_CLIENT,
  FROM_SERVER,
  firstWaitingOf,
  forgetPlace,
  isFact,
  isInPlace,
  NO_EXCHANGE,
  noteFact,
  placeOf,
  sideOf,
} from './flow-state.ts';
import { isAllLead, leadBytesOf } from './lead-bytes.ts';
import { SEQUENCE_LEAP_MAX } from './limits.ts';
import { bytesBetween } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';

/**
 * Clients that send requests before earlier ones are answered: how one is found out, and what follows. In the
 * time lines `->` is a segment of the client and `<-` one of the server; `ack` is what its sender had received.
 */

const LINE_END_BYTES = 2;

/**
 * Something was missed: where the next request and its response have to begin is not known. Of a client that
 * sends ahead nobody can say any more which response belongs to which request.
 *
 *     -> a b c        <- a   (b lost)   <- c        c is the answer to b or to c
 *
 * @rule lost-place-is-given-up
 */
export function losePlace(flows: FlowState, flow: number): void {
  forgetPlace(flows, sideOf(flow, FROM_CLIENT));
  forgetPlace(flows, sideOf(flow, FROM_SERVER));
  if (isFact(flows, flow, FLOW_AHEAD)) {
    noteFact(flows, flow, FLOW_ASTRAY);
  }
}

/**
 * The client sends ahead: what was concluded from its waiting does not hold.
 *
 *     (capture begins)  -> a   <- a          taken for a pair, since the client seemed to wait
 *                       -> b c               it does not: what was before a is not known
 *
 * @rule assumed-place-falls
 */
export function noteAhead(flows: FlowState, flow: number): void {
  noteFact(flows, flow, FLOW_AHEAD);
  if (isFact(flows, flow, FLOW_ASSUMED)) {
    losePlace(flows, flow);
  }
}

/** The place is known for certain again, of both sides. */
export function dropDoubts(flows: FlowState, flow: number): void {
  dropFact(flows, flow, FLOW_ASTRAY | FLOW_ASSUMED);
}

/**
 * Two requests one right behind the other, and the client had received nothing between them.
 *
 *     -> a    ack 0
 *     -> b    ack 0
 *
 * A request that is crowded itself tells nothing: it may be a part of a body.
 *
 * @rule ahead-next-request
 */
export function noteNextRequest(
  { flows, slots }: ExchangeTracker,
  flow: number,
  previous: number,
  next: number,
): void {
  if (
    !hasMark(slots, previous, EXCHANGE_CROWDED) &&
    acknowledgmentOf(slots, previous) === acknowledgmentOf(slots, next) &&
    totalBytesOf(slots, requestOf(previous)) !== UNKNOWN &&
    isRightBehind(slots, previous, next)
  ) {
    noteAhead(flows, flow);
  }
}

/** Nothing that belongs to a message stands between the two. */
function isRightBehind(slots: ExchangeSlots, previous: number, next: number): boolean {
  const distance = bytesBetween(requestEndOf(slots, previous), requestStartOf(slots, next));
  return distance >= 0 && distance <= leadBytesOf(slots, next);
}

/**
 * The client sends bytes behind a request whose end is known, up to `end`, and had received nothing between.
 *
 *     -> a                 ack 0
 *     -> bytes behind a    ack 0
 *
 * @rule ahead-more-bytes
 */
export function noteMoreBytes(
  { flows, slots }: ExchangeTracker,
  flow: number,
  request: number,
  end: number,
  acknowledgment: number,
): void {
  if (
    !hasMark(slots, request, EXCHANGE_CROWDED) &&
    acknowledgmentOf(slots, request) === acknowledgment &&
    isBeyond(flows, slots, request, end)
  ) {
    noteAhead(flows, flow);
  }
}

/**
 * The server had received more than the request that it answers.
 *
 *     -> a
 *     -> b (lost)
 *     <- a    ack behind b
 *
 * @rule ahead-server-has-more
 */
export function noteServerHasMore(
  { flows, slots }: ExchangeTracker,
  flow: number,
  answered: number,
  acknowledgment: number,
): void {
  if (isBeyond(flows, slots, answered, acknowledgment)) {
    noteAhead(flows, flow);
  }
}

/**
 * The next request was sent before the client had received all of the response that has ended now.
 *
 *     <- a, first half
 *     -> b                 ack half of a
 *     <- a, second half
 *
 * @rule ahead-before-the-end
 */
export function noteBeforeTheEnd({ flows, slots }: ExchangeTracker, flow: number): void {
  const waiting = firstWaitingOf(flows, flow);
  if (
    waiting !== NO_EXCHANGE &&
    isInPlace(
      flows,
      sideOf(flow, FROM_CLIENT),
      requestStartOf(slots, waiting),
      leadBytesOf(slots, waiting),
    ) &&
    bytesBetween(placeOf(flows, sideOf(flow, FROM_SERVER)), acknowledgmentOf(slots, waiting)) < 0
  ) {
    noteAhead(flows, flow);
  }
}

/**
 * Says whether the client's bytes up to this sequence number go beyond a request: a line end that some old
 * clients send behind a body does not, and where the request's end is not known, nothing does.
 *
 * @see RFC 9112 section 2.2
 */
function isBeyond(
  flows: FlowState,
  slots: ExchangeSlots,
  exchange: number,
  sequence: number,
): boolean {
  const total = totalBytesOf(slots, requestOf(exchange));
  if (total === UNKNOWN || total > SEQUENCE_LEAP_MAX) {
    return false;
  }
  const end = requestEndOf(slots, exchange);
  return (
    bytesBetween(end, sequence) > LINE_END_BYTES &&
    !isAllLead(flows, sideOf(flowOf(slots, exchange), FROM_CLIENT), end, sequence)
  );
}
