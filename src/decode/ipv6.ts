import { readInt32BE, readUint16BE } from '../big-endian.ts';
import { decodeIpPayload } from './ip-payload.ts';
import { IPV6_EXTENSION_HEADERS_MAX } from './limits.ts';
import type { Segment } from './segment.ts';
import { FRAGMENT_ALONE, takeFragment } from './take-fragment.ts';
import { decodeTcp, PROTOCOL_TCP } from './tcp.ts';
import { isOpenedProtocol } from './tunnel.ts';
import {
  VERDICT_FRAGMENT,
  VERDICT_IPV6_EXTENSION_MALFORMED,
  VERDICT_IPV6_MALFORMED,
  VERDICT_IPV6_TRUNCATED,
} from './verdicts.ts';

const IPV6_VERSION_AT = 0;
const IPV6_PAYLOAD_LENGTH_AT = 4;
const IPV6_NEXT_HEADER_AT = 6;
const IPV6_SOURCE_ADDRESS_AT = 8;
const IPV6_DESTINATION_ADDRESS_AT = 24;
const IPV6_HEADER_BYTES = 40;
const IPV6_ADDRESS_BYTES = 16;

const EXTENSION_NEXT_HEADER_AT = 0;
const EXTENSION_LENGTH_AT = 1;
const EXTENSION_FRAGMENT_OFFSET_AT = 2;
/** Every extension header is a multiple of 8 octets, and at least that. */
const EXTENSION_MIN_BYTES = 8;
/** 13 bits of offset above 2 reserved bits and the M flag. */
const EXTENSION_FRAGMENT_OFFSET_MASK = 0xfff8;
const EXTENSION_FRAGMENT_MORE = 0x0001;
const EXTENSION_IDENTIFICATION_AT = 4;

const HEADER_HOP_BY_HOP = 0;
const HEADER_ROUTING = 43;
const HEADER_FRAGMENT = 44;
/** RFC 4302: it signs the packet and leaves it readable, unlike ESP. */
const HEADER_AUTHENTICATION = 51;
const HEADER_DESTINATION_OPTIONS = 60;
/** Mobility (RFC 6275), HIP (RFC 7401) and Shim6 (RFC 5533) share the form of the options headers. */
const HEADER_MOBILITY = 135;
const HEADER_HIP = 139;
const HEADER_SHIM6 = 140;

/**
 * Decodes an IPv6 header, its extension headers, and the TCP header behind them.
 *
 * A payload length of 0 means what was captured: segmentation offload leaves it so, and jumbograms need it.
 *
 * @param offset first byte of the header
 * @param end one past the last captured byte
 * @returns a verdict
 * @see RFC 8200 sections 3 and 4, RFC 4302 section 2
 */
export function decodeIpv6(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < IPV6_HEADER_BYTES) {
    return VERDICT_IPV6_TRUNCATED;
  }
  if (bytes[offset + IPV6_VERSION_AT] >> 4 !== 6) {
    return VERDICT_IPV6_MALFORMED;
  }
  const payloadLength = readUint16BE(bytes, offset + IPV6_PAYLOAD_LENGTH_AT);
  const payloadOffset = offset + IPV6_HEADER_BYTES;
  const packetEnd = payloadLength === 0 ? end : payloadOffset + payloadLength;
  const capturedEnd = Math.min(packetEnd, end);
  segment.addressLength = IPV6_ADDRESS_BYTES;
  segment.sourceAddressOffset = offset + IPV6_SOURCE_ADDRESS_AT;
  segment.targetAddressOffset = offset + IPV6_DESTINATION_ADDRESS_AT;
  const nextHeader = bytes[offset + IPV6_NEXT_HEADER_AT];
  if (nextHeader === PROTOCOL_TCP) {
    return decodeTcp(bytes, payloadOffset, capturedEnd, packetEnd, segment);
  }
  return decodeExtensionHeaders(bytes, payloadOffset, capturedEnd, packetEnd, nextHeader, segment);
}

