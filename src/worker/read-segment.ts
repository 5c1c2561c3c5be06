import {
  NO_TRANSLATION,
  TCP_FLAG_ACK,
  TCP_FLAG_FIN,
  TCP_FLAG_RST,
  TCP_FLAG_SYN,
} from '../decode/segment.ts';
import { endSegment } from '../exchange/follow-segment.ts';
import { NO_REST } from '../exchange/pass-bytes.ts';
import type { ExchangeTracker } from '../exchange/tracker.ts';
import { noteTranslationOf } from './fold-twins.ts';
import { isTakenByHeldHead, letAnsweredHeadGo, letEndedHeadsGo } from './held-messages.ts';
import { beginConnection } from './judge-segment.ts';
import type { Pipeline } from './pipeline-state.ts';
import { readMessages } from './read-messages.ts';

/** What leaves a head without an end. */
const ENDING_FLAGS = TCP_FLAG_SYN | TCP_FLAG_RST | TCP_FLAG_FIN;

/** Of the SYN these: without ACK it is the client's. */
export const CONNECTION_FLAGS = TCP_FLAG_SYN | TCP_FLAG_ACK;

/** Reads the segment in hand where heads are held and no flow is followed. Gives true: it may have written a line. */
export function readBesideHeads(pipeline: Pipeline, hasPayload: boolean): boolean {
  if (hasPayload) {
    readPayload(pipeline);
  }
  if ((pipeline.segment.flags & ENDING_FLAGS) !== 0) {
    letEndedHeadsGo(pipeline);
  }
  return true;
}

/**
 * The same for pipelines that follow flows, which segments without payload are of interest to as well. **The tracker
 * has begun it.**
 */
export function readTrackedSegment(pipeline: Pipeline, tracker: ExchangeTracker): void {
  const { frame, segment, twins } = pipeline;
  const { payloadOffset, flags } = segment;
  if (twins !== undefined && segment.translation !== NO_TRANSLATION) {
    noteTranslationOf(tracker, twins.translations, segment, tracker.flow);
  }
  if ((flags & CONNECTION_FLAGS) === TCP_FLAG_SYN) {
    beginConnection(pipeline);
  }
  if (segment.payloadEnd > payloadOffset) {
    readPayload(pipeline);
  }
  if ((flags & ENDING_FLAGS) !== 0 && pipeline.heldHeads.heldCount !== 0) {
    letEndedHeadsGo(pipeline);
  }
  let rest = endSegment(tracker, frame.bytes, segment, payloadOffset);
  // Behind a chunked body, whose end its head could not tell, stands the next message.
  while (rest !== NO_REST) {
    segment.payloadOffset = rest;
    segment.sequenceNumber = (tracker.segmentSequence + rest - payloadOffset) | 0;
    readMessages(pipeline);
    rest = endSegment(tracker, frame.bytes, segment, payloadOffset);
  }
}

function readPayload(pipeline: Pipeline): boolean {
  if (pipeline.heldHeads.heldCount === 0) {
    return readMessages(pipeline);
  }
  letAnsweredHeadGo(pipeline);
  return isTakenByHeldHead(pipeline) || readMessages(pipeline);
}
