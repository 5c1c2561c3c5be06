import type { Frame } from '../capture/frame.ts';
import { COUNT_RETRANSMITTED } from '../counters/exchange-counts.ts';
import { type Segment, TCP_FLAG_FIN, TCP_FLAG_RST, TCP_FLAG_SYN } from '../decode/segment.ts';
import { noteMoreBytes } from './client-ahead.ts';
import { closeFlow, isEndKnowable, resetFlow } from './end-exchange.ts';
import { countRetransmission, hasPassedWhole, requestEndOf, requestOf } from './exchange-state.ts';
import {
  FLOW_CLIENT_FIN,
  FLOW_SERVER_FIN,
  FROM_CLIENT,
  FROM_SERVER,
  firstWaitingOf,
  hasSeenBytes,
  isFact,
  NO_EXCHANGE,
  newestRequestOf,
  noteFact,
  noteSent,
  noteServerEnd,
  passedOf,
  passingResponseOf,
  placeOf,
  serverEndOf,
  sideOf,
} from './flow-state.ts';
import {
  directionOf,
  findFlow,
  LIST_IDLE,
  LIST_PASSING,
  LIST_WAITING,
  NO_FLOW,
  touchFlow,
} from './flow-table.ts';
import { fillHole } from './holes.ts';
import { isAllLead } from './lead-bytes.ts';
import { advance, NO_REST, settleChunks, settleRequest, settleResponse } from './pass-bytes.ts';
import { bytesBetween } from './sequence.ts';
import { noteFirstAcknowledgment, noteHandshake, noteSyn } from './start-flow.ts';
import { type ExchangeTracker, timeOf } from './tracker.ts';

const ENDING_FLAGS = TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_FIN;

