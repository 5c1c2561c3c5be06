import { MESSAGE_REQUEST, MESSAGE_RESPONSE } from '../http/message.ts';
import { CLIENT_UNASKED } from './client-source.ts';
import { createHead, createRawMessage, type HttpRecord } from './http-record.ts';
import { SIDE_SERVER } from './message-type.ts';
import { createEnd, createWireFacts } from './record.ts';

/** A duration, a size or a status that was not seen. */
export const UNKNOWN = -1;

/** Why an exchange is not whole. */
export const INCOMPLETE_NONE = 0;
/** The flow ended or fell silent before a final response came. */
export const INCOMPLETE_NO_RESPONSE = 1;
/** A response whose request was not seen. */
export const INCOMPLETE_NO_REQUEST = 2;
/** The table was full, and this flow was the longest without a packet. */
export const INCOMPLETE_EVICTED = 3;
/** The connection ended in the middle of it. */
export const INCOMPLETE_RESET = 4;
/** Bytes of the flow were not captured, so that nobody can say which response belongs to it. */
export const INCOMPLETE_GAP = 5;

/** Names of the reasons, by number; the first is that of a whole exchange and is never written. */
export const INCOMPLETE_NAMES = [
  '',
  'no_response',
  'no_request',
  'evicted',
  'reset',
  'gap',
] as const;

/**
 * A request with its response, or as much of the two as was seen: what filters, redaction and formats are given.
 * Durations are nanoseconds of packet time, sizes bytes. Its time is that of the request's first byte; of the
 * response's where no request was seen.
 */
export interface Exchange extends HttpRecord {
  /** One of INCOMPLETE_*. */
  incomplete: number;
  /** From the SYN to the ACK that ends the handshake; of a connection's first exchange only. */
  connectNs: number;
  /** From the request's first byte to its last. */
  requestNs: number;
  /** From the request's first byte to the final response's first. */
  firstByteNs: number;
  /** From the response's first byte to its last. */
  responseNs: number;
  /** From the first byte of the exchange to its last. */
  totalNs: number;
  /** Bytes on the wire behind the head, chunk framing included. */
  requestBodyBytes: number;
  responseBodyBytes: number;
}

/** All of the exchange was seen, and the capture cut nothing of what its start lines tell. */
export function isWhole(exchange: Exchange): boolean {
  return (
    exchange.incomplete === INCOMPLETE_NONE &&
    !(exchange.hasRequest && exchange.isTargetCut) &&
    !(exchange.hasResponse && exchange.response.isLineCut && exchange.statusCode === UNKNOWN)
  );
}

/** @param fieldsCount slots of the field table, see `createFieldTables` */
export function createExchange(fieldsCount: number): Exchange {
  return {
    id: new Uint8Array(16),
    bytes: new Uint8Array(0),
    bytesEnd: 0,
    timestampSec: 0,
    timestampSubsecNs: 0,
    client: createEnd(),
    server: createEnd(),
    connectionHash: 0,
    side: SIDE_SERVER,
    wire: createWireFacts(),
    natClient: createEnd(),
    natServer: createEnd(),
    proxyClient: createEnd(),
    proxyServer: createEnd(),
    toldClient: createEnd(),
    clientSource: CLIENT_UNASKED,
    hasRequest: false,
    request: createHead(MESSAGE_REQUEST, fieldsCount),
    methodEnd: 0,
    targetOffset: 0,
    targetEnd: 0,
    pathOffset: 0,
    pathEnd: 0,
    queryOffset: 0,
    queryEnd: 0,
    hasQuery: false,
    isTargetCut: false,
    requestVersionOffset: 0,
    hasResponse: false,
    response: createHead(MESSAGE_RESPONSE, fieldsCount),
    statusCode: UNKNOWN,
    reasonOffset: 0,
    requestHeadBytes: UNKNOWN,
    responseHeadBytes: UNKNOWN,
    rawRequest: createRawMessage(),
    rawResponse: createRawMessage(),
    incomplete: INCOMPLETE_NONE,
    connectNs: UNKNOWN,
    requestNs: UNKNOWN,
    firstByteNs: UNKNOWN,
    responseNs: UNKNOWN,
    totalNs: UNKNOWN,
    requestBodyBytes: UNKNOWN,
    responseBodyBytes: UNKNOWN,
  };
}
