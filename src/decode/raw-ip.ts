import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import type { Segment } from './segment.ts';
import { VERDICT_LINK_TRUNCATED, VERDICT_NOT_IP } from './verdicts.ts';

const NULL_HEADER_BYTES = 4;

/**
 * Decodes a frame that is an IP packet from its first byte on: the version field says which.
 *
 * @returns a verdict
 * @see https://www.tcpdump.org/linktypes.html (LINKTYPE_RAW)
 */
export function decodeRawIp(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end === offset) {
    return VERDICT_LINK_TRUNCATED;
  }
  const version = bytes[offset] >> 4;
  if (version === 4) {
    return decodeIpv4(bytes, offset, end, segment);
  }
  if (version === 6) {
    return decodeIpv6(bytes, offset, end, segment);
  }
  return VERDICT_NOT_IP;
}

/**
 * Decodes a BSD loopback frame: an address family in 4 bytes, then the packet. Its byte order is the
 * recording machine's (NULL) or the network's (LOOP), and the number of AF_INET6 differs by system; so
 * the family only says whether it is IP at all, and the packet's own version field says which.
 *
 * @returns a verdict
 * @see https://www.tcpdump.org/linktypes.html (LINKTYPE_NULL, LINKTYPE_LOOP)
 */
export function decodeNullLoop(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < NULL_HEADER_BYTES) {
    return VERDICT_LINK_TRUNCATED;
  }
  // One of the two is zero in every real frame: families are below 256, in either byte order.
  const family = bytes[offset] | bytes[offset + 3];
  if ((bytes[offset + 1] | bytes[offset + 2]) !== 0 || !isInternetFamily(family)) {
    return VERDICT_NOT_IP;
  }
  return decodeRawIp(bytes, offset + NULL_HEADER_BYTES, end, segment);
}

/** AF_INET everywhere is 2; AF_INET6 is 10 (Linux), 24 (NetBSD, OpenBSD), 28 (FreeBSD), 30 (macOS). */
function isInternetFamily(family: number): boolean {
  return family === 2 || family === 10 || family === 24 || family === 28 || family === 30;
}
