import {
  COUNTER_CONTRADICTED,
  COUNTER_HEADS_COMPLETED,
  COUNTER_HEADS_INCOMPLETE,
} from '../counters/counter-table.ts';
import {
  continueHead,
  contradictsHead,
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
import { BODY_LENGTH_UNKNOWN, bodyLength } from '../http/body-length.ts';
import { HELD_HEAD_BYTES_MAX } from '../limits.ts';
import type { Pipeline } from './pipeline-state.ts';
import { beginsMessage, takeMessage, writeFacts } from './take-message.ts';

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

/** Holds the current segment's head; when there is no place, the head in its way is written as it is. */
export function keepHead(pipeline: Pipeline): void {
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
export function writeHeldHead(pipeline: Pipeline, index: number): boolean {
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
  const length = isComplete ? bodyLength(heldFrame.bytes, message) : BODY_LENGTH_UNKNOWN;
  writeFacts(pipeline, heldFrame, heldSegment, length);
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
  const length = bodyLength(heldFrame.bytes, message);
  if (!goBehindMessage(message, heldSegment, length)) {
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
