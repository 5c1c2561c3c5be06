import { copyBytes } from '../bytes.ts';
import type { HttpMessage } from '../http/message.ts';
import type { ProxiedEnd } from '../http/proxy-protocol.ts';
import { CLIENT_UNASKED } from '../record/client-source.ts';
import { createExchange, type Exchange, UNKNOWN } from '../record/exchange.ts';
import type { RawMessage } from '../record/http-record.ts';
import type { Side } from '../record/message-type.ts';
import { unpackMessage } from '../record/pack-message.ts';
import { type AddressLength, type End, setProxiedEnd } from '../record/record.ts';
import { splitRequestLine, splitStatusLine } from '../record/start-line.ts';
import { writeUuid } from '../record/uuid.ts';
import { putBytes } from './byte-pool.ts';
import { HELD_BYTES_OF_ONE_MAX, STREAM_REDACTION_BYTES_MAX } from './limits.ts';
import type { OpenExchange, OpenMessage } from './open-exchange.ts';

/** An end as its socket knows it. */
export interface StreamEnd {
  /** 4 or 16 bytes in network order; none of a unix socket. */
  address: Uint8Array;
  port: number;
}

/** What is known of a connection before its first byte. */
export interface ConnectionFacts {
  client: StreamEnd;
  server: StreamEnd;
  /** Which end this host is. */
  side: Side;
  /** Unlike that of other connections: ids and samples are made of it. */
  seedWord: number;
  /** How long it took to connect, UNKNOWN if at all; the first exchange has it. */
  connectNs: number;
}

/** The ends of the connection before the proxy, as its header tells them. */
export interface ProxiedFacts {
  client: StreamEnd;
  /** Without an address where the header does not tell. */
  server: StreamEnd;
}

const ADDRESS_BYTES_MAX = 16;
/** The addresses of both ends and of both before a proxy, what may be kept of two messages, and what redaction makes of them. */
const RECORD_BYTES = 4 * ADDRESS_BYTES_MAX + 2 * HELD_BYTES_OF_ONE_MAX + STREAM_REDACTION_BYTES_MAX;

const NANOSECONDS_PER_SECOND = 1e9;

/** @param fieldsCount slots of the field tables that heads are scanned with */
export function createStreamRecord(fieldsCount: number): Exchange {
  const exchange = createExchange(fieldsCount);
  exchange.bytes = new Uint8Array(RECORD_BYTES);
  return exchange;
}

/** Makes the record that of an exchange. */
export function fillRecord(
  exchange: Exchange,
  facts: ConnectionFacts,
  proxied: ProxiedFacts | undefined,
  open: OpenExchange,
  incomplete: number,
): void {
  const { request, response } = open;
  const { bytes } = exchange;
  const first = request.isSeen ? request : response;
  exchange.incomplete = incomplete;
  exchange.side = facts.side;
  exchange.timestampSec = first.firstSec;
  exchange.timestampSubsecNs = first.firstNs;
  exchange.connectionHash = facts.seedWord >>> 0;
  exchange.wire.vlanTagsCount = 0;
  exchange.wire.retransmittedSegments = 0;
  let at = writeEnd(bytes, 0, exchange.client, facts.client);
  at = writeEnd(bytes, at, exchange.server, facts.server);
  at = writeProxied(exchange, at, proxied);
  exchange.hasRequest = request.isSeen;
  at = writeMessage(bytes, at, request, exchange.request, exchange.rawRequest);
  if (request.isSeen) {
    splitRequestLine(exchange);
  }
  exchange.hasResponse = response.isSeen;
  exchange.statusCode = UNKNOWN;
  at = writeMessage(bytes, at, response, exchange.response, exchange.rawResponse);
  if (response.isSeen) {
    splitStatusLine(exchange);
  }
  exchange.bytesEnd = at;
  setTimes(exchange, request, response);
  exchange.connectNs = request.isSeen && open.ordinal === 0 ? facts.connectNs : UNKNOWN;
  exchange.requestHeadBytes = request.isSeen ? request.headBytes : UNKNOWN;
  exchange.requestBodyBytes = request.isSeen ? request.bodyBytes : UNKNOWN;
  exchange.responseHeadBytes = response.isSeen ? response.headBytes : UNKNOWN;
  exchange.responseBodyBytes = response.isSeen ? response.bodyBytes : UNKNOWN;
  writeUuid(
    exchange.id,
    exchange.timestampSec,
    exchange.timestampSubsecNs,
    facts.seedWord,
    open.ordinal,
  );
}

