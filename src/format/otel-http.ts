import { isSameText } from '../bytes.ts';
import { FIELD_HOST, FIELD_USER_AGENT, METHODS_DEFAULT } from '../http/grammar.ts';
import { CLIENT_SOURCE_NAMES, CLIENT_UNASKED } from '../record/client-source.ts';
import { type Exchange, INCOMPLETE_NAMES, INCOMPLETE_NONE, UNKNOWN } from '../record/exchange.ts';
import { clientOf, type HttpRecord } from '../record/http-record.ts';
import type { Message } from '../record/message.ts';
import { SIDE_SERVER } from '../record/message-type.ts';
import { commonAddressLength } from '../record/record.ts';
import { createJsonLabel, writeLabel } from './json-label.ts';
import { findHostEnd, readPort } from './json-value-texts.ts';
import { writeUser, writeVersion } from './json-values.ts';
import {
  createDoubleLabel,
  createFixedAttribute,
  createIntLabel,
  createIntsLabel,
  createStringLabel,
  writeAddressAttribute,
  writeFieldAttribute,
  writeIntAttribute,
  writeSecondsAttribute,
  writeStringAttribute,
  writeVlanAttribute,
} from './otel-attributes.ts';
import { portOf } from './record-values.ts';

/**
 * The attributes of a record, by the names of the semantic conventions; what these have no name for is
 * `httplog.*`.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-spans/
 */

const SERVER_ERROR_MIN = 500;

const PROTOCOL = createFixedAttribute('network.protocol.name', 'http');
const TRANSPORT = createFixedAttribute('network.transport', 'tcp');
const URL_SCHEME = createFixedAttribute('url.scheme', 'http');
const NETWORK_IPV4 = createFixedAttribute('network.type', 'ipv4');
const NETWORK_IPV6 = createFixedAttribute('network.type', 'ipv6');
/** The methods that the conventions call known, with what is written for them. */
const METHODS = METHODS_DEFAULT.map((method) => ({
  name: new Uint8Array(Buffer.from(method, 'latin1')),
  label: createFixedAttribute('http.request.method', method),
}));
const METHOD_OTHER = createFixedAttribute('http.request.method', '_OTHER');
const METHOD_ORIGINAL = createStringLabel('http.request.method_original');
const VALUE_END = createJsonLabel('}}');
const PROTOCOL_VERSION = createStringLabel('network.protocol.version');
const URL_PATH = createStringLabel('url.path');
const URL_QUERY = createStringLabel('url.query');
const TARGET_CUT = createJsonLabel(',{"key":"httplog.target_cut","value":{"boolValue":true}}');
const SERVER_ADDRESS = createStringLabel('server.address');
const SERVER_PORT = createIntLabel('server.port');
const CLIENT_ADDRESS = createStringLabel('client.address');
const CLIENT_PORT = createIntLabel('client.port');
const PEER_ADDRESS = createStringLabel('network.peer.address');
const PEER_PORT = createIntLabel('network.peer.port');
const LOCAL_ADDRESS = createStringLabel('network.local.address');
const LOCAL_PORT = createIntLabel('network.local.port');
const NAT_CLIENT_ADDRESS = createStringLabel('httplog.nat_client.address');
const NAT_CLIENT_PORT = createIntLabel('httplog.nat_client.port');
const NAT_SERVER_ADDRESS = createStringLabel('httplog.nat_server.address');
const NAT_SERVER_PORT = createIntLabel('httplog.nat_server.port');
const PROXY_CLIENT_ADDRESS = createStringLabel('httplog.proxy_client.address');
const PROXY_CLIENT_PORT = createIntLabel('httplog.proxy_client.port');
const PROXY_SERVER_ADDRESS = createStringLabel('httplog.proxy_server.address');
const PROXY_SERVER_PORT = createIntLabel('httplog.proxy_server.port');
/** By source less one. */
const CLIENT_FROM = CLIENT_SOURCE_NAMES.map((name) =>
  createFixedAttribute('httplog.client_from', name),
);
const USER_AGENT = createStringLabel('user_agent.original');
const USER_NAME = createStringLabel('user.name');
const STATUS_CODE = createIntLabel('http.response.status_code');
/** A string of digits ends as an integer does. */
const ERROR_STATUS = createJsonLabel(',{"key":"error.type","value":{"stringValue":"');
/** By reason. */
const INCOMPLETE = INCOMPLETE_NAMES.map((name) => createFixedAttribute('httplog.incomplete', name));
const ERROR_INCOMPLETE = INCOMPLETE_NAMES.map((name) => createFixedAttribute('error.type', name));
const REQUEST_BODY_SIZE = createIntLabel('http.request.body.size');
const RESPONSE_BODY_SIZE = createIntLabel('http.response.body.size');
const SERVER_DURATION = createDoubleLabel('http.server.request.duration');
const CLIENT_DURATION = createDoubleLabel('http.client.request.duration');
const CONNECT_DURATION = createDoubleLabel('httplog.connect.duration');
const REQUEST_DURATION = createDoubleLabel('httplog.request.duration');
const FIRST_BYTE_DURATION = createDoubleLabel('httplog.time_to_first_byte');
const RESPONSE_DURATION = createDoubleLabel('httplog.response.duration');
const REQUEST_HEAD_SIZE = createIntLabel('httplog.request.head.size');
const RESPONSE_HEAD_SIZE = createIntLabel('httplog.response.head.size');
const RETRANSMITTED_SEGMENTS = createIntLabel('httplog.retransmitted_segments');
const VLAN = createIntsLabel('httplog.vlan');

