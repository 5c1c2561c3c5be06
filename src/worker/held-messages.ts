import {
  COUNTER_CONTRADICTED,
  COUNTER_HEADS_COMPLETED,
  COUNTER_HEADS_INCOMPLETE,
} from '../counters/counter-table.ts';
import {
  continueHead,
  contradictsHead,
  HEAD_ENDED,
  HEAD_NONE,
  HEAD_PREAMBLE,
  HEAD_WAITS,
  type HeadState,
  holdHead,
  isBeforeHead,
  isBehindGap,
  readHead,
} from '../decode/continue-head.ts';
import { goBehindMessage } from '../decode/go-behind-message.ts';
import {
  findExpiredHead,
  findHead,
  findHeadInWay,
  findHeadOfOther,
  NO_HEAD,
  releaseHead,
} from '../decode/held-heads.ts';
import { findBodyEnd } from '../decode/open-bodies.ts';
import { TCP_FLAG_ACK, TCP_FLAG_RST, TCP_FLAG_SYN } from '../decode/segment.ts';
import { answersHeldHead, mayMessageBegin } from '../exchange/may-begin.ts';
import { notePreamble } from '../exchange/note-preamble.ts';
import { timeAt } from '../exchange/tracker.ts';
import { classifySegment } from '../http/classify.ts';
import { MESSAGE_RESPONSE } from '../http/message.ts';
import { isMessagePrefix, skipPreambles } from '../http/preamble.ts';
import { HELD_HEAD_BYTES_MAX } from '../limits.ts';
import { judgeSegment } from './judge-segment.ts';
import { noteMessageBody } from './note-body.ts';
import type { Pipeline } from './pipeline-state.ts';
import { beginsMessage, takeMessage } from './take-message.ts';

/** Message heads of several segments: held, put together, and let go. */

/** What the length fields of IP can say; the rest of a message is in one segment. */
const IP_PACKET_BYTES_MAX = 65_535 + 40;

/**
 * Gives the segment to the head that its flow and direction have begun, if there is one.
 *
 * @returns false when the segment is to be read by itself; it may then be its rest behind the head
 */
export function isTakenByHeldHead(pipeline: Pipeline): boolean {
  const { heldHeads, frame, segment } = pipeline;
  const index = findHead(heldHeads, frame.bytes, segment);
  if (index === NO_HEAD || isBeforeHead(heldHeads, index, segment)) {
    return false;
  }
  // A new message behind a gap: the rest of the held one was lost.
  if (isBehindGap(heldHeads, index, segment) && beginsMessage(pipeline, frame.bytes, segment)) {
    writeHeldHead(pipeline, index);
    return false;
  }
  if (contradictsHead(heldHeads, index, frame.bytes, segment)) {
    pipeline.counters[COUNTER_CONTRADICTED]++;
    // Other bytes from its first one on are another message; further behind nobody can tell which are right.
    if (((segment.sequenceNumber - heldHeads.heads[index].startSequence) | 0) <= 0) {
      writeHeldHead(pipeline, index);
      return false;
    }
  }
  let state = continueHead(heldHeads, index, frame.bytes, segment);
  const head = heldHeads.heads[index];
  head.untilSec = frame.timestampSec;
  head.untilSubsecNs = frame.timestampSubsecNs;
  if (!head.isSure) {
    state = readFirstBytes(pipeline, index, state);
    if (state === HEAD_NONE || state === HEAD_PREAMBLE) {
      releaseHead(heldHeads, index);
      return state === HEAD_PREAMBLE;
    }
  }
  if (state === HEAD_WAITS) {
    return true;
  }
  // A segment in the middle of a head begins no message, whatever it looks like.
  return !(writeHeldHead(pipeline, index) && goBehindHeldHead(pipeline));
}

/** Writes the heads whose time is up at this instant. */
export function expireHeads(
  pipeline: Pipeline,
  timestampSec: number,
  timestampSubsecNs: number,
): void {
  const { heldHeads } = pipeline;
  let index = findExpiredHead(heldHeads, timestampSec, timestampSubsecNs);
  while (index !== NO_HEAD) {
    writeHeldHead(pipeline, index);
    index = findExpiredHead(heldHeads, timestampSec, timestampSubsecNs);
  }
}

