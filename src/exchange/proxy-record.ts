import type { Frame } from '../capture/frame.ts';
import type { Segment } from '../decode/segment.ts';
import { IPV6_BYTES, isMappedIpv4, MAPPED_AT } from '../http/read-address.ts';
import { CLIENT_UNASKED } from '../record/client-source.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { Message } from '../record/message.ts';
import type { AddressLength } from '../record/record.ts';
import { FLOW_PROXIED, isFact } from './flow-state.ts';
import { findFlow, NO_FLOW } from './flow-table.ts';
import { proxyPortOf, writeProxyAddress } from './proxy-client.ts';
import type { ExchangeTracker } from './tracker.ts';

/** The client that a connection's PROXY header names, within records. */

/** The record is of a connection whose proxy has said nothing, as far as is known. */
export function clearClients(record: HttpRecord): void {
  record.proxyClient.addressLength = 0;
  record.clientSource = CLIENT_UNASKED;
}

/**
 * Writes who has connected to the proxy before this flow, an IPv4 address as one; **there is room for an address**.
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
  const { proxyClient } = record;
  const addressLength = writeProxyAddress(proxyClients, flow, record.bytes, at);
  const isIpv4 = addressLength === IPV6_BYTES && isMappedIpv4(record.bytes, at);
  proxyClient.addressOffset = isIpv4 ? at + MAPPED_AT : at;
  proxyClient.addressLength = isIpv4 ? 4 : (addressLength as AddressLength);
  proxyClient.port = proxyPortOf(proxyClients, flow);
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
