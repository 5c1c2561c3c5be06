import type { Frame } from '../capture/frame.ts';
import {
  COUNTER_DUPLICATES,
  COUNTER_HEADS_COMPLETED,
  COUNTER_HEADS_INCOMPLETE,
} from '../counters/counter-table.ts';
import {
  canHold,
  continueHead,
  HEAD_WAITS,
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
  NO_HEAD,
  releaseHead,
} from '../decode/held-heads.ts';
import { messageType } from '../decode/message-type.ts';
import { wasSeenBefore } from '../decode/seen-segments.ts';
import type { Segment } from '../decode/segment.ts';
import { mayMessageBegin } from '../exchange/may-begin.ts';
import { loadMessage } from '../exchange/message-record.ts';
import { noteHeldMessage, noteMessage } from '../exchange/note-message.ts';
import { notePreamble } from '../exchange/note-preamble.ts';
import { LINE_STREAM_ALL } from '../format/line-batch.ts';
import { classifySegment } from '../http/classify.ts';
import { MESSAGE_NONE, MESSAGE_REQUEST } from '../http/message.ts';
import { mayBePreamble, skipPreambles } from '../http/preamble.ts';
import { scanHead } from '../http/scan-head.ts';
import { HEAD_BYTES_MAX, HELD_HEAD_BYTES_MAX } from '../limits.ts';
import { writeMessage } from '../output/record-outputs.ts';
import { countMessage } from './count-message.ts';
import { addMessageKey } from './message-keys.ts';
import { noteOtherProtocol } from './note-other.ts';
import type { Pipeline } from './pipeline-state.ts';
import { NOTHING_HIDDEN, writeTextLines } from './text-lines.ts';

/** What the length fields of IP can say; the rest of a message is in one segment. */
const IP_PACKET_BYTES_MAX = 65_535 + 40;

/**
 * Writes a line for each message of the segment: the one that it begins with, and those behind it while each
 * head tells where the next message begins. Bound: every message is longer than its method or version.
 *
 * @returns false when the segment begins no message
 */
export function readMessages(pipeline: Pipeline): boolean {
  const { frame, segment, message } = pipeline;
  if (!beginsMessage(pipeline, frame.bytes, segment)) {
    noteOtherProtocol(pipeline);
    return false;
  }
  let hasNoBody: boolean;
  do {
    hasNoBody = false;
    if (pipeline.keys === undefined && wasSeenBefore(pipeline.seen, frame.bytes, segment)) {
      pipeline.counters[COUNTER_DUPLICATES]++;
    } else if (message.headEnd === 0 && canHold(pipeline.heldHeads, segment)) {
      keepHead(pipeline);
      // Its end is not known, and `message` may be that of the head that gave way.
      return true;
    } else {
      hasNoBody = takeMessage(pipeline, frame, segment, false);
    }
  } while (
    goBehindMessage(frame.bytes, message, segment, hasNoBody) &&
    beginsMessage(pipeline, frame.bytes, segment)
  );
  return true;
}

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
  const state = continueHead(heldHeads, index, frame.bytes, segment);
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

/** Gives true when the segment begins a message: `message` is whole then. */
function beginsMessage(pipeline: Pipeline, bytes: Uint8Array, segment: Segment): boolean {
  const { message, methods, fieldTables } = pipeline;
  const { payloadOffset } = segment;
  const end = Math.min(segment.payloadEnd, payloadOffset + HEAD_BYTES_MAX);
  const kind = classifySegment(bytes, payloadOffset, end, methods, message);
  if (kind === MESSAGE_NONE) {
    return mayBePreamble(bytes[payloadOffset]) && beginsBehindPreamble(pipeline, bytes, segment);
  }
  message.preambleBytes = 0;
  const fields = kind === MESSAGE_REQUEST ? fieldTables.request : fieldTables.response;
  scanHead(bytes, end, fields, message);
  return true;
}

/**
 * The same for a segment that begins with what belongs to no message: `segment` is the rest behind it then. One that
 * has nothing else is noted.
 */
function beginsBehindPreamble(pipeline: Pipeline, bytes: Uint8Array, segment: Segment): boolean {
  const { message, tracker } = pipeline;
  const { payloadOffset, payloadEnd, sequenceNumber } = segment;
  if (tracker !== undefined && !mayMessageBegin(tracker, sequenceNumber)) {
    return false;
  }
  const offset = skipPreambles(bytes, payloadOffset, payloadEnd);
  if (offset === payloadEnd && tracker !== undefined) {
    notePreamble(tracker, bytes, payloadOffset, offset, sequenceNumber);
  }
  if (offset === payloadOffset || offset === payloadEnd) {
    return false;
  }
  segment.payloadOffset = offset;
  segment.sequenceNumber = (sequenceNumber + offset - payloadOffset) | 0;
  if (beginsMessage(pipeline, bytes, segment)) {
    message.preambleBytes = offset - payloadOffset;
    return true;
  }
  segment.payloadOffset = payloadOffset;
  segment.sequenceNumber = sequenceNumber;
  return false;
}

/** Holds the current segment's head; when there is no place, the head in its way is written as it is. */
function keepHead(pipeline: Pipeline): void {
  const { heldHeads, frame, segment } = pipeline;
  const inWay = findHeadInWay(heldHeads, frame.bytes, segment);
  if (inWay !== NO_HEAD) {
    writeHeldHead(pipeline, inWay);
  }
  holdHead(heldHeads, frame.bytes, segment, frame.timestampSec, frame.timestampSubsecNs);
}

/**
 * Writes the line of a held head, as far as it is known, and gives its place back. A start line that turns
 * out not to be HTTP's, now that it is whole, gives none.
 *
 * @returns true when its head is complete: `message` and `heldSegment` are whole then
 */
function writeHeldHead(pipeline: Pipeline, index: number): boolean {
  const { heldHeads, heldFrame, heldSegment, message, counters } = pipeline;
  const { timestampSec, timestampSubsecNs } = heldHeads.heads[index];
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
  takeMessage(pipeline, heldFrame, heldSegment, true);
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

/**
 * Writes the lines of `message`, and notes it for its exchange.
 *
 * @param isHeld the segment is not the one in hand
 * @returns true when it has no body whatever its head says, as far as is known of its request
 */
function takeMessage(pipeline: Pipeline, frame: Frame, segment: Segment, isHeld: boolean): boolean {
  const { message, textLines, records, messageRecords, tracker, keys } = pipeline;
  const type = messageType(frame.bytes, message, segment, pipeline.localNetworks);
  const countedSlot = countMessage(pipeline.counters, frame.bytes, message, type);
  const hiddenCounts =
    textLines.length === 0 ? NOTHING_HIDDEN : writeTextLines(pipeline, frame, segment, type);
  if (keys !== undefined) {
    const { byteLength } = textLines[0].open[LINE_STREAM_ALL];
    addMessageKey(keys, frame.bytes, segment, type, countedSlot, hiddenCounts, byteLength);
  }
  if (records !== undefined && messageRecords !== undefined) {
    writeMessage(records, loadMessage(messageRecords, frame, segment, message, type));
  }
  if (tracker === undefined) {
    return false;
  }
  return isHeld
    ? noteHeldMessage(tracker, frame, segment, message, type)
    : noteMessage(tracker, frame, segment, message, type);
}
