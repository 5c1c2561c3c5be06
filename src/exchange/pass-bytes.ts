import { INCOMPLETE_NONE, UNKNOWN } from '../record/exchange.ts';
import { chunksEndOf, followChunks } from './chunked-body.ts';
import { noteBeforeTheEnd } from './client-ahead.ts';
import { endExchange } from './end-exchange.ts';
import {
  EXCHANGE_ASKED_CHUNKED,
  EXCHANGE_CHUNKED,
  EXCHANGE_ENDED,
  type ExchangeSlots,
  endMessageHere,
  flowOf,
  hasMark,
  hasPassedWhole,
  isStillPassing,
  mark,
  passedBytesOf,
  requestOf,
  responseEndOf,
  responseOf,
  setLastNs,
  setPassedBytes,
  setResponseEnd,
  totalBytesOf,
} from './exchange-state.ts';
import {
  expectMessageAt,
  FROM_SERVER,
  hasSeenBytes,
  NO_EXCHANGE,
  newestRequestOf,
  notePassed,
  passedOf,
  passingResponseOf,
  sideOf,
} from './flow-state.ts';
import { noteHole } from './holes.ts';
import { SEQUENCE_LEAP_MAX } from './limits.ts';
import { bytesBetween } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';

/** Nothing of the segment is left to be read. */
export const NO_REST = 0;

/**
 * Counts the bytes of a side up to a sequence number for the message that they belong to, its newest.
 *
 *     <- a, Content-Length: 30
 *     <- ten bytes (lost)
 *     <- ten bytes                 twenty more have passed, now
 *     <- ten bytes (lost)
 *     <- b                         ten more have passed, nobody knows when
 *
 * @param end up to the segment's beginning when a message begins there, else up to its end
 * @rule lost-bytes-count
 */
export function advance(tracker: ExchangeTracker, flow: number, end: number): void {
  const { flows, slots, direction, timeNs, segmentSequence } = tracker;
  const side = sideOf(flow, direction);
  if (!hasSeenBytes(flows, side)) {
    notePassed(flows, side, end);
    return;
  }
  const previous = passedOf(flows, side);
  const bytesCount = bytesBetween(previous, end);
  if (bytesCount <= 0 || bytesCount > SEQUENCE_LEAP_MAX) {
    return;
  }
  if (bytesBetween(previous, segmentSequence) > 0) {
    noteHole(flows, side, previous, segmentSequence);
  }
  notePassed(flows, side, end);
  const exchange = passingExchange(tracker, flow, direction);
  if (exchange === NO_EXCHANGE) {
    return;
  }
  const message = messageAt(exchange, direction);
  // All of the bytes stand before the segment: they are lost ones.
  const isTimeUnknown = bytesBetween(previous, segmentSequence) > 0 && end === segmentSequence;
  if (!isTimeUnknown) {
    setLastNs(slots, message, timeNs);
  }
  setPassedBytes(slots, message, passedBytesOf(slots, message) + bytesCount);
}

/** The exchange whose message of this direction is not known to have ended; or NO_EXCHANGE. */
export function passingExchange(
  { flows, slots }: ExchangeTracker,
  flow: number,
  direction: number,
): number {
  if (direction === FROM_SERVER) {
    const exchange = passingResponseOf(flows, flow);
    return exchange === NO_EXCHANGE || hasMark(slots, exchange, EXCHANGE_ENDED)
      ? NO_EXCHANGE
      : exchange;
  }
  const exchange = newestRequestOf(flows, flow);
  return exchange === NO_EXCHANGE || hasPassedWhole(slots, requestOf(exchange))
    ? NO_EXCHANGE
    : exchange;
}

/** The message's end is told by the framing of its chunks. */
export function isChunked(slots: ExchangeSlots, exchange: number, direction: number): boolean {
  return hasMark(
    slots,
    exchange,
    direction === FROM_SERVER ? EXCHANGE_CHUNKED : EXCHANGE_ASKED_CHUNKED,
  );
}

/** The exchange's message of this direction. */
export function messageAt(exchange: number, direction: number): number {
  return direction === FROM_SERVER ? responseOf(exchange) : requestOf(exchange);
}

/**
 * Ends the response that passes when its last byte has, and notes where the next one begins.
 *
 * @returns true when it ended now
 */
export function settleResponse(tracker: ExchangeTracker, flow: number): boolean {
  const { flows, slots } = tracker;
  const open = passingResponseOf(flows, flow);
  if (
    open === NO_EXCHANGE ||
    hasMark(slots, open, EXCHANGE_ENDED) ||
    !hasPassedWhole(slots, responseOf(open))
  ) {
    return false;
  }
  mark(slots, open, EXCHANGE_ENDED);
  expectMessageAt(flows, sideOf(flow, FROM_SERVER), responseEndOf(slots, open));
  noteBeforeTheEnd(tracker, flow);
  endUnlessUploading(tracker, open);
  return true;
}

/** A request's last byte may be what its exchange still waited for. */
export function settleRequest(tracker: ExchangeTracker, flow: number): void {
  const { flows, slots } = tracker;
  const open = passingResponseOf(flows, flow);
  if (open !== NO_EXCHANGE && hasMark(slots, open, EXCHANGE_ENDED)) {
    endUnlessUploading(tracker, open);
  }
}

/** Follows the framing of a chunked body; where it ends in the segment, the message's length is known. */
export function settleChunks(
  tracker: ExchangeTracker,
  flow: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
): void {
  const { flows, slots, direction, segmentSequence } = tracker;
  const isResponse = direction === FROM_SERVER;
  const open = isResponse ? passingResponseOf(flows, flow) : newestRequestOf(flows, flow);
  if (open === NO_EXCHANGE || !isChunked(slots, open, direction)) {
    return;
  }
  const message = messageAt(open, direction);
  if (
    totalBytesOf(slots, message) !== UNKNOWN ||
    !followChunks(slots.chunks, message, bytes, offset, end, segmentSequence)
  ) {
    return;
  }
  const bodyEnd = chunksEndOf(slots.chunks, message);
  const behind = bytesBetween(bodyEnd, passedOf(flows, sideOf(flow, direction)));
  setPassedBytes(slots, message, passedBytesOf(slots, message) - behind);
  endMessageHere(slots, message);
  if (isResponse) {
    setResponseEnd(slots, open, bodyEnd);
  }
}

/**
 * Ends an exchange whose response has ended, unless its request's body is still on its way.
 *
 *     -> a, Content-Length: 20
 *     <- 413 a
 *     -> twenty bytes             the exchange ends with them
 *
 * @rule upload-goes-on
 */
function endUnlessUploading(tracker: ExchangeTracker, index: number): void {
  const { flows, slots } = tracker;
  const isUploading =
    newestRequestOf(flows, flowOf(slots, index)) === index &&
    isStillPassing(slots, requestOf(index));
  if (!isUploading) {
    endExchange(tracker, index, INCOMPLETE_NONE);
  }
}
