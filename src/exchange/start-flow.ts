import { COUNT_FLOWS } from '../counters/exchange-counts.ts';
import { type Segment, TCP_FLAG_ACK, TCP_FLAG_SYN } from '../decode/segment.ts';
import { UNKNOWN } from '../record/exchange.ts';
import { beginDevices } from './devices.ts';
import { closeFlow, evictFlow } from './end-exchange.ts';
import { setConnectTime } from './exchange-state.ts';
import {
  connectNsOf,
  expectMessageAt,
  FLOW_CONNECTED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  type FlowState,
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
import { addFlow, directionOf, type FlowTable, findFlowInWay, NO_FLOW } from './flow-table.ts';
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
  beginDevices(tracker.devices, tracker.flow, tracker.direction, segment.device);
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
    if (isSynOfFlow(tracker, flow, segment)) {
      noteLateSyn(tracker, flow, segment);
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

/**
 * A SYN-ACK tells both numbers, so that it can stand for a SYN that comes late or was lost.
 *
 *     <- SYN ACK    captured first
 *     <- a          waits: acknowledges bytes of the client
 *     -> SYN
 *     -> a
 *
 * @rule syn-ack-tells-both
 */
function noteSynAck(tracker: ExchangeTracker, segment: Segment): void {
  const { flows } = tracker;
  const { sequenceNumber, acknowledgmentNumber } = segment;
  if (tracker.flow === NO_FLOW) {
    startFlow(tracker, false, segment);
    beginSide(tracker, FROM_CLIENT, acknowledgmentNumber);
    noteSynSequence(flows, tracker.flow, acknowledgmentNumber);
  } else if (!isFact(flows, tracker.flow, FLOW_SYN)) {
    return;
  }
  if (!isFact(flows, tracker.flow, FLOW_SYN_ACK)) {
    noteFact(flows, tracker.flow, FLOW_SYN_ACK);
    beginSide(tracker, FROM_SERVER, sequenceNumber);
  }
}

/** Nothing of the side stands before this number. */
function beginSide({ flows, flow }: ExchangeTracker, direction: number, sequence: number): void {
  const side = sideOf(flow, direction);
  expectMessageAt(flows, side, sequence);
  notePassed(flows, side, sequence);
}

/** Says whether a SYN, or one with an ACK, is one of the connection that is followed. */
export function isSynOfFlow(
  { flows }: ExchangeTracker,
  flow: number,
  { flags, sequenceNumber }: Segment,
): boolean {
  if ((flags & TCP_FLAG_SYN) === 0) {
    return false;
  }
  if ((flags & TCP_FLAG_ACK) !== 0) {
    return true;
  }
  return isFact(flows, flow, FLOW_SYN | FLOW_SYN_ACK)
    ? synSequenceOf(flows, flow) === sequenceNumber
    : isLateSyn(flows, flow, sequenceNumber);
}

/** Behind a SYN-ACK it ends what was not known: how long the handshake takes. */
function noteLateSyn(
  { flows, timeNs }: ExchangeTracker,
  flow: number,
  { sequenceNumber }: Segment,
): void {
  if (
    isFact(flows, flow, FLOW_SYN_ACK) &&
    !isFact(flows, flow, FLOW_SYN) &&
    passedOf(flows, sideOf(flow, FROM_CLIENT)) === sequenceNumber
  ) {
    noteFact(flows, flow, FLOW_SYN);
    setConnectNs(flows, flow, timeNs);
    flows.handshakesCount++;
  }
}

/** A SYN that was captured behind the first bytes of its own connection: those begin where it says. */
function isLateSyn(flows: FlowState, flow: number, sequenceNumber: number): boolean {
  const client = sideOf(flow, FROM_CLIENT);
  if (!hasSeenBytes(flows, client)) {
    return false;
  }
  const passedBytes = bytesBetween(sequenceNumber, passedOf(flows, client));
  return passedBytes >= 0 && passedBytes <= LATE_SYN_BYTES_MAX;
}

/**
 * Without a SYN-ACK the client's first segment tells where the server's bytes begin: what it had received before it
 * asked for anything.
 *
 *     -> SYN
 *     <- SYN ACK (lost)
 *     -> ACK            the server begins behind what it acknowledges
 *
 * @rule first-ack-tells-the-server
 */
export function noteFirstAcknowledgment(tracker: ExchangeTracker, segment: Segment): void {
  const { flows, flow, direction, segmentSequence } = tracker;
  if (
    direction === FROM_CLIENT &&
    isFact(flows, flow, FLOW_SYN) &&
    !isFact(flows, flow, FLOW_SYN_ACK) &&
    (segment.flags & (TCP_FLAG_ACK | TCP_FLAG_SYN)) === TCP_FLAG_ACK &&
    segmentSequence === synSequenceOf(flows, flow) &&
    !hasSeenBytes(flows, sideOf(flow, FROM_SERVER))
  ) {
    noteFact(flows, flow, FLOW_SYN_ACK);
    beginSide(tracker, FROM_SERVER, segment.acknowledgmentNumber);
  }
}

/** Says whether the segment is the client's first behind the SYN-ACK; **`findFlow` has looked the flow up**. */
export function isHandshakeEnd(
  flows: FlowTable,
  flow: number,
  { sequenceNumber }: Segment,
): boolean {
  return (
    isFact(flows, flow, FLOW_SYN_ACK) &&
    isFact(flows, flow, FLOW_SYN) &&
    !isFact(flows, flow, FLOW_CONNECTED) &&
    directionOf(flows, flow) === FROM_CLIENT &&
    synSequenceOf(flows, flow) === sequenceNumber
  );
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
  if (
    !isFact(flows, flow, FLOW_SYN_ACK) ||
    !isFact(flows, flow, FLOW_SYN) ||
    isFact(flows, flow, FLOW_CONNECTED)
  ) {
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