function setTimes(exchange: Exchange, request: OpenMessage, response: OpenMessage): void {
  const { hasRequest, hasResponse } = exchange;
  const requestNs = hasRequest ? nsBetween(request, request.lastSec, request.lastNs) : UNKNOWN;
  const responseLastNs = hasResponse
    ? nsBetween(hasRequest ? request : response, response.lastSec, response.lastNs)
    : UNKNOWN;
  exchange.requestNs = requestNs;
  exchange.firstByteNs =
    hasRequest && hasResponse ? nsBetween(request, response.firstSec, response.firstNs) : UNKNOWN;
  exchange.responseNs = hasResponse
    ? nsBetween(response, response.lastSec, response.lastNs)
    : UNKNOWN;
  exchange.totalNs = hasResponse ? Math.max(requestNs, responseLastNs) : UNKNOWN;
}

/** From a message's first byte on; clocks are set back now and then, and a duration is never negative. */
function nsBetween({ firstSec, firstNs }: OpenMessage, sec: number, ns: number): number {
  return Math.max(0, (sec - firstSec) * NANOSECONDS_PER_SECOND + ns - firstNs);
}

/** What is kept of a message; gives where the next byte goes. */
function writeMessage(
  bytes: Uint8Array,
  at: number,
  { bytes: kept, bytesEnd, headAt, bodyAt, isBodyCut }: OpenMessage,
  head: HttpMessage,
  raw: RawMessage,
): number {
  const { body } = raw;
  if (kept === null) {
    raw.headOffset = 0;
    raw.headEnd = 0;
    body.offset = 0;
    body.end = 0;
    body.isCut = false;
    return at;
  }
  putBytes(bytes, at, kept, 0, bytesEnd);
  unpackMessage(bytes, at, head);
  const hasHead = bodyAt > headAt;
  const hasBody = bytesEnd > bodyAt;
  raw.headOffset = hasHead ? at + headAt : 0;
  raw.headEnd = hasHead ? at + bodyAt : 0;
  body.offset = hasBody ? at + bodyAt : 0;
  body.end = hasBody ? at + bytesEnd : 0;
  body.isCut = isBodyCut;
  return at + bytesEnd;
}

/** Gives where the next byte goes. */
function writeProxied(exchange: Exchange, at: number, proxied: ProxiedFacts | undefined): number {
  const { bytes, proxyClient, proxyServer } = exchange;
  exchange.clientSource = CLIENT_UNASKED;
  if (proxied === undefined) {
    proxyClient.addressLength = 0;
    proxyServer.addressLength = 0;
    return at;
  }
  at = writeProxiedEnd(bytes, at, proxyClient, proxied.client);
  return writeProxiedEnd(bytes, at, proxyServer, proxied.server);
}

function writeProxiedEnd(bytes: Uint8Array, at: number, end: End, told: StreamEnd): number {
  const next = writeEnd(bytes, at, end, told);
  setProxiedEnd(bytes, at, told.address.length, told.port, end);
  return next;
}

/** A copy of an end that a header has told. */
export function copyEnd({ address, addressLength, port }: ProxiedEnd): StreamEnd {
  return { address: address.slice(0, addressLength), port };
}

/** Gives where the next byte goes. */
function writeEnd(bytes: Uint8Array, at: number, end: End, { address, port }: StreamEnd): number {
  end.addressOffset = at;
  end.addressLength = address.length as AddressLength;
  end.port = port;
  return copyBytes(bytes, at, address, 0, address.length);
}
