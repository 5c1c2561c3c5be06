import { UNKNOWN } from '../record/exchange.ts';
import { isFramingAhead } from './chunked-body.ts';
import { EXCHANGE_DOUBTED, hasMark, passedBytesOf, totalBytesOf } from './exchange-state.ts';
import { FROM_CLIENT, firstWaitingOf, NO_EXCHANGE, passedOf, sideOf } from './flow-state.ts';
import { NO_FLOW } from './flow-table.ts';
import { isChunked, messageAt, passingExchange } from './pass-bytes.ts';
import { bytesBetween } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';
import { isFirstBehindResponse } from './within-body.ts';

/**
 * Says of bytes that are no message yet, but may become one or stand before one, whether they may here: not within
 * a message that passes. What is a message by itself has proofs of its own, see `within-body.ts`.
 *
 *     <- a, chunked
 *     <- 0 CR LF
 *     <- CR LF, b            the line end is a's, and behind it b begins
 *
 * @param sequence number of their first, in the direction of the segment in hand
 * @param acknowledgment that of the segment
 * @rule bytes-of-a-body
 */
export function mayMessageBegin(
  tracker: ExchangeTracker,
  sequence: number,
  acknowledgment: number,
): boolean {
  const { flows, slots, flow, direction } = tracker;
  if (flow === NO_FLOW) {
    return true;
  }
  const exchange = passingExchange(tracker, flow, direction);
  if (
    exchange === NO_EXCHANGE ||
    (direction === FROM_CLIENT &&
      (hasMark(slots, exchange, EXCHANGE_DOUBTED) ||
        isFirstBehindResponse(tracker, flow, exchange, sequence, acknowledgment)))
  ) {
    return true;
  }
  const message = messageAt(exchange, direction);
  const total = totalBytesOf(slots, message);
  if (total === UNKNOWN) {
    return isChunked(slots, exchange, direction)
      ? !isFramingAhead(slots.chunks, message, sequence)
      : false;
  }
  const behind = bytesBetween(sequence, passedOf(flows, sideOf(flow, direction)));
  return passedBytesOf(slots, message) - behind >= total;
}

/**
 * A head that never ends is let go when the server answers what it has seen of it.
 *
 *     -> first half of the head of a
 *     <- 408                         ack behind it: now a is noted, and answered
 *
 * Where other requests wait, or a response passes, the bytes answer those.
 *
 * @param sequence number of the first byte of the response in hand, which acknowledges the head
 * @rule answer-lets-go
 * @see RFC 9110 section 15.5.9
 */
export function answersHeldHead(
  tracker: ExchangeTracker,
  sequence: number,
  acknowledgment: number,
): boolean {
  const { flows, flow } = tracker;
  return (
    flow === NO_FLOW ||
    (firstWaitingOf(flows, flow) === NO_EXCHANGE &&
      mayMessageBegin(tracker, sequence, acknowledgment))
  );
}
