import { readUint16BE } from '../big-endian.ts';
import { decodeEtherType } from './ether-type.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodeGre } from './gre.ts';
import { decodeGtpU } from './gtp-u.ts';
import { decodeL2tp } from './l2tp.ts';
import type { Segment } from './segment.ts';
import { decodeTeredo } from './teredo.ts';
import { ETHERTYPE_ETHERNET, enterTunnel, forgetVlanTags } from './tunnel.ts';
import {
  UDP_TUNNEL_GENEVE,
  UDP_TUNNEL_GRE,
  UDP_TUNNEL_L2TP,
  UDP_TUNNEL_NONE,
  UDP_TUNNEL_TEREDO,
  UDP_TUNNEL_VXLAN,
  UDP_TUNNEL_VXLAN_GPE,
} from './udp-tunnels.ts';
import {
  VERDICT_NOT_TCP,
  VERDICT_TUNNEL_MALFORMED,
  VERDICT_TUNNEL_TOO_DEEP,
  VERDICT_TUNNEL_TRUNCATED,
} from './verdicts.ts';
import { decodeVxlanGpe } from './vxlan-gpe.ts';

const UDP_SOURCE_PORT_AT = 0;
const UDP_DESTINATION_PORT_AT = 2;
const UDP_HEADER_BYTES = 8;

const VXLAN_FLAGS_AT = 0;
const VXLAN_FLAG_VNI = 0x08;
const VXLAN_HEADER_BYTES = 8;

const GENEVE_VERSION_LENGTH_AT = 0;
const GENEVE_PROTOCOL_TYPE_AT = 2;
const GENEVE_HEADER_BYTES = 8;
const GENEVE_OPTIONS_WORDS_MASK = 0x3f;

/**
 * Decodes a UDP datagram if one of its ports is a tunnel's; the destination's counts first.
 *
 * @returns a verdict
 * @see RFC 768, RFC 7348 section 5, RFC 8926 section 3.4, RFC 8086
 */
export function decodeUdp(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < UDP_HEADER_BYTES) {
    return VERDICT_NOT_TCP;
  }
  const { udpTunnels } = segment;
  const tunnel =
    udpTunnels[readUint16BE(bytes, offset + UDP_DESTINATION_PORT_AT)] ||
    udpTunnels[readUint16BE(bytes, offset + UDP_SOURCE_PORT_AT)];
  if (tunnel === UDP_TUNNEL_NONE) {
    return VERDICT_NOT_TCP;
  }
  const payloadOffset = offset + UDP_HEADER_BYTES;
  if (tunnel === UDP_TUNNEL_GRE) {
    return decodeGre(bytes, payloadOffset, end, segment);
  }
  if (!enterTunnel(segment)) {
    return VERDICT_TUNNEL_TOO_DEEP;
  }
  switch (tunnel) {
    case UDP_TUNNEL_VXLAN:
      return decodeVxlan(bytes, payloadOffset, end, segment);
    case UDP_TUNNEL_GENEVE:
      return decodeGeneve(bytes, payloadOffset, end, segment);
    case UDP_TUNNEL_VXLAN_GPE:
      return decodeVxlanGpe(bytes, payloadOffset, end, segment);
    case UDP_TUNNEL_L2TP:
      return decodeL2tp(bytes, payloadOffset, end, segment);
    case UDP_TUNNEL_TEREDO:
      return decodeTeredo(bytes, payloadOffset, end, segment);
    default:
      return decodeGtpU(bytes, payloadOffset, end, segment);
  }
}

function decodeVxlan(bytes: Uint8Array, offset: number, end: number, segment: Segment): number {
  if (end - offset < VXLAN_HEADER_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  // The I flag must be set; without it this is something else on the same port.
  if ((bytes[offset + VXLAN_FLAGS_AT] & VXLAN_FLAG_VNI) === 0) {
    return VERDICT_NOT_TCP;
  }
  forgetVlanTags(segment);
  return decodeEthernet(bytes, offset + VXLAN_HEADER_BYTES, end, segment);
}

function decodeGeneve(bytes: Uint8Array, offset: number, end: number, segment: Segment): number {
  if (end - offset < GENEVE_HEADER_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const versionLength = bytes[offset + GENEVE_VERSION_LENGTH_AT];
  if (versionLength >> 6 !== 0) {
    return VERDICT_TUNNEL_MALFORMED;
  }
  const optionsBytes = (versionLength & GENEVE_OPTIONS_WORDS_MASK) << 2;
  const payloadOffset = offset + GENEVE_HEADER_BYTES + optionsBytes;
  if (payloadOffset > end) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const etherType = readUint16BE(bytes, offset + GENEVE_PROTOCOL_TYPE_AT);
  if (etherType === ETHERTYPE_ETHERNET) {
    forgetVlanTags(segment);
    return decodeEthernet(bytes, payloadOffset, end, segment);
  }
  return decodeEtherType(bytes, etherType, payloadOffset, end, segment);
}
