import { BYTE_COLON, isDigit, skipBlanks, trimBlanks } from './grammar.ts';
import { IPV6_BYTES, isMappedIpv4, MAPPED_AT, readAddress, readIpv4 } from './read-address.ts';

/** Who a request has passed through, as the fields Forwarded and X-Forwarded-For list it: the client first. */

/** Nodes of a line that are kept, its last ones: more proxies than any request has passed. */
export const NODES_MAX = 64;

/** Where nodes stand, in the order of the line; a ring of its last NODES_MAX. */
export interface NodeList {
  readonly offsets: Int32Array;
  readonly ends: Int32Array;
  /** All that the line has. */
  count: number;
}

/** An address that a node gives. */
export interface NodeAddress {
  /** 4 or 16; an IPv4 address that is mapped into IPv6 is the IPv4 one. */
  addressLength: number;
  readonly address: Uint8Array;
  /** -1: it has none, or a name in its place. */
  port: number;
}

const BYTE_QUOTE = 0x22;
const BYTE_COMMA = 0x2c;
const BYTE_SEMICOLON = 0x3b;
const BYTE_EQUALS = 0x3d;
const BYTE_BRACKET_OPEN = 0x5b;
const BYTE_BACKSLASH = 0x5c;
const BYTE_BRACKET_CLOSE = 0x5d;
const BYTE_UNDERSCORE = 0x5f;
const FOR = new Uint8Array(Buffer.from('for', 'latin1'));
const PORT_DIGITS_MAX = 5;
const PORT_MAX = 0xffff;

export function createNodeList(): NodeList {
  return { offsets: new Int32Array(NODES_MAX), ends: new Int32Array(NODES_MAX), count: 0 };
}

export function createNodeAddress(): NodeAddress {
  return { addressLength: 0, address: new Uint8Array(IPV6_BYTES), port: -1 };
}

/** Lists what stands between commas; elements without anything are none. @see RFC 9110 section 5.6.1.2 */
export function listForwardedFor(
  bytes: Uint8Array,
  offset: number,
  end: number,
  nodes: NodeList,
): void {
  nodes.count = 0;
  while (offset < end) {
    let comma = offset;
    while (comma < end && bytes[comma] !== BYTE_COMMA) {
      comma++;
    }
    addNode(bytes, offset, comma, nodes);
    offset = comma + 1;
  }
}

/**
 * Lists the values of `for`, one of each element: an element without one, or with two, is a node that is empty and
 * so tells nothing.
 *
 * @returns false when a quote has no end: nobody can say what is an element then
 * @see RFC 7239 section 4
 */
export function listForwarded(
  bytes: Uint8Array,
  offset: number,
  end: number,
  nodes: NodeList,
): boolean {
  nodes.count = 0;
  let valueAt = 0;
  let valueEnd = 0;
  let forCount = 0;
  let isEmpty = true;
  while (offset <= end) {
    const pairEnd = findPairEnd(bytes, offset, end);
    if (pairEnd === -1) {
      return false;
    }
    const nameAt = skipBlanks(bytes, offset, pairEnd);
    isEmpty &&= nameAt === pairEnd;
    if (isFor(bytes, nameAt, pairEnd)) {
      forCount++;
      valueAt = nameAt + FOR.length + 1;
      valueEnd = pairEnd;
    }
    if (pairEnd === end || bytes[pairEnd] === BYTE_COMMA) {
      if (!isEmpty) {
        pushNode(nodes, valueAt, forCount === 1 ? valueEnd : valueAt);
      }
      forCount = 0;
      isEmpty = true;
    }
    offset = pairEnd + 1;
  }
  return true;
}

/**
 * Reads the address of a node, with quotes around it or not.
 *
 * @param isForwarded IPv6 must be in brackets, without which its last group may be a port
 * @returns false for `unknown`, for names such as `_hidden`, and for whatever else is no address
 * @see RFC 7239 section 6
 */