/**
 * Writes the head that the other end has begun, if the segment in hand answers it: it has received all that is known
 * of it, and nothing else can be what it answers.
 */
export function letAnsweredHeadGo(pipeline: Pipeline): void {
  const { heldHeads, frame, segment, tracker, methods, message } = pipeline;
  const { payloadOffset, payloadEnd, acknowledgmentNumber } = segment;
  const index = findHeadOfOther(heldHeads, frame.bytes, segment);
  if (index === NO_HEAD || !heldHeads.heads[index].isSure) {
    return;
  }
  const head = heldHeads.heads[index];
  const received = (acknowledgmentNumber - head.startSequence) | 0;
  const isReceived = tracker === undefined ? received >= head.length : received > 0;
  if (
    isReceived &&
    classifySegment(frame.bytes, payloadOffset, payloadEnd, methods, message) ===
      MESSAGE_RESPONSE &&
    (tracker === undefined || answersHeldHead(tracker, segment.sequenceNumber))
  ) {
    writeHeldHead(pipeline, index);
  }
}

/** Writes the heads that the segment in hand, a FIN, an RST or a SYN, leaves without an end. */
export function letEndedHeadsGo(pipeline: Pipeline): void {
  const { heldHeads, frame, segment } = pipeline;
  const { flags, sequenceNumber, acknowledgmentNumber } = segment;
  const isSyn = (flags & TCP_FLAG_SYN) !== 0;
  const isTornDown = isSyn ? (flags & TCP_FLAG_ACK) === 0 : (flags & TCP_FLAG_RST) !== 0;
  const own = findHead(heldHeads, frame.bytes, segment);
  // The SYN of the head's own connection, captured late.
  if (isSyn && own !== NO_HEAD && heldHeads.heads[own].startSequence === sequenceNumber) {
    return;
  }
  const end = (sequenceNumber + segment.payloadEnd - segment.payloadOffset) | 0;
  if (own !== NO_HEAD && (isTornDown || isAllHeld(pipeline, own, end))) {
    writeHeldHead(pipeline, own);
  }
  const other = findHeadOfOther(heldHeads, frame.bytes, segment);
  if (other !== NO_HEAD && (isTornDown || isAllHeld(pipeline, other, acknowledgmentNumber))) {
    writeHeldHead(pipeline, other);
  }
}

/** Says whether all bytes of the head's side up to this number are held, and no more. */
function isAllHeld({ heldHeads }: Pipeline, index: number, sequence: number): boolean {
  const head = heldHeads.heads[index];
  return ((sequence - head.startSequence) | 0) === head.length;
}

/**
 * Holds what may become a message with the bytes that follow: its first ones end the segment.
 *
 * @returns false when they cannot
 */
export function isPrefixHeld(pipeline: Pipeline): boolean {
  const { frame, segment, methods, tracker } = pipeline;
  const { payloadOffset, payloadEnd, sequenceNumber } = segment;
  const offset = skipPreambles(frame.bytes, payloadOffset, payloadEnd);
  if (offset === payloadEnd || !isMessagePrefix(frame.bytes, offset, payloadEnd, methods)) {
    return false;
  }
  if (tracker !== undefined && !mayMessageBegin(tracker, sequenceNumber)) {
    return false;
  }
  keepHead(pipeline, false);
  return true;
}

