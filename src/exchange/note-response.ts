import type { Frame } from '../capture/frame.ts';
import { bodyLength } from '../decode/body-length.ts';
import { FIELD_TRANSFER_ENCODING } from '../decode/http-grammar.ts';
import type { HttpMessage } from '../decode/http-message.ts';
import { type MessageType, TYPE_CQ, TYPE_CR, TYPE_SQ } from '../decode/message-type.ts';
import type { Segment } from '../decode/segment.ts';
import { SEQUENCE_LEAP_MAX } from '../limits.ts';
import { areChunksLost, beginChunks } from './chunked-body.ts';
import { endExchange, endOpenResponse, endWaiting, takeFirstWaiting } from './end-exchange.ts';
import { INCOMPLETE_GAP, INCOMPLETE_NONE, UNKNOWN } from './exchange.ts';
import {
  EXCHANGE_CHUNKED,
  EXCHANGE_CONNECT,
  EXCHANGE_CROWDED,
  EXCHANGE_ENDED,
  EXCHANGE_HEAD,
  EXCHANGE_REQUEST,
  EXCHANGE_RESPONSE,
  EXCHANGE_UNTIL_CLOSE,
  isBeyond,
} from './exchange-slots.ts';
import { losePlace, setPipelined } from './flow-place.ts';
import {
  FLOW_ASSUMED,
  FLOW_OPAQUE,
  FLOW_PIPELINED,
  FLOW_REQUEST_END,
  FLOW_RESPONSE_END,
  FLOW_SERVER_GAP,
  FLOW_UNSYNCED,
  FROM_SERVER,
  NO_EXCHANGE,
} from './flow-table.ts';
import { keepMessage, startExchange } from './keep-message.ts';
import { advance, settleResponse } from './pass-bytes.ts';
import { readStatusCode } from './start-line.ts';
import { type ExchangeTracker, timeOf } from './tracker.ts';

const STATUS_SWITCHING_PROTOCOLS = 101;

/**
 * Gives a response to the request that it answers; **the segment in hand is the server's**.
 *
 * @returns true when it has no body whatever its head says
 */
export function noteResponse(
  tracker: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  message: HttpMessage,
  type: MessageType,
): boolean {
  const { flows, slots } = tracker;
  const flow = tracker.flow;
  const { sequenceNumber } = segment;
  advance(tracker, flow, sequenceNumber);
  settleResponse(tracker, flow);
  if (isWithinResponse(tracker, flow, segment)) {
    return false;
  }
  const statusCode = readStatusCode(frame.bytes, message);
  if (statusCode >= 100 && statusCode < 200 && statusCode !== STATUS_SWITCHING_PROTOCOLS) {
    noteInterim(tracker, flow, segment, message);
    return false;
  }
  endOpenResponse(tracker, flow, true, INCOMPLETE_GAP);
  const answered = takeAnswered(tracker, flow, segment);
  const index =
    answered === NO_EXCHANGE ? startExchange(tracker, frame, segment, requestType(type)) : answered;
  flows.flags[flow] &= ~FLOW_SERVER_GAP;
  slots.flags[index] |= EXCHANGE_RESPONSE;
  slots.responseFirstNs[index] = timeOf(tracker, frame);
  slots.responseLastNs[index] = tracker.timeNs;
  flows.openResponse[flow] = index;
  slots.responseChain[index] = keepMessage(tracker, frame.bytes, message);
  return setLengths(tracker, index, frame.bytes, segment, message, statusCode);
}

/**
 * Says whether the bytes are those of the response before, whatever they look like. Proof of the contrary is
 * a request that was sent when exactly the bytes before these had been received.
 */
