import type { Frame } from '../capture/frame.ts';
import { bodyLength } from '../decode/body-length.ts';
import type { HttpMessage } from '../decode/http-message.ts';
import type { MessageType } from '../decode/message-type.ts';
import type { Segment } from '../decode/segment.ts';
import {
  LATE_REQUEST_STEPS_MAX,
  REQUESTS_WAITING_MAX,
  RESPONSE_SILENT_SEC_MAX,
  SEQUENCE_LEAP_MAX,
} from '../limits.ts';
import { endExchange, endWaiting } from './end-exchange.ts';
import { INCOMPLETE_EVICTED, INCOMPLETE_GAP, UNKNOWN } from './exchange.ts';
import {
  EXCHANGE_CONNECT,
  EXCHANGE_CROWDED,
  EXCHANGE_ENDED,
  EXCHANGE_HEAD,
  EXCHANGE_REQUEST,
  requestEndOf,
} from './exchange-slots.ts';
import { losePlace, setPipelined } from './flow-place.ts';
import {
  FLOW_ASSUMED,
  FLOW_CONNECTED,
  FLOW_REQUEST_END,
  FLOW_RESPONSE_END,
  FLOW_UNSYNCED,
  FROM_CLIENT,
  FROM_SERVER,
  LIST_WAITING,
  NO_EXCHANGE,
  touchFlow,
} from './flow-table.ts';
import { keepMessage, startExchange } from './keep-message.ts';
import { advance, limit } from './pass-bytes.ts';
import type { ExchangeTracker } from './tracker.ts';

const HEAD_METHOD = new Uint8Array(Buffer.from('HEAD ', 'latin1'));
const CONNECT_METHOD = new Uint8Array(Buffer.from('CONNECT ', 'latin1'));

const SILENCE_NS = RESPONSE_SILENT_SEC_MAX * 1e9;

/** Makes a request wait for its response; **the segment in hand is the client's**. */
export function noteRequest(
  tracker: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  message: HttpMessage,
  type: MessageType,
): void {
  const { flows, slots } = tracker;
  const flow = tracker.flow;
  const { sequenceNumber, acknowledgmentNumber } = segment;
  advance(tracker, flow, sequenceNumber);
  if (isWithinRequest(tracker, flow, segment)) {
    return;
  }
  if (flows.waitingCount[flow] >= REQUESTS_WAITING_MAX) {
    setPipelined(flows, flow);
    losePlace(flows, flow);
    endWaiting(tracker, flow, NO_EXCHANGE, INCOMPLETE_EVICTED);
  }
  findPlaceAfterSilence(tracker, flow, sequenceNumber, acknowledgmentNumber);
  const index = startExchange(tracker, frame, segment, type);
  slots.requestChain[index] = keepMessage(tracker, frame.bytes, message);
  slots.flags[index] = EXCHANGE_REQUEST | methodFlag(frame.bytes, message);
  slots.acknowledgment[index] = acknowledgmentNumber;
  if (isCrowded(tracker, flow, sequenceNumber, acknowledgmentNumber)) {
    slots.flags[index] |= EXCHANGE_CROWDED;
  }
  setLengths(tracker, index, frame.bytes, segment, message);
  takeConnectTime(tracker, flow, index);
  const isAnswered =
    (flows.flags[flow] & FLOW_REQUEST_END) !== 0 &&
    ((sequenceNumber - flows.requestEnd[flow]) | 0) < 0;
  if (isAnswered || (flows.flags[flow] & FLOW_UNSYNCED) !== 0) {
    endExchange(tracker, index, INCOMPLETE_GAP);
    return;
  }
  enqueue(tracker, flow, index);
  touchFlow(flows, flow, LIST_WAITING, tracker.timeNs);
}

/**
 * Says whether other bytes of the client, lost ones too, stand between the request and the last that anything
 * had come back for: it may be a part of a body then, or the client does not wait.
 */
