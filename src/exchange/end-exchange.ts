import {
  COUNT_EXCHANGES_FIRST,
  COUNT_FLOWS,
  COUNT_FLOWS_EVICTED,
  COUNT_FLOWS_EXPIRED,
} from '../counters/exchange-counts.ts';
import {
  INCOMPLETE_EVICTED,
  INCOMPLETE_GAP,
  INCOMPLETE_NO_REQUEST,
  INCOMPLETE_NO_RESPONSE,
  INCOMPLETE_NONE,
  INCOMPLETE_RESET,
  UNKNOWN,
} from '../record/exchange.ts';
import { releaseBytes } from './byte-store.ts';
import { areChunksLost } from './chunked-body.ts';
import { forgetEarly } from './early-segments.ts';
import { fillRecord } from './exchange-record.ts';
import {
  chainOf,
  EXCHANGE_CHUNKED,
  EXCHANGE_ENDED,
  EXCHANGE_REQUEST,
  EXCHANGE_UNTIL_CLOSE,
  flowOf,
  hasMark,
  releaseSlot,
  requestOf,
  responseOf,
  totalBytesOf,
} from './exchange-state.ts';
import {
  FLOW_CONNECTED,
  FLOW_SYN,
  FROM_SERVER,
  firstWaitingOf,
  isFact,
  NO_EXCHANGE,
  newestRequestOf,
  passedOf,
  passingResponseOf,
  setNewestRequest,
  setPassingResponse,
  sideOf,
} from './flow-state.ts';
import {
  LIST_IDLE,
  LIST_PASSING,
  LIST_WAITING,
  LISTS_COUNT,
  NO_FLOW,
  removeFlow,
  touchFlow,
} from './flow-table.ts';
import { RESPONSE_AWAITED_SEC_MAX, RESPONSE_SILENT_SEC_MAX } from './limits.ts';
import type { ExchangeTracker } from './tracker.ts';
import { takeFirstWaiting } from './waiting.ts';

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
  const flow = flowOf(slots, index);
  const reason = hasMark(slots, index, EXCHANGE_REQUEST) ? incomplete : INCOMPLETE_NO_REQUEST;
  fillRecord(tracker, index, reason);
  counts[COUNT_EXCHANGES_FIRST + reason]++;
  releaseBytes(store, chainOf(slots, requestOf(index)));
  releaseBytes(store, chainOf(slots, responseOf(index)));
  releaseSlot(slots, index);
  if (newestRequestOf(flows, flow) === index) {
    setNewestRequest(flows, flow, NO_EXCHANGE);
  }
  if (passingResponseOf(flows, flow) === index) {
    setPassingResponse(flows, flow, NO_EXCHANGE);
  }
  tracker.onExchange(tracker.exchange);
}

/** Ends the exchanges that wait, up to but not including `last` (NO_EXCHANGE: all of them). */
export function endWaiting(
  tracker: ExchangeTracker,
  flow: number,
  last: number,
  incomplete: number,
): void {
  const { flows } = tracker;
  while (firstWaitingOf(flows, flow) !== NO_EXCHANGE && firstWaitingOf(flows, flow) !== last) {
    endExchange(tracker, takeFirstWaiting(tracker, flow), incomplete);
  }
}

/**
 * Ends the response that passes, if there is one: whole if its last byte was seen, or if nothing but this end
 * could tell where it is.
 *
 *     <- a, without a length
 *     <- bytes of a
 *     <- b                      a has ended before it, and is whole
 *
 * @param isEndTold no more of it will come: the next response begins, or the server has closed
 * @param incomplete the reason otherwise
 * @rule next-response-ends-it
 */
export function endOpenResponse(
  tracker: ExchangeTracker,
  flow: number,
  isEndTold: boolean,
  incomplete: number,
): void {
  const { flows, slots } = tracker;
  const index = passingResponseOf(flows, flow);
  if (index === NO_EXCHANGE) {
    return;
  }
  const isWhole =
    hasMark(slots, index, EXCHANGE_ENDED) ||
    (hasMark(slots, index, EXCHANGE_UNTIL_CLOSE) ? isEndTold : !isEndKnowable(tracker, index));
  endExchange(tracker, index, isWhole ? INCOMPLETE_NONE : incomplete);
}

/** Says whether bytes still to come will tell where the response ends: a length, or framing not lost. */
export function isEndKnowable({ slots, flows }: ExchangeTracker, index: number): boolean {
  if (
    totalBytesOf(slots, responseOf(index)) !== UNKNOWN ||
    hasMark(slots, index, EXCHANGE_UNTIL_CLOSE)
  ) {
    return true;
  }
  const passed = passedOf(flows, sideOf(flowOf(slots, index), FROM_SERVER));
  return (
    hasMark(slots, index, EXCHANGE_CHUNKED) &&
    !areChunksLost(slots.chunks, responseOf(index), passed)
  );
}

/** Ends what the flow has under way, and forgets it. */
export function endFlow(
  tracker: ExchangeTracker,
  flow: number,
  isEndTold: boolean,
  openReason: number,
  waitingReason: number,
): void {
  const { flows } = tracker;
  endOpenResponse(tracker, flow, isEndTold, openReason);
  endWaiting(tracker, flow, NO_EXCHANGE, waitingReason);
  if (isFact(flows, flow, FLOW_SYN) && !isFact(flows, flow, FLOW_CONNECTED)) {
    flows.handshakesCount--;
  }
  forgetEarly(tracker.early, flow);
  removeFlow(flows, flow);
  tracker.counts[COUNT_FLOWS] = flows.flowsCount;
  if (tracker.flow === flow) {
    tracker.flow = NO_FLOW;
  }
}

/** The connection was closed in order, or its ports are another's now. */
export function closeFlow(tracker: ExchangeTracker, flow: number): void {
  endFlow(tracker, flow, true, INCOMPLETE_RESET, INCOMPLETE_NO_RESPONSE);
}

/**
 * The connection was torn down: nothing more comes, and what was under way was not finished.
 *
 *     -> a
 *     <- RST
 *
 * @rule reset-ends-all
 */
export function resetFlow(tracker: ExchangeTracker, flow: number): void {
  endFlow(tracker, flow, false, INCOMPLETE_RESET, INCOMPLETE_RESET);
}

/** Forgets a flow to make room. */
export function evictFlow(tracker: ExchangeTracker, flow: number): void {
  tracker.counts[COUNT_FLOWS_EVICTED]++;
  endFlow(tracker, flow, false, INCOMPLETE_EVICTED, INCOMPLETE_EVICTED);
}

/**
 * Ends what has waited too long at this time; costs three comparisons when nothing has.
 *
 *     -> a
 *     11 minutes
 *     <- a          answers nothing any more
 *
 * @rule silence-ends
 */
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