function isWithinResponse(tracker: ExchangeTracker, flow: number, segment: Segment): boolean {
  const { flows, slots } = tracker;
  const open = flows.openResponse[flow];
  const behind = (flows.nextSequence[2 * flow + FROM_SERVER] - segment.sequenceNumber) | 0;
  if (open === NO_EXCHANGE || (slots.flags[open] & EXCHANGE_ENDED) !== 0) {
    return false;
  }
  if (behind === 0 && isAskedHere(tracker, flow, segment)) {
    return false;
  }
  const total = slots.responseTotal[open];
  if (total !== UNKNOWN) {
    return slots.responseBytes[open] - behind < total;
  }
  const flags = slots.flags[open];
  const isLost =
    (flags & EXCHANGE_CHUNKED) !== 0 && areChunksLost(slots, open, segment.sequenceNumber);
  const isEndOpen = (flags & (EXCHANGE_CHUNKED | EXCHANGE_UNTIL_CLOSE)) === 0;
  // Where the end cannot be known, a response is believed when it was asked for.
  return !((isLost || isEndOpen) && flows.firstWaiting[flow] !== NO_EXCHANGE);
}

/**
 * The newest request was sent when the client had received what stands before the segment, and no more; and
 * the segment when the server had received that request, and no more. A body that looks like a request, whose
 * head was lost, is hardly ever so.
 */
function isAskedHere({ flows, slots }: ExchangeTracker, flow: number, segment: Segment): boolean {
  const last = flows.lastWaiting[flow];
  if (
    last === NO_EXCHANGE ||
    (flows.flags[flow] & FLOW_PIPELINED) !== 0 ||
    (slots.flags[last] & EXCHANGE_CROWDED) !== 0 ||
    slots.acknowledgment[last] !== segment.sequenceNumber
  ) {
    return false;
  }
  const total = slots.requestTotal[last];
  const received = (segment.acknowledgmentNumber - slots.requestSequence[last]) | 0;
  return total === UNKNOWN ? received > 0 : received === (total | 0);
}

/** An interim response moves the place where the final one begins. */
function noteInterim(
  { flows, slots }: ExchangeTracker,
  flow: number,
  segment: Segment,
  message: HttpMessage,
): void {
  const { sequenceNumber } = segment;
  if (message.headEnd === 0) {
    return;
  }
  const finalSequence = (sequenceNumber + message.headEnd - segment.payloadOffset) | 0;
  if (flows.responseEnd[flow] === sequenceNumber) {
    flows.responseEnd[flow] = finalSequence;
  }
  const last = flows.lastWaiting[flow];
  if (last !== NO_EXCHANGE && slots.acknowledgment[last] === sequenceNumber) {
    slots.acknowledgment[last] = finalSequence;
  }
}

/**
 * The request that a response at this place answers, taken out of the queue of those that wait; or NO_EXCHANGE.
 * Either nothing was missed: the request follows the one answered last, and the response the last response. Or
 * the client waits for each response before it asks again: then it is the newest request, if each side had
 * received all of the other's and no more. Elsewhere bytes were lost, and with them maybe a message: what
 * waits is given up.
 */
function takeAnswered(tracker: ExchangeTracker, flow: number, segment: Segment): number {
  const { flows, slots } = tracker;
  const first = flows.firstWaiting[flow];
  if (
    first !== NO_EXCHANGE &&
    isInPlace(tracker, flow, first, segment) &&
    isPlaceKept(tracker, flow, first, segment)
  ) {
    setRequestEnd(tracker, flow, first);
    return takeFirstWaiting(tracker, flow);
  }
  if (isAskedHere(tracker, flow, segment)) {
    const last = flows.lastWaiting[flow];
    endWaiting(tracker, flow, last, INCOMPLETE_GAP);
    setRequestEnd(tracker, flow, last);
    flows.flags[flow] |= FLOW_ASSUMED;
    return takeFirstWaiting(tracker, flow);
  }
  losePlace(flows, flow);
  const isLate =
    first !== NO_EXCHANGE && ((segment.sequenceNumber - slots.acknowledgment[first]) | 0) < 0;
  if (!isLate) {
    endWaiting(tracker, flow, NO_EXCHANGE, INCOMPLETE_GAP);
  }
  return NO_EXCHANGE;
}