function isCrowded(
  { flows }: ExchangeTracker,
  flow: number,
  sequenceNumber: number,
  acknowledgment: number,
): boolean {
  const ends = FLOW_REQUEST_END | FLOW_RESPONSE_END;
  const isBehindLost =
    (flows.flags[flow] & ends) === ends &&
    flows.responseEnd[flow] === acknowledgment &&
    flows.requestEnd[flow] !== sequenceNumber;
  const isBehindSeen =
    flows.clientAcknowledgment[flow] === acknowledgment &&
    ((sequenceNumber - flows.clientSince[flow]) | 0) > 0;
  return isBehindLost || isBehindSeen;
}

/**
 * After so long a silence nothing is under way any more, whatever was lost before: a pipelining client's
 * requests are in their place again from this one on.
 */
function findPlaceAfterSilence(
  { flows, timeNs }: ExchangeTracker,
  flow: number,
  sequenceNumber: number,
  acknowledgment: number,
): void {
  if (
    (flows.flags[flow] & FLOW_UNSYNCED) !== 0 &&
    timeNs - flows.lastSegmentNs[flow] > SILENCE_NS &&
    acknowledgment === flows.nextSequence[2 * flow + FROM_SERVER]
  ) {
    flows.flags[flow] &= ~(FLOW_UNSYNCED | FLOW_ASSUMED);
    flows.flags[flow] |= FLOW_REQUEST_END | FLOW_RESPONSE_END;
    flows.requestEnd[flow] = sequenceNumber;
    flows.responseEnd[flow] = acknowledgment;
  }
}

/**
 * Says whether the bytes belong to the request before: its length says so, or, where it has none, that the
 * server has sent nothing since. After a final response the client may leave the body out that it had
 * announced (Expect: 100-continue), but not a part of it.
 */
function isWithinRequest(tracker: ExchangeTracker, flow: number, segment: Segment): boolean {
  const { flows, slots } = tracker;
  const request = flows.lastRequest[flow];
  if (request === NO_EXCHANGE) {
    return false;
  }
  const total = slots.requestTotal[request];
  const position = positionIn(tracker, flow, request, segment.sequenceNumber);
  if (total === UNKNOWN) {
    return (
      position > 0 &&
      slots.requestHeadBytes[request] !== 0 &&
      slots.acknowledgment[request] === segment.acknowledgmentNumber
    );
  }
  const isBodyLeftOut =
    position === slots.requestHeadBytes[request] &&
    (slots.flags[request] & EXCHANGE_ENDED) !== 0 &&
    ((segment.acknowledgmentNumber - slots.responseEnd[request]) | 0) >= 0;
  if (isBodyLeftOut) {
    flows.requestEnd[flow] = segment.sequenceNumber;
  }
  return position > 0 && position < total && !isBodyLeftOut;
}

/** Bytes from a request's beginning; where sequence numbers come round within it, from what was counted. */
function positionIn(
  { flows, slots }: ExchangeTracker,
  flow: number,
  request: number,
  sequence: number,
): number {
  if (slots.requestTotal[request] <= SEQUENCE_LEAP_MAX) {
    return (sequence - slots.requestSequence[request]) | 0;
  }
  const behind = (flows.nextSequence[2 * flow + FROM_CLIENT] - sequence) | 0;
  return slots.requestBytes[request] - behind;
}

function setLengths(
  tracker: ExchangeTracker,
  index: number,
  bytes: Uint8Array,
  segment: Segment,
  message: HttpMessage,
): void {
  const { flows, slots } = tracker;
  const flow = tracker.flow;
  const headBytes = message.headEnd === 0 ? 0 : message.headEnd - segment.payloadOffset;
  const length = headBytes === 0 ? UNKNOWN : bodyLength(bytes, message);
  slots.requestHeadBytes[index] = headBytes;
  slots.requestTotal[index] = length === UNKNOWN ? UNKNOWN : headBytes + length;
  // A message that comes late, or was held back: its first bytes have passed.
  const passed = (flows.nextSequence[2 * flow + FROM_CLIENT] - segment.sequenceNumber) | 0;
  slots.requestBytes[index] = limit(Math.max(0, passed), slots.requestTotal[index]);
}

