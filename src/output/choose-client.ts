import { copyBytes } from '../bytes.ts';
import {
  createNodeAddress,
  createNodeList,
  listForwarded,
  listForwardedFor,
  NODES_MAX,
  type NodeAddress,
  type NodeList,
  readNode,
} from '../http/forwarded-nodes.ts';
import {
  FIELD_FORWARDED,
  FIELD_FORWARDED_BETWEEN,
  FIELD_FORWARDED_LAST,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_FOR_LAST,
} from '../http/grammar.ts';
import {
  CLIENT_FORWARDED,
  CLIENT_PEER,
  CLIENT_PROXY,
  CLIENT_X_FORWARDED_FOR,
  type ClientChoice,
} from '../record/client-source.ts';
import { UNKNOWN } from '../record/exchange.ts';
import type { HttpRecord } from '../record/http-record.ts';
import { isWithinNetwork, type NetworkPrefix } from '../record/network-prefix.ts';
import type { AddressLength } from '../record/record.ts';

/**
 * Finds who the client is behind proxies that are believed. The chain goes from the client over its proxies to who has
 * opened the connection, and is walked from that end: each says who was before it, and the first that is not believed
 * is the client. What such a one has written itself stands before that, and is never read.
 */

/** The walk along a line has come to a client, or can tell none. */
const WALK_CLIENT = 0;
const WALK_NOBODY = 1;
/** All of the line's nodes are believed: who was before them stands in the line before. */
const WALK_BEFORE = 2;

interface Walk {
  readonly trusted: readonly NetworkPrefix[];
  readonly isForwarded: boolean;
  readonly nodes: NodeList;
  /** The node come to last. */
  readonly node: NodeAddress;
}

/** Makes the function that chooses the client of a record; undefined: it is who has opened the connection. */
export function createClientChoice({
  source,
  trusted,
}: ClientChoice): ((record: HttpRecord) => void) | undefined {
  if (source === 'peer') {
    return undefined;
  }
  const walk: Walk = {
    trusted,
    isForwarded: source === 'forwarded',
    nodes: createNodeList(),
    node: createNodeAddress(),
  };
  return (record) => {
    record.clientSource = CLIENT_PEER;
    const { bytes, client, proxyClient } = record;
    if (!isTrusted(trusted, bytes, client.addressOffset, client.addressLength)) {
      return;
    }
    const { addressOffset, addressLength } = proxyClient;
    // Behind a proxy that passes bytes on, what a head says is the word of who is before it.
    if (addressLength !== 0) {
      takeProxyClient(record);
      if (!isTrusted(trusted, bytes, addressOffset, addressLength)) {
        return;
      }
    }
    if (source !== 'proxy') {
      chooseByField(record, walk);
    }
  };
}

function takeProxyClient(record: HttpRecord): void {
  const { proxyClient, toldClient } = record;
  toldClient.addressOffset = proxyClient.addressOffset;
  toldClient.addressLength = proxyClient.addressLength;
  toldClient.port = proxyClient.port;
  record.clientSource = CLIENT_PROXY;
}

/** Of a head that was not seen to its end nobody knows what the nearest proxy has written: the last line counts. */
function chooseByField(record: HttpRecord, walk: Walk): void {
  const { hasRequest, requestHeadBytes, request } = record;
  const { fieldOffsets } = request;
  const first = walk.isForwarded ? FIELD_FORWARDED : FIELD_X_FORWARDED_FOR;
  const last = walk.isForwarded ? FIELD_FORWARDED_LAST : FIELD_X_FORWARDED_FOR_LAST;
  if (!hasRequest || requestHeadBytes === UNKNOWN || fieldOffsets[first] === 0) {
    return;
  }
  walk.node.addressLength = 0;
  let state = WALK_BEFORE;
  if (fieldOffsets[last] !== 0) {
    state = walkLine(record, last, walk);
    if (state === WALK_BEFORE && fieldOffsets[FIELD_FORWARDED_BETWEEN] !== 0) {
      state = WALK_NOBODY;
    }
  }
  if (state === WALK_BEFORE) {
    state = walkLine(record, first, walk);
  }
  // Where all are believed, the first of them is the client.
  if (state !== WALK_NOBODY && walk.node.addressLength !== 0) {
    takeNode(record, walk);
  }
}

function walkLine(record: HttpRecord, slot: number, walk: Walk): number {
  const { bytes, request } = record;
  const { nodes, node, isForwarded, trusted } = walk;
  const offset = request.fieldOffsets[slot];
  const end = request.fieldEnds[slot];
  if (!isForwarded) {
    listForwardedFor(bytes, offset, end, nodes);
  } else if (!listForwarded(bytes, offset, end, nodes)) {
    return WALK_NOBODY;
  }
  const oldest = Math.max(0, nodes.count - NODES_MAX);
  for (let index = nodes.count - 1; index >= oldest; index--) {
    const place = index % NODES_MAX;
    if (!readNode(bytes, nodes.offsets[place], nodes.ends[place], isForwarded, node)) {
      return WALK_NOBODY;
    }
    if (!isTrusted(trusted, node.address, 0, node.addressLength)) {
      return WALK_CLIENT;
    }
  }
  return oldest === 0 ? WALK_BEFORE : WALK_NOBODY;
}

/** Puts the address behind the record's bytes. */
function takeNode(record: HttpRecord, { node, isForwarded }: Walk): void {
  const { bytes, bytesEnd, toldClient } = record;
  if (bytesEnd + node.addressLength > bytes.length) {
    return;
  }
  toldClient.addressOffset = bytesEnd;
  toldClient.addressLength = node.addressLength as AddressLength;
  toldClient.port = node.port;
  record.bytesEnd = copyBytes(bytes, bytesEnd, node.address, 0, node.addressLength);
  record.clientSource = isForwarded ? CLIENT_FORWARDED : CLIENT_X_FORWARDED_FOR;
}

function isTrusted(
  trusted: readonly NetworkPrefix[],
  bytes: Uint8Array,
  offset: number,
  addressLength: number,
): boolean {
  for (let index = 0; index < trusted.length; index++) {
    if (isWithinNetwork(bytes, offset, addressLength, trusted[index])) {
      return true;
    }
  }
  return false;
}
