import { BYTE_0, BYTE_CR, BYTE_LF, BYTE_SPACE, isDigit } from './grammar.ts';
import { IPV6_BYTES, readAddress } from './read-address.ts';

/**
 * What a proxy sends before the first byte of a connection that it passes on: a line of text (version 1) or a header
 * of bytes (version 2), which belongs to no HTTP message and tells who has connected to the proxy.
 *
 * @see https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt sections 2.1 and 2.2
 */

/** The bytes are those of a header that goes on behind them. */
export const PROXY_HEADER_CUT = -1;

/** An end of the connection before the proxy: who has connected to it, or where. */
export interface ProxiedEnd {
  /** 4 or 16; 0: the header does not say (UNKNOWN, LOCAL, UNIX sockets). */
  addressLength: number;
  /** The first `addressLength` bytes are of meaning. */
  readonly address: Uint8Array;
  port: number;
}

/** The longest line there is, CR LF included. @see section 2.1 */
const V1_BYTES_MAX = 107;
const V1_NAME = bytesOf('PROXY ');
const V1_FAMILIES = ['TCP4 ', 'TCP6 ', 'UNKNOWN'].map(bytesOf);
const V1_UNKNOWN = 2;
const LINE_END_BYTES = 2;
const V2_SIGNATURE = bytesOf('\r\n\r\n\0\r\nQUIT\n');
/** Behind the signature: version and command, family and transport, length of what follows. */
const V2_HEADER_BYTES = 16;
const V2_VERSION = 0x20;
const V2_COMMAND_PROXY = 1;
const V2_INET = 1;
const V2_INET6 = 2;
/** Source and target address, source and target port. */
const V2_INET_BYTES = 12;
const V2_INET6_BYTES = 36;

export function createProxiedEnd(): ProxiedEnd {
  return { addressLength: 0, address: new Uint8Array(IPV6_BYTES), port: 0 };
}

/**
 * Length of the header that begins here, TLVs included.
 *
 * @returns 0 when none does, PROXY_HEADER_CUT when `end` stands before its last byte
 */
export function proxyHeaderBytes(bytes: Uint8Array, offset: number, end: number): number {
  const first = bytes[offset];
  if (first === BYTE_CR) {
    return v2HeaderBytes(bytes, offset, end);
  }
  return first === V1_NAME[0] ? v1HeaderBytes(bytes, offset, end) : 0;
}

/**
 * Reads who has connected to the proxy, and to which address; **a whole header of `byteLength` stands at `offset`**.
 * Where the client is not known, neither is the server.
 */
export function readProxyHeader(
  bytes: Uint8Array,
  offset: number,
  byteLength: number,
  client: ProxiedEnd,
  server: ProxiedEnd,
): void {
  client.addressLength = 0;
  server.addressLength = 0;
  if (bytes[offset] === BYTE_CR) {
    readV2Header(bytes, offset, byteLength, client, server);
  } else {
    readV1Header(bytes, offset, offset + byteLength, client, server);
  }
}

function v1HeaderBytes(bytes: Uint8Array, offset: number, end: number): number {
  const familyAt = offset + V1_NAME.length;
  if (!beginsAlike(bytes, offset, end, V1_NAME) || !hasV1Family(bytes, familyAt, end)) {
    return 0;
  }
  const limit = Math.min(end, offset + V1_BYTES_MAX);
  for (let at = familyAt; at < limit; at++) {
    if (bytes[at] === BYTE_LF) {
      return bytes[at - 1] === BYTE_CR ? at + 1 - offset : 0;
    }
  }
  return limit === end && end - offset < V1_BYTES_MAX ? PROXY_HEADER_CUT : 0;
}

function hasV1Family(bytes: Uint8Array, at: number, end: number): boolean {
  return at >= end || V1_FAMILIES.some((family) => beginsAlike(bytes, at, end, family));
}

