import { COUNT_FLOWS } from '../counters/exchange-counts.ts';
import { type Segment, TCP_FLAG_ACK } from '../decode/segment.ts';
import { UNKNOWN } from '../record/exchange.ts';
import { closeFlow, evictFlow } from './end-exchange.ts';
import { setConnectTime } from './exchange-state.ts';
import {
  connectNsOf,
  expectMessageAt,
  FLOW_CONNECTED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  FROM_CLIENT,
  FROM_SERVER,
  hasSeenBytes,
  isFact,
  NO_EXCHANGE,
  newestRequestOf,
  noteFact,
  notePassed,
  noteSynSequence,
  passedOf,
  setConnectNs,
  sideOf,
  synSequenceOf,
} from './flow-state.ts';
import { addFlow, findFlowInWay, NO_FLOW } from './flow-table.ts';
import { LATE_SYN_BYTES_MAX } from './limits.ts';
import { bytesBetween } from './sequence.ts';
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

/**
 * A SYN begins a flow, in place of an older one between the same ports, and the SYN-ACK tells the other side's
 * numbers: nothing is missing before what follows.
 *
 *     -> SYN
 *     <- SYN ACK
 *     -> a          the first request begins where the SYN says
 *
 * @rule syn-begins-anew
 * @see RFC 9293 section 3.5
 */
export function noteSyn(tracker: ExchangeTracker, segment: Segment): void {
  if ((segment.flags & TCP_FLAG_ACK) !== 0) {
    noteSynAck(tracker, segment);
    return;
  }
  const { flow } = tracker;
  if (flow !== NO_FLOW) {
    if (isRepeatedSyn(tracker, segment) || isLateSyn(tracker, segment)) {
      return;
    }
    closeFlow(tracker, flow);
  }
  startFlow(tracker, true, segment);
  noteFirstSyn(tracker, segment);
}

function noteFirstSyn({ flows, flow, timeNs }: ExchangeTracker, segment: Segment): void {
  const client = sideOf(flow, FROM_CLIENT);
  noteFact(flows, flow, FLOW_SYN);
  expectMessageAt(flows, client, segment.sequenceNumber);
  notePassed(flows, client, segment.sequenceNumber);
  noteSynSequence(flows, flow, segment.sequenceNumber);
  setConnectNs(flows, flow, timeNs);
  flows.handshakesCount++;
}

function noteSynAck({ flows, flow }: ExchangeTracker, { sequenceNumber }: Segment): void {
  if (flow === NO_FLOW || !isFact(flows, flow, FLOW_SYN) || isFact(flows, flow, FLOW_SYN_ACK)) {
    return;
  }
  const server = sideOf(flow, FROM_SERVER);
  noteFact(flows, flow, FLOW_SYN_ACK);
  expectMessageAt(flows, server, sequenceNumber);
  notePassed(flows, server, sequenceNumber);
}

function isRepeatedSyn({ flows, flow }: ExchangeTracker, { sequenceNumber }: Segment): boolean {
  return isFact(flows, flow, FLOW_SYN) && synSequenceOf(flows, flow) === sequenceNumber;
}

/** A SYN that was captured behind the first bytes of its own connection: those begin where it says. */
function isLateSyn({ flows, flow }: ExchangeTracker, { sequenceNumber }: Segment): boolean {
  const client = sideOf(flow, FROM_CLIENT);
  if (isFact(flows, flow, FLOW_SYN) || !hasSeenBytes(flows, client)) {
    return false;
  }
  const passedBytes = bytesBetween(sequenceNumber, passedOf(flows, client));
  return passedBytes >= 0 && passedBytes <= LATE_SYN_BYTES_MAX;
}

/**
 * The client's first segment behind the SYN-ACK ends the handshake; the connection's first exchange has the
 * time since the SYN.
 *
 *     -> SYN        from here
 *     <- SYN ACK
 *     -> ACK        to here
 *     -> a          has the time
 *
 * @rule connect-time
 */
export function noteHandshake(tracker: ExchangeTracker, flow: number): void {
  const { flows, slots, timeNs } = tracker;
  if (!isFact(flows, flow, FLOW_SYN_ACK) || isFact(flows, flow, FLOW_CONNECTED)) {
    return;
  }
  noteFact(flows, flow, FLOW_CONNECTED);
  flows.handshakesCount--;
  const connectNs = Math.max(timeNs - connectNsOf(flows, flow), 0);
  // The request that came with the ACK itself was noted before.
  const request = newestRequestOf(flows, flow);
  if (request !== NO_EXCHANGE) {
    setConnectTime(slots, request, connectNs);
  }
  setConnectNs(flows, flow, request === NO_EXCHANGE ? connectNs : UNKNOWN);
}
