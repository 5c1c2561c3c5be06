import { CLIENT_SOURCE_NAMES, CLIENT_UNASKED } from '../record/client-source.ts';
import { clientOf, type HttpRecord } from '../record/http-record.ts';
import type { End } from '../record/record.ts';
import { createJsonLabel, createKeyLabel, type JsonLabel, writeLabel } from './json-label.ts';
import { writeAddress, writeNumber, writeVlanIds } from './json-values.ts';

/** The connection of a record, as the json format has it. */

const CLIENT_IP = createKeyLabel('client_ip');
const CLIENT_PORT = createKeyLabel('client_port');
const SERVER_IP = createKeyLabel('server_ip');
const SERVER_PORT = createKeyLabel('server_port');
const NAT_CLIENT_IP = createKeyLabel('nat_client_ip');
const NAT_CLIENT_PORT = createKeyLabel('nat_client_port');
const NAT_SERVER_IP = createKeyLabel('nat_server_ip');
const NAT_SERVER_PORT = createKeyLabel('nat_server_port');
const PROXY_CLIENT_IP = createKeyLabel('proxy_client_ip');
const PROXY_CLIENT_PORT = createKeyLabel('proxy_client_port');
const PROXY_SERVER_IP = createKeyLabel('proxy_server_ip');
const PROXY_SERVER_PORT = createKeyLabel('proxy_server_port');
const ORIGINAL_CLIENT_IP = createKeyLabel('original_client_ip');
const ORIGINAL_CLIENT_PORT = createKeyLabel('original_client_port');
const VLAN = createKeyLabel('vlan');
/** By source less one. */
const CLIENT_FROM = CLIENT_SOURCE_NAMES.map((name) => createJsonLabel(`,"client_from":"${name}"`));

export function writeJsonEnds(target: Uint8Array, at: number, record: HttpRecord): number {
  at = writeEnd(target, at, CLIENT_IP, CLIENT_PORT, record.bytes, record.client);
  at = writeEnd(target, at, SERVER_IP, SERVER_PORT, record.bytes, record.server);
  at = writeEnd(target, at, NAT_CLIENT_IP, NAT_CLIENT_PORT, record.bytes, record.natClient);
  at = writeEnd(target, at, NAT_SERVER_IP, NAT_SERVER_PORT, record.bytes, record.natServer);
  at = writeProxied(target, at, record);
  if (record.wire.vlanTagsCount > 0) {
    at = writeLabel(target, at, VLAN);
    at = writeVlanIds(target, at, record.wire);
  }
  return at;
}

/** What proxies say of the connection before them; `client_ip` stays the address that the packets came from. */
function writeProxied(target: Uint8Array, at: number, record: HttpRecord): number {
  const { bytes, proxyClient, proxyServer, clientSource } = record;
  at = writeEnd(target, at, PROXY_CLIENT_IP, PROXY_CLIENT_PORT, bytes, proxyClient);
  at = writeEnd(target, at, PROXY_SERVER_IP, PROXY_SERVER_PORT, bytes, proxyServer);
  if (clientSource === CLIENT_UNASKED) {
    return at;
  }
  at = writeEnd(target, at, ORIGINAL_CLIENT_IP, ORIGINAL_CLIENT_PORT, bytes, clientOf(record));
  return writeLabel(target, at, CLIENT_FROM[clientSource - 1]);
}

/** Nothing of an end without an address, and no port that is not known. */
function writeEnd(
  target: Uint8Array,
  at: number,
  addressLabel: JsonLabel,
  portLabel: JsonLabel,
  bytes: Uint8Array,
  end: End,
): number {
  if (end.addressLength === 0) {
    return at;
  }
  at = writeAddress(target, writeLabel(target, at, addressLabel), bytes, end);
  return writeNumber(target, at, portLabel, end.port);
}
