import type { Frame } from '../capture/frame.ts';
import type { Segment } from '../decode/segment.ts';
import { bodyLength } from '../http/body-length.ts';
import { FIELD_TRANSFER_ENCODING } from '../http/grammar.ts';
import type { HttpMessage } from '../http/message.ts';
import { INCOMPLETE_EVICTED, INCOMPLETE_GAP, UNKNOWN } from '../record/exchange.ts';
import type { MessageType } from '../record/message-type.ts';
import { beginChunks } from './chunked-body.ts';
import { dropDoubts, losePlace, noteAhead } from './client-ahead.ts';
import { endExchange, endWaiting } from './end-exchange.ts';
import {
  EXCHANGE_ASKED_CHUNKED,
  EXCHANGE_CONNECT,
  EXCHANGE_CROWDED,
  EXCHANGE_HEAD,
  EXCHANGE_REQUEST,
  mark,
  requestOf,
  setAcknowledgment,
  setChain,
  setConnectTime,
  setLastNs,
  setLengths,
  setPassedBytes,
} from './exchange-state.ts';
import {
  connectNsOf,
  expectMessageAt,
  FLOW_ASTRAY,
  FLOW_CONNECTED,
  type FlowState,
  FROM_CLIENT,
  FROM_SERVER,
  hasSentSince,
  isFact,
  isInPlace,
  isPlaceKnown,
  NO_EXCHANGE,
  passedOf,
  placeOf,
  setConnectNs,
  sideOf,
  waitingCountOf,
} from './flow-state.ts';
import { LIST_WAITING, touchFlow } from './flow-table.ts';
import { keepMessage, startExchange } from './keep-message.ts';
import { setLead } from './lead-bytes.ts';
import { REQUESTS_WAITING_MAX, RESPONSE_SILENT_SEC_MAX } from './limits.ts';
import { passBefore } from './note-preamble.ts';
import { bytesBetween } from './sequence.ts';
import type { ExchangeTracker } from './tracker.ts';
import { waitForResponse } from './waiting.ts';
import { isWithinRequest } from './within-body.ts';

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
  const leadBytes = passBefore(tracker, flow, sequenceNumber);
  if (isWithinRequest(tracker, flow, segment)) {
    return;
  }
  endTooMany(tracker, flow);
  findPlaceAfterSilence(tracker, flow, sequenceNumber, acknowledgmentNumber);
  const index = startExchange(tracker, frame, segment, type);
  setChain(slots, requestOf(index), keepMessage(tracker, frame.bytes, message));
  mark(slots, index, EXCHANGE_REQUEST | methodMark(frame.bytes, message));
  setLead(slots, index, leadBytes);
  setAcknowledgment(slots, index, acknowledgmentNumber);
  if (isCrowded(flows, flow, segment, leadBytes)) {
    mark(slots, index, EXCHANGE_CROWDED);
  }
  setLastNs(slots, requestOf(index), tracker.timeNs);
  readLengths(tracker, index, frame.bytes, segment, message);
  takeConnectTime(tracker, flow, index);
  if (wasAnsweredUnseen(flows, flow, sequenceNumber) || isFact(flows, flow, FLOW_ASTRAY)) {
    endExchange(tracker, index, INCOMPLETE_GAP);
    return;
  }
  waitForResponse(tracker, flow, index);
  touchFlow(flows, flow, LIST_WAITING, tracker.timeNs);
}

/**
 * So many requests wait that no more can: all of them end, and the client is one that sends ahead and has lost
 * its place.
 *
 * @rule too-many-wait
 */
function endTooMany(tracker: ExchangeTracker, flow: number): void {
  const { flows } = tracker;
  if (waitingCountOf(flows, flow) >= REQUESTS_WAITING_MAX) {
    noteAhead(flows, flow);
    losePlace(flows, flow);
    endWaiting(tracker, flow, NO_EXCHANGE, INCOMPLETE_EVICTED);
  }
}

/**
 * Says whether a request stands before the place of the next one: it comes late, and what answered it passed
 * when it was not known.
 *
 *     <- a          captured first: a response without a request
 *     -> b  <- b    a pair: the next request begins behind b
 *     -> a          captured last
 *
 * @rule answered-already
 */