/** Two requests one behind the other, and the client had received nothing between them: it does not wait. */
function notePipelining(
  { flows, slots }: ExchangeTracker,
  flow: number,
  previous: number,
  next: number,
): void {
  if (
    (slots.flags[previous] & EXCHANGE_CROWDED) === 0 &&
    slots.acknowledgment[previous] === slots.acknowledgment[next] &&
    slots.requestTotal[previous] !== UNKNOWN &&
    requestEndOf(slots, previous) === slots.requestSequence[next]
  ) {
    setPipelined(flows, flow);
  }
}

/** Behind the last of its flow, or, when it comes late, where its sequence number belongs. */
function enqueue(tracker: ExchangeTracker, flow: number, index: number): void {
  const { flows, slots } = tracker;
  const last = flows.lastWaiting[flow];
  flows.waitingCount[flow]++;
  if (last === NO_EXCHANGE) {
    flows.firstWaiting[flow] = index;
    flows.lastWaiting[flow] = index;
    flows.lastRequest[flow] = index;
    return;
  }
  const sequence = slots.requestSequence[index];
  if (((sequence - slots.requestSequence[last]) | 0) > 0) {
    slots.next[last] = index;
    notePipelining(tracker, flow, last, index);
    flows.lastWaiting[flow] = index;
    flows.lastRequest[flow] = index;
    return;
  }
  enqueueLate(tracker, flow, index, sequence);
}

function enqueueLate(
  tracker: ExchangeTracker,
  flow: number,
  index: number,
  sequence: number,
): void {
  const { flows, slots } = tracker;
  let previous = NO_EXCHANGE;
  let at = flows.firstWaiting[flow];
  let steps = 0;
  while (
    steps < LATE_REQUEST_STEPS_MAX &&
    at !== NO_EXCHANGE &&
    ((sequence - slots.requestSequence[at]) | 0) > 0
  ) {
    previous = at;
    at = slots.next[at];
    steps++;
  }
  slots.next[index] = at;
  if (previous === NO_EXCHANGE) {
    flows.firstWaiting[flow] = index;
  } else {
    slots.next[previous] = index;
    notePipelining(tracker, flow, previous, index);
  }
  if (at === NO_EXCHANGE) {
    flows.lastWaiting[flow] = index;
  } else {
    notePipelining(tracker, flow, index, at);
  }
  // What passed behind it belongs to the request behind it.
  const gapBytes = at === NO_EXCHANGE ? 0 : (slots.requestSequence[at] - sequence) | 0;
  slots.requestBytes[index] = limit(Math.max(0, gapBytes), slots.requestTotal[index]);
}

/** The first exchange of a connection has the time of its handshake. */
function takeConnectTime(tracker: ExchangeTracker, flow: number, index: number): void {
  const { flows, slots } = tracker;
  if ((flows.flags[flow] & FLOW_CONNECTED) !== 0 && flows.connectNs[flow] !== UNKNOWN) {
    slots.connectNs[index] = flows.connectNs[flow];
    flows.connectNs[flow] = UNKNOWN;
  }
}

function methodFlag(bytes: Uint8Array, { startLineOffset }: HttpMessage): number {
  if (beginsWith(bytes, startLineOffset, HEAD_METHOD)) {
    return EXCHANGE_HEAD;
  }
  return beginsWith(bytes, startLineOffset, CONNECT_METHOD) ? EXCHANGE_CONNECT : 0;
}

/** Bytes behind the payload are some other's, but a method that is known has been seen whole. */
function beginsWith(bytes: Uint8Array, offset: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index++) {
    if (bytes[offset + index] !== name[index]) {
      return false;
    }
  }
  return true;
}
