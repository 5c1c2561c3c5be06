import { SEQUENCE_LEAP_MAX } from '../limits.ts';
import { followChunks } from './chunked-body.ts';
import { endExchange } from './end-exchange.ts';
import { INCOMPLETE_NONE, UNKNOWN } from './exchange.ts';
import { EXCHANGE_CHUNKED, EXCHANGE_ENDED } from './exchange-slots.ts';
import { setPipelined } from './flow-place.ts';
import {
  FLOW_CLIENT_SEEN,
  FLOW_REQUEST_END,
  FLOW_RESPONSE_END,
  FLOW_SERVER_GAP,
  FLOW_SERVER_SEEN,
  FROM_CLIENT,
  FROM_SERVER,
  NO_EXCHANGE,
} from './flow-table.ts';
import type { ExchangeTracker } from './tracker.ts';

/** Nothing of the segment is left to be read. */
export const NO_REST = 0;

/**
 * Counts bytes up to a sequence number for the message that they belong to: a direction's newest. Bytes that
 * were lost count too, the numbers say so.
 */
export function advance(tracker: ExchangeTracker, flow: number, end: number): void {
  const { flows, slots, direction, timeNs, segmentSequence } = tracker;
  const at = 2 * flow + direction;
  const seenFlag = direction === FROM_CLIENT ? FLOW_CLIENT_SEEN : FLOW_SERVER_SEEN;
  if ((flows.flags[flow] & seenFlag) === 0) {
    flows.flags[flow] |= seenFlag;
    flows.nextSequence[at] = end;
    return;
  }
  const previous = flows.nextSequence[at];
  const bytesCount = (end - previous) | 0;
  if (bytesCount <= 0 || bytesCount > SEQUENCE_LEAP_MAX) {
    return;
  }
  const isBehindGap = ((segmentSequence - previous) | 0) > 0;
  flows.nextSequence[at] = end;
  if (direction === FROM_SERVER) {
    const open = flows.openResponse[flow];
    if (isBehindGap) {
      flows.flags[flow] |= FLOW_SERVER_GAP;
    }
    if (open !== NO_EXCHANGE && (slots.flags[open] & EXCHANGE_ENDED) === 0) {
      // A gap that only the beginning of the next message tells of: when its bytes came is not known.
      const isPast = isBehindGap && end === segmentSequence;
      slots.responseLastNs[open] = isPast ? slots.responseLastNs[open] : timeNs;
      slots.responseBytes[open] = limit(
        slots.responseBytes[open] + bytesCount,
        slots.responseTotal[open],
      );
    }
    return;
  }
  const request = flows.lastRequest[flow];
  if (request !== NO_EXCHANGE && slots.requestBytes[request] !== slots.requestTotal[request]) {
    const isPast = isBehindGap && end === segmentSequence;
    slots.requestLastNs[request] = isPast ? slots.requestLastNs[request] : timeNs;
    slots.requestBytes[request] = limit(
      slots.requestBytes[request] + bytesCount,
      slots.requestTotal[request],
    );
  }
}

/**
 * Ends the response that passes when its last byte has, and notes where the next one begins.
 *
 * @returns true when it ended now
 */
export function settleResponse(tracker: ExchangeTracker, flow: number): boolean {
  const { flows, slots } = tracker;
  const open = flows.openResponse[flow];
  if (
    open === NO_EXCHANGE ||
    (slots.flags[open] & EXCHANGE_ENDED) !== 0 ||
    slots.responseTotal[open] === UNKNOWN ||
    slots.responseBytes[open] < slots.responseTotal[open]
  ) {
    return false;
  }
  slots.flags[open] |= EXCHANGE_ENDED;
  flows.responseEnd[flow] = slots.responseEnd[open];
  flows.flags[flow] |= FLOW_RESPONSE_END;
  noteImpatience(tracker, flow);
  settleExchange(tracker, open);
  return true;
}

/** The next request was sent before the client had received all of this response: it does not wait. */
function noteImpatience({ flows, slots }: ExchangeTracker, flow: number): void {
  const waiting = flows.firstWaiting[flow];
  if (
    waiting !== NO_EXCHANGE &&
    (flows.flags[flow] & FLOW_REQUEST_END) !== 0 &&
    flows.requestEnd[flow] === slots.requestSequence[waiting] &&
    ((slots.acknowledgment[waiting] - flows.responseEnd[flow]) | 0) < 0
  ) {
    setPipelined(flows, flow);
  }
}

/** A request's last byte may be what its exchange still waited for. */
export function settleRequest(tracker: ExchangeTracker, flow: number): void {
  const { flows, slots } = tracker;
  const open = flows.openResponse[flow];
  if (open !== NO_EXCHANGE && (slots.flags[open] & EXCHANGE_ENDED) !== 0) {
    settleExchange(tracker, open);
  }
}

/** Follows the framing of a chunked body; where it ends in the segment, the response's length is known. */
export function settleChunks(
  tracker: ExchangeTracker,
  flow: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
): void {
  const { flows, slots, segmentSequence } = tracker;
  const open = flows.openResponse[flow];
  if (
    open === NO_EXCHANGE ||
    (slots.flags[open] & EXCHANGE_CHUNKED) === 0 ||
    slots.responseTotal[open] !== UNKNOWN ||
    !followChunks(slots, open, bytes, offset, end, segmentSequence)
  ) {
    return;
  }
  const bodyEnd = slots.chunkSequence[open];
  const behind = (flows.nextSequence[2 * flow + FROM_SERVER] - bodyEnd) | 0;
  slots.responseBytes[open] -= behind;
  slots.responseTotal[open] = slots.responseBytes[open];
  slots.responseEnd[open] = bodyEnd;
}

/** Ends an exchange whose response has ended, unless its request's body is still on its way. */
function settleExchange(tracker: ExchangeTracker, index: number): void {
  const { flows, slots } = tracker;
  const isRequestPassing =
    flows.lastRequest[slots.flow[index]] === index &&
    slots.requestBytes[index] < slots.requestTotal[index];
  if (!isRequestPassing) {
    endExchange(tracker, index, INCOMPLETE_NONE);
  }
}

/** Not beyond a total that is known. */
export function limit(bytesCount: number, total: number): number {
  return total !== UNKNOWN && bytesCount > total ? total : bytesCount;
}