function wasAnsweredUnseen(flows: FlowState, flow: number, sequenceNumber: number): boolean {
  const client = sideOf(flow, FROM_CLIENT);
  return isPlaceKnown(flows, client) && bytesBetween(placeOf(flows, client), sequenceNumber) < 0;
}

/**
 * Says whether other bytes of the client, lost ones too, stand between the request and the last that anything
 * had come back for: it may be a part of a body then, or the client does not wait.
 *
 *     -> head of b (lost)    ack 0
 *     -> looks like c        ack 0     the body of b, for all that can be told
 *
 * @rule crowded-request
 */
function isCrowded(
  flows: FlowState,
  flow: number,
  { sequenceNumber, acknowledgmentNumber: acknowledgment }: Segment,
  leadBytes: number,
): boolean {
  const client = sideOf(flow, FROM_CLIENT);
  const isBehindLostBytes =
    isPlaceKnown(flows, client) &&
    isInPlace(flows, sideOf(flow, FROM_SERVER), acknowledgment, 0) &&
    !isInPlace(flows, client, sequenceNumber, leadBytes);
  return isBehindLostBytes || hasSentSince(flows, flow, sequenceNumber, acknowledgment);
}

/**
 * After so long a silence nothing is under way any more, whatever was lost before: the requests of a client
 * that sends ahead are in their place again from this one on, if it has received all that the server sent.
 *
 *     -> a b    <- a (lost)    <- b
 *     10 seconds
 *     -> c      ack behind b           whatever was lost, c begins here, and its response there
 *     <- c
 *
 * @rule silence-finds-the-place
 */
function findPlaceAfterSilence(
  { flows, timeNs }: ExchangeTracker,
  flow: number,
  sequenceNumber: number,
  acknowledgment: number,
): void {
  const server = sideOf(flow, FROM_SERVER);
  if (
    isFact(flows, flow, FLOW_ASTRAY) &&
    timeNs - flows.lastSegmentNs[flow] > SILENCE_NS &&
    acknowledgment === passedOf(flows, server)
  ) {
    dropDoubts(flows, flow);
    expectMessageAt(flows, sideOf(flow, FROM_CLIENT), sequenceNumber);
    expectMessageAt(flows, server, acknowledgment);
  }
}

/** Notes the lengths that the head tells, and how much of the message has passed. */
function readLengths(
  { flows, slots, flow }: ExchangeTracker,
  index: number,
  bytes: Uint8Array,
  segment: Segment,
  message: HttpMessage,
): void {
  const request = requestOf(index);
  const { sequenceNumber } = segment;
  const headBytes = message.headEnd === 0 ? 0 : message.headEnd - segment.payloadOffset;
  const length = headBytes === 0 ? UNKNOWN : bodyLength(bytes, message);
  setLengths(slots, request, headBytes, length === UNKNOWN ? UNKNOWN : headBytes + length);
  // Of a request that comes late, or was held back until its head was whole, the first bytes have passed.
  const passed = bytesBetween(sequenceNumber, passedOf(flows, sideOf(flow, FROM_CLIENT)));
  setPassedBytes(slots, request, Math.max(0, passed));
  if (headBytes !== 0 && message.fieldOffsets[FIELD_TRANSFER_ENCODING] !== 0) {
    mark(slots, index, EXCHANGE_ASKED_CHUNKED);
    beginChunks(slots.chunks, request, (sequenceNumber + headBytes) | 0);
  }
}

/** The first exchange of a connection has the time of its handshake. */
function takeConnectTime({ flows, slots }: ExchangeTracker, flow: number, index: number): void {
  const ns = connectNsOf(flows, flow);
  if (isFact(flows, flow, FLOW_CONNECTED) && ns !== UNKNOWN) {
    setConnectTime(slots, index, ns);
    setConnectNs(flows, flow, UNKNOWN);
  }
}

function methodMark(bytes: Uint8Array, { startLineOffset }: HttpMessage): number {
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
