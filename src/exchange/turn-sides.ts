import { INCOMPLETE_GAP, UNKNOWN } from '../record/exchange.ts';
import { dropDoubts } from './client-ahead.ts';
import { type EarlySegments, NO_EARLY } from './early-segments.ts';
import { endOpenResponse, endWaiting } from './end-exchange.ts';
import {
  dropFact,
  FLOW_AHEAD,
  FLOW_CLIENT_FIN,
  FLOW_CLIENT_FIRST,
  FLOW_CONNECTED,
  FLOW_SERVER_FIN,
  FLOW_SYN,
  type FlowState,
  FROM_CLIENT,
  FROM_SERVER,
  isFact,
  NO_EXCHANGE,
  noteFact,
  setConnectNs,
  sideOf,
} from './flow-state.ts';
import type { ExchangeTracker } from './tracker.ts';

/**
 * The other end is the client. What is known of each end's bytes goes with it; what was concluded from their order does
 * not hold, and how long it took to connect is not the client's time.
 */
export function turnSides(tracker: ExchangeTracker, flow: number): void {
  const { flows } = tracker;
  endOpenResponse(tracker, flow, false, INCOMPLETE_GAP);
  endWaiting(tracker, flow, NO_EXCHANGE, INCOMPLETE_GAP);
  if (isFact(flows, flow, FLOW_SYN)) {
    flows.handshakesCount -= isFact(flows, flow, FLOW_CONNECTED) ? 0 : 1;
    noteFact(flows, flow, FLOW_CONNECTED);
    setConnectNs(flows, flow, UNKNOWN);
  }
  dropDoubts(flows, flow);
  dropFact(flows, flow, FLOW_AHEAD | FLOW_CLIENT_FIN | FLOW_SERVER_FIN);
  turnEarly(tracker.early, flow);
  exchangeSides(flows, flow);
}

function exchangeSides(state: FlowState, flow: number): void {
  const client = sideOf(flow, FROM_CLIENT);
  const server = sideOf(flow, FROM_SERVER);
  exchangeIn(state.sideFacts, client, server);
  exchangeIn(state.passed, client, server);
  exchangeIn(state.place, client, server);
  exchangeIn(state.holeFrom, client, server);
  exchangeIn(state.holeEnd, client, server);
  exchangeIn(state.leadFrom, client, server);
  exchangeIn(state.leadEnd, client, server);
  state.clientReceived[flow] = 0;
  state.clientSince[flow] = 0;
  state.facts[flow] ^= FLOW_CLIENT_FIRST;
}

function exchangeIn(column: Int32Array | Uint8Array, one: number, other: number): void {
  const value = column[one];
  column[one] = column[other];
  column[other] = value;
}

function turnEarly({ places, flowCounts, flowFirst }: EarlySegments, flow: number): void {
  let index = flowCounts[flow] === 0 ? NO_EARLY : flowFirst[flow];
  while (index !== NO_EARLY) {
    const place = places[index];
    place.direction = FROM_CLIENT + FROM_SERVER - place.direction;
    index = place.nextInFlow;
  }
}
