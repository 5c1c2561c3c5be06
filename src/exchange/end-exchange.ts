import { RESPONSE_AWAITED_SEC_MAX, RESPONSE_SILENT_SEC_MAX } from '../limits.ts';
import { releaseBytes } from './byte-store.ts';
import { areChunksLost } from './chunked-body.ts';
import {
  INCOMPLETE_EVICTED,
  INCOMPLETE_GAP,
  INCOMPLETE_NO_REQUEST,
  INCOMPLETE_NO_RESPONSE,
  INCOMPLETE_NONE,
  INCOMPLETE_RESET,
  UNKNOWN,
} from './exchange.ts';
import {
  COUNT_EXCHANGES_FIRST,
  COUNT_FLOWS,
  COUNT_FLOWS_EVICTED,
  COUNT_FLOWS_EXPIRED,
} from './exchange-counts.ts';
import { fillRecord } from './exchange-record.ts';
import {
  EXCHANGE_CHUNKED,
  EXCHANGE_ENDED,
  EXCHANGE_REQUEST,
  EXCHANGE_UNTIL_CLOSE,
  releaseSlot,
} from './exchange-slots.ts';
import {
  FLOW_CONNECTED,
  FLOW_SYN,
  FROM_SERVER,
  LIST_IDLE,
  LIST_PASSING,
  LIST_WAITING,
  LISTS_COUNT,
  NO_EXCHANGE,
  NO_FLOW,
  removeFlow,
  touchFlow,
} from './flow-table.ts';
import type { ExchangeTracker } from './tracker.ts';

const NANOSECONDS_PER_SECOND = 1e9;

/** By list: nanoseconds without a segment after which its flows have waited long enough. */
const LIST_SILENT_NS = Float64Array.of(
  RESPONSE_AWAITED_SEC_MAX * NANOSECONDS_PER_SECOND,
  RESPONSE_SILENT_SEC_MAX * NANOSECONDS_PER_SECOND,
  RESPONSE_AWAITED_SEC_MAX * NANOSECONDS_PER_SECOND,
);

/**
 * Hands an exchange over as it is, and gives its place back. **One that waits was taken out of its flow's
 * queue before.**
 *
 * @param incomplete the reason when its end was not seen; that its request was not seen counts before it
 */
export function endExchange(tracker: ExchangeTracker, index: number, incomplete: number): void {
  const { slots, flows, store, counts } = tracker;
  const flow = slots.flow[index];
  const hasRequest = (slots.flags[index] & EXCHANGE_REQUEST) !== 0;
  const reason = hasRequest ? incomplete : INCOMPLETE_NO_REQUEST;
  fillRecord(tracker, index, reason);
  counts[COUNT_EXCHANGES_FIRST + reason]++;
  releaseBytes(store, slots.requestChain[index]);
  releaseBytes(store, slots.responseChain[index]);
  releaseSlot(slots, index);
  if (flows.lastRequest[flow] === index) {
    flows.lastRequest[flow] = NO_EXCHANGE;
  }
  if (flows.openResponse[flow] === index) {
    flows.openResponse[flow] = NO_EXCHANGE;
  }
  tracker.onExchange(tracker.exchange);
}

/** Takes the first that waits out of its flow's queue; **the caller has checked that there is one**. */
export function takeFirstWaiting(tracker: ExchangeTracker, flow: number): number {
  const { flows, slots } = tracker;
  const index = flows.firstWaiting[flow];
  flows.waitingCount[flow]--;
  flows.firstWaiting[flow] = slots.next[index];
  if (slots.next[index] === NO_EXCHANGE) {
    flows.lastWaiting[flow] = NO_EXCHANGE;
  }
  slots.next[index] = NO_EXCHANGE;
  return index;
}

/** Ends the exchanges that wait, up to but not including `last` (NO_EXCHANGE: all of them). */
export function endWaiting(
  tracker: ExchangeTracker,
  flow: number,
  last: number,
  incomplete: number,
): void {
  while (
    tracker.flows.firstWaiting[flow] !== NO_EXCHANGE &&
    tracker.flows.firstWaiting[flow] !== last
  ) {
    endExchange(tracker, takeFirstWaiting(tracker, flow), incomplete);
  }
}

/**
 * Ends the response that passes, if there is one: whole if its last byte was seen, or if nothing but this end
 * could tell where it is.
 *
 * @param isConnectionEnd the server has said that no more will come
 * @param incomplete the reason otherwise
 */
