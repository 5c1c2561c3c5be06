import type { Frame } from '../capture/frame.ts';
import type { Segment } from '../decode/segment.ts';
import { bodyLength } from '../http/body-length.ts';
import { FIELD_TRANSFER_ENCODING } from '../http/grammar.ts';
import type { HttpMessage } from '../http/message.ts';
import { readStatusCode } from '../http/status-code.ts';
import { INCOMPLETE_GAP, INCOMPLETE_NONE, UNKNOWN } from '../record/exchange.ts';
import { type MessageType, TYPE_CQ, TYPE_CR, TYPE_SQ } from '../record/message-type.ts';
import { beginChunks } from './chunked-body.ts';
import { endExchange, endOpenResponse } from './end-exchange.ts';
import {
  EXCHANGE_CHUNKED,
  EXCHANGE_CONNECT,
  EXCHANGE_HEAD,
  EXCHANGE_RESPONSE,
  EXCHANGE_UNTIL_CLOSE,
  type ExchangeSlots,
  hasMark,
  mark,
  responseOf,
  setChain,
  setFirstNs,
  setLastNs,
  setLengths,
  setPassedBytes,
  setResponseEnd,
} from './exchange-state.ts';
import { noteInterim, takeAnswered } from './find-answered.ts';
import {
  FLOW_HIDDEN,
  FLOW_OTHER_PROTOCOL,
  FROM_SERVER,
  forgetPlace,
  NO_EXCHANGE,
  noteFact,
  passedOf,
  setPassingResponse,
  sideOf,
} from './flow-state.ts';
import { keepMessage, startExchange } from './keep-message.ts';
import { passBefore } from './note-preamble.ts';
import { settleResponse } from './pass-bytes.ts';
import { bytesBetween, sequenceBehind } from './sequence.ts';
import { type ExchangeTracker, timeOf } from './tracker.ts';
import { isWithinResponse } from './within-body.ts';

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
  passBefore(tracker, flow, segment.sequenceNumber);
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
  const response = responseOf(index);
  mark(slots, index, EXCHANGE_RESPONSE);
  setFirstNs(slots, response, timeOf(tracker, frame));
  setLastNs(slots, response, tracker.timeNs);
  setPassingResponse(flows, flow, index);
  setChain(slots, response, keepMessage(tracker, frame.bytes, message));
  const isTunnel = opensTunnel(slots, index, statusCode);
  if (statusCode === STATUS_SWITCHING_PROTOCOLS || (isTunnel && tracker.isConnectHidden)) {
    leaveHttp(tracker, index, segment, message, isTunnel);
    return false;
  }
  return readLengths(tracker, index, frame.bytes, segment, message, isTunnel);
}

/** The type that the request would have had. */
function requestType(type: MessageType): MessageType {
  return type === TYPE_CR ? TYPE_CQ : TYPE_SQ;
}

/**
 * A successful response to CONNECT opens a tunnel. It ends with its head, whatever that says, and what is HTTP behind
 * it is read as any other, unless it is to be hidden.
 *
 *     -> CONNECT a
 *     <- 200 a, Content-Length: 500    ends with its head
 *     -> b
 *     <- b                             within the tunnel: a pair
 *
 * @rule tunnel-goes-on
 * @see RFC 9110 section 9.3.6, RFC 9112 section 6.3
 */
function opensTunnel(slots: ExchangeSlots, index: number, statusCode: number): boolean {
  return hasMark(slots, index, EXCHANGE_CONNECT) && statusCode >= 200 && statusCode < 300;
}

/**
 * The exchange ends with its response's head: behind 101 the connection is another protocol's, and not read any more,
 * nor is a tunnel that is to be hidden.
 *
 *     -> a, Upgrade: b
 *     <- 101 a
 *     -> looks like c    the other protocol's
 *
 * @rule another-protocol
 * @see RFC 9110 section 7.8
 */
function leaveHttp(
  tracker: ExchangeTracker,
  index: number,
  segment: Segment,
  message: HttpMessage,
  isTunnel: boolean,
): void {
  const { flows, slots, flow } = tracker;
  const headBytes = headBytesIn(segment, message);
  setLengths(slots, responseOf(index), headBytes, UNKNOWN);
  setPassedBytes(slots, responseOf(index), headBytes);
  noteFact(flows, flow, isTunnel ? FLOW_OTHER_PROTOCOL | FLOW_HIDDEN : FLOW_OTHER_PROTOCOL);
  endExchange(tracker, index, INCOMPLETE_NONE);
}

/** 0: the head does not end in the segment. */
function headBytesIn(segment: Segment, { headEnd }: HttpMessage): number {
  return headEnd === 0 ? 0 : headEnd - segment.payloadOffset;
}

/**
 * Notes how long the response is, as its head tells it, and how much of it has passed.
 *
 * @returns true when it has no body whatever its head says
 */
function readLengths(
  { flows, slots, flow }: ExchangeTracker,
  index: number,
  bytes: Uint8Array,
  segment: Segment,
  message: HttpMessage,
  isTunnel: boolean,
): boolean {
  const response = responseOf(index);
  const server = sideOf(flow, FROM_SERVER);
  const { sequenceNumber } = segment;
  const headBytes = headBytesIn(segment, message);
  const hasNoBody = isTunnel || isBodyForbidden(slots, index);
  const length = headBytes === 0 ? UNKNOWN : hasNoBody ? 0 : bodyLength(bytes, message);
  const total = length === UNKNOWN ? UNKNOWN : headBytes + length;
  setLengths(slots, response, headBytes, total);
  // Of a message that was held back until its head was whole, the first bytes have passed.
  const passed = bytesBetween(sequenceNumber, passedOf(flows, server));
  setPassedBytes(slots, response, Math.max(0, passed));
  forgetPlace(flows, server);
  if (headBytes === 0) {
    return false;
  }
  if (total !== UNKNOWN) {
    setResponseEnd(slots, index, sequenceBehind(sequenceNumber, total));
  } else if (message.fieldOffsets[FIELD_TRANSFER_ENCODING] !== 0) {
    mark(slots, index, EXCHANGE_CHUNKED);
    beginChunks(slots.chunks, response, (sequenceNumber + headBytes) | 0);
  } else {
    mark(slots, index, EXCHANGE_UNTIL_CLOSE);
  }
  return hasNoBody;
}

/**
 * A response to HEAD has no body, whatever its head says; 204 and 304 have none either, which `bodyLength`
 * knows.
 *
 *     -> HEAD a
 *     <- a, Content-Length: 500    ends with its head
 *
 * @rule no-body
 * @see RFC 9112 section 6.3
 */
function isBodyForbidden(slots: ExchangeSlots, index: number): boolean {
  return hasMark(slots, index, EXCHANGE_HEAD);
}
