import { viewBytes } from '../big-endian.ts';
import { decodeIpPayload } from './ip-payload.ts';
import type { Segment } from './segment.ts';
import { FRAGMENT_ALONE, takeFragment } from './take-fragment.ts';
import { decodeTcp, PROTOCOL_TCP } from './tcp.ts';
import { isOpenedProtocol } from './tunnel.ts';
import { VERDICT_FRAGMENT, VERDICT_IPV4_MALFORMED, VERDICT_IPV4_TRUNCATED } from './verdicts.ts';

const IPV4_VERSION_IHL_AT = 0;
const IPV4_TOTAL_LENGTH_AT = 2;
const IPV4_FRAGMENT_OFFSET_AT = 6;
const IPV4_PROTOCOL_AT = 9;
const IPV4_SOURCE_ADDRESS_AT = 12;
const IPV4_DESTINATION_ADDRESS_AT = 16;
const IPV4_HEADER_MIN_BYTES = 20;
const IPV4_ADDRESS_BYTES = 4;
const IPV4_IDENTIFICATION_AT = 4;
const IPV4_FRAGMENT_OFFSET_MASK = 0x1fff;
const IPV4_MORE_FRAGMENTS = 0x2000;
const IPV4_FRAGMENT_MASK = IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET_MASK;

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
  const fragmentBits = view.getUint16(offset + IPV4_FRAGMENT_OFFSET_AT) & IPV4_FRAGMENT_MASK;
  const packetEnd = totalLength === 0 ? end : offset + totalLength;
  const payloadOffset = offset + headerLength;
  if (payloadOffset > end) {
    return VERDICT_IPV4_TRUNCATED;
  }
  segment.addressLength = IPV4_ADDRESS_BYTES;
  segment.sourceAddressOffset = offset + IPV4_SOURCE_ADDRESS_AT;
  segment.targetAddressOffset = offset + IPV4_DESTINATION_ADDRESS_AT;
  const capturedEnd = Math.min(packetEnd, end);
  if (fragmentBits !== 0) {
    const identification = view.getUint16(offset + IPV4_IDENTIFICATION_AT);
    const verdict = decodeFragment(
      bytes,
      payloadOffset,
      capturedEnd,
      packetEnd,
      fragmentBits,
      identification,
      protocol,
      segment,
    );
    if (verdict !== FRAGMENT_ALONE) {
      return verdict;
    }
  }
  return protocol === PROTOCOL_TCP
    ? decodeTcp(bytes, payloadOffset, capturedEnd, packetEnd, segment)
    : decodeIpPayload(bytes, protocol, payloadOffset, capturedEnd, packetEnd, segment);
}

/** Rare: what carries nothing for us is not kept. */
function decodeFragment(
  bytes: Uint8Array,
  offset: number,
  end: number,
  packetEnd: number,
  fragmentBits: number,
  identification: number,
  protocol: number,
  segment: Segment,
): number {
  const fragmentOffset = (fragmentBits & IPV4_FRAGMENT_OFFSET_MASK) << 3;
  if (!isOpenedProtocol(protocol)) {
    return fragmentOffset === 0 ? FRAGMENT_ALONE : VERDICT_FRAGMENT;
  }
  const hasMore = (fragmentBits & IPV4_MORE_FRAGMENTS) !== 0;
  return takeFragment(
    bytes,
    offset,
    end,
    packetEnd,
    fragmentOffset,
    hasMore,
    identification,
    protocol,
    segment,
  );
}
