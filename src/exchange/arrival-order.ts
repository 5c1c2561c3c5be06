import { type Segment, TCP_FLAG_ACK, TCP_FLAG_FIN } from '../decode/segment.ts';
import { UNKNOWN } from '../record/exchange.ts';
import { framingSequenceOf, isFramingAhead } from './chunked-body.ts';
import { type EarlySegment, type EarlySegments, NO_EARLY } from './early-segments.ts';
import { EXCHANGE_UNTIL_CLOSE, hasMark, passedBytesOf, totalBytesOf } from './exchange-state.ts';
import {
  FLOW_CLIENT_FIN,
  FLOW_SERVER_FIN,
  type FlowState,
  FROM_CLIENT,
  FROM_SERVER,
  hasSeenBytes,
  isFact,
  NO_EXCHANGE,
  passedOf,
  sideOf,
} from './flow-state.ts';
import { EARLY_LEAP_MAX } from './limits.ts';
import { isChunked, messageAt, passingExchange } from './pass-bytes.ts';
import { bytesBetween } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';

/**
 * The order in which segments of a connection have to be read: each behind the bytes that stand before it, and
 * behind those of the other end that its sender had received. What was captured before its turn waits for it, near
 * the heads of messages alone: within a body of known length nothing depends on the order.
 */

/**
 * Says whether the segment in hand was captured before its turn: bytes before it are missing, or some that it
 * acknowledges.
 *
 *     open
 *     <- a          captured first; acknowledges the request a
 *     -> a          now both are read, the request first
 *
 * @rule early-segment-waits
 */
export function isEarly(tracker: ExchangeTracker, segment: Segment): boolean {
  const { flows, flow, direction } = tracker;
  const side = sideOf(flow, direction);
  const { sequenceNumber, flags, payloadBytes } = segment;
  if (payloadBytes === 0 && (flags & TCP_FLAG_FIN) === 0) {
    return false;
  }
  const missing = missingBefore(flows, side, sequenceNumber);
  const unseen =
    (flags & TCP_FLAG_ACK) === 0
      ? 0
      : unseenBefore(flows, flow, direction, segment.acknowledgmentNumber);
  return (missing > 0 || unseen > 0) && !isWithinBody(tracker, (sequenceNumber + payloadBytes) | 0);
}

/** Bytes of the side that are missing before a sequence number; 0 when it leaps too far for that. */
function missingBefore(flows: FlowState, side: number, sequence: number): number {
  const bytesCount = bytesBetween(passedOf(flows, side), sequence);
  return bytesCount > 0 && bytesCount <= EARLY_LEAP_MAX && hasSeenBytes(flows, side)
    ? bytesCount
    : 0;
}

/** Bytes of the other end that were received when a segment of this direction was sent, and not seen so far. */
function unseenBefore(
  flows: FlowState,
  flow: number,
  direction: number,
  acknowledgment: number,
): number {
  const other = FROM_CLIENT + FROM_SERVER - direction;
  const bytesCount = missingBefore(flows, sideOf(flow, other), acknowledgment);
  // A FIN takes a number.
  const fin = other === FROM_CLIENT ? FLOW_CLIENT_FIN : FLOW_SERVER_FIN;
  return bytesCount === 1 && isFact(flows, flow, fin) ? 0 : bytesCount;
}

/** Says whether all bytes up to here are those of a body that passes, and no framing of it that is to be read. */
function isWithinBody(tracker: ExchangeTracker, end: number): boolean {
  const { flows, slots, flow, direction } = tracker;
  const exchange = passingExchange(tracker, flow, direction);
  if (exchange === NO_EXCHANGE) {
    return false;
  }
  const message = messageAt(exchange, direction);
  const total = totalBytesOf(slots, message);
  const ahead = bytesBetween(passedOf(flows, sideOf(flow, direction)), end);
  if (total !== UNKNOWN) {
    return passedBytesOf(slots, message) + ahead <= total;
  }
  if (isChunked(slots, exchange, direction)) {
    const { chunks } = slots;
    return (
      isFramingAhead(chunks, message, passedOf(flows, sideOf(flow, direction))) &&
      bytesBetween(end, framingSequenceOf(chunks, message)) >= 0
    );
  }
  return direction === FROM_SERVER && hasMark(slots, exchange, EXCHANGE_UNTIL_CLOSE);
}

