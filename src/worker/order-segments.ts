import { TCP_FLAG_RST, TCP_FLAG_SYN } from '../decode/segment.ts';
import { findNext, findReady, isEarly } from '../exchange/arrival-order.ts';
import {
  canHoldEarly,
  findExpiredEarly,
  findOrphan,
  holdEarly,
  NO_EARLY,
  takeEarly,
} from '../exchange/early-segments.ts';
import { findFlow, LIST_NONE, NO_FLOW } from '../exchange/flow-table.ts';
import { beginSegment } from '../exchange/follow-segment.ts';
import { isSynOfFlow } from '../exchange/start-flow.ts';
import type { ExchangeTracker } from '../exchange/tracker.ts';
import { letEndedHeadsGo } from './held-messages.ts';
import type { Pipeline } from './pipeline-state.ts';
import { readTrackedSegment } from './read-segment.ts';

const NEW_FLAGS = TCP_FLAG_SYN | TCP_FLAG_RST;

/**
 * Reads the segment in hand in its turn: at once as a rule; held until then when it was captured before; and then
 * those whose turn has come with it.
 *
 * @returns true: it may have written a line
 */
export function readInOrder(pipeline: Pipeline, tracker: ExchangeTracker): boolean {
  const { segment } = pipeline;
  if (tracker.early.count !== 0 || (segment.flags & NEW_FLAGS) !== 0) {
    readBesideEarly(pipeline, tracker);
    return true;
  }
  beginSegment(tracker, pipeline.frame, segment);
  if (tracker.flow !== NO_FLOW && isEarly(tracker, segment)) {
    readBesideEarly(pipeline, tracker);
  } else {
    readTrackedSegment(pipeline, tracker);
  }
  return true;
}

/** The same where others are held, or this one is to be. */
function readBesideEarly(pipeline: Pipeline, tracker: ExchangeTracker): void {
  const { frame, segment } = pipeline;
  const { early } = tracker;
  expireEarly(pipeline, tracker, frame.timestampSec, frame.timestampSubsecNs);
  if ((segment.flags & NEW_FLAGS) !== 0) {
    readAllBefore(pipeline, tracker);
  }
  beginSegment(tracker, frame, segment);
  const { flow, direction } = tracker;
  if (flow === NO_FLOW || !isEarly(tracker, segment)) {
    readTrackedSegment(pipeline, tracker);
  } else if (canHoldEarly(early, flow, segment)) {
    holdEarly(early, flow, direction, frame, segment);
  } else {
    readAllEarly(pipeline, tracker, flow);
    beginSegment(tracker, frame, segment);
    readTrackedSegment(pipeline, tracker);
  }
  if (early.count === 0) {
    return;
  }
  while (flow !== NO_FLOW && tracker.flows.list[flow] !== LIST_NONE) {
    const index = findReady(tracker, early, flow, segment, direction);
    if (index === NO_EARLY) {
      break;
    }
    readEarly(pipeline, tracker, index);
  }
  while (early.orphansCount > 0) {
    readEarly(pipeline, tracker, findOrphan(early));
  }
}

/** Reads the segments whose time is up at this instant. */
export function expireEarly(
  pipeline: Pipeline,
  tracker: ExchangeTracker,
  timestampSec: number,
  timestampSubsecNs: number,
): void {
  const { early } = tracker;
  let index = findExpiredEarly(early, timestampSec, timestampSubsecNs);
  while (index !== NO_EARLY) {
    const { flow } = early.places[index];
    readEarly(pipeline, tracker, flow === NO_FLOW ? index : findNext(tracker, early, flow));
    index = findExpiredEarly(early, timestampSec, timestampSubsecNs);
  }
}

/** Before a SYN or an RST: what was captured before it comes before it. */
function readAllBefore(pipeline: Pipeline, tracker: ExchangeTracker): void {
  const { frame, segment, heldHeads } = pipeline;
  if (tracker.early.count !== 0) {
    const flow = findFlow(tracker.flows, frame.bytes, segment);
    if (flow !== NO_FLOW && !isSynOfFlow(tracker, flow, segment)) {
      readAllEarly(pipeline, tracker, flow);
    }
  }
  if ((segment.flags & TCP_FLAG_SYN) !== 0 && heldHeads.heldCount !== 0) {
    letEndedHeadsGo(pipeline);
  }
}

function readAllEarly(pipeline: Pipeline, tracker: ExchangeTracker, flow: number): void {
  const { early, flows } = tracker;
  while (flows.list[flow] !== LIST_NONE && early.flowCounts[flow] > 0) {
    readEarly(pipeline, tracker, findNext(tracker, early, flow));
  }
}

/** Reads a held segment as if it were in hand. */
function readEarly(pipeline: Pipeline, tracker: ExchangeTracker, index: number): void {
  const { frame, segment, earlyFrame, earlySegment } = pipeline;
  takeEarly(tracker.early, index, earlyFrame, earlySegment);
  pipeline.frame = earlyFrame;
  pipeline.segment = earlySegment;
  beginSegment(tracker, earlyFrame, earlySegment);
  readTrackedSegment(pipeline, tracker);
  pipeline.frame = frame;
  pipeline.segment = segment;
}
