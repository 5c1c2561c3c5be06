import type { Frame } from '../capture/frame.ts';
import type { Segment } from '../decode/segment.ts';
import { type HttpMessage, MESSAGE_REQUEST } from '../http/message.ts';
import type { MessageType } from '../record/message-type.ts';
import {
  FLOW_HIDDEN,
  FLOW_HTTP,
  FLOW_OTHER_PROTOCOL,
  FLOW_SURE,
  FLOW_SYN,
  FLOW_SYN_ACK,
  FROM_CLIENT,
  FROM_SERVER,
  isFact,
  noteFact,
} from './flow-state.ts';
import { directionOf, findFlow, LIST_NONE, NO_FLOW } from './flow-table.ts';
import { notePreamble } from './note-preamble.ts';
import { noteRequest } from './note-request.ts';
import { noteResponse } from './note-response.ts';
import { startFlow } from './start-flow.ts';
import type { ExchangeTracker } from './tracker.ts';
import { turnSides } from './turn-sides.ts';

/**
 * Notes a message that begins in the segment in hand.
 *
 * @param segment as it stands at the message: its payload and sequence number begin with it
 * @param message scanned with the tracker's field tables
 * @param type its message type
 * @returns true when it is a response that has no body whatever its head says, because HEAD asked for it
 */
export function noteMessage(
  tracker: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  message: HttpMessage,
  type: MessageType,
): boolean {
  const isRequest = message.kind === MESSAGE_REQUEST;
  if (tracker.flow === NO_FLOW) {
    findOrStartFlow(tracker, frame, segment, isRequest);
  }
  const { flows, flow } = tracker;
  if (isFact(flows, flow, FLOW_OTHER_PROTOCOL) || !isFromItsSide(tracker, flow, isRequest)) {
    return false;
  }
  if (message.preambleBytes > 0) {
    const { payloadOffset, sequenceNumber } = segment;
    const from = payloadOffset - message.preambleBytes;
    const sequence = (sequenceNumber - message.preambleBytes) | 0;
    notePreamble(tracker, frame.bytes, from, payloadOffset, sequence);
  }
  if (isRequest) {
    noteRequest(tracker, frame, segment, message, type);
    return false;
  }
  return noteResponse(tracker, frame, segment, message, type);
}

/**
 * Who asks is the client: who connects need not be who asks. Until a request has been seen, who sends the first message
 * says which end that is, but a response of the end that has connected says nothing. Once it is certain, what looks like
 * a message and comes from the wrong side is body, or another protocol.
 *
 *     -> SYN
 *     <- SYN ACK
 *     <- a          the end that was connected to is the client
 *     -> a
 *
 * @returns false when the message comes from the wrong side
 * @rule asker-is-client
 */
function isFromItsSide(tracker: ExchangeTracker, flow: number, isRequest: boolean): boolean {
  const { flows } = tracker;
  if ((tracker.direction === FROM_CLIENT) === isRequest) {
    if (
      isRequest &&
      !isFact(flows, flow, FLOW_HTTP) &&
      isFact(flows, flow, FLOW_SYN | FLOW_SYN_ACK)
    ) {
      noteFact(flows, flow, FLOW_SURE);
    }
  } else {
    if (isFact(flows, flow, isRequest ? FLOW_SURE : FLOW_HTTP | FLOW_SYN | FLOW_SYN_ACK)) {
      return false;
    }
    turnSides(tracker, flow);
    tracker.direction = isRequest ? FROM_CLIENT : FROM_SERVER;
  }
  noteFact(flows, flow, FLOW_HTTP);
  return true;
}

/**
 * The same for a message that was held back until its head was whole: it has the time and the place of its
 * first segment, which is not the one in hand and may be of another flow.
 *
 *     -> first half of the head of a     held
 *     -> second half                     in hand: now a is noted, as of the first
 *
 * @param untilNs when its last segment came
 * @rule head-of-several-segments
 */
export function noteHeldMessage(
  tracker: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  message: HttpMessage,
  type: MessageType,
  untilNs: number,
): boolean {
  const { flows, flow, direction, timeNs } = tracker;
  tracker.timeNs = untilNs;
  const found = findFlow(flows, frame.bytes, segment);
  tracker.flow = found;
  if (found !== NO_FLOW) {
    tracker.direction = directionOf(flows, found);
  }
  const hasNoBody = noteMessage(tracker, frame, segment, message, type);
  tracker.timeNs = timeNs;
  // The flow of the segment in hand may have had to give way.
  const isGone =
    flow === NO_FLOW || flows.list[flow] === LIST_NONE || (found !== flow && tracker.flow === flow);
  tracker.flow = isGone ? NO_FLOW : flow;
  tracker.direction = direction;
  return hasNoBody;
}

/**
 * Says whether a message passes in a tunnel that is to be hidden.
 *
 * @param isHeld it was held back, and is of no segment in hand
 */
export function isMessageHidden(
  { flows, flow, isConnectHidden }: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  isHeld: boolean,
): boolean {
  if (!isConnectHidden) {
    return false;
  }
  const found = isHeld ? findFlow(flows, frame.bytes, segment) : flow;
  return found !== NO_FLOW && isFact(flows, found, FLOW_HIDDEN);
}

/** A message that was held back may have begun the flow since the segment in hand was looked up. */
function findOrStartFlow(
  tracker: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  isFromClient: boolean,
): void {
  tracker.flow = findFlow(tracker.flows, frame.bytes, segment);
  if (tracker.flow === NO_FLOW) {
    startFlow(tracker, isFromClient, segment);
  } else {
    tracker.direction = directionOf(tracker.flows, tracker.flow);
  }
}
