import { readInt32BE } from '../big-endian.ts';
import { COUNTER_IN_BODIES } from '../counters/counter-table.ts';
import { noteHead, takeHead } from '../decode/asked-with-head.ts';
import { canHold } from '../decode/continue-head.ts';
import { goBehindMessage } from '../decode/go-behind-message.ts';
import { JUDGED_NEW } from '../decode/judge-message.ts';
import { findBodyEnd, NO_BODY, passBytes } from '../decode/open-bodies.ts';
import { TCP_FLAG_FIN, TCP_FLAG_RST } from '../decode/segment.ts';
import { mayMessageBegin } from '../exchange/may-begin.ts';
import { notePreamble } from '../exchange/note-preamble.ts';
import { isAnsweredByHeadAlone } from '../http/head-alone.ts';
import { MESSAGE_REQUEST } from '../http/message.ts';
import { isLineEnd, mayBecomeMessage, mayBePreamble, skipPreambles } from '../http/preamble.ts';
import { WORD_BYTES } from '../words.ts';
import { countJudged, isLeftOut, isSeenElsewhere } from './count-judged.ts';
import { isPrefixHeld, keepHead } from './held-messages.ts';
import { judgeSegment } from './judge-segment.ts';
import { noteMessageBody } from './note-body.ts';
import { noteOtherProtocol } from './note-other.ts';
import type { Pipeline } from './pipeline-state.ts';
import {
  beginsMessage,
  NOT_HELD,
  noteMessageAlone,
  showAgain,
  takeMessage,
} from './take-message.ts';

const WORD_HTTP = 0x48545450;

/**
 * Writes a line for each message of the segment: the one that it begins with, and those behind it while each
 * head tells where the next message begins. Bound: every message is longer than its method or version.
 *
 * @returns false when the segment begins no message
 */
export function readMessages(pipeline: Pipeline): boolean {
  const { frame, segment, message } = pipeline;
  const { bodies } = pipeline;
  if (!beginsMessage(pipeline, frame.bytes, segment)) {
    if (bodies !== undefined) {
      passBytes(bodies, frame.bytes, segment, pipeline.heldHeads.headsMax !== 0);
    }
    if (
      mayBecomeMessage(frame.bytes, segment.payloadOffset, segment.payloadEnd, pipeline.methods)
    ) {
      return readNoMessage(pipeline);
    }
    noteOtherProtocol(pipeline);
    return false;
  }
  if (bodies !== undefined) {
    const bodyEnd = findBodyEnd(bodies, frame.bytes, segment);
    if (bodyEnd !== NO_BODY && !goBehindBody(pipeline, bodyEnd)) {
      return true;
    }
  }
  let hasNoBody: boolean;
  do {
    hasNoBody = false;
    // Of a part it is judged when the parts are joined.
    const judgement =
      pipeline.keys === undefined ? judgeSegment(pipeline, frame, segment) : JUDGED_NEW;
    const isShownAgain = pipeline.twins === undefined && isSeenElsewhere(judgement);
    if (isShownAgain) {
      showAgain(pipeline, frame, segment);
    } else if (judgement !== JUDGED_NEW) {
      countJudged(pipeline.counters, judgement);
    }
    if (isLeftOut(judgement)) {
      hasNoBody = answersHead(pipeline);
    } else if (message.headEnd === 0 && isToBeHeld(pipeline)) {
      if (bodies !== undefined) {
        noteMessageBody(bodies, frame.bytes, segment, message, false);
      }
      keepHead(pipeline, true);
      // Its end is not known, and `message` may be that of the head that gave way.
      return true;
    } else {
      hasNoBody = takeMessage(pipeline, frame, segment, NOT_HELD) || answersHead(pipeline);
    }
    // Of those in front the body is in the segment; what they ask counts.
    if (bodies !== undefined) {
      noteMessageBody(bodies, frame.bytes, segment, message, hasNoBody);
    }
    if (!goBehindMessage(frame.bytes, message, segment, hasNoBody) || isNothingExpected(pipeline)) {
      return true;
    }
  } while (beginsMessage(pipeline, frame.bytes, segment));
  readNoMessage(pipeline);
  return true;
}

/**
 * Takes a segment, or its first bytes, that look like messages and are of a body: they give no line. Who follows flows
 * has rules of its own for them, and is told.
 *
 * @param bodyEnd an offset
 * @returns false when nothing of it is left that may be a message
 */
function goBehindBody(pipeline: Pipeline, bodyEnd: number): boolean {
  const { frame, segment, message, tracker, counters } = pipeline;
  do {
    counters[COUNTER_IN_BODIES]++;
    const hasNoBody = tracker !== undefined && noteMessageAlone(pipeline, tracker);
    if (!goBehindMessage(frame.bytes, message, segment, hasNoBody)) {
      break;
    }
  } while (segment.payloadOffset < bodyEnd && beginsMessage(pipeline, frame.bytes, segment));
  if (bodyEnd >= segment.payloadEnd) {
    return false;
  }
  segment.sequenceNumber = (segment.sequenceNumber + bodyEnd - segment.payloadOffset) | 0;
  segment.payloadOffset = bodyEnd;
  return beginsMessage(pipeline, frame.bytes, segment);
}

/**
 * Says, where no flow is followed, whether a response has no body because HEAD or CONNECT asked for it: there is another
 * one where it would begin. Of a request it is noted.
 */
function answersHead({ frame, segment, message, memory, tracker }: Pipeline): boolean {
  if (tracker !== undefined) {
    return false; // It knows by the order of requests.
  }
  const { bytes } = frame;
  const { headEnd } = message;
  if (message.kind === MESSAGE_REQUEST) {
    if (isAnsweredByHeadAlone(bytes, message)) {
      noteHead(memory, bytes, segment);
    }
    return false;
  }
  return (
    headEnd !== 0 &&
    isWord(bytes, headEnd, segment.payloadEnd, WORD_HTTP) &&
    takeHead(memory, bytes, segment)
  );
}

function isWord(bytes: Uint8Array, offset: number, end: number, word: number): boolean {
  return end - offset >= WORD_BYTES && readInt32BE(bytes, offset) === word;
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
  const { payloadOffset, payloadEnd, sequenceNumber, acknowledgmentNumber } = segment;
  if (
    tracker !== undefined &&
    mayBePreamble(frame.bytes[payloadOffset]) &&
    mayMessageBegin(tracker, sequenceNumber, acknowledgmentNumber)
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
