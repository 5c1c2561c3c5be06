import { readInt32BE } from '../big-endian.ts';
import {
  createProxyClient,
  PROXY_HEADER_CUT,
  type ProxyClient,
  proxyHeaderBytes,
  readProxyClient,
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
 * Who has connected to the proxies before connections: of each flow whose FLOW_PROXIED is a fact, an address and a
 * port. The machine gives memory for those flows only.
 */
export interface ProxyClients {
  /** By flow: PROXY_WORDS, the address and behind it its length and the port. */
  readonly words: Int32Array;
  /** That of the header in hand. */
  readonly client: ProxyClient;
}

const PROXY_WORDS = 5;
const LENGTH_AND_PORT_AT = 4;

export function createProxyClients(): ProxyClients {
  return { words: new Int32Array(FLOWS_MAX * PROXY_WORDS), client: createProxyClient() };
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
  const { client, words } = clients;
  readProxyClient(bytes, offset, byteLength, client);
  const { address, addressLength, port } = client;
  if (addressLength === 0) {
    return;
  }
  const at = flow * PROXY_WORDS;
  for (let byte = 0; byte < addressLength; byte += 4) {
    words[at + (byte >> 2)] = readInt32BE(address, byte);
  }
  words[at + LENGTH_AND_PORT_AT] = (addressLength << 16) | port;
  noteFact(flows, flow, FLOW_PROXIED);
}

/**
 * Writes the address of who has connected to the proxy; **FLOW_PROXIED is a fact**.
 *
 * @returns its length, 4 or 16
 */
export function writeProxyAddress(
  { words }: ProxyClients,
  flow: number,
  target: Uint8Array,
  at: number,
): number {
  const from = flow * PROXY_WORDS;
  const addressLength = words[from + LENGTH_AND_PORT_AT] >>> 16;
  for (let byte = 0; byte < addressLength; byte++) {
    target[at + byte] = words[from + (byte >> 2)] >>> (24 - 8 * (byte & 3));
  }
  return addressLength;
}

/** Their port; **FLOW_PROXIED is a fact**. */
export function proxyPortOf({ words }: ProxyClients, flow: number): number {
  return words[flow * PROXY_WORDS + LENGTH_AND_PORT_AT] & 0xffff;
}
