import { MESSAGE_REQUEST, MESSAGE_RESPONSE } from '../http/message.ts';
import { type Exchange, INCOMPLETE_NONE, UNIT_MESSAGE, UNKNOWN } from './exchange.ts';
import type { MessageType } from './message-type.ts';

const NANOSECONDS_PER_SECOND = 1e9;
/** From TYPE_CQ to TYPE_CR, from TYPE_SQ to TYPE_SR. */
const RESPONSE_TYPE_STEP = 1;

/**
 * Makes the record of an exchange that of its request alone, as `loadMessage` would have; what it said of the
 * response is lost, so the caller keeps what `becomeResponse` takes.
 */
export function becomeRequest(exchange: Exchange): void {
  const { requestHeadBytes } = exchange;
  becomeMessage(exchange, true);
  exchange.requestHeadBytes = requestHeadBytes;
}

/**
 * Makes the record of an exchange that of its response alone.
 *
 * @param sinceStartNs of the response's first byte; 0 when the exchange begins with it
 */
export function becomeResponse(
  exchange: Exchange,
  sinceStartNs: number,
  statusCode: number,
  headBytes: number,
): void {
  const subsecNs = exchange.timestampSubsecNs + Math.max(sinceStartNs, 0);
  const seconds = Math.floor(subsecNs / NANOSECONDS_PER_SECOND);
  becomeMessage(exchange, false);
  exchange.timestampSec += seconds;
  exchange.timestampSubsecNs = subsecNs - seconds * NANOSECONDS_PER_SECOND;
  exchange.type = (exchange.type + RESPONSE_TYPE_STEP) as MessageType;
  exchange.statusCode = statusCode;
  exchange.responseHeadBytes = headBytes;
}

/** One side only, and nothing that only both sides together could tell. */
export function becomeMessage(record: Exchange, isRequest: boolean): void {
  record.unit = UNIT_MESSAGE;
  record.hasRequest = isRequest;
  record.hasResponse = !isRequest;
  record.request.kind = MESSAGE_REQUEST;
  record.response.kind = MESSAGE_RESPONSE;
  record.statusCode = UNKNOWN;
  record.incomplete = INCOMPLETE_NONE;
  record.connectNs = UNKNOWN;
  record.requestNs = UNKNOWN;
  record.firstByteNs = UNKNOWN;
  record.responseNs = UNKNOWN;
  record.totalNs = UNKNOWN;
  record.requestHeadBytes = UNKNOWN;
  record.requestBodyBytes = UNKNOWN;
  record.responseHeadBytes = UNKNOWN;
  record.responseBodyBytes = UNKNOWN;
  record.wire.retransmittedSegments = 0;
}
