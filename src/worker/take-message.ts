import type { Frame } from '../capture/frame.ts';
import { noteHeld, noteJudged } from '../decode/judge-message.ts';
import { FACT_BODY_BYTES, NO_BODY_CLAIM } from '../decode/message-facts.ts';
import { messageType } from '../decode/message-type.ts';
import type { Segment } from '../decode/segment.ts';
import { mayMessageBegin } from '../exchange/may-begin.ts';
import { loadMessage } from '../exchange/message-record.ts';
import { noteHeldMessage, noteMessage } from '../exchange/note-message.ts';
import { LINE_STREAM_ALL } from '../format/line-batch.ts';
import { classifySegment } from '../http/classify.ts';
import { FIELD_TRANSFER_ENCODING } from '../http/grammar.ts';
import { MESSAGE_NONE, MESSAGE_REQUEST } from '../http/message.ts';
import { mayBePreamble, skipPreambles } from '../http/preamble.ts';
import { scanHead } from '../http/scan-head.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';
import type { MessageType } from '../record/message-type.ts';
import { countMessage } from './count-message.ts';
import { beginChunkedBody, endChunkedBodyBefore, followChunkedBody } from './follow-chunks.ts';
import { addMessageKey } from './message-keys.ts';
import type { Pipeline } from './pipeline-state.ts';
import { NOTHING_HIDDEN, writeTextLines } from './text-lines.ts';
import { writeMessageFacts } from './write-facts.ts';

/** One message: whether it begins here, what it is judged by, its lines and its part in an exchange. */

/** CR LF. */
const EMPTY_LINE_BYTES_MAX = 2;

/** The message is one of the segment in hand. */
export const NOT_HELD = -1;

/** Gives true when the segment begins a message: `message` is whole then. */
export function beginsMessage(pipeline: Pipeline, bytes: Uint8Array, segment: Segment): boolean {
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

/** The same for a segment that begins with what belongs to no message: `segment` is the rest behind it then. */
function beginsBehindPreamble(pipeline: Pipeline, bytes: Uint8Array, segment: Segment): boolean {
  const { message, tracker } = pipeline;
  const { payloadOffset, payloadEnd, sequenceNumber } = segment;
  if (tracker !== undefined && !mayMessageBegin(tracker, sequenceNumber)) {
    return false;
  }
  const offset = skipPreambles(bytes, payloadOffset, payloadEnd);
  if (offset === payloadOffset || offset === payloadEnd) {
    return false;
  }
  segment.payloadOffset = offset;
  segment.sequenceNumber = (sequenceNumber + offset - payloadOffset) | 0;
  const preambleBytes = offset - payloadOffset;
  if (
    beginsMessage(pipeline, bytes, segment) &&
    // Where no flow is followed, nothing else tells a response behind several empty lines from a body.
    (tracker !== undefined ||
      message.kind === MESSAGE_REQUEST ||
      preambleBytes <= EMPTY_LINE_BYTES_MAX)
  ) {
    message.preambleBytes = preambleBytes;
    return true;
  }
  segment.payloadOffset = payloadOffset;
  segment.sequenceNumber = sequenceNumber;
  return false;
}

/** Writes what the message in hand is judged by. */
export function writeFacts(
  { facts, message, hashKey, heldHeads, textLines, messageRecords }: Pipeline,
  frame: Frame,
  segment: Segment,
  length: number,
): void {
  const isHeadCompleted = heldHeads.headsMax !== 0;
  writeMessageFacts(facts, 0, frame, segment, message, length, hashKey, isHeadCompleted);
  if (textLines.length === 0 && messageRecords === undefined) {
    // Exchanges have rules of their own for what is a body's: they see every segment.
    facts[FACT_BODY_BYTES] = NO_BODY_CLAIM;
  }
}

/**
 * Writes the lines of `message`, whose facts were written, and notes it for its exchange.
 *
 * @param heldUntilNs when its last segment came, if it was held; the segment is not the one in hand then
 * @returns true when it has no body whatever its head says, as far as is known of its request
 */
export function takeMessage(
  pipeline: Pipeline,
  frame: Frame,
  segment: Segment,
  heldUntilNs: number,
): boolean {
  const { message, records, messageRecords, tracker, memory, facts } = pipeline;
  const type = messageType(frame.bytes, message, segment, pipeline.localNetworks);
  const isHeld = heldUntilNs !== NOT_HELD;
  let hasNoBody = isHeld ? noteHeld(memory, facts, 0) : noteJudged(memory, facts, 0);
  noteChunkedBody(pipeline, frame, segment, hasNoBody, isHeld);
  writeLines(pipeline, frame, segment, type);
  if (records !== undefined && messageRecords !== undefined) {
    records.message(loadMessage(messageRecords, frame, segment, message, type));
  }
  if (tracker !== undefined) {
    const isNoted = isHeld
      ? noteHeldMessage(tracker, frame, segment, message, type, heldUntilNs)
      : noteMessage(tracker, frame, segment, message, type);
    hasNoBody ||= isNoted;
  }
  return hasNoBody;
}

export function writeLines(
  pipeline: Pipeline,
  frame: Frame,
  segment: Segment,
  type: MessageType,
): void {
  const { message, textLines, keys, facts } = pipeline;
  const countedSlot = countMessage(pipeline.counters, frame.bytes, message, type);
  const hiddenCounts =
    textLines.length === 0 ? NOTHING_HIDDEN : writeTextLines(pipeline, frame, segment, type);
  if (keys !== undefined) {
    const { byteLength } = textLines[0].open[LINE_STREAM_ALL];
    addMessageKey(keys, facts, type, countedSlot, hiddenCounts, byteLength);
  }
}

/** Follows the chunked body behind `message`; or knows that what was followed has ended. */
function noteChunkedBody(
  pipeline: Pipeline,
  frame: Frame,
  segment: Segment,
  hasNoBody: boolean,
  isHeld: boolean,
): void {
  const { message, memory, chunkedBodies, textLines, messageRecords } = pipeline;
  const { headEnd } = message;
  if (textLines.length === 0 && messageRecords === undefined) {
    return;
  }
  if (headEnd === 0 || hasNoBody || message.fieldOffsets[FIELD_TRANSFER_ENCODING] === 0) {
    endChunkedBodyBefore(chunkedBodies, memory);
    return;
  }
  beginChunkedBody(chunkedBodies, memory, frame.bytes, segment, headEnd);
  if (isHeld) {
    // The held bytes may end with the head.
    followChunkedBody(chunkedBodies, memory, pipeline.frame.bytes, pipeline.segment);
  }
}
