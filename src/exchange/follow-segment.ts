import type { Frame } from '../capture/frame.ts';
import { type Segment, TCP_FLAG_FIN, TCP_FLAG_RST, TCP_FLAG_SYN } from '../decode/segment.ts';
import { closeFlow, isEndKnowable, resetFlow } from './end-exchange.ts';
import { UNKNOWN } from './exchange.ts';
import { COUNT_RETRANSMITTED } from './exchange-counts.ts';
import { EXCHANGE_CROWDED, isBeyond, requestEndOf } from './exchange-slots.ts';
import { setPipelined } from './flow-place.ts';
import {
  directionOf,
  FLOW_CLIENT_SEEN,
  FLOW_SERVER_FIN,
  FLOW_SERVER_SEEN,
  FROM_CLIENT,
  FROM_SERVER,
  findFlow,
  LIST_IDLE,
  LIST_PASSING,
  LIST_WAITING,
  NO_EXCHANGE,
  NO_FLOW,
  touchFlow,
} from './flow-table.ts';
import { advance, NO_REST, settleChunks, settleRequest, settleResponse } from './pass-bytes.ts';
import { noteHandshake, noteSyn } from './start-flow.ts';
import { type ExchangeTracker, timeOf } from './tracker.ts';

const ENDING_FLAGS = TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_FIN;

/** Finds the flow of a segment; **before its messages are noted**. A pure ACK of an open connection costs nothing. */
export function beginSegment(tracker: ExchangeTracker, frame: Frame, segment: Segment): void {
  const { flows } = tracker;
  const { payloadBytes, flags } = segment;
  tracker.flow = NO_FLOW;
  if (payloadBytes === 0 && (flags & ENDING_FLAGS) === 0 && flows.handshakesCount === 0) {
    return;
  }
  tracker.timeNs = timeOf(tracker, frame);
  tracker.segmentSequence = segment.sequenceNumber;
  tracker.isRetransmitted = false;
  tracker.flow = findFlow(flows, frame.bytes, segment);
  if ((flags & TCP_FLAG_SYN) !== 0) {
    noteSyn(tracker, segment);
  }
  if (tracker.flow === NO_FLOW) {
    return;
  }
  const direction = directionOf(flows, tracker.flow);
  tracker.direction = direction;
  const isSeen =
    (flows.flags[tracker.flow] &
      (direction === FROM_CLIENT ? FLOW_CLIENT_SEEN : FLOW_SERVER_SEEN)) !==
    0;
  const end = (segment.sequenceNumber + payloadBytes) | 0;
  tracker.isRetransmitted =
    isSeen &&
    payloadBytes > 0 &&
    ((end - flows.nextSequence[2 * tracker.flow + direction]) | 0) <= 0;
}

/**
 * Takes the segment's bytes, its end of a chunked body, its part in a handshake or a close; **after its
 * messages were noted**.
 *
 * @param payloadOffset where the segment's payload begins; `segment` itself may have moved on
 * @returns offset of what follows, in the same segment, a body that ended in it; or NO_REST
 */
export function endSegment(
  tracker: ExchangeTracker,
  bytes: Uint8Array,
  segment: Segment,
  payloadOffset: number,
): number {
  const { flows, direction, segmentSequence } = tracker;
  const { payloadBytes, flags } = segment;
  const flow = tracker.flow;
  if (flow === NO_FLOW) {
    return NO_REST;
  }
  const end = (segmentSequence + payloadBytes) | 0;
  let rest = NO_REST;
  if (payloadBytes > 0) {
    noteRetransmission(tracker, flow);
    rest =
      direction === FROM_SERVER
        ? passResponse(tracker, flow, bytes, segment, payloadOffset, end)
        : passRequest(tracker, flow, segment, payloadOffset, end);
  }
  if (flows.handshakesCount > 0 && direction === FROM_CLIENT && (flags & TCP_FLAG_SYN) === 0) {
    noteHandshake(tracker, flow);
  }
  if ((flags & TCP_FLAG_RST) !== 0 && rest === NO_REST) {
    resetFlow(tracker, flow);
    return NO_REST;
  }
  if ((flags & TCP_FLAG_FIN) !== 0 && direction === FROM_SERVER) {
    flows.flags[flow] |= FLOW_SERVER_FIN;
    flows.serverEnd[flow] = end;
  }
  touchFlow(flows, flow, chooseList(tracker, flow), tracker.timeNs);
  if (rest === NO_REST) {
    closeIfEnded(tracker, flow);
  }
  return rest;
}