export function readNode(
  bytes: Uint8Array,
  from: number,
  to: number,
  isForwarded: boolean,
  node: NodeAddress,
): boolean {
  node.port = -1;
  from = skipBlanks(bytes, from, to);
  to = trimBlanks(bytes, from, to);
  if (to - from >= 2 && bytes[from] === BYTE_QUOTE && bytes[to - 1] === BYTE_QUOTE) {
    from++;
    to--;
  }
  if (from < to && bytes[from] === BYTE_BRACKET_OPEN) {
    return readBracketed(bytes, from + 1, to, node);
  }
  const ipv4End = readIpv4(bytes, from, to, node.address);
  if (ipv4End !== -1) {
    node.addressLength = 4;
    return readNodePort(bytes, ipv4End, to, node);
  }
  return !isForwarded && readIpv6(bytes, from, to, node);
}

function readBracketed(bytes: Uint8Array, from: number, to: number, node: NodeAddress): boolean {
  let close = from;
  while (close < to && bytes[close] !== BYTE_BRACKET_CLOSE) {
    close++;
  }
  return (
    close < to && readIpv6(bytes, from, close, node) && readNodePort(bytes, close + 1, to, node)
  );
}

/** Only an address that has colons. */
function readIpv6(bytes: Uint8Array, from: number, to: number, node: NodeAddress): boolean {
  const { address } = node;
  if (readAddress(bytes, from, to, address) !== IPV6_BYTES) {
    return false;
  }
  node.addressLength = IPV6_BYTES;
  if (isMappedIpv4(address, 0)) {
    address.copyWithin(0, MAPPED_AT);
    node.addressLength = 4;
  }
  return true;
}

/** Nothing, or a colon with a number or a name behind it. */
function readNodePort(bytes: Uint8Array, at: number, to: number, node: NodeAddress): boolean {
  if (at === to) {
    return true;
  }
  if (bytes[at++] !== BYTE_COLON || at === to) {
    return false;
  }
  if (bytes[at] === BYTE_UNDERSCORE) {
    return true;
  }
  if (to - at > PORT_DIGITS_MAX) {
    return false;
  }
  let port = 0;
  for (; at < to; at++) {
    if (!isDigit(bytes[at])) {
      return false;
    }
    port = port * 10 + bytes[at] - 0x30;
  }
  if (port > PORT_MAX) {
    return false;
  }
  node.port = port;
  return true;
}

function addNode(bytes: Uint8Array, from: number, to: number, nodes: NodeList): void {
  if (skipBlanks(bytes, from, to) < to) {
    pushNode(nodes, from, to);
  }
}

function pushNode(nodes: NodeList, from: number, to: number): void {
  const place = nodes.count++ % NODES_MAX;
  nodes.offsets[place] = from;
  nodes.ends[place] = to;
}

/** `for=`, in whatever case. */
function isFor(bytes: Uint8Array, at: number, end: number): boolean {
  const equals = at + FOR.length;
  if (equals >= end || bytes[equals] !== BYTE_EQUALS) {
    return false;
  }
  for (let index = 0; index < FOR.length; index++) {
    if ((bytes[at + index] | 0x20) !== FOR[index]) {
      return false;
    }
  }
  return true;
}

/** The comma or semicolon that ends a pair; within quotes they are data. -1: a quote does not end. */
export function findPairEnd(bytes: Uint8Array, at: number, end: number): number {
  let isQuoted = false;
  for (; at < end; at++) {
    const byte = bytes[at];
    if (byte === BYTE_QUOTE) {
      isQuoted = !isQuoted;
    } else if (isQuoted && byte === BYTE_BACKSLASH) {
      at++;
    } else if (!isQuoted && (byte === BYTE_COMMA || byte === BYTE_SEMICOLON)) {
      return at;
    }
  }
  return isQuoted ? -1 : end;
}
