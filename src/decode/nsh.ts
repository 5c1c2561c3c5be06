import { decodeEthernet } from './ethernet.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { decodeMpls } from './mpls.ts';
import type { Segment } from './segment.ts';
import { enterTunnel, forgetVlanTags } from './tunnel.ts';
import {
  VERDICT_NOT_IP,
  VERDICT_TUNNEL_MALFORMED,
  VERDICT_TUNNEL_TOO_DEEP,
  VERDICT_TUNNEL_TRUNCATED,
} from './verdicts.ts';

export const ETHERTYPE_NSH = 0x894f;

const NSH_VERSION_AT = 0;
const NSH_LENGTH_AT = 1;
const NSH_LENGTH_WORDS_MASK = 0x3f;
const NSH_NEXT_PROTOCOL_AT = 3;
/** Base header and service path header. */
const NSH_MIN_BYTES = 8;

/** Numbers of what follows, the same behind VXLAN-GPE. @see https://www.iana.org/assignments/nsh */
const NEXT_IPV4 = 1;
const NEXT_IPV6 = 2;
const NEXT_ETHERNET = 3;
const NEXT_NSH = 4;
const NEXT_MPLS = 5;

/**
 * Decodes a network service header with its context, of fixed length (MD type 1) or variable (2): the length field has
 * both.
 *
 * @returns a verdict
 * @see RFC 8300 section 2
 */
export function decodeNsh(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (!enterTunnel(segment)) {
    return VERDICT_TUNNEL_TOO_DEEP;
  }
  if (end - offset < NSH_MIN_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const headerBytes = (bytes[offset + NSH_LENGTH_AT] & NSH_LENGTH_WORDS_MASK) << 2;
  if (bytes[offset + NSH_VERSION_AT] >> 6 !== 0 || headerBytes < NSH_MIN_BYTES) {
    return VERDICT_TUNNEL_MALFORMED;
  }
  const payloadOffset = offset + headerBytes;
  return payloadOffset > end
    ? VERDICT_TUNNEL_TRUNCATED
    : decodeNextProtocol(bytes, bytes[offset + NSH_NEXT_PROTOCOL_AT], payloadOffset, end, segment);
}

/** What a next protocol field names. */
export function decodeNextProtocol(
  bytes: Uint8Array,
  protocol: number,
  offset: number,
  end: number,
  segment: Segment,
): number {
  switch (protocol) {
    case NEXT_IPV4:
      return decodeIpv4(bytes, offset, end, segment);
    case NEXT_IPV6:
      return decodeIpv6(bytes, offset, end, segment);
    case NEXT_ETHERNET:
      forgetVlanTags(segment);
      return decodeEthernet(bytes, offset, end, segment);
    case NEXT_NSH:
      return decodeNsh(bytes, offset, end, segment);
    case NEXT_MPLS:
      return decodeMpls(bytes, offset, end, segment);
    default:
      return VERDICT_NOT_IP;
  }
}