/**
 * Rare: walks the chain of extension headers to the TCP header.
 *
 * @param nextHeader what the bytes at `offset` are
 * @returns a verdict
 */
export function decodeExtensionHeaders(
  bytes: Uint8Array,
  offset: number,
  end: number,
  packetEnd: number,
  nextHeader: number,
  segment: Segment,
): number {
  for (let headers = 0; headers <= IPV6_EXTENSION_HEADERS_MAX; headers++) {
    if (nextHeader === PROTOCOL_TCP) {
      return decodeTcp(bytes, offset, end, packetEnd, segment);
    }
    if (!isExtensionHeader(nextHeader)) {
      return decodeIpPayload(bytes, nextHeader, offset, end, packetEnd, segment);
    }
    if (end - offset < EXTENSION_MIN_BYTES) {
      return end < packetEnd ? VERDICT_IPV6_TRUNCATED : VERDICT_IPV6_EXTENSION_MALFORMED;
    }
    if (nextHeader === HEADER_FRAGMENT) {
      const verdict = decodeFragment(bytes, offset, end, packetEnd, segment);
      if (verdict !== FRAGMENT_ALONE) {
        return verdict;
      }
    }
    const headerLength = extensionHeaderLength(nextHeader, bytes[offset + EXTENSION_LENGTH_AT]);
    nextHeader = bytes[offset + EXTENSION_NEXT_HEADER_AT];
    offset += headerLength;
    if (offset > packetEnd) {
      return VERDICT_IPV6_EXTENSION_MALFORMED;
    }
    if (offset > end) {
      return VERDICT_IPV6_TRUNCATED;
    }
  }
  return VERDICT_IPV6_EXTENSION_MALFORMED;
}

/**
 * Bytes of an extension header by its length field, whose unit is not the same in all of them: 8 octets less
 * the first in most, 4 octets less two in AH, and a reserved octet in the fragment header.
 */
function extensionHeaderLength(header: number, lengthField: number): number {
  if (header === HEADER_FRAGMENT) {
    return EXTENSION_MIN_BYTES;
  }
  return header === HEADER_AUTHENTICATION ? (lengthField + 2) << 2 : (lengthField + 1) << 3;
}

function isExtensionHeader(nextHeader: number): boolean {
  return (
    nextHeader === HEADER_HOP_BY_HOP ||
    nextHeader === HEADER_ROUTING ||
    nextHeader === HEADER_FRAGMENT ||
    nextHeader === HEADER_AUTHENTICATION ||
    nextHeader === HEADER_DESTINATION_OPTIONS ||
    nextHeader === HEADER_MOBILITY ||
    nextHeader === HEADER_HIP ||
    nextHeader === HEADER_SHIM6
  );
}

/** FRAGMENT_ALONE of a packet that is whole in spite of its header, too. @see RFC 6946 */
function decodeFragment(
  bytes: Uint8Array,
  offset: number,
  end: number,
  packetEnd: number,
  segment: Segment,
): number {
  const fragmentBits = readUint16BE(bytes, offset + EXTENSION_FRAGMENT_OFFSET_AT);
  const fragmentOffset = fragmentBits & EXTENSION_FRAGMENT_OFFSET_MASK;
  const hasMore = (fragmentBits & EXTENSION_FRAGMENT_MORE) !== 0;
  if (fragmentOffset === 0 && !hasMore) {
    return FRAGMENT_ALONE;
  }
  const nextHeader = bytes[offset + EXTENSION_NEXT_HEADER_AT];
  if (!isOpenedProtocol(nextHeader) && !isExtensionHeader(nextHeader)) {
    return fragmentOffset === 0 ? FRAGMENT_ALONE : VERDICT_FRAGMENT;
  }
  return takeFragment(
    bytes,
    offset + EXTENSION_MIN_BYTES,
    end,
    packetEnd,
    fragmentOffset,
    hasMore,
    readInt32BE(bytes, offset + EXTENSION_IDENTIFICATION_AT),
    nextHeader,
    segment,
  );
}
