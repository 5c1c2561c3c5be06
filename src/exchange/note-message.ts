import type { Frame } from '../capture/frame.ts';
import { type HttpMessage, MESSAGE_REQUEST } from '../decode/http-message.ts';
import type { MessageType } from '../decode/message-type.ts';
import type { Segment } from '../decode/segment.ts';
import {
  directionOf,
  FLOW_HTTP,
  FLOW_OPAQUE,
  FROM_CLIENT,
  FROM_SERVER,
  findFlow,
  LIST_NONE,
  NO_FLOW,
  turnFlow,
} from './flow-table.ts';
import { noteRequest } from './note-request.ts';
import { noteResponse } from './note-response.ts';
import { startFlow } from './start-flow.ts';
import type { ExchangeTracker } from './tracker.ts';

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
  const flags = flows.flags[flow];
  if ((flags & FLOW_OPAQUE) !== 0) {
    return false;
  }
  if ((tracker.direction === FROM_CLIENT) !== isRequest) {
    // What looks like a message and comes from the wrong side is body, or another protocol.
    if ((flags & FLOW_HTTP) !== 0) {
      return false;
    }
    turnFlow(flows, flow);
    tracker.direction = isRequest ? FROM_CLIENT : FROM_SERVER;
  }
  flows.flags[flow] |= FLOW_HTTP;
  if (isRequest) {
    noteRequest(tracker, frame, segment, message, type);
    return false;
  }
  return noteResponse(tracker, frame, segment, message, type);
}

/** The same for a message that was held back, whose segment is not the one in hand and maybe of another flow. */
export function noteHeldMessage(
  tracker: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  message: HttpMessage,
  type: MessageType,
): boolean {
  const { flows, flow, direction, segmentSequence } = tracker;
  const found = findFlow(flows, frame.bytes, segment);
  tracker.flow = found;
  if (found !== NO_FLOW) {
    tracker.direction = directionOf(flows, found);
  }
  tracker.segmentSequence = segment.sequenceNumber;
  const hasNoBody = noteMessage(tracker, frame, segment, message, type);
  // The flow of the segment in hand may have had to give way.
  const isGone =
    flow === NO_FLOW || flows.list[flow] === LIST_NONE || (found !== flow && tracker.flow === flow);
  tracker.flow = isGone ? NO_FLOW : flow;
  tracker.direction = direction;
  tracker.segmentSequence = segmentSequence;
  return hasNoBody;
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
