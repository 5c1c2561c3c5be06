import type { Frame } from '../capture/frame.ts';
import {
  COUNTER_LINES,
  COUNTER_LINES_DROPPED,
  COUNTER_REDACTIONS_FIRST,
} from '../counters/counter-table.ts';
import type { Segment } from '../decode/segment.ts';
import { loadMessage } from '../exchange/message-record.ts';
import { hexBytesWritten } from '../format/escape.ts';
import { textLineBytesMax, writeTextLine } from '../format/text-line.ts';
import { setSecond } from '../format/timestamp.ts';
import {
  FIELD_CONTENT_LENGTH,
  FIELD_CONTENT_TYPE,
  FIELD_HOST,
  FIELD_USER_AGENT,
} from '../http/grammar.ts';
import { type HttpMessage, MESSAGE_REQUEST } from '../http/message.ts';
import { type BatchBuilder, reserveLine } from '../output/batch-builder.ts';
import { writeLines } from '../output/record-outputs.ts';
import type { MessageType } from '../record/message-type.ts';
import { findFieldBehindReturn } from '../redact/bare-return.ts';
import { COUNT_HEADERS, COUNT_URL } from '../redact/redaction-settings.ts';
import { mayHide } from '../redact/start-lines.ts';
import type { Pipeline } from './pipeline-state.ts';

const BYTE_COLON = 0x3a;

/** Of `writeTextLines`: nothing was hidden in the message. */
export const NOTHING_HIDDEN = 0;
/** Above these bits: values hidden as another field's; below: those of the URL. */
export const HIDDEN_HEADERS_SHIFT = 16;

/**
 * Writes the lines of `message` to all outputs of plain text, or counts them as dropped where there is no buffer.
 * They are written from the frame itself, but for the few messages in which something is to be hidden.
 *
 * @returns how many values were hidden, of two kinds in one number, so that a joiner of parts can take them back
 */
export function writeTextLines(
  pipeline: Pipeline,
  frame: Frame,
  segment: Segment,
  type: MessageType,
): number {
  const { textLines, message } = pipeline;
  let isHidden = mayHideInLine(frame.bytes, message);
  for (let index = 0; index < textLines.length && !isHidden; index++) {
    // All outputs have the same line, so that only the first one can find that it must not be written.
    isHidden = !writeLine(pipeline, textLines[index], frame, segment, type);
  }
  return isHidden ? writeHiddenLines(pipeline, frame, segment, type) : NOTHING_HIDDEN;
}

/** User information in the target or in Host, and sessions in the path: they have signs of their own. */
function mayHideInLine(bytes: Uint8Array, message: HttpMessage): boolean {
  return (
    message.kind === MESSAGE_REQUEST &&
    (mayHide(bytes, message.startLineOffset, message.startLineEnd) ||
      mayHideInField(bytes, message, FIELD_HOST) ||
      mayBeCut(bytes, message))
  );
}

/** The capture may end within the target or Host, before the sign of what is to be hidden, but behind a colon. */
function mayBeCut(bytes: Uint8Array, message: HttpMessage): boolean {
  const { headEnd, foundCount, foundSlots } = message;
  if (headEnd !== 0) {
    return false;
  }
  return foundCount === 0
    ? hasColon(bytes, message.startLineOffset, message.startLineEnd)
    : foundSlots[foundCount - 1] === FIELD_HOST;
}

function hasColon(bytes: Uint8Array, offset: number, end: number): boolean {
  while (offset < end && bytes[offset] !== BYTE_COLON) {
    offset++;
  }
  return offset < end;
}

function mayHideInField(bytes: Uint8Array, message: HttpMessage, slot: number): boolean {
  const offset = message.fieldOffsets[slot];
  return offset !== 0 && mayHide(bytes, offset, message.fieldEnds[slot]);
}

/** Gives false, and leaves nothing written, when a value of the line goes on with another field. */
function writeLine(
  { message, timestamp, counters, textColumns }: Pipeline,
  batches: BatchBuilder,
  frame: Frame,
  segment: Segment,
  type: MessageType,
): boolean {
  setSecond(timestamp, frame.timestampSec);
  const batch = reserveLine(batches, type, timestamp.day, textLineBytesMax(message));
  if (batch === null) {
    counters[COUNTER_LINES_DROPPED]++;
    return true;
  }
  const hexBytesBefore = hexBytesWritten[0];
  const end = writeTextLine(
    batch.bytes,
    batch.byteLength,
    frame.timestampSubsecNs,
    frame.bytes,
    segment,
    message,
    type,
    timestamp,
    textColumns,
  );
  // A carriage return is written in hex, and next to no line has a byte that is.
  if (hexBytesWritten[0] !== hexBytesBefore && hasFieldBehindReturn(frame.bytes, message)) {
    return false;
  }
  batch.byteLength = end;
  batch.lineCount++;
  counters[COUNTER_LINES]++;
  return true;
}

function hasFieldBehindReturn(bytes: Uint8Array, message: HttpMessage): boolean {
  const isRequest = message.kind === MESSAGE_REQUEST;
  const { startLineOffset, startLineEnd } = message;
  return (
    findFieldBehindReturn(bytes, startLineOffset, startLineEnd) < startLineEnd ||
    hasReturnInField(bytes, message, isRequest ? FIELD_HOST : FIELD_CONTENT_LENGTH) ||
    hasReturnInField(bytes, message, isRequest ? FIELD_USER_AGENT : FIELD_CONTENT_TYPE)
  );
}

function hasReturnInField(bytes: Uint8Array, message: HttpMessage, slot: number): boolean {
  const offset = message.fieldOffsets[slot];
  const end = message.fieldEnds[slot];
  return offset !== 0 && findFieldBehindReturn(bytes, offset, end) < end;
}

/** From a record, as the other formats are: a copy, which costs some microseconds. */
function writeHiddenLines(
  pipeline: Pipeline,
  frame: Frame,
  segment: Segment,
  type: MessageType,
): number {
  const { textLines, timestamp, counters } = pipeline;
  const { messageRecords, redact, writer } = pipeline.openHiddenText();
  const headersBefore = counters[COUNTER_REDACTIONS_FIRST + COUNT_HEADERS];
  const urlsBefore = counters[COUNTER_REDACTIONS_FIRST + COUNT_URL];
  const record = loadMessage(messageRecords, frame, segment, pipeline.message, type);
  redact(record);
  setSecond(timestamp, record.timestampSec);
  const bytesMax = writer.bytesMax(record);
  for (let index = 0; index < textLines.length; index++) {
    const isWritten = writeLines(writer, textLines[index], record, type, timestamp.day, bytesMax);
    counters[isWritten ? COUNTER_LINES : COUNTER_LINES_DROPPED]++;
  }
  const headersCount = counters[COUNTER_REDACTIONS_FIRST + COUNT_HEADERS] - headersBefore;
  const urlsCount = counters[COUNTER_REDACTIONS_FIRST + COUNT_URL] - urlsBefore;
  return (headersCount << HIDDEN_HEADERS_SHIFT) | urlsCount;
}
