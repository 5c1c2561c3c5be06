import { decodeGre } from './gre.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { decodeL2tpOverIp } from './l2tp.ts';
import type { Segment } from './segment.ts';
import { decodeTcp, PROTOCOL_TCP } from './tcp.ts';
import {
  enterTunnel,
  PROTOCOL_AUTHENTICATION,
  PROTOCOL_GRE,
  PROTOCOL_IPV4,
  PROTOCOL_IPV6,
  PROTOCOL_L2TP,
  PROTOCOL_UDP,
} from './tunnel.ts';
import { decodeUdp } from './udp.ts';
import { UNREAD_IP_PROTOCOL } from './unread-kinds.ts';
import {
  VERDICT_NOT_TCP,
  VERDICT_TUNNEL_MALFORMED,
  VERDICT_TUNNEL_TOO_DEEP,
  VERDICT_TUNNEL_TRUNCATED,
} from './verdicts.ts';

const AUTHENTICATION_NEXT_HEADER_AT = 0;
const AUTHENTICATION_LENGTH_AT = 1;
const AUTHENTICATION_HEADER_MIN_BYTES = 12;

/**
 * Decodes what an IP packet carries when it is not TCP itself: a packet within the packet, or nothing for us.
 *
 * @param offset first byte behind the IP header
 * @param end one past the last captured byte of the IP packet
 * @param packetEnd one past the last byte of the IP packet, captured or not
 * @returns a verdict
 */
export function decodeIpPayload(
  bytes: Uint8Array,
  protocol: number,
  offset: number,
  end: number,
  packetEnd: number,
  segment: Segment,
): number {
  switch (protocol) {
    case PROTOCOL_UDP:
      return decodeUdp(bytes, offset, end, segment);
    case PROTOCOL_IPV4:
      return enterTunnel(segment)
        ? decodeIpv4(bytes, offset, end, segment)
        : VERDICT_TUNNEL_TOO_DEEP;
    case PROTOCOL_IPV6:
      return enterTunnel(segment)
        ? decodeIpv6(bytes, offset, end, segment)
        : VERDICT_TUNNEL_TOO_DEEP;
    case PROTOCOL_GRE:
      return decodeGre(bytes, offset, end, segment);
    case PROTOCOL_AUTHENTICATION:
      return decodeAuthentication(bytes, offset, end, packetEnd, segment);
    case PROTOCOL_L2TP:
      return decodeL2tpOverIp(bytes, offset, end, segment);
    default:
      segment.unreadKind = UNREAD_IP_PROTOCOL | protocol;
      return VERDICT_NOT_TCP;
  }
}

/**
 * The authentication header of an IPv4 packet: it signs what follows and leaves it readable. Its length is
 * counted in 4 octets, less two.
 *
 * @see RFC 4302 section 2
 */
function decodeAuthentication(
  bytes: Uint8Array,
  offset: number,
  end: number,
  packetEnd: number,
  segment: Segment,
): number {
  if (end - offset < AUTHENTICATION_HEADER_MIN_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const nextHeader = bytes[offset + AUTHENTICATION_NEXT_HEADER_AT];
  const payloadOffset = offset + ((bytes[offset + AUTHENTICATION_LENGTH_AT] + 2) << 2);
  if (payloadOffset - offset < AUTHENTICATION_HEADER_MIN_BYTES || payloadOffset > packetEnd) {
    return VERDICT_TUNNEL_MALFORMED;
  }
  if (payloadOffset > end) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  if (nextHeader === PROTOCOL_TCP) {
    return decodeTcp(bytes, payloadOffset, end, packetEnd, segment);
  }
  // Counted, so that a chain of authentication headers ends.
  return enterTunnel(segment)
    ? decodeIpPayload(bytes, nextHeader, payloadOffset, end, packetEnd, segment)
    : VERDICT_TUNNEL_TOO_DEEP;
}