function v2HeaderBytes(bytes: Uint8Array, offset: number, end: number): number {
  // A line end alone is an empty line: only what no HTTP message begins with tells a signature.
  if (!beginsAlike(bytes, offset, end, V2_SIGNATURE)) {
    return 0;
  }
  if (end - offset < V2_HEADER_BYTES) {
    return PROXY_HEADER_CUT;
  }
  if ((bytes[offset + V2_SIGNATURE.length] & 0xf0) !== V2_VERSION) {
    return 0;
  }
  const byteLength = V2_HEADER_BYTES + readUint16(bytes, offset + V2_HEADER_BYTES - 2);
  return byteLength > end - offset ? PROXY_HEADER_CUT : byteLength;
}

/** Says whether the bytes are the text, or as far as they go its beginning. */
function beginsAlike(bytes: Uint8Array, offset: number, end: number, text: Uint8Array): boolean {
  const length = Math.min(text.length, end - offset);
  for (let index = 0; index < length; index++) {
    if (bytes[offset + index] !== text[index]) {
      return false;
    }
  }
  return true;
}

/** `PROXY TCP4 SOURCE TARGET SOURCE-PORT TARGET-PORT`; what is not so leaves the ends unknown. */
function readV1Header(
  bytes: Uint8Array,
  offset: number,
  end: number,
  client: ProxiedEnd,
  server: ProxiedEnd,
): void {
  const familyAt = offset + V1_NAME.length;
  if (beginsAlike(bytes, familyAt, end, V1_FAMILIES[V1_UNKNOWN])) {
    return;
  }
  const sourceAt = familyAt + V1_FAMILIES[0].length;
  const targetAt = findSpace(bytes, sourceAt, end) + 1;
  const portAt = findSpace(bytes, targetAt, end) + 1;
  const targetPortAt = findSpace(bytes, portAt, end) + 1;
  readV1End(bytes, sourceAt, targetAt - 1, portAt, targetPortAt - 1, client);
  if (client.addressLength !== 0) {
    const lineEnd = end - LINE_END_BYTES;
    readV1End(bytes, targetAt, portAt - 1, targetPortAt, lineEnd, server);
  }
}

function readV1End(
  bytes: Uint8Array,
  at: number,
  end: number,
  portAt: number,
  portEnd: number,
  proxied: ProxiedEnd,
): void {
  const port = readPort(bytes, portAt, portEnd);
  if (port !== -1) {
    proxied.port = port;
    proxied.addressLength = readAddress(bytes, at, end, proxied.address);
  }
}

function findSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== BYTE_SPACE) {
    at++;
  }
  return at;
}

/** One to five digits, 65535 at most; or -1. */
function readPort(bytes: Uint8Array, at: number, end: number): number {
  let port = 0;
  if (at >= end || end - at > 5) {
    return -1;
  }
  for (; at < end; at++) {
    if (!isDigit(bytes[at])) {
      return -1;
    }
    port = port * 10 + bytes[at] - BYTE_0;
  }
  return port > 0xffff ? -1 : port;
}

function readV2Header(
  bytes: Uint8Array,
  offset: number,
  byteLength: number,
  client: ProxiedEnd,
  server: ProxiedEnd,
): void {
  const command = bytes[offset + V2_SIGNATURE.length] & 0x0f;
  const family = bytes[offset + V2_SIGNATURE.length + 1] >> 4;
  const isIpv6 = family === V2_INET6;
  const addressesBytes = isIpv6 ? V2_INET6_BYTES : V2_INET_BYTES;
  if (
    command !== V2_COMMAND_PROXY ||
    (family !== V2_INET && !isIpv6) ||
    byteLength < V2_HEADER_BYTES + addressesBytes
  ) {
    return;
  }
  const at = offset + V2_HEADER_BYTES;
  const addressLength = isIpv6 ? IPV6_BYTES : 4;
  const portsAt = at + 2 * addressLength;
  readV2End(bytes, at, addressLength, portsAt, client);
  readV2End(bytes, at + addressLength, addressLength, portsAt + 2, server);
}

function readV2End(
  bytes: Uint8Array,
  at: number,
  addressLength: number,
  portAt: number,
  proxied: ProxiedEnd,
): void {
  for (let index = 0; index < addressLength; index++) {
    proxied.address[index] = bytes[at + index];
  }
  proxied.addressLength = addressLength;
  proxied.port = readUint16(bytes, portAt);
}

function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
