import type { Segment } from '../decode/segment.ts';
import { UNKNOWN } from '../record/exchange.ts';
import { areChunksLost } from './chunked-body.ts';
import {
  acknowledgmentOf,
  EXCHANGE_CHUNKED,
  EXCHANGE_DOUBTED,
  EXCHANGE_ENDED,
  EXCHANGE_UNTIL_CLOSE,
  type ExchangeSlots,
  hasMark,
  headBytesOf,
  passedBytesOf,
  requestOf,
  requestStartOf,
  responseEndOf,
  responseOf,
  totalBytesOf,
} from './exchange-state.ts';
import { isClientWaiting } from './find-answered.ts';
import {
  type FlowState,
  FROM_CLIENT,
  FROM_SERVER,
  firstWaitingOf,
  forgetPlace,
  hasSentSince,
  isInPlace,
  isPlaceKnown,
  movePlace,
  NO_EXCHANGE,
  newestRequestOf,
  passedOf,
  passingResponseOf,
  placeOf,
  sideOf,
} from './flow-state.ts';
import { SEQUENCE_LEAP_MAX } from './limits.ts';
import { bytesBetween } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';

/** What looks like a message and is a body. */

/**
 * Says whether the bytes belong to the request before: its length says so, or, where its head does not tell
 * one, that the server has sent nothing since.
 *
 *     -> a, chunked      ack 0
 *     -> looks like b    ack 0     the body of a
 *     <- a
 *     -> b               ack behind the response: a request
 *
 * @rule within-request
 */
export function isWithinRequest(tracker: ExchangeTracker, flow: number, segment: Segment): boolean {
  const { flows, slots } = tracker;
  const exchange = newestRequestOf(flows, flow);
  if (exchange === NO_EXCHANGE || hasMark(slots, exchange, EXCHANGE_DOUBTED)) {
    return false;
  }
  const request = requestOf(exchange);
  const { acknowledgmentNumber } = segment;
  const position = positionIn(tracker, flow, exchange, segment.sequenceNumber);
  const total = totalBytesOf(slots, request);
  const headBytes = headBytesOf(slots, request);
  // What begins within the head is no body: a sender who uses numbers twice may hide no request there.
  const isBehindHead = position > 0 && position >= headBytes;
  if (total === UNKNOWN) {
    return (
      isBehindHead && headBytes !== 0 && acknowledgmentOf(slots, exchange) === acknowledgmentNumber
    );
  }
  if (isBodyLeftOut(slots, exchange, position, acknowledgmentNumber)) {
    movePlace(flows, sideOf(flow, FROM_CLIENT), segment.sequenceNumber);
    return false;
  }
  if (!isBehindHead || position >= total) {
    return false;
  }
  if (
    !isFirstBehindResponse(tracker, flow, exchange, segment.sequenceNumber, acknowledgmentNumber)
  ) {
    return true;
  }
  if (isPlaceBehind(flows, sideOf(flow, FROM_CLIENT), segment.sequenceNumber)) {
    forgetPlace(flows, sideOf(flow, FROM_CLIENT));
  }
  return false;
}

/**
 * What the client sends first when it has received a whole response is no body, whatever its request has announced: the
 * server has not waited for one, or has received another request in its place.
 *
 *     -> a, Content-Length: 1000000
 *     <- a
 *     -> b                             ack behind the response a: a request
 *
 * @rule answered-within-request
 */
export function isFirstBehindResponse(
  { flows, slots }: ExchangeTracker,
  flow: number,
  exchange: number,
  sequence: number,
  acknowledgment: number,
): boolean {
  return (
    acknowledgmentOf(slots, exchange) !== acknowledgment &&
    isInPlace(flows, sideOf(flow, FROM_SERVER), acknowledgment, 0) &&
    !hasSentSince(flows, flow, sequence, acknowledgment)
  );
}

function isPlaceBehind(flows: FlowState, side: number, sequence: number): boolean {
  return isPlaceKnown(flows, side) && bytesBetween(placeOf(flows, side), sequence) < 0;
}

/**
 * After a final response the client may leave the body out that it had announced (Expect: 100-continue), but
 * not a part of it: the next request begins where the body would have.
 *
 *     -> a, Content-Length: 50
 *     <- 417 a
 *     -> b                        ack behind the response, right behind the head of a
 *
 * @rule body-left-out
 * @see RFC 9110 section 10.1.1
 */
function isBodyLeftOut(
  slots: ExchangeSlots,
  exchange: number,
  position: number,
  acknowledgment: number,
): boolean {
  return (
    position === headBytesOf(slots, requestOf(exchange)) &&
    hasMark(slots, exchange, EXCHANGE_ENDED) &&
    bytesBetween(responseEndOf(slots, exchange), acknowledgment) >= 0
  );
}

/** Bytes from a request's beginning; where sequence numbers come round within it, from what was counted. */
function positionIn(
  { flows, slots }: ExchangeTracker,
  flow: number,
  exchange: number,
  sequence: number,
): number {
  const request = requestOf(exchange);
  if (totalBytesOf(slots, request) <= SEQUENCE_LEAP_MAX) {
    return bytesBetween(requestStartOf(slots, exchange), sequence);
  }
  const behind = bytesBetween(sequence, passedOf(flows, sideOf(flow, FROM_CLIENT)));
  return passedBytesOf(slots, request) - behind;
}

/**
 * Says whether the bytes are those of the response that passes, whatever they look like. Where its end cannot
 * be known any more, a response is believed when a request waits for one.
 *
 *     <- a, Content-Length: 200
 *     <- looks like b              the body of a
 *
 * @rule within-response
 */
export function isWithinResponse(
  tracker: ExchangeTracker,
  flow: number,
  segment: Segment,
): boolean {
  const { flows, slots } = tracker;
  const exchange = passingResponseOf(flows, flow);
  if (exchange === NO_EXCHANGE || hasMark(slots, exchange, EXCHANGE_ENDED)) {
    return false;
  }
  const behind = bytesBetween(segment.sequenceNumber, passedOf(flows, sideOf(flow, FROM_SERVER)));
  if (behind === 0 && isAskedBehindIt(tracker, flow, segment)) {
    return false;
  }
  const response = responseOf(exchange);
  const total = totalBytesOf(slots, response);
  if (total !== UNKNOWN) {
    return passedBytesOf(slots, response) - behind < total;
  }
  return isEndToldLater(slots, exchange, segment) || firstWaitingOf(flows, flow) === NO_EXCHANGE;
}

/**
 * Proof that a response has ended, whatever its head says: a request that was sent when exactly the bytes
 * before these had been received, and these when exactly that request had been.
 *
 *     -> HEAD a (lost)
 *     <- a, Content-Length: 1000
 *     -> b                           ack behind the head of a
 *     <- b
 *
 * @rule asked-behind-it
 */
function isAskedBehindIt(tracker: ExchangeTracker, flow: number, segment: Segment): boolean {
  return isClientWaiting(tracker, flow, segment);
}

/** A response without a length ends with the connection, or with its last chunk if the framing is not lost. */
function isEndToldLater(slots: ExchangeSlots, exchange: number, segment: Segment): boolean {
  return hasMark(slots, exchange, EXCHANGE_CHUNKED)
    ? !areChunksLost(slots.chunks, responseOf(exchange), segment.sequenceNumber)
    : hasMark(slots, exchange, EXCHANGE_UNTIL_CLOSE);
}
