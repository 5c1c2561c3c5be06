import { canHold } from '../decode/continue-head.ts';
import { DIRECTION_BODY_END } from '../decode/directions.ts';
import { goBehindMessage } from '../decode/go-behind-message.ts';
import {
  JUDGED_BODY,
  type Judgement,
  judgeMessage,
  noteConnection,
} from '../decode/judge-message.ts';
import { messageType } from '../decode/message-type.ts';
import { TCP_FLAG_FIN, TCP_FLAG_RST } from '../decode/segment.ts';
import { mayMessageBegin } from '../exchange/may-begin.ts';
import { noteMessage } from '../exchange/note-message.ts';
import { notePreamble } from '../exchange/note-preamble.ts';
import { BODY_LENGTH_UNKNOWN, bodyLength } from '../http/body-length.ts';
import { MESSAGE_REQUEST } from '../http/message.ts';
import { isLineEnd, mayBecomeMessage, mayBePreamble, skipPreambles } from '../http/preamble.ts';
import { countJudged, isLeftOut } from './count-judged.ts';
import { NO_SLOT } from './count-message.ts';
import { followChunkedBody } from './follow-chunks.ts';
import { isPrefixHeld, keepHead } from './held-messages.ts';
import { addMessageKey, KEY_IS_CONNECTION } from './message-keys.ts';
import { noteOtherProtocol } from './note-other.ts';
import type { Pipeline } from './pipeline-state.ts';
import { beginsMessage, NOT_HELD, takeMessage, writeFacts, writeLines } from './take-message.ts';
import { NOTHING_HIDDEN } from './text-lines.ts';
import { writeConnectionFacts } from './write-facts.ts';

/**
 * Writes a line for each message of the segment: the one that it begins with, and those behind it while each
 * head tells where the next message begins. Bound: every message is longer than its method or version.
 *
 * @returns false when the segment begins no message
 */
export function readMessages(pipeline: Pipeline): boolean {
  const { frame, segment, message } = pipeline;
  if (!beginsMessage(pipeline, frame.bytes, segment)) {
    followChunkedBody(pipeline.chunkedBodies, pipeline.memory, frame.bytes, segment);
    if (mayBecomeMessage(frame.bytes, segment.payloadOffset, segment.payloadEnd)) {
      return readNoMessage(pipeline);
    }
    noteOtherProtocol(pipeline);
    return false;
  }
  let length: number;
  do {
    length = message.headEnd === 0 ? BODY_LENGTH_UNKNOWN : bodyLength(frame.bytes, message);
    writeFacts(pipeline, frame, segment, length);
    const judgement = judgeMessage(pipeline.memory, pipeline.facts, 0);
    if (judgement === JUDGED_BODY) {
      countJudged(pipeline.counters, judgement);
      if (!goBehindBody(pipeline)) {
        return true;
      }
      continue;
    }
    if (isLeftOut(judgement)) {
      leaveOut(pipeline, judgement);
    } else if (message.headEnd === 0 && isToBeHeld(pipeline)) {
      countJudged(pipeline.counters, judgement);
      keepHead(pipeline, true);
      // Its end is not known, and `message` may be that of the head that gave way.
      return true;
    } else {
      countNew(pipeline, judgement);
      if (takeMessage(pipeline, frame, segment, NOT_HELD)) {
        length = 0;
      }
    }
    if (!goBehindMessage(message, segment, length) || isNothingExpected(pipeline)) {
      return true;
    }
  } while (beginsMessage(pipeline, frame.bytes, segment));
  readNoMessage(pipeline);
  return true;
}

/** Notes that the segment begins a connection. */
export function beginConnection(pipeline: Pipeline): void {
  const { frame, segment, keys, facts } = pipeline;
  writeConnectionFacts(facts, 0, frame, segment);
  noteConnection(pipeline.memory, facts, 0);
  if (keys !== undefined) {
    addMessageKey(keys, facts, KEY_IS_CONNECTION, NO_SLOT, NOTHING_HIDDEN, 0);
  }
}

/** Counts a message that comes again; of a part it is written nevertheless: which was first, is known when parts are joined. */
function leaveOut(pipeline: Pipeline, judgement: Judgement): void {
  const { frame, segment, message, keys } = pipeline;
  if (keys === undefined) {
    countJudged(pipeline.counters, judgement);
  } else {
    const type = messageType(frame.bytes, message, segment, pipeline.localNetworks);
    writeLines(pipeline, frame, segment, type);
  }
}

/** Of a part the joiner counts. */
function countNew({ keys, counters }: Pipeline, judgement: Judgement): void {
  if (keys === undefined) {
    countJudged(counters, judgement);
  }
}

/**
 * What looks like a message and stands in the body of another: makes the current segment its rest behind that body.
 *
 * @returns false when nothing is left, or when exchanges are asked for, which find it by themselves
 */
function goBehindBody(pipeline: Pipeline): boolean {
  const { frame, segment, message, tracker, memory, chunkedBodies } = pipeline;
  followChunkedBody(chunkedBodies, memory, frame.bytes, segment);
  if (tracker !== undefined) {
    const type = messageType(frame.bytes, message, segment, pipeline.localNetworks);
    noteMessage(tracker, frame, segment, message, type);
    return false;
  }
  const { rows } = memory.directions;
  const skipped = (rows[memory.direction + DIRECTION_BODY_END] - segment.sequenceNumber) | 0;
  if (skipped <= 0 || segment.payloadOffset + skipped >= segment.payloadEnd) {
    return false;
  }
  segment.payloadOffset += skipped;
  segment.sequenceNumber = (segment.sequenceNumber + skipped) | 0;
  return true;
}

/** A head whose end is not in the segment, and may come in another. */
function isToBeHeld({ heldHeads, segment }: Pipeline): boolean {
  return canHold(heldHeads, segment) && (segment.flags & (TCP_FLAG_FIN | TCP_FLAG_RST)) === 0;
}

/**
 * Behind a request without a body, where no flow is followed, a line end is not taken for one before another request:
 * clients that send one do so behind a body.
 *
 * @see RFC 9112 section 2.2
 */
function isNothingExpected({ frame, segment, message, tracker }: Pipeline): boolean {
  const { payloadOffset } = segment;
  return (
    tracker === undefined &&
    message.kind === MESSAGE_REQUEST &&
    payloadOffset === message.headEnd &&
    isLineEnd(frame.bytes[payloadOffset])
  );
}

/**
 * Takes bytes that begin no message: some belong to none, and some may become one.
 *
 * @returns true when they are held
 */
function readNoMessage(pipeline: Pipeline): boolean {
  const { frame, segment, heldHeads, tracker } = pipeline;
  const { payloadOffset, payloadEnd, sequenceNumber } = segment;
  if (
    tracker !== undefined &&
    mayBePreamble(frame.bytes[payloadOffset]) &&
    mayMessageBegin(tracker, sequenceNumber)
  ) {
    const offset = skipPreambles(frame.bytes, payloadOffset, payloadEnd);
    notePreamble(tracker, frame.bytes, payloadOffset, offset, sequenceNumber);
  }
  if (canHold(heldHeads, segment) && isPrefixHeld(pipeline)) {
    return true;
  }
  noteOtherProtocol(pipeline);
  return false;
}