export function endOpenResponse(
  tracker: ExchangeTracker,
  flow: number,
  isConnectionEnd: boolean,
  incomplete: number,
): void {
  const index = tracker.flows.openResponse[flow];
  if (index === NO_EXCHANGE) {
    return;
  }
  const flags = tracker.slots.flags[index];
  const isUntilClose = (flags & EXCHANGE_UNTIL_CLOSE) !== 0;
  const isWhole =
    (flags & EXCHANGE_ENDED) !== 0 ||
    (isUntilClose ? isConnectionEnd : !isEndKnowable(tracker, index));
  endExchange(tracker, index, isWhole ? INCOMPLETE_NONE : incomplete);
}

/** Says whether bytes still to come will tell where the response ends: a length, or framing not lost. */
export function isEndKnowable(tracker: ExchangeTracker, index: number): boolean {
  const { slots, flows } = tracker;
  if (slots.responseTotal[index] !== UNKNOWN || (slots.flags[index] & EXCHANGE_UNTIL_CLOSE) !== 0) {
    return true;
  }
  const nextSequence = flows.nextSequence[2 * slots.flow[index] + FROM_SERVER];
  return (
    (slots.flags[index] & EXCHANGE_CHUNKED) !== 0 && !areChunksLost(slots, index, nextSequence)
  );
}

/** Ends what the flow has under way, and forgets it. */
export function endFlow(
  tracker: ExchangeTracker,
  flow: number,
  isConnectionEnd: boolean,
  openReason: number,
  waitingReason: number,
): void {
  const { flows } = tracker;
  endOpenResponse(tracker, flow, isConnectionEnd, openReason);
  endWaiting(tracker, flow, NO_EXCHANGE, waitingReason);
  if ((flows.flags[flow] & (FLOW_SYN | FLOW_CONNECTED)) === FLOW_SYN) {
    flows.handshakesCount--;
  }
  removeFlow(flows, flow);
  tracker.counts[COUNT_FLOWS] = flows.flowsCount;
  if (tracker.flow === flow) {
    tracker.flow = NO_FLOW;
  }
}

/** The connection was closed in order. */
export function closeFlow(tracker: ExchangeTracker, flow: number): void {
  endFlow(tracker, flow, true, INCOMPLETE_RESET, INCOMPLETE_NO_RESPONSE);
}

/** The connection was torn down. */
export function resetFlow(tracker: ExchangeTracker, flow: number): void {
  endFlow(tracker, flow, false, INCOMPLETE_RESET, INCOMPLETE_RESET);
}

/** Forgets a flow to make room. */
export function evictFlow(tracker: ExchangeTracker, flow: number): void {
  tracker.counts[COUNT_FLOWS_EVICTED]++;
  endFlow(tracker, flow, false, INCOMPLETE_EVICTED, INCOMPLETE_EVICTED);
}

/** Ends what has waited too long at this time; costs three comparisons when nothing has. */
export function expireFlows(tracker: ExchangeTracker, timeNs: number): void {
  const { flows } = tracker;
  for (let list = LIST_IDLE; list < LISTS_COUNT; list++) {
    let flow = flows.oldest[list];
    while (flow !== NO_FLOW && timeNs - flows.lastSegmentNs[flow] > LIST_SILENT_NS[list]) {
      expireFlow(tracker, flow, list);
      flow = flows.oldest[list];
    }
  }
}

function expireFlow(tracker: ExchangeTracker, flow: number, list: number): void {
  if (list !== LIST_IDLE) {
    tracker.counts[COUNT_FLOWS_EXPIRED]++;
  }
  if (list === LIST_PASSING) {
    endOpenResponse(tracker, flow, false, INCOMPLETE_GAP);
    touchFlow(tracker.flows, flow, LIST_IDLE, tracker.flows.lastSegmentNs[flow]);
    return;
  }
  endFlow(tracker, flow, false, INCOMPLETE_GAP, INCOMPLETE_NO_RESPONSE);
}

/** Ends everything, the flow longest without a segment first: no segment will follow. */
export function endAllFlows(tracker: ExchangeTracker): void {
  const { flows } = tracker;
  for (const list of [LIST_PASSING, LIST_WAITING, LIST_IDLE]) {
    while (flows.oldest[list] !== NO_FLOW) {
      const flow = flows.oldest[list];
      endFlow(tracker, flow, false, INCOMPLETE_GAP, INCOMPLETE_NO_RESPONSE);
    }
  }
}