/** Reads held bytes that were no message so far: now they are one, may still become one, or will not. */
function readFirstBytes(pipeline: Pipeline, index: number, state: HeadState): HeadState {
  const { heldHeads, heldFrame, heldSegment, message, methods, tracker } = pipeline;
  readHead(heldHeads, index, heldSegment);
  if (beginsMessage(pipeline, heldFrame.bytes, heldSegment)) {
    heldHeads.heads[index].isSure = true;
    return message.headEnd === 0 ? state : HEAD_ENDED;
  }
  const { payloadOffset, payloadEnd, sequenceNumber } = heldSegment;
  const offset = skipPreambles(heldFrame.bytes, payloadOffset, payloadEnd);
  if (offset === payloadEnd) {
    if (tracker !== undefined) {
      notePreamble(tracker, heldFrame.bytes, payloadOffset, payloadEnd, sequenceNumber);
    }
    return HEAD_PREAMBLE;
  }
  const mayBecome = isMessagePrefix(heldFrame.bytes, offset, payloadEnd, methods);
  return state === HEAD_WAITS && mayBecome ? HEAD_WAITS : HEAD_NONE;
}

/** Holds the current segment's head; when there is no place, the head in its way is written as it is. */
export function keepHead(pipeline: Pipeline, isSure: boolean): void {
  const { heldHeads, frame, segment } = pipeline;
  const inWay = findHeadInWay(heldHeads, frame.bytes, segment);
  if (inWay !== NO_HEAD) {
    writeHeldHead(pipeline, inWay);
  }
  holdHead(heldHeads, frame.bytes, segment, frame.timestampSec, frame.timestampSubsecNs, isSure);
}

/**
 * Writes the line of a held head, as far as it is known, and gives its place back. A start line that turns
 * out not to be HTTP's, now that it is whole, gives none.
 *
 * @returns true when its head is complete: `message` and `heldSegment` are whole then
 */
function writeHeldHead(pipeline: Pipeline, index: number): boolean {
  const { heldHeads, heldFrame, heldSegment, message, counters } = pipeline;
  const { timestampSec, timestampSubsecNs, untilSec, untilSubsecNs } = heldHeads.heads[index];
  readHead(heldHeads, index, heldSegment);
  heldFrame.timestampSec = timestampSec;
  heldFrame.timestampSubsecNs = timestampSubsecNs;
  releaseHead(heldHeads, index);
  // The place is free and its bytes are still there: nothing is held before the line is written.
  if (!beginsMessage(pipeline, heldFrame.bytes, heldSegment)) {
    return false;
  }
  const isComplete = message.headEnd !== 0;
  counters[isComplete ? COUNTER_HEADS_COMPLETED : COUNTER_HEADS_INCOMPLETE]++;
  // What was judged was the part of it that had come first.
  judgeSegment(pipeline, heldFrame, heldSegment);
  const { tracker, bodies } = pipeline;
  const untilNs = tracker === undefined ? 0 : timeAt(tracker, untilSec, untilSubsecNs);
  const hasNoBody = takeMessage(pipeline, heldFrame, heldSegment, untilNs);
  if (isComplete && bodies !== undefined) {
    findBodyEnd(bodies, heldFrame.bytes, heldSegment);
    noteMessageBody(bodies, heldFrame.bytes, heldSegment, message, hasNoBody);
  }
  return isComplete;
}

/** Makes the current segment its rest behind the head that was just written; false when nothing is left. */
function goBehindHeldHead(pipeline: Pipeline): boolean {
  const { heldFrame, heldSegment, message, segment } = pipeline;
  // The held bytes end with the head or soon behind it, so the test of what is left is the segment's own.
  const headSequence = heldSegment.sequenceNumber;
  const headOffset = heldSegment.payloadOffset;
  heldSegment.payloadEnd = Number.MAX_SAFE_INTEGER;
  if (!goBehindMessage(heldFrame.bytes, message, heldSegment)) {
    return false;
  }
  const messageBytes = heldSegment.payloadOffset - headOffset;
  // Behind any segment, and perhaps so long that sequence numbers have come round.
  if (messageBytes > HELD_HEAD_BYTES_MAX + IP_PACKET_BYTES_MAX) {
    return false;
  }
  const nextSequence = (headSequence + messageBytes) | 0;
  const skipped = (nextSequence - segment.sequenceNumber) | 0;
  if (skipped < 0 || segment.payloadOffset + skipped >= segment.payloadEnd) {
    return false;
  }
  segment.payloadOffset += skipped;
  segment.sequenceNumber = nextSequence;
  return true;
}