function passResponse(
  tracker: ExchangeTracker,
  flow: number,
  bytes: Uint8Array,
  segment: Segment,
  payloadOffset: number,
  end: number,
): number {
  const { flows } = tracker;
  advance(tracker, flow, end);
  settleChunks(tracker, flow, bytes, payloadOffset, segment.payloadEnd);
  return settleResponse(tracker, flow)
    ? restBehind(tracker, segment, payloadOffset, flows.responseEnd[flow])
    : NO_REST;
}

function passRequest(
  tracker: ExchangeTracker,
  flow: number,
  segment: Segment,
  payloadOffset: number,
  end: number,
): number {
  const { flows, slots } = tracker;
  const request = flows.lastRequest[flow];
  const total = request === NO_EXCHANGE ? UNKNOWN : slots.requestTotal[request];
  const wasPassing = total !== UNKNOWN && slots.requestBytes[request] < total;
  if (flows.clientAcknowledgment[flow] !== segment.acknowledgmentNumber) {
    flows.clientAcknowledgment[flow] = segment.acknowledgmentNumber;
    flows.clientSince[flow] = tracker.segmentSequence;
  }
  advance(tracker, flow, end);
  if (
    total !== UNKNOWN &&
    (slots.flags[request] & EXCHANGE_CROWDED) === 0 &&
    slots.acknowledgment[request] === segment.acknowledgmentNumber &&
    isBeyond(slots, request, end)
  ) {
    setPipelined(flows, flow);
  }
  const hasEnded = wasPassing && slots.requestBytes[request] === total;
  settleRequest(tracker, flow);
  return hasEnded
    ? restBehind(tracker, segment, payloadOffset, requestEndOf(slots, request))
    : NO_REST;
}

/** Offset of the sequence number where the segment has captured bytes there, with some before; or NO_REST. */
function restBehind(
  { segmentSequence }: ExchangeTracker,
  { payloadEnd }: Segment,
  payloadOffset: number,
  sequence: number,
): number {
  const passedBytes = (sequence - segmentSequence) | 0;
  return passedBytes > 0 && payloadOffset + passedBytes < payloadEnd
    ? payloadOffset + passedBytes
    : NO_REST;
}

function noteRetransmission(tracker: ExchangeTracker, flow: number): void {
  const { flows, slots, direction } = tracker;
  if (!tracker.isRetransmitted) {
    return;
  }
  tracker.isRetransmitted = false;
  tracker.counts[COUNT_RETRANSMITTED]++;
  const index = direction === FROM_CLIENT ? flows.lastRequest[flow] : flows.openResponse[flow];
  if (index !== NO_EXCHANGE) {
    slots.retransmitted[index]++;
  }
}

/** The server has closed, and all that it sent before has passed. */
function closeIfEnded(tracker: ExchangeTracker, flow: number): void {
  const { flows } = tracker;
  const isEnded =
    (flows.flags[flow] & FLOW_SERVER_FIN) !== 0 &&
    ((flows.serverEnd[flow] - flows.nextSequence[2 * flow + FROM_SERVER]) | 0) <= 0;
  if (isEnded) {
    closeFlow(tracker, flow);
  }
}

function chooseList(tracker: ExchangeTracker, flow: number): number {
  const { flows } = tracker;
  const open = flows.openResponse[flow];
  if (flows.firstWaiting[flow] !== NO_EXCHANGE) {
    return LIST_WAITING;
  }
  if (open === NO_EXCHANGE) {
    return LIST_IDLE;
  }
  return isEndKnowable(tracker, open) ? LIST_WAITING : LIST_PASSING;
}
