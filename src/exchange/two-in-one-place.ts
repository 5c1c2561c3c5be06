import { INCOMPLETE_GAP, UNKNOWN } from '../record/exchange.ts';
import { endExchange } from './end-exchange.ts';
import {
  EXCHANGE_DOUBTED,
  type ExchangeSlots,
  hasMark,
  nextWaitingOf,
  requestEndOf,
  requestOf,
  requestStartOf,
  totalBytesOf,
} from './exchange-state.ts';
import {
  firstWaitingOf,
  lastWaitingOf,
  NO_EXCHANGE,
  newestRequestOf,
  setNewestRequest,
} from './flow-state.ts';
import { bytesBetween } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';
import { takeFirstWaiting, takeWaitingBehind } from './waiting.ts';

/**
 * Of several requests at one place the server has received one: the length of none is believed, and a response answers
 * the one that ends where the server had received, or the only one that it can have received whole. The others end.
 *
 *     -> a, Content-Length: 1000000    a decoy
 *     -> b                             at the same place
 *     -> c                             right behind b: no body of a
 *     <- b                             ack behind b: a ends as a gap
 *
 * @param received what the server had when it sent the response in hand
 * @rule two-in-one-place
 */
export function settleDoubt(tracker: ExchangeTracker, flow: number, received: number): void {
  const { flows, slots } = tracker;
  const first = firstWaitingOf(flows, flow);
  if (first === NO_EXCHANGE || !hasMark(slots, first, EXCHANGE_DOUBTED)) {
    return;
  }
  const start = requestStartOf(slots, first);
  if (bytesBetween(start, received) <= 0) {
    return;
  }
  const isNewest = requestStartOf(slots, lastWaitingOf(flows, flow)) === start;
  const chosen = findReceived(slots, first, received);
  while (
    isAt(slots, firstWaitingOf(flows, flow), start) &&
    firstWaitingOf(flows, flow) !== chosen
  ) {
    endExchange(tracker, takeFirstWaiting(tracker, flow), INCOMPLETE_GAP);
  }
  if (chosen === NO_EXCHANGE) {
    return;
  }
  while (isAt(slots, nextWaitingOf(slots, chosen), start)) {
    endExchange(tracker, takeWaitingBehind(tracker, flow, chosen), INCOMPLETE_GAP);
  }
  if (isNewest && newestRequestOf(flows, flow) === NO_EXCHANGE) {
    setNewestRequest(flows, flow, chosen);
  }
}

function isAt(slots: ExchangeSlots, exchange: number, start: number): boolean {
  return exchange !== NO_EXCHANGE && requestStartOf(slots, exchange) === start;
}

/** Of those that wait where the first does; NO_EXCHANGE when nobody can tell. */
function findReceived(slots: ExchangeSlots, first: number, received: number): number {
  const start = requestStartOf(slots, first);
  let [whole, wholeCount, ending, endingCount] = [NO_EXCHANGE, 0, NO_EXCHANGE, 0];
  for (
    let exchange = first;
    isAt(slots, exchange, start);
    exchange = nextWaitingOf(slots, exchange)
  ) {
    const total = totalBytesOf(slots, requestOf(exchange));
    const missing = total === UNKNOWN ? 1 : bytesBetween(received, requestEndOf(slots, exchange));
    if (missing <= 0) {
      whole = exchange;
      wholeCount++;
    }
    if (missing === 0) {
      ending = exchange;
      endingCount++;
    }
  }
  if (endingCount === 1) {
    return ending;
  }
  return wholeCount === 1 ? whole : NO_EXCHANGE;
}
