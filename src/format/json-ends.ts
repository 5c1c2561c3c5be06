import type { HttpRecord } from '../record/http-record.ts';
import type { End } from '../record/record.ts';
import { createKeyLabel, type JsonLabel, writeLabel } from './json-label.ts';
import { writeJsonNumber } from './json-text.ts';
import { writeAddress, writeVlanIds } from './json-values.ts';

/** The connection of a record, as the json format has it. */

const CLIENT_IP = createKeyLabel('client_ip');
const CLIENT_PORT = createKeyLabel('client_port');
const SERVER_IP = createKeyLabel('server_ip');
const SERVER_PORT = createKeyLabel('server_port');
const VLAN = createKeyLabel('vlan');

export function writeJsonEnds(target: Uint8Array, at: number, record: HttpRecord): number {
  at = writeEnd(target, at, CLIENT_IP, CLIENT_PORT, record.bytes, record.client);
  at = writeEnd(target, at, SERVER_IP, SERVER_PORT, record.bytes, record.server);
  if (record.wire.vlanTagsCount > 0) {
    at = writeLabel(target, at, VLAN);
    at = writeVlanIds(target, at, record.wire);
  }
  return at;
}

/** Nothing of an end without an address. */
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
  return writeJsonNumber(target, writeLabel(target, at, portLabel), end.port);
}
