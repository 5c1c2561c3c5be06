import type { Frame } from '../capture/frame.ts';
import type { Segment } from '../decode/segment.ts';
import { CLIENT_UNASKED } from '../record/client-source.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { Message } from '../record/message.ts';
import { type End, setProxiedEnd } from '../record/record.ts';
import { FLOW_PROXIED, isFact } from './flow-state.ts';
import { findFlow, NO_FLOW } from './flow-table.ts';
import {
  PROXY_CLIENT,
  PROXY_SERVER,
  type ProxyClients,
  proxiedPortOf,
  writeProxiedAddress,
} from './proxy-client.ts';
import type { ExchangeTracker } from './tracker.ts';

/** The ends that a connection's PROXY header names, within records. */

/** The record is of a connection whose proxy has said nothing, as far as is known. */
export function clearClients(record: HttpRecord): void {
  record.proxyClient.addressLength = 0;
  record.proxyServer.addressLength = 0;
  record.clientSource = CLIENT_UNASKED;
}

/**
 * Writes who has connected to the proxy before this flow, and where, an IPv4 address as one; **there is room for two
 * addresses**.
 *
 * @returns where the next byte goes
 */
export function setProxyClient(
  { flows, proxyClients }: ExchangeTracker,
  flow: number,
  record: HttpRecord,
  at: number,
): number {
  clearClients(record);
  if (!isFact(flows, flow, FLOW_PROXIED)) {
    return at;
  }
  at = setEnd(proxyClients, flow, PROXY_CLIENT, record.bytes, record.proxyClient, at);
  return setEnd(proxyClients, flow, PROXY_SERVER, record.bytes, record.proxyServer, at);
}

function setEnd(
  clients: ProxyClients,
  flow: number,
  which: number,
  bytes: Uint8Array,
  end: End,
  at: number,
): number {
  const addressLength = writeProxiedAddress(clients, flow, which, bytes, at);
  setProxiedEnd(bytes, at, addressLength, proxiedPortOf(clients, flow, which), end);
  return at + addressLength;
}

/** The same for a message that was noted for its flow. */
export function setMessageProxyClient(
  tracker: ExchangeTracker,
  frame: Frame,
  segment: Segment,
  message: Message,
): void {
  const flow = findFlow(tracker.flows, frame.bytes, segment);
  if (flow !== NO_FLOW) {
    message.bytesEnd = setProxyClient(tracker, flow, message, message.bytesEnd);
  }
}
