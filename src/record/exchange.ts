import { createHttpMessage, type HttpMessage } from '../http/message.ts';
import { VLAN_TAGS_MAX } from '../limits.ts';
import { type MessageType, TYPE_CQ } from './message-type.ts';

/** A request with its response, or as much of the two as was seen. */
export const UNIT_EXCHANGE = 0;
/** One message by itself: the record has the parts of a request or those of a response. */
export const UNIT_MESSAGE = 1;

export type Unit = typeof UNIT_EXCHANGE | typeof UNIT_MESSAGE;

/** A duration or a size that was not seen. */
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
 * What filters, redaction and formats are given: offsets into `bytes`, durations in nanoseconds of packet time,
 * sizes in bytes. The tracker has one such record and the maker of messages another; each fills its own anew for
 * every exchange or message, and what it says holds until then.
 *
 * A message (`UNIT_MESSAGE`) has the same form with the parts of one side only; its durations and its body's
 * size are unknown.
 */
export interface Exchange {
  unit: Unit;
  /** UUIDv7. The same packets give the same id in a replay. @see RFC 9562 section 5.7 */
  readonly id: Uint8Array;
  /** Everything that the offsets below point into. */
  bytes: Uint8Array;
  /** One past the last byte of `bytes` in use: what redaction makes anew is put behind it. */
  bytesEnd: number;
  /** Packet time of the request's first byte; of the response's where no request was seen. */
  timestampSec: number;
  timestampSubsecNs: number;
  /** A message's own type. Of an exchange that of its request: CQ = this host answers, SQ = it asks. */
  type: MessageType;
  /** 4 or 16. */
  addressLength: number;
  clientAddressOffset: number;
  serverAddressOffset: number;
  clientPort: number;
  serverPort: number;
  vlanTagsCount: number;
  readonly vlanIds: Uint16Array;
  /** Spreads flows evenly and is the same for both directions; unsigned 32 bits. */
  flowHash: number;

  hasRequest: boolean;
  /** Start line and fields by slot; of meaning when `hasRequest`. */
  readonly request: HttpMessage;
  /** The request line's parts, set by `splitRequestLine`. Empty parts begin where they end. */
  methodEnd: number;
  /** The request target as it was sent. */
  targetOffset: number;
  targetEnd: number;
  /** The target's path, and its query without the question mark. */
  pathOffset: number;
  pathEnd: number;
  queryOffset: number;
  queryEnd: number;
  hasQuery: boolean;
  /** The capture ends in the request line: of the target, or of the version behind it, bytes are missing. */
  isTargetCut: boolean;
  /** `HTTP/1.1`, to the end of the line; empty when the captured line is cut. */
  requestVersionOffset: number;

  hasResponse: boolean;
  readonly response: HttpMessage;
  /** UNKNOWN without a response, or when its three digits were not captured. */
  statusCode: number;
  /** First byte of the reason phrase; it ends with the start line. */
  reasonOffset: number;

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
  requestHeadBytes: number;
  /** Bytes on the wire behind the head, chunk framing included. */
  requestBodyBytes: number;
  responseHeadBytes: number;
  responseBodyBytes: number;
  /** Segments of this exchange whose bytes had all been seen before. */
  retransmittedSegments: number;
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
    unit: UNIT_EXCHANGE,
    id: new Uint8Array(16),
    bytes: new Uint8Array(0),
    bytesEnd: 0,
    timestampSec: 0,
    timestampSubsecNs: 0,
    type: TYPE_CQ,
    addressLength: 4,
    clientAddressOffset: 0,
    serverAddressOffset: 0,
    clientPort: 0,
    serverPort: 0,
    vlanTagsCount: 0,
    vlanIds: new Uint16Array(VLAN_TAGS_MAX),
    flowHash: 0,
    hasRequest: false,
    request: createHttpMessage(fieldsCount),
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
    response: createHttpMessage(fieldsCount),
    statusCode: UNKNOWN,
    reasonOffset: 0,
    incomplete: INCOMPLETE_NONE,
    connectNs: UNKNOWN,
    requestNs: UNKNOWN,
    firstByteNs: UNKNOWN,
    responseNs: UNKNOWN,
    totalNs: UNKNOWN,
    requestHeadBytes: UNKNOWN,
    requestBodyBytes: UNKNOWN,
    responseHeadBytes: UNKNOWN,
    responseBodyBytes: UNKNOWN,
    retransmittedSegments: 0,
  };
}