/**
 * Writes all attributes of an exchange but those of named headers, each with its comma before it; at least one.
 */
export function writeExchangeAttributes(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
): number {
  at = writeConnectionAttributes(target, at, exchange);
  at = writeErrors(target, at, exchange, exchange.incomplete);
  return writeMeasures(target, at, exchange);
}

/** The same of a message. */
export function writeMessageAttributes(target: Uint8Array, at: number, message: Message): number {
  at = writeConnectionAttributes(target, at, message);
  at = writeErrors(target, at, message, INCOMPLETE_NONE);
  at = writeIntAttribute(target, at, REQUEST_HEAD_SIZE, message.requestHeadBytes);
  return writeIntAttribute(target, at, RESPONSE_HEAD_SIZE, message.responseHeadBytes);
}

/** What was asked for and answered, and between whom. */
function writeConnectionAttributes(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { bytes, request } = exchange;
  at = writeLabel(target, at, PROTOCOL);
  if (exchange.client.addressLength + exchange.server.addressLength > 0) {
    at = writeLabel(target, at, TRANSPORT);
  }
  at = writeLabel(target, at, URL_SCHEME);
  at = writeVersionAttribute(target, at, exchange);
  if (exchange.hasRequest) {
    at = writeMethod(target, at, exchange);
    at = writeStringAttribute(target, at, URL_PATH, bytes, exchange.pathOffset, exchange.pathEnd);
    if (exchange.hasQuery) {
      const { queryOffset, queryEnd } = exchange;
      at = writeStringAttribute(target, at, URL_QUERY, bytes, queryOffset, queryEnd);
    }
    if (exchange.isTargetCut) {
      at = writeLabel(target, at, TARGET_CUT);
    }
    at = writeFieldAttribute(target, at, USER_AGENT, bytes, request, FIELD_USER_AGENT);
    at = writeUserAttribute(target, at, exchange);
  }
  at = writeEndpoints(target, at, exchange);
  return exchange.hasResponse
    ? writeIntAttribute(target, at, STATUS_CODE, exchange.statusCode)
    : at;
}

function writeVersionAttribute(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const end = writeVersion(target, at, PROTOCOL_VERSION, exchange);
  return end === at ? at : writeLabel(target, end, VALUE_END);
}

function writeUserAttribute(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const end = writeUser(target, at, USER_NAME, exchange.bytes, exchange.request);
  return end === at ? at : writeLabel(target, end, VALUE_END);
}

/** A method that the conventions do not know is `_OTHER`, so that clients cannot make names for metrics. */
function writeMethod(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { bytes, methodEnd } = exchange;
  const methodOffset = exchange.request.startLineOffset;
  for (let index = 0; index < METHODS.length; index++) {
    if (isSameText(bytes, methodOffset, methodEnd, METHODS[index].name)) {
      return writeLabel(target, at, METHODS[index].label);
    }
  }
  at = writeLabel(target, at, METHOD_OTHER);
  return writeStringAttribute(target, at, METHOD_ORIGINAL, bytes, methodOffset, methodEnd);
}

/**
 * The peer is the other end of what this host has: the client of a server, the server of a client. The client is the
 * one that was asked for, behind any proxy that is believed; the addresses of the connection are the network's.
 */
