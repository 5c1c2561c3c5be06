import { readUint16BE } from '../big-endian.ts';
import { decodeEtherType } from './ether-type.ts';
import type { Segment } from './segment.ts';
import { enterTunnel, forgetVlanTags } from './tunnel.ts';
import {
  VERDICT_LINK_TRUNCATED,
  VERDICT_TUNNEL_TOO_DEEP,
  VERDICT_TUNNEL_TRUNCATED,
} from './verdicts.ts';

const ETHERNET_ETHERTYPE_AT = 12;
const ETHERNET_HEADER_BYTES = 14;

/**
 * Decodes an Ethernet II frame, or an IEEE 802.3 frame, whose field is a length.
 *
 * @returns a verdict
 * @see IEEE 802.3-2022 section 3.2.6, RFC 894
 */
export function decodeEthernet(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < ETHERNET_HEADER_BYTES) {
    return VERDICT_LINK_TRUNCATED;
  }
  const etherType = readUint16BE(bytes, offset + ETHERNET_ETHERTYPE_AT);
  return decodeEtherType(bytes, etherType, offset + ETHERNET_HEADER_BYTES, end, segment);
}

/**
 * The same behind a tunnel's header of fixed length. Counted, as Ethernet can hold the same header once more.
 *
 * @returns a verdict
 */
export function decodeTunnelledEthernet(
  bytes: Uint8Array,
  offset: number,
  end: number,
  headerBytes: number,
  segment: Segment,
): number {
  if (!enterTunnel(segment)) {
    return VERDICT_TUNNEL_TOO_DEEP;
  }
  if (end - offset < headerBytes) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  forgetVlanTags(segment);
  return decodeEthernet(bytes, offset + headerBytes, end, segment);
}
