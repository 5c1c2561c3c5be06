import { type Segment, TCP_FLAG_ACK } from '../decode/segment.ts';
import { LATE_SYN_BYTES_MAX } from '../limits.ts';
import { closeFlow, evictFlow } from './end-exchange.ts';
import { UNKNOWN } from './exchange.ts';
import { COUNT_FLOWS } from './exchange-counts.ts';
import {
  addFlow,
  FLOW_CLIENT_SEEN,
  FLOW_CONNECTED,
  FLOW_REQUEST_END,
  FLOW_RESPONSE_END,
  FLOW_SERVER_SEEN,
  FLOW_SYN,
  FLOW_SYN_ACK,
  FROM_CLIENT,
  FROM_SERVER,
  findFlowInWay,
  NO_EXCHANGE,
  NO_FLOW,
} from './flow-table.ts';
import type { ExchangeTracker } from './tracker.ts';

/** Adds the flow of the segment in hand, and makes room for it first. */
export function startFlow(tracker: ExchangeTracker, isFromClient: boolean, segment: Segment): void {
  const { flows, timeNs } = tracker;
  for (let inWay = findFlowInWay(flows); inWay !== NO_FLOW; inWay = findFlowInWay(flows)) {
    evictFlow(tracker, inWay);
  }
  tracker.flow = addFlow(flows, isFromClient, segment.addressLength, timeNs);
  tracker.direction = isFromClient ? FROM_CLIENT : FROM_SERVER;
  tracker.counts[COUNT_FLOWS] = flows.flowsCount;
}

/** A SYN begins a flow, in place of an older one between the same ports. @see RFC 9293 section 3.5 */
export function noteSyn(tracker: ExchangeTracker, segment: Segment): void {
  const { flows, timeNs } = tracker;
  const flow = tracker.flow;
  if ((segment.flags & TCP_FLAG_ACK) !== 0) {
    if (flow !== NO_FLOW && (flows.flags[flow] & (FLOW_SYN | FLOW_SYN_ACK)) === FLOW_SYN) {
      flows.flags[flow] |= FLOW_SYN_ACK | FLOW_SERVER_SEEN | FLOW_RESPONSE_END;
      flows.nextSequence[2 * flow + FROM_SERVER] = segment.sequenceNumber;
      flows.responseEnd[flow] = segment.sequenceNumber;
    }
    return;
  }
  const isRepeated =
    flow !== NO_FLOW &&
    (flows.flags[flow] & FLOW_SYN) !== 0 &&
    flows.firstSequence[flow] === segment.sequenceNumber;
  if (isRepeated || isLateSyn(tracker, segment)) {
    return;
  }
  if (flow !== NO_FLOW) {
    closeFlow(tracker, flow);
  }
  startFlow(tracker, true, segment);
  flows.flags[tracker.flow] |= FLOW_SYN | FLOW_CLIENT_SEEN | FLOW_REQUEST_END;
  flows.requestEnd[tracker.flow] = segment.sequenceNumber;
  flows.nextSequence[2 * tracker.flow + FROM_CLIENT] = segment.sequenceNumber;
  flows.firstSequence[tracker.flow] = segment.sequenceNumber;
  flows.connectNs[tracker.flow] = timeNs;
  flows.handshakesCount++;
}

/** A SYN that comes behind the first bytes of its own connection: those begin where it says. */
function isLateSyn({ flows, flow }: ExchangeTracker, { sequenceNumber }: Segment): boolean {
  const state = FLOW_SYN | FLOW_CLIENT_SEEN;
  if (flow === NO_FLOW || (flows.flags[flow] & state) !== FLOW_CLIENT_SEEN) {
    return false;
  }
  const passedBytes = (flows.nextSequence[2 * flow + FROM_CLIENT] - sequenceNumber) | 0;
  return passedBytes >= 0 && passedBytes <= LATE_SYN_BYTES_MAX;
}

/** The client's first segment behind the SYN-ACK ends the handshake. */
export function noteHandshake(tracker: ExchangeTracker, flow: number): void {
  const { flows, slots, timeNs } = tracker;
  const state = flows.flags[flow] & (FLOW_SYN_ACK | FLOW_CONNECTED);
  if (state !== FLOW_SYN_ACK) {
    return;
  }
  flows.flags[flow] |= FLOW_CONNECTED;
  flows.handshakesCount--;
  flows.connectNs[flow] = Math.max(timeNs - flows.connectNs[flow], 0);
  // The request that came with the ACK itself was noted before.
  const request = flows.lastRequest[flow];
  if (request !== NO_EXCHANGE) {
    slots.connectNs[request] = flows.connectNs[flow];
    flows.connectNs[flow] = UNKNOWN;
  }
}