/** Finds the flow of a segment; **before its messages are noted**. A pure ACK of an open connection costs nothing. */
export function beginSegment(tracker: ExchangeTracker, frame: Frame, segment: Segment): void {
  const { flows } = tracker;
  const { payloadBytes, flags } = segment;
  tracker.flow = NO_FLOW;
  if (
    payloadBytes === 0 &&
    (flags & ENDING_FLAGS) === 0 &&
    flows.handshakesCount === 0 &&
    tracker.early.count === 0
  ) {
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
  tracker.direction = directionOf(flows, tracker.flow);
  if (flows.handshakesCount > 0) {
    noteFirstAcknowledgment(tracker, segment);
  }
  tracker.isRetransmitted =
    payloadBytes > 0 && wasAllSeen(tracker, (segment.sequenceNumber + payloadBytes) | 0);
  if (segment.device !== 0 && payloadBytes > 0) {
    tellCopy(tracker, segment.device);
  }
}

/** Of a capture of several devices: what was seen before was sent again only if the same one shows it. */
function tellCopy(tracker: ExchangeTracker, device: number): void {
  const { devices, flow, direction } = tracker;
  if (tracker.isRetransmitted) {
    tracker.isRetransmitted = devices[sideOf(flow, direction)] === device;
  } else {
    devices[sideOf(flow, direction)] = device;
  }
}

function wasAllSeen(
  { flows, flow, direction, segmentSequence }: ExchangeTracker,
  end: number,
): boolean {
  const side = sideOf(flow, direction);
  return (
    hasSeenBytes(flows, side) &&
    bytesBetween(passedOf(flows, side), end) <= 0 &&
    !fillHole(flows, side, segmentSequence, end)
  );
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
        : passRequest(tracker, flow, bytes, segment, payloadOffset, end);
  }
  if (flows.handshakesCount > 0 && direction === FROM_CLIENT && (flags & TCP_FLAG_SYN) === 0) {
    noteHandshake(tracker, flow);
  }
  if ((flags & TCP_FLAG_RST) !== 0 && rest === NO_REST) {
    resetFlow(tracker, flow);
    return NO_REST;
  }
  if ((flags & TCP_FLAG_FIN) !== 0) {
    if (direction === FROM_SERVER) {
      noteServerEnd(flows, flow, end);
    } else {
      noteFact(flows, flow, FLOW_CLIENT_FIN);
    }
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
    ? restBehind(tracker, segment, payloadOffset, placeOf(flows, sideOf(flow, FROM_SERVER)))
    : NO_REST;
}

function passRequest(
  tracker: ExchangeTracker,
  flow: number,
  bytes: Uint8Array,
  segment: Segment,
  payloadOffset: number,
  end: number,
): number {
  const { flows, slots } = tracker;
  const { acknowledgmentNumber } = segment;
  const request = newestRequestOf(flows, flow);
  const wasWhole = request === NO_EXCHANGE || hasPassedWhole(slots, requestOf(request));
  const client = sideOf(flow, FROM_CLIENT);
  const isSaying = !isAllLead(flows, client, tracker.segmentSequence, end);
  if (isSaying) {
    noteSent(flows, flow, tracker.segmentSequence, acknowledgmentNumber);
  }
  advance(tracker, flow, end);
  settleChunks(tracker, flow, bytes, payloadOffset, segment.payloadEnd);
  if (isSaying && request !== NO_EXCHANGE) {
    noteMoreBytes(tracker, flow, request, end, acknowledgmentNumber);
  }
  const hasEnded = !wasWhole && hasPassedWhole(slots, requestOf(request));
  settleRequest(tracker, flow);
  return hasEnded
    ? restBehind(tracker, segment, payloadOffset, requestEndOf(slots, request))
    : NO_REST;
}

/**
 * Where the next message of the segment begins, behind the body that ended in it.
 *
 *     <- a, Content-Length: 10, five bytes
 *     <- five bytes, b                        b begins here
 *
 * @returns offset of the sequence number if the segment has captured bytes there, and some before; or NO_REST
 * @rule message-behind-a-body
 */
function restBehind(
  { segmentSequence }: ExchangeTracker,
  { payloadEnd }: Segment,
  payloadOffset: number,
  sequence: number,
): number {
  const passedBytes = bytesBetween(segmentSequence, sequence);
  return passedBytes > 0 && payloadOffset + passedBytes < payloadEnd
    ? payloadOffset + passedBytes
    : NO_REST;
}

/**
 * Counts a segment of which every byte had been seen before, for the exchange that its side has under way.
 *
 *     -> a
 *     -> a          once more: counts for a, and changes nothing else
 *
 * @rule seen-again
 */
function noteRetransmission(tracker: ExchangeTracker, flow: number): void {
  const { flows, slots, direction } = tracker;
  if (!tracker.isRetransmitted) {
    return;
  }
  tracker.isRetransmitted = false;
  tracker.counts[COUNT_RETRANSMITTED]++;
  const index =
    direction === FROM_CLIENT ? newestRequestOf(flows, flow) : passingResponseOf(flows, flow);
  if (index !== NO_EXCHANGE) {
    countRetransmission(slots, index);
  }
}

/**
 * The server has closed, and all that it sent before has passed.
 *
 *     <- FIN        captured first
 *     <- a          stands before it: now nothing comes any more
 *
 * @rule server-closes
 */
function closeIfEnded(tracker: ExchangeTracker, flow: number): void {
  const { flows } = tracker;
  const isEnded =
    isFact(flows, flow, FLOW_SERVER_FIN) &&
    bytesBetween(passedOf(flows, sideOf(flow, FROM_SERVER)), serverEndOf(flows, flow)) <= 0;
  if (isEnded) {
    closeFlow(tracker, flow);
  }
}

/** By what the flow waits for, see LIST_*: how long a silence ends it depends on that. */
function chooseList(tracker: ExchangeTracker, flow: number): number {
  const { flows } = tracker;
  const open = passingResponseOf(flows, flow);
  if (firstWaitingOf(flows, flow) !== NO_EXCHANGE) {
    return LIST_WAITING;
  }
  if (open === NO_EXCHANGE) {
    return LIST_IDLE;
  }
  return isEndKnowable(tracker, open) ? LIST_WAITING : LIST_PASSING;
}
