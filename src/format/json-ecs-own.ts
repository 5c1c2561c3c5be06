import { FIELD_CONTENT_TYPE, FIELD_LOCATION, FIELD_SERVER } from '../http/grammar.ts';
import { CLIENT_SOURCE_NAMES, CLIENT_UNASKED } from '../record/client-source.ts';
import type { Exchange } from '../record/exchange.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { Message } from '../record/message.ts';
import { closeObject, createJsonLabel, createKeyLabel, writeLabel } from './json-label.ts';
import { writeJsonString } from './json-text.ts';
import {
  type NameLabels,
  writeAddress,
  writeField,
  writeNamedFields,
  writeNumber,
} from './json-values.ts';

/**
 * The `httplog` object of an ECS document: what the schema has no name for. Content-Type belongs here too,
 * because `mime_type` is to be told from the body alone.
 */

const HTTPLOG = createKeyLabel('httplog');
const CONNECT_NS = createKeyLabel('connect_ns');
const REQUEST_NS = createKeyLabel('request_ns');
const FIRST_BYTE_NS = createKeyLabel('ttfb_ns');
const RESPONSE_NS = createKeyLabel('response_ns');
const PROXY_CLIENT_IP = createKeyLabel('proxy_client_ip');
const PROXY_CLIENT_PORT = createKeyLabel('proxy_client_port');
const PROXY_SERVER_IP = createKeyLabel('proxy_server_ip');
const PROXY_SERVER_PORT = createKeyLabel('proxy_server_port');
/** By source less one. */
const CLIENT_FROM = CLIENT_SOURCE_NAMES.map((name) => createJsonLabel(`,"client_from":"${name}"`));
const RETRANSMITTED_SEGMENTS = createKeyLabel('retransmitted_segments');
const REQUEST = createKeyLabel('request');
const RESPONSE = createKeyLabel('response');
const CONTENT_TYPE = createKeyLabel('content_type');
const TARGET_CUT = createJsonLabel(',"target_cut":true');
const REASON = createKeyLabel('reason');
const LOCATION = createKeyLabel('location');
const SERVER = createKeyLabel('server');
const HEADERS = createKeyLabel('headers');

export function writeEcsOwnExchange(
  target: Uint8Array,
  at: number,
  exchange: Exchange,
  names: NameLabels,
): number {
  const { retransmittedSegments } = exchange.wire;
  const httplogAt = at;
  const membersAt = writeLabel(target, at, HTTPLOG);
  at = writeNumber(target, membersAt, CONNECT_NS, exchange.connectNs);
  at = writeNumber(target, at, REQUEST_NS, exchange.requestNs);
  at = writeNumber(target, at, FIRST_BYTE_NS, exchange.firstByteNs);
  at = writeNumber(target, at, RESPONSE_NS, exchange.responseNs);
  if (retransmittedSegments > 0) {
    at = writeNumber(target, at, RETRANSMITTED_SEGMENTS, retransmittedSegments);
  }
  at = writeProxied(target, at, exchange);
  at = writeHeads(target, at, exchange, names);
  return closeObject(target, at, httplogAt, membersAt);
}

export function writeEcsOwnMessage(
  target: Uint8Array,
  at: number,
  message: Message,
  names: NameLabels,
): number {
  const httplogAt = at;
  const membersAt = writeLabel(target, at, HTTPLOG);
  at = writeProxied(target, membersAt, message);
  at = writeHeads(target, at, message, names);
  return closeObject(target, at, httplogAt, membersAt);
}

/** What `client` and `network.forwarded_ip` do not say: ports, the proxy's own address, and whose word it is. */
function writeProxied(target: Uint8Array, at: number, record: HttpRecord): number {
  const { bytes, proxyClient, proxyServer, clientSource } = record;
  if (proxyClient.addressLength !== 0) {
    at = writeAddress(target, writeLabel(target, at, PROXY_CLIENT_IP), bytes, proxyClient);
    at = writeNumber(target, at, PROXY_CLIENT_PORT, proxyClient.port);
  }
  if (proxyServer.addressLength !== 0) {
    at = writeAddress(target, writeLabel(target, at, PROXY_SERVER_IP), bytes, proxyServer);
    at = writeNumber(target, at, PROXY_SERVER_PORT, proxyServer.port);
  }
  return clientSource === CLIENT_UNASKED
    ? at
    : writeLabel(target, at, CLIENT_FROM[clientSource - 1]);
}

function writeHeads(target: Uint8Array, at: number, record: HttpRecord, names: NameLabels): number {
  if (record.hasRequest) {
    at = writeRequest(target, at, record, names);
  }
  return record.hasResponse ? writeResponse(target, at, record, names) : at;
}

function writeRequest(
  target: Uint8Array,
  at: number,
  { bytes, request, isTargetCut }: HttpRecord,
  names: NameLabels,
): number {
  const requestAt = at;
  const membersAt = writeLabel(target, at, REQUEST);
  at = isTargetCut ? writeLabel(target, membersAt, TARGET_CUT) : membersAt;
  at = writeField(target, at, CONTENT_TYPE, bytes, request, FIELD_CONTENT_TYPE);
  at = writeNamedFields(target, at, HEADERS, bytes, request, names);
  return closeObject(target, at, requestAt, membersAt);
}

function writeResponse(
  target: Uint8Array,
  at: number,
  { bytes, response, reasonOffset }: HttpRecord,
  names: NameLabels,
): number {
  const responseAt = at;
  const membersAt = writeLabel(target, at, RESPONSE);
  at = membersAt;
  if (reasonOffset < response.startLineEnd) {
    at = writeLabel(target, at, REASON);
    at = writeJsonString(target, at, bytes, reasonOffset, response.startLineEnd);
  }
  at = writeField(target, at, CONTENT_TYPE, bytes, response, FIELD_CONTENT_TYPE);
  at = writeField(target, at, LOCATION, bytes, response, FIELD_LOCATION);
  at = writeField(target, at, SERVER, bytes, response, FIELD_SERVER);
  at = writeNamedFields(target, at, HEADERS, bytes, response, names);
  return closeObject(target, at, responseAt, membersAt);
}