function writeEndpoints(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { bytes, client, server, natClient, natServer, proxyClient, proxyServer, clientSource } =
    exchange;
  const shown = clientOf(exchange);
  const isServer = exchange.side === SIDE_SERVER;
  const peer = isServer ? client : server;
  const local = isServer ? server : client;
  const addressLength = commonAddressLength(client, server);
  at = writeServer(target, at, exchange);
  at = writeAddressAttribute(target, at, CLIENT_ADDRESS, bytes, shown);
  at = writeIntAttribute(target, at, CLIENT_PORT, portOf(shown));
  at = writeAddressAttribute(target, at, NAT_CLIENT_ADDRESS, bytes, natClient);
  at = writeIntAttribute(target, at, NAT_CLIENT_PORT, portOf(natClient));
  at = writeAddressAttribute(target, at, NAT_SERVER_ADDRESS, bytes, natServer);
  at = writeIntAttribute(target, at, NAT_SERVER_PORT, portOf(natServer));
  at = writeAddressAttribute(target, at, PROXY_CLIENT_ADDRESS, bytes, proxyClient);
  at = writeIntAttribute(target, at, PROXY_CLIENT_PORT, portOf(proxyClient));
  at = writeAddressAttribute(target, at, PROXY_SERVER_ADDRESS, bytes, proxyServer);
  at = writeIntAttribute(target, at, PROXY_SERVER_PORT, portOf(proxyServer));
  if (clientSource !== CLIENT_UNASKED) {
    at = writeLabel(target, at, CLIENT_FROM[clientSource - 1]);
  }
  at = writeAddressAttribute(target, at, PEER_ADDRESS, bytes, peer);
  at = writeIntAttribute(target, at, PEER_PORT, portOf(peer));
  at = writeAddressAttribute(target, at, LOCAL_ADDRESS, bytes, local);
  at = writeIntAttribute(target, at, LOCAL_PORT, portOf(local));
  if (addressLength !== 0) {
    at = writeLabel(target, at, addressLength === 4 ? NETWORK_IPV4 : NETWORK_IPV6);
  }
  return writeVlanAttribute(target, at, VLAN, exchange.wire);
}

/** Name and port of the Host field; where it has none, those of the connection. */
function writeServer(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { bytes, request, server } = exchange;
  const hostOffset = exchange.hasRequest ? request.fieldOffsets[FIELD_HOST] : 0;
  const hostEnd = hostOffset === 0 ? 0 : request.fieldEnds[FIELD_HOST];
  if (hostOffset === hostEnd) {
    at = writeAddressAttribute(target, at, SERVER_ADDRESS, bytes, server);
    return writeIntAttribute(target, at, SERVER_PORT, portOf(server));
  }
  const nameEnd = findHostEnd(bytes, hostOffset, hostEnd);
  const port = nameEnd === hostEnd ? UNKNOWN : readPort(bytes, nameEnd, hostEnd);
  at = writeStringAttribute(target, at, SERVER_ADDRESS, bytes, hostOffset, nameEnd);
  return writeIntAttribute(target, at, SERVER_PORT, port === UNKNOWN ? portOf(server) : port);
}

function writeErrors(
  target: Uint8Array,
  at: number,
  exchange: HttpRecord,
  incomplete: number,
): number {
  const { statusCode } = exchange;
  const isIncomplete = incomplete !== INCOMPLETE_NONE;
  if (exchange.hasResponse && statusCode >= SERVER_ERROR_MIN) {
    at = writeIntAttribute(target, at, ERROR_STATUS, statusCode);
  } else if (isIncomplete) {
    at = writeLabel(target, at, ERROR_INCOMPLETE[incomplete]);
  }
  return isIncomplete ? writeLabel(target, at, INCOMPLETE[incomplete]) : at;
}

function writeMeasures(target: Uint8Array, at: number, exchange: Exchange): number {
  const duration = exchange.side === SIDE_SERVER ? SERVER_DURATION : CLIENT_DURATION;
  at = writeIntAttribute(target, at, REQUEST_BODY_SIZE, exchange.requestBodyBytes);
  at = writeIntAttribute(target, at, RESPONSE_BODY_SIZE, exchange.responseBodyBytes);
  at = writeSecondsAttribute(target, at, duration, exchange.totalNs);
  at = writeSecondsAttribute(target, at, CONNECT_DURATION, exchange.connectNs);
  at = writeSecondsAttribute(target, at, REQUEST_DURATION, exchange.requestNs);
  at = writeSecondsAttribute(target, at, FIRST_BYTE_DURATION, exchange.firstByteNs);
  at = writeSecondsAttribute(target, at, RESPONSE_DURATION, exchange.responseNs);
  at = writeIntAttribute(target, at, REQUEST_HEAD_SIZE, exchange.requestHeadBytes);
  at = writeIntAttribute(target, at, RESPONSE_HEAD_SIZE, exchange.responseHeadBytes);
  const { retransmittedSegments } = exchange.wire;
  return retransmittedSegments > 0
    ? writeIntAttribute(target, at, RETRANSMITTED_SEGMENTS, retransmittedSegments)
    : at;
}
