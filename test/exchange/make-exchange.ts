import { createRecordFieldTables, type FieldTables } from '../../src/http/grammar.ts';
import { type HttpMessage, MESSAGE_REQUEST, MESSAGE_RESPONSE } from '../../src/http/message.ts';
import { scanHead } from '../../src/http/scan-head.ts';
import { createExchange, type Exchange, UNKNOWN } from '../../src/record/exchange.ts';
import {
  createMessage,
  type Message,
  takeRequest,
  takeResponse,
} from '../../src/record/message.ts';
import { type MessageType, sideOf, TYPE_CQ } from '../../src/record/message-type.ts';
import type { AddressLength, End } from '../../src/record/record.ts';
import { splitRequestLine, splitStatusLine } from '../../src/record/start-line.ts';
import { addressBytes } from '../fixtures/build-packets.ts';

/** What a test says about an exchange; the rest is a usual one. */
export interface ExchangeParts extends Partial<Exchange> {
  /** Of the request, or of a message. */
  type?: MessageType;
  vlanIds?: readonly number[];
  retransmittedSegments?: number;
  /** Whole head with its line ends, text as UTF-8 or bytes; null: none was seen. */
  requestHead?: string | Uint8Array | null;
  responseHead?: string | Uint8Array | null;
  /** null: the end has none. */
  clientAddress?: string | null;
  serverAddress?: string | null;
  /** Of --header. */
  names?: string[];
}

export const REQUEST_HEAD =
  'GET /shop/cart?item=7&user=ann HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: curl/8.5.0\r\n' +
  'Referer: http://shop.example/start\r\nX-Request-ID: 4bf92f35\r\n\r\n';
export const RESPONSE_HEAD =
  'HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 512\r\n\r\n';

/** Room behind the heads, which redaction may use. */
const SPARE_BYTES = 64 * 1024;

/** An exchange as the pipeline would give it to a format. */
export function makeExchange(parts: ExchangeParts = {}): Exchange {
  const {
    requestHead = REQUEST_HEAD,
    responseHead = RESPONSE_HEAD,
    clientAddress = '203.0.113.9',
    serverAddress = '10.0.0.2',
    names = [],
    type = TYPE_CQ,
    vlanIds = [],
    retransmittedSegments = 0,
    ...changes
  } = parts;
  const tables = createRecordFieldTables(names);
  const exchange = createExchange(tables.fieldsCount);
  const client = toAddress(clientAddress);
  const server = toAddress(serverAddress);
  const request = toBytes(requestHead);
  const response = toBytes(responseHead);
  // Offset 0 means "absent": nothing of meaning may stand there.
  const used = 1 + client.length + server.length + request.length + response.length;
  const bytes = new Uint8Array(used + SPARE_BYTES);
  setEnd(exchange.client, bytes, 1, client, 50905);
  setEnd(exchange.server, bytes, 1 + client.length, server, 80);
  exchange.wire.vlanTagsCount = vlanIds.length;
  exchange.wire.vlanIds.set(vlanIds);
  exchange.wire.retransmittedSegments = retransmittedSegments;
  const requestOffset = 1 + client.length + server.length;
  const responseOffset = requestOffset + request.length;
  bytes.set(request, requestOffset);
  bytes.set(response, responseOffset);
  Object.assign(exchange, {
    bytes,
    bytesEnd: used,
    side: sideOf(type),
    timestampSec: 1567347411,
    timestampSubsecNs: 2_345_678,
    hasRequest: requestHead !== null,
    hasResponse: responseHead !== null,
    connectNs: 120_000,
    requestNs: 0,
    firstByteNs: 5_250_000,
    responseNs: 1_000_000,
    totalNs: 6_250_000,
    requestHeadBytes: request.length,
    requestBodyBytes: 0,
    responseHeadBytes: response.length,
    responseBodyBytes: 512,
  });
  exchange.id.set([1, 108, 235, 196, 60, 122, 112, 1, 128, 2, 3, 4, 5, 6, 7, 8]);
  if (requestHead !== null) {
    read(exchange.request, bytes, requestOffset, request.length, tables, true);
    splitRequestLine(exchange);
  }
  if (responseHead !== null) {
    read(exchange.response, bytes, responseOffset, response.length, tables, false);
    splitStatusLine(exchange);
  }
  Object.assign(exchange, changes);
  return exchange;
}

/** A message as the pipeline would give it to a format: the request, if the parts have one. */
export function makeMessage(parts: ExchangeParts = {}): Message {
  const exchange = makeExchange(parts);
  const message = createMessage(0);
  if (exchange.hasRequest) {
    takeRequest(message, exchange);
  } else {
    takeResponse(message, { ...exchange, firstByteNs: UNKNOWN });
  }
  return message;
}

function toAddress(text: string | null): Uint8Array {
  return Uint8Array.from(text === null ? [] : addressBytes(text));
}

function setEnd(
  end: End,
  bytes: Uint8Array,
  offset: number,
  address: Uint8Array,
  port: number,
): void {
  end.addressOffset = offset;
  end.addressLength = address.length as AddressLength;
  end.port = port;
  bytes.set(address, offset);
}

function read(
  message: HttpMessage,
  bytes: Uint8Array,
  offset: number,
  byteLength: number,
  tables: FieldTables,
  isRequest: boolean,
): void {
  const end = offset + byteLength;
  let lineEnd = offset;
  while (lineEnd < end && bytes[lineEnd] !== 0x0a) {
    lineEnd++;
  }
  message.kind = isRequest ? MESSAGE_REQUEST : MESSAGE_RESPONSE;
  message.startLineOffset = offset;
  message.startLineEnd = lineEnd > offset && bytes[lineEnd - 1] === 0x0d ? lineEnd - 1 : lineEnd;
  scanHead(bytes, end, isRequest ? tables.request : tables.response, message);
}

function toBytes(head: string | Uint8Array | null): Uint8Array {
  return typeof head === 'string' ? new Uint8Array(Buffer.from(head)) : (head ?? new Uint8Array(0));
}
