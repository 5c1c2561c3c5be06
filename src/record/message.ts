import { MESSAGE_REQUEST, MESSAGE_RESPONSE } from '../http/message.ts';
import { CLIENT_UNASKED } from './client-source.ts';
import { type Exchange, UNKNOWN } from './exchange.ts';
import { createHead, createRawMessage, type HttpRecord } from './http-record.ts';
import { type MessageType, SIDE_SERVER, sideOf, TYPE_CQ, typeOf } from './message-type.ts';
import { createEnd, createWireFacts } from './record.ts';

const NANOSECONDS_PER_SECOND = 1e9;

/** One message by itself: the parts of a request, or those of a response. Its time is that of its first byte. */
export interface Message extends HttpRecord {
  type: MessageType;
}

/** @param fieldsCount slots of the field table, see `createFieldTables` */
export function createMessage(fieldsCount: number): Message {
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
    type: TYPE_CQ,
  };
}

/** Makes the record one of this type, with nothing known of either head. */
export function openMessage(message: Message, type: MessageType, isRequest: boolean): void {
  message.type = type;
  message.side = sideOf(type);
  message.hasRequest = isRequest;
  message.hasResponse = !isRequest;
  message.statusCode = UNKNOWN;
  message.requestHeadBytes = UNKNOWN;
  message.responseHeadBytes = UNKNOWN;
}

/** Makes the record that of an exchange's request. It holds as long as the exchange does: it has the same parts. */
export function takeRequest(message: Message, exchange: Exchange): void {
  openMessage(message, typeOf(exchange.side, true), true);
  takeConnection(message, exchange);
  message.timestampSec = exchange.timestampSec;
  message.timestampSubsecNs = exchange.timestampSubsecNs;
  message.request = exchange.request;
  message.rawRequest = exchange.rawRequest;
  message.requestHeadBytes = exchange.requestHeadBytes;
  message.methodEnd = exchange.methodEnd;
  message.targetOffset = exchange.targetOffset;
  message.targetEnd = exchange.targetEnd;
  message.pathOffset = exchange.pathOffset;
  message.pathEnd = exchange.pathEnd;
  message.queryOffset = exchange.queryOffset;
  message.queryEnd = exchange.queryEnd;
  message.hasQuery = exchange.hasQuery;
  message.isTargetCut = exchange.isTargetCut;
  message.requestVersionOffset = exchange.requestVersionOffset;
}

/** The same with its response, at the time of that. */
export function takeResponse(message: Message, exchange: Exchange): void {
  // Without a request the exchange begins with the response.
  const subsecNs = exchange.timestampSubsecNs + Math.max(exchange.firstByteNs, 0);
  const seconds = Math.floor(subsecNs / NANOSECONDS_PER_SECOND);
  openMessage(message, typeOf(exchange.side, false), false);
  takeConnection(message, exchange);
  message.timestampSec = exchange.timestampSec + seconds;
  message.timestampSubsecNs = subsecNs - seconds * NANOSECONDS_PER_SECOND;
  message.response = exchange.response;
  message.rawResponse = exchange.rawResponse;
  message.responseHeadBytes = exchange.responseHeadBytes;
  message.statusCode = exchange.statusCode;
  message.reasonOffset = exchange.reasonOffset;
}

/** All but retransmissions, which nobody can say of which of the two messages they were. */
function takeConnection(message: Message, exchange: Exchange): void {
  message.id = exchange.id;
  message.bytes = exchange.bytes;
  message.bytesEnd = exchange.bytesEnd;
  message.client = exchange.client;
  message.server = exchange.server;
  message.connectionHash = exchange.connectionHash;
  message.natClient = exchange.natClient;
  message.natServer = exchange.natServer;
  message.proxyClient = exchange.proxyClient;
  message.proxyServer = exchange.proxyServer;
  message.toldClient = exchange.toldClient;
  message.clientSource = exchange.clientSource;
  message.wire.vlanTagsCount = exchange.wire.vlanTagsCount;
  message.wire.vlanIds = exchange.wire.vlanIds;
}
