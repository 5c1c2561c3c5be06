import { COUNTER_DUPLICATES } from '../counters/counter-table.ts';
import { canHold } from '../decode/continue-head.ts';
import { goBehindMessage } from '../decode/go-behind-message.ts';
import { wasSeenBefore } from '../decode/seen-segments.ts';
import { TCP_FLAG_FIN, TCP_FLAG_RST } from '../decode/segment.ts';
import { mayMessageBegin } from '../exchange/may-begin.ts';
import { notePreamble } from '../exchange/note-preamble.ts';
import { MESSAGE_REQUEST } from '../http/message.ts';
import { isLineEnd, mayBecomeMessage, mayBePreamble, skipPreambles } from '../http/preamble.ts';
import { isPrefixHeld, keepHead } from './held-messages.ts';
import { noteOtherProtocol } from './note-other.ts';
import type { Pipeline } from './pipeline-state.ts';
import { beginsMessage, NOT_HELD, takeMessage } from './take-message.ts';

/**
 * Writes a line for each message of the segment: the one that it begins with, and those behind it while each
 * head tells where the next message begins. Bound: every message is longer than its method or version.
 *
 * @returns false when the segment begins no message
 */
export function readMessages(pipeline: Pipeline): boolean {
  const { frame, segment, message } = pipeline;
  if (!beginsMessage(pipeline, frame.bytes, segment)) {
    if (
      mayBecomeMessage(frame.bytes, segment.payloadOffset, segment.payloadEnd, pipeline.methods)
    ) {
      return readNoMessage(pipeline);
    }
    noteOtherProtocol(pipeline);
    return false;
  }
  let hasNoBody: boolean;
  do {
    hasNoBody = false;
    if (pipeline.keys === undefined && wasSeenBefore(pipeline.seen, frame.bytes, segment)) {
      pipeline.counters[COUNTER_DUPLICATES]++;
    } else if (message.headEnd === 0 && isToBeHeld(pipeline)) {
      keepHead(pipeline, true);
      // Its end is not known, and `message` may be that of the head that gave way.
      return true;
    } else {
      hasNoBody = takeMessage(pipeline, frame, segment, NOT_HELD);
    }
    if (!goBehindMessage(frame.bytes, message, segment, hasNoBody) || isNothingExpected(pipeline)) {
      return true;
    }
  } while (beginsMessage(pipeline, frame.bytes, segment));
  readNoMessage(pipeline);
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
