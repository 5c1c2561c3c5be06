import { readInt32BE } from '../big-endian.ts';
import {
  createProxiedEnd,
  PROXY_HEADER_CUT,
  type ProxiedEnd,
  proxyHeaderBytes,
  readProxyHeader,
} from '../http/proxy-protocol.ts';
import {
  FLOW_PROXIED,
  FLOW_SYN,
  FLOW_SYN_ACK,
  type FlowState,
  isFact,
  noteFact,
} from './flow-state.ts';
import { FLOWS_MAX } from './limits.ts';

/**
 * Who has connected to the proxies before connections, and where: of each flow whose FLOW_PROXIED is a fact, two addresses
 * and ports. The machine gives memory for those flows only.
 */
export interface ProxyClients {
  /** By flow: PROXY_WORDS, an end at PROXY_CLIENT and one at PROXY_SERVER. */
  readonly words: Int32Array;
  /** Those of the header in hand. */
  readonly client: ProxiedEnd;
  readonly server: ProxiedEnd;
}

/** Of an end: the address, and behind it its length and the port. */
const END_WORDS = 5;
const LENGTH_AND_PORT_AT = 4;
/** Where the two ends stand among a flow's words. */
export const PROXY_CLIENT = 0;
export const PROXY_SERVER = END_WORDS;
const PROXY_WORDS = 2 * END_WORDS;

export function createProxyClients(): ProxyClients {
  return {
    words: new Int32Array(FLOWS_MAX * PROXY_WORDS),
    client: createProxiedEnd(),
    server: createProxiedEnd(),
  };
}

/**
 * The first bytes of a connection tell who has connected to the proxy; the same bytes anywhere else are what a client
 * has written, and tell nothing.
 *
 *     open
 *     -> PROXY TCP4 192.0.2.1 ... CR LF
 *     -> a          has the client 192.0.2.1, and so has every later exchange
 *
 * @param isFirst the bytes in `[offset, end)` are those that the client's SYN stands before
 * @rule proxy-header-first
 */
export function noteProxyClient(
  clients: ProxyClients,
  flows: FlowState,
  flow: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  isFirst: boolean,
): void {
  if (
    !isFirst ||
    !isFact(flows, flow, FLOW_SYN | FLOW_SYN_ACK) ||
    isFact(flows, flow, FLOW_PROXIED)
  ) {
    return;
  }
  const byteLength = proxyHeaderBytes(bytes, offset, end);
  if (byteLength === 0 || byteLength === PROXY_HEADER_CUT) {
    return;
  }
  const { client, server, words } = clients;
  readProxyHeader(bytes, offset, byteLength, client, server);
  if (client.addressLength === 0) {
    return;
  }
  const at = flow * PROXY_WORDS;
  keepEnd(words, at + PROXY_CLIENT, client);
  keepEnd(words, at + PROXY_SERVER, server);
  noteFact(flows, flow, FLOW_PROXIED);
}

function keepEnd(
  words: Int32Array,
  at: number,
  { address, addressLength, port }: ProxiedEnd,
): void {
  for (let byte = 0; byte < addressLength; byte += 4) {
    words[at + (byte >> 2)] = readInt32BE(address, byte);
  }
  words[at + LENGTH_AND_PORT_AT] = (addressLength << 16) | port;
}

/**
 * Writes the address of an end before the proxy; **FLOW_PROXIED is a fact**.
 *
 * @param end PROXY_CLIENT or PROXY_SERVER
 * @returns its length: 4, 16, or of a server that is not known 0
 */
export function writeProxiedAddress(
  { words }: ProxyClients,
  flow: number,
  end: number,
  target: Uint8Array,
  at: number,
): number {
  const from = flow * PROXY_WORDS + end;
  const addressLength = words[from + LENGTH_AND_PORT_AT] >>> 16;
  for (let byte = 0; byte < addressLength; byte++) {
    target[at + byte] = words[from + (byte >> 2)] >>> (24 - 8 * (byte & 3));
  }
  return addressLength;
}

/** Its port; **FLOW_PROXIED is a fact**. */
export function proxiedPortOf({ words }: ProxyClients, flow: number, end: number): number {
  return words[flow * PROXY_WORDS + end + LENGTH_AND_PORT_AT] & 0xffff;
}
