import type { Frame } from '../capture/frame.ts';
import { messageType } from '../decode/message-type.ts';
import type { Segment } from '../decode/segment.ts';
import { mayMessageBegin } from '../exchange/may-begin.ts';
import { loadMessage } from '../exchange/message-record.ts';
import { noteHeldMessage, noteMessage } from '../exchange/note-message.ts';
import { setMessageProxyClient } from '../exchange/proxy-record.ts';
import type { ExchangeTracker } from '../exchange/tracker.ts';
import { LINE_STREAM_ALL } from '../format/line-batch.ts';
import { classifySegment } from '../http/classify.ts';
import { MESSAGE_NONE, MESSAGE_REQUEST } from '../http/message.ts';
import { mayBePreamble, skipPreambles } from '../http/preamble.ts';
import { scanHead } from '../http/scan-head.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';
import type { MessageType } from '../record/message-type.ts';
import { countMessage } from './count-message.ts';
import { writeFacts } from './judge-segment.ts';
import { addMessageKey } from './message-keys.ts';
import type { Pipeline } from './pipeline-state.ts';
import { NOTHING_HIDDEN, writeTextLines } from './text-lines.ts';

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

/**
 * Writes the lines of `message`, and notes it for its exchange.
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
  const { message, textLines, records, messageRecords, tracker, keys, facts } = pipeline;
  const type = messageType(frame.bytes, message, segment, pipeline.localNetworks);
  const countedSlot = countMessage(pipeline.counters, frame.bytes, message, type);
  const hiddenCounts =
    textLines.length === 0 ? NOTHING_HIDDEN : writeTextLines(pipeline, frame, segment, type);
  if (keys !== undefined) {
    const { byteLength } = textLines[0].open[LINE_STREAM_ALL];
    writeFacts(pipeline, frame, segment);
    addMessageKey(keys, facts, type, countedSlot, hiddenCounts, byteLength);
  }
  // First: who the client is may stand before this very message.
  const hasNoBody =
    tracker !== undefined && noteTaken(pipeline, tracker, frame, segment, type, heldUntilNs);
  if (records !== undefined && messageRecords !== undefined) {
    const record = loadMessage(messageRecords, frame, segment, message, type);
    if (tracker !== undefined) {
      setMessageProxyClient(tracker, frame, segment, record);
    }
    records.message(record);
  }
  return hasNoBody;
}

/** Notes `message` for its exchange alone: it gives no line. Returns as `takeMessage` does. */
export function noteMessageAlone(pipeline: Pipeline, tracker: ExchangeTracker): boolean {
  const { frame, segment, message } = pipeline;
  const type = messageType(frame.bytes, message, segment, pipeline.localNetworks);
  return noteMessage(tracker, frame, segment, message, type);
}

function noteTaken(
  { message }: Pipeline,
  tracker: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  type: MessageType,
  heldUntilNs: number,
): boolean {
  return heldUntilNs === NOT_HELD
    ? noteMessage(tracker, frame, segment, message, type)
    : noteHeldMessage(tracker, frame, segment, message, type, heldUntilNs);
}