/** No byte is missing before the request, none before the response, and the server had received its head. */
function isInPlace(
  { flows, slots }: ExchangeTracker,
  flow: number,
  first: number,
  { sequenceNumber, acknowledgmentNumber }: Segment,
): boolean {
  const ends = FLOW_REQUEST_END | FLOW_RESPONSE_END;
  const headBytes = Math.max(slots.requestHeadBytes[first], 1);
  const headEnd = (slots.requestSequence[first] + headBytes) | 0;
  return (
    (flows.flags[flow] & ends) === ends &&
    flows.requestEnd[flow] === slots.requestSequence[first] &&
    flows.responseEnd[flow] === sequenceNumber &&
    ((acknowledgmentNumber - headEnd) | 0) >= 0
  );
}

/** The server had received more than the request that it answers: the client does not wait, which tells of the past too. */
function isPlaceKept(
  { flows, slots }: ExchangeTracker,
  flow: number,
  first: number,
  { acknowledgmentNumber }: Segment,
): boolean {
  if (slots.requestTotal[first] !== UNKNOWN && isBeyond(slots, first, acknowledgmentNumber)) {
    setPipelined(flows, flow);
  }
  return (flows.flags[flow] & FLOW_UNSYNCED) === 0;
}

/** Where the request behind the one that is answered now has to begin. */
function setRequestEnd({ flows, slots }: ExchangeTracker, flow: number, index: number): void {
  const total = slots.requestTotal[index];
  if (total === UNKNOWN || total > SEQUENCE_LEAP_MAX) {
    flows.flags[flow] &= ~FLOW_REQUEST_END;
    return;
  }
  flows.flags[flow] |= FLOW_REQUEST_END;
  flows.requestEnd[flow] = (slots.requestSequence[index] + total) | 0;
}

/** The type that the request would have had. */
function requestType(type: MessageType): MessageType {
  return type === TYPE_CR ? TYPE_CQ : TYPE_SQ;
}

/** Sets how long the response is; true when it has no body whatever its head says. */
function setLengths(
  tracker: ExchangeTracker,
  index: number,
  bytes: Uint8Array,
  segment: Segment,
  message: HttpMessage,
  statusCode: number,
): boolean {
  const { flows, slots } = tracker;
  const flow = tracker.flow;
  const flags = slots.flags[index];
  const headBytes = message.headEnd === 0 ? 0 : message.headEnd - segment.payloadOffset;
  const { sequenceNumber } = segment;
  slots.responseHeadBytes[index] = headBytes;
  // A message that was held back: its first bytes have passed.
  const passed = (flows.nextSequence[2 * flow + FROM_SERVER] - sequenceNumber) | 0;
  slots.responseBytes[index] = Math.max(0, passed);
  const isTunnel =
    statusCode === STATUS_SWITCHING_PROTOCOLS ||
    ((flags & EXCHANGE_CONNECT) !== 0 && statusCode >= 200 && statusCode < 300);
  if (isTunnel) {
    slots.responseBytes[index] = headBytes;
    flows.flags[flow] |= FLOW_OPAQUE;
    endExchange(tracker, index, INCOMPLETE_NONE);
    return false;
  }
  flows.flags[flow] &= ~FLOW_RESPONSE_END;
  if (headBytes === 0) {
    return false;
  }
  const hasNoBody = (flags & EXCHANGE_HEAD) !== 0;
  const length = hasNoBody ? 0 : bodyLength(bytes, message);
  if (length !== UNKNOWN) {
    slots.responseTotal[index] = headBytes + length;
    slots.responseBytes[index] = Math.min(slots.responseBytes[index], headBytes + length);
    slots.responseEnd[index] = (sequenceNumber + ((headBytes + length) % 2 ** 32)) | 0;
  } else if (message.fieldOffsets[FIELD_TRANSFER_ENCODING] !== 0) {
    slots.flags[index] |= EXCHANGE_CHUNKED;
    beginChunks(slots, index, (sequenceNumber + headBytes) | 0);
  } else {
    slots.flags[index] |= EXCHANGE_UNTIL_CLOSE;
  }
  return hasNoBody && (flags & EXCHANGE_REQUEST) !== 0;
}