/**
 * The segment of the flow whose turn it is; or NO_EARLY. Missing bytes that the other end has acknowledged, where
 * later ones were captured, are lost to the capture: nothing waits for them.
 *
 *     open
 *     -> a (lost)
 *     <- a          acknowledges the request
 *     -> ACK        stands behind the request: it was not captured
 *
 * @param segment one of the flow in hand, whose numbers tell of both directions, and its direction
 * @rule acknowledged-hole-is-a-gap
 */
export function findReady(
  tracker: ExchangeTracker,
  early: EarlySegments,
  flow: number,
  segment: Segment | null,
  direction: number,
): number {
  const { places, flowFirst, flowCounts } = early;
  let proven = NO_EARLY;
  if (flowCounts[flow] === 0) {
    return NO_EARLY;
  }
  for (let index = flowFirst[flow]; index !== NO_EARLY; index = places[index].nextInFlow) {
    const place = places[index];
    if (isInOrder(tracker, flow, place)) {
      return index;
    }
    if (
      isFirstOfSide(early, flow, place) &&
      isBeforeProven(tracker, early, flow, place, segment, direction) &&
      proven === NO_EARLY
    ) {
      proven = index;
    }
  }
  return proven;
}

/**
 * The segment of the flow that is read next when nothing is waited for any more: there are too many, two seconds have
 * passed, or the connection ends. **There is one.**
 *
 * @rule waits-no-longer
 */
export function findNext(tracker: ExchangeTracker, early: EarlySegments, flow: number): number {
  const ready = findReady(tracker, early, flow, null, FROM_CLIENT);
  if (ready !== NO_EARLY) {
    return ready;
  }
  const first = early.flowFirst[flow];
  let index = first;
  while (index !== NO_EARLY && !isFirstOfSide(early, flow, early.places[index])) {
    index = early.places[index].nextInFlow;
  }
  // Numbers that a sender has chosen far enough apart stand in a circle: each is behind another, and none is first.
  return index === NO_EARLY ? first : index;
}

function isInOrder({ flows }: ExchangeTracker, flow: number, place: EarlySegment): boolean {
  const side = sideOf(flow, place.direction);
  return (
    missingBefore(flows, side, place.sequenceNumber) === 0 &&
    (!hasAcknowledged(place) ||
      unseenBefore(flows, flow, place.direction, place.acknowledgmentNumber) === 0)
  );
}

/** None of its side that is held stands before it. */
function isFirstOfSide(
  { places, flowFirst }: EarlySegments,
  flow: number,
  { direction, sequenceNumber }: EarlySegment,
): boolean {
  for (let index = flowFirst[flow]; index !== NO_EARLY; index = places[index].nextInFlow) {
    const place = places[index];
    if (place.direction === direction && bytesBetween(place.sequenceNumber, sequenceNumber) > 0) {
      return false;
    }
  }
  return true;
}

/** Both what is missing before it and what it acknowledges are lost to the capture, as far as they were not seen. */
function isBeforeProven(
  { flows }: ExchangeTracker,
  { places, flowFirst }: EarlySegments,
  flow: number,
  place: EarlySegment,
  segment: Segment | null,
  direction: number,
): boolean {
  const other = FROM_CLIENT + FROM_SERVER - place.direction;
  let isAcknowledged =
    missingBefore(flows, sideOf(flow, place.direction), place.sequenceNumber) === 0;
  let isOvertaken =
    !hasAcknowledged(place) ||
    unseenBefore(flows, flow, place.direction, place.acknowledgmentNumber) === 0;
  for (let index = flowFirst[flow]; index !== NO_EARLY; index = places[index].nextInFlow) {
    const witness = places[index];
    if (witness.direction === other) {
      isAcknowledged ||=
        hasAcknowledged(witness) &&
        bytesBetween(place.sequenceNumber, witness.acknowledgmentNumber) >= 0;
      isOvertaken ||= bytesBetween(place.acknowledgmentNumber, witness.sequenceNumber) >= 0;
    }
  }
  if (segment !== null && direction === other) {
    isAcknowledged ||=
      (segment.flags & TCP_FLAG_ACK) !== 0 &&
      bytesBetween(place.sequenceNumber, segment.acknowledgmentNumber) >= 0;
    isOvertaken ||= bytesBetween(place.acknowledgmentNumber, segment.sequenceNumber) >= 0;
  }
  return isAcknowledged && isOvertaken;
}

function hasAcknowledged({ flags }: EarlySegment): boolean {
  return (flags & TCP_FLAG_ACK) !== 0;
}
