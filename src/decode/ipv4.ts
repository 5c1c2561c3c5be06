import { viewBytes } from '../big-endian.ts';
import { decodeIpPayload } from './ip-payload.ts';
import type { Segment } from './segment.ts';
import { decodeTcp, PROTOCOL_TCP } from './tcp.ts';
import { VERDICT_FRAGMENT, VERDICT_IPV4_MALFORMED, VERDICT_IPV4_TRUNCATED } from './verdicts.ts';

const IPV4_VERSION_IHL_AT = 0;
const IPV4_TOTAL_LENGTH_AT = 2;
const IPV4_FRAGMENT_OFFSET_AT = 6;
const IPV4_PROTOCOL_AT = 9;
const IPV4_SOURCE_ADDRESS_AT = 12;
const IPV4_DESTINATION_ADDRESS_AT = 16;
const IPV4_HEADER_MIN_BYTES = 20;
const IPV4_ADDRESS_BYTES = 4;
const IPV4_FRAGMENT_OFFSET_MASK = 0x1fff;

/**
 * Decodes an IPv4 header and the TCP header behind it. Options are skipped, checksums are not verified:
 * offloading network cards leave them unfilled on the packets that a host sends.
 *
 * A total length of 0 is not an error here: packets that the network card will cut into segments are seen
 * with it, and what was captured is the packet then.
 *
 * @param offset first byte of the header
 * @param end one past the last captured byte
 * @returns a verdict
 * @see RFC 791 section 3.1
 */
export function decodeIpv4(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < IPV4_HEADER_MIN_BYTES) {
    return VERDICT_IPV4_TRUNCATED;
  }
  const view = viewBytes(bytes);
  const versionIhl = view.getUint8(offset + IPV4_VERSION_IHL_AT);
  const headerLength = (versionIhl & 0x0f) << 2;
  const totalLength = view.getUint16(offset + IPV4_TOTAL_LENGTH_AT);
  if (
    versionIhl >> 4 !== 4 ||
    headerLength < IPV4_HEADER_MIN_BYTES ||
    (totalLength !== 0 && totalLength < headerLength)
  ) {
    return VERDICT_IPV4_MALFORMED;
  }
  const protocol = view.getUint8(offset + IPV4_PROTOCOL_AT);
  const fragmentOffset =
    view.getUint16(offset + IPV4_FRAGMENT_OFFSET_AT) & IPV4_FRAGMENT_OFFSET_MASK;
  if (fragmentOffset !== 0) {
    return VERDICT_FRAGMENT;
  }
  const packetEnd = totalLength === 0 ? end : offset + totalLength;
  const payloadOffset = offset + headerLength;
  if (payloadOffset > end) {
    return VERDICT_IPV4_TRUNCATED;
  }
  segment.addressLength = IPV4_ADDRESS_BYTES;
  segment.sourceAddressOffset = offset + IPV4_SOURCE_ADDRESS_AT;
  segment.targetAddressOffset = offset + IPV4_DESTINATION_ADDRESS_AT;
  const capturedEnd = Math.min(packetEnd, end);
  return protocol === PROTOCOL_TCP
    ? decodeTcp(bytes, payloadOffset, capturedEnd, packetEnd, segment)
    : decodeIpPayload(bytes, protocol, payloadOffset, capturedEnd, packetEnd, segment);
}
