import { FIELD_X_FORWARDED_FOR } from '../http/grammar.ts';
import { clientOf, type HttpRecord } from '../record/http-record.ts';
import { SIDE_SERVER } from '../record/message-type.ts';
import { commonAddressLength, createEnd, type End } from '../record/record.ts';
import { createJsonLabel, createKeyLabel, type JsonLabel, writeLabel } from './json-label.ts';
import { writeJsonNumber, writeJsonString } from './json-text.ts';
import { findElementEnd, isAddressText } from './json-value-texts.ts';
import { messageBytes, writeAddress, writeNumber } from './json-values.ts';

/** The objects of an ECS document that tell of the connection: its ends and its network. */

const BYTE_QUOTE = 0x22;

const CLIENT = createPeerLabels('client');
const SERVER = createPeerLabels('server');
const SOURCE = createPeerLabels('source');
const DESTINATION = createPeerLabels('destination');
const NAT = createJsonLabel(',"nat":{"ip":');
const PORT = createKeyLabel('port');
const BYTES = createKeyLabel('bytes');
const NETWORK_IPV4 = createNetworkLabel('"type":"ipv4","transport":"tcp",');
const NETWORK_IPV6 = createNetworkLabel('"type":"ipv6","transport":"tcp",');
/** Of ends of different families. */
const NETWORK_TCP = createNetworkLabel('"transport":"tcp",');
/** Of ends without addresses. */
const NETWORK_UNKNOWN = createNetworkLabel('');
const INBOUND = createJsonLabel('"inbound"');
const OUTBOUND = createJsonLabel('"outbound"');
const FORWARDED_IP = createKeyLabel('forwarded_ip');
const VLAN = createJsonLabel(',"vlan":{"id":"');
const INNER_VLAN = createJsonLabel('"},"inner":{"vlan":{"id":"');
const VLAN_END = createJsonLabel('"}');
const OBJECT_END = createJsonLabel('}');
/** Whom proxies tell of, they have not translated. */
const NO_END = createEnd();

/** Of an object for one end: as it begins with an address, and as it does without. */
interface PeerLabels {
  readonly address: JsonLabel;
  readonly bytes: JsonLabel;
}

function createPeerLabels(name: string): PeerLabels {
  return {
    address: createJsonLabel(`,"${name}":{"ip":`),
    bytes: createJsonLabel(`,"${name}":{"bytes":`),
  };
}

/** @param members of the network and transport layers */
function createNetworkLabel(members: string): JsonLabel {
  return createJsonLabel(`,"network":{${members}"protocol":"http","direction":`);
}

/**
 * The source is who has opened the connection, of a response as well: ECS has the side that began as the source. The
 * client is the one that was asked for, which proxies may have told.
 */
export function writeEcsEnds(
  target: Uint8Array,
  at: number,
  record: HttpRecord,
  requestBodyBytes: number,
  responseBodyBytes: number,
): number {
  const { bytes, client, server } = record;
  const requestBytes = messageBytes(record.requestHeadBytes, requestBodyBytes);
  const responseBytes = messageBytes(record.responseHeadBytes, responseBodyBytes);
  const { natClient, natServer } = record;
  const shown = clientOf(record);
  at = writePeer(target, at, SOURCE, bytes, client, natClient, requestBytes);
  at = writePeer(target, at, DESTINATION, bytes, server, natServer, responseBytes);
  at = writePeer(
    target,
    at,
    CLIENT,
    bytes,
    shown,
    shown === client ? natClient : NO_END,
    requestBytes,
  );
  return writePeer(target, at, SERVER, bytes, server, natServer, responseBytes);
}

function writePeer(
  target: Uint8Array,
  at: number,
  labels: PeerLabels,
  bytes: Uint8Array,
  end: End,
  natEnd: End,
  sentBytes: number,
): number {
  if (end.addressLength === 0) {
    return sentBytes < 0
      ? at
      : writeLabel(target, writeNumber(target, at, labels.bytes, sentBytes), OBJECT_END);
  }
  at = writeLabel(target, at, labels.address);
  at = writeAddress(target, at, bytes, end);
  at = writeNumber(target, at, PORT, end.port);
  if (natEnd.addressLength !== 0) {
    at = writeAddress(target, writeLabel(target, at, NAT), bytes, natEnd);
    at = writeLabel(target, writeNumber(target, at, PORT, natEnd.port), OBJECT_END);
  }
  at = writeNumber(target, at, BYTES, sentBytes);
  return writeLabel(target, at, OBJECT_END);
}

export function writeEcsNetwork(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { vlanTagsCount, vlanIds } = exchange.wire;
  at = writeLabel(target, at, networkLabelOf(exchange.client, exchange.server));
  at = writeLabel(target, at, exchange.side === SIDE_SERVER ? INBOUND : OUTBOUND);
  at = writeForwardedIp(target, at, exchange);
  if (vlanTagsCount > 0) {
    at = writeLabel(target, at, VLAN);
    at = writeJsonNumber(target, at, vlanIds[0]);
    if (vlanTagsCount > 1) {
      at = writeLabel(target, at, INNER_VLAN);
      at = writeJsonNumber(target, at, vlanIds[1]);
      at = writeLabel(target, at, VLAN_END);
    } else {
      target[at++] = BYTE_QUOTE;
    }
    at = writeLabel(target, at, OBJECT_END);
  }
  return writeLabel(target, at, OBJECT_END);
}

function networkLabelOf(client: End, server: End): JsonLabel {
  const addressLength = commonAddressLength(client, server);
  if (addressLength === 0) {
    return client.addressLength === 0 ? NETWORK_UNKNOWN : NETWORK_TCP;
  }
  return addressLength === 4 ? NETWORK_IPV4 : NETWORK_IPV6;
}

/**
 * The client that the connection's PROXY header names, else the first address of X-Forwarded-For. Another text would
 * make the whole document invalid to its reader.
 */
function writeForwardedIp(target: Uint8Array, at: number, exchange: HttpRecord): number {
  const { bytes, request, proxyClient } = exchange;
  if (proxyClient.addressLength !== 0) {
    return writeAddress(target, writeLabel(target, at, FORWARDED_IP), bytes, proxyClient);
  }
  const offset = exchange.hasRequest ? request.fieldOffsets[FIELD_X_FORWARDED_FOR] : 0;
  if (offset === 0) {
    return at;
  }
  const end = findElementEnd(bytes, offset, request.fieldEnds[FIELD_X_FORWARDED_FOR]);
  if (!isAddressText(bytes, offset, end)) {
    return at;
  }
  return writeJsonString(target, writeLabel(target, at, FORWARDED_IP), bytes, offset, end);
}
