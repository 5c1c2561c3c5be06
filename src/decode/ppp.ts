import { readUint16BE } from '../big-endian.ts';
import { decodeEtherType } from './ether-type.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { decodeMpls } from './mpls.ts';
import type { Segment } from './segment.ts';
import { VERDICT_LINK_TRUNCATED, VERDICT_NOT_IP } from './verdicts.ts';

export const ETHERTYPE_PPPOE_SESSION = 0x8864;

const PPP_ADDRESS_ALL_STATIONS = 0xff;
const PPP_CONTROL_UNNUMBERED = 0x03;
const PPP_IPV4 = 0x0021;
const PPP_IPV6 = 0x0057;
const PPP_MPLS_UNICAST = 0x0281;

const PPPOE_VERSION_TYPE_AT = 0;
const PPPOE_CODE_AT = 1;
const PPPOE_LENGTH_AT = 4;
const PPPOE_HEADER_BYTES = 6;
const PPPOE_VERSION_1_TYPE_1 = 0x11;
const PPPOE_CODE_SESSION = 0;

const HDLC_ADDRESS_UNICAST = 0x0f;
const HDLC_ADDRESS_MULTICAST = 0x8f;
const HDLC_PROTOCOL_AT = 2;
const HDLC_HEADER_BYTES = 4;

/**
 * Decodes a PPP frame, with or without the address and control bytes of HDLC framing, its protocol field in
 * two bytes or compressed into one.
 *
 * @returns a verdict
 * @see RFC 1661 sections 2 and 6.5, RFC 1662 section 3
 */
export function decodePpp(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (
    end - offset >= 2 &&
    bytes[offset] === PPP_ADDRESS_ALL_STATIONS &&
    bytes[offset + 1] === PPP_CONTROL_UNNUMBERED
  ) {
    offset += 2;
  }
  if (end - offset < 2) {
    return VERDICT_LINK_TRUNCATED;
  }
  // The first byte of a protocol number in two bytes is even; an odd one is a number in one byte.
  const isCompressed = (bytes[offset] & 1) !== 0;
  const protocol = isCompressed ? bytes[offset] : readUint16BE(bytes, offset);
  offset += isCompressed ? 1 : 2;
  switch (protocol) {
    case PPP_IPV4:
      return decodeIpv4(bytes, offset, end, segment);
    case PPP_IPV6:
      return decodeIpv6(bytes, offset, end, segment);
    case PPP_MPLS_UNICAST:
      return decodeMpls(bytes, offset, end, segment);
    default:
      return VERDICT_NOT_IP;
  }
}

/**
 * Decodes the session stage of PPP over Ethernet.
 *
 * @returns a verdict
 * @see RFC 2516 section 4
 */
export function decodePppoeSession(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < PPPOE_HEADER_BYTES) {
    return VERDICT_LINK_TRUNCATED;
  }
  if (
    bytes[offset + PPPOE_VERSION_TYPE_AT] !== PPPOE_VERSION_1_TYPE_1 ||
    bytes[offset + PPPOE_CODE_AT] !== PPPOE_CODE_SESSION
  ) {
    return VERDICT_NOT_IP;
  }
  const payloadOffset = offset + PPPOE_HEADER_BYTES;
  const payloadEnd = payloadOffset + readUint16BE(bytes, offset + PPPOE_LENGTH_AT);
  return decodePpp(bytes, payloadOffset, Math.min(payloadEnd, end), segment);
}

/**
 * Decodes a frame of a serial line: Cisco HDLC (address, control, EtherType), which its first byte tells, or
 * else PPP.
 *
 * @returns a verdict
 * @see https://www.tcpdump.org/linktypes/LINKTYPE_C_HDLC.html, LINKTYPE_PPP_HDLC
 */
export function decodeSerialLine(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < HDLC_HEADER_BYTES) {
    return VERDICT_LINK_TRUNCATED;
  }
  if (bytes[offset] !== HDLC_ADDRESS_UNICAST && bytes[offset] !== HDLC_ADDRESS_MULTICAST) {
    return decodePpp(bytes, offset, end, segment);
  }
  const etherType = readUint16BE(bytes, offset + HDLC_PROTOCOL_AT);
  return decodeEtherType(bytes, etherType, offset + HDLC_HEADER_BYTES, end, segment);
}
