import { decodeTunnelledEthernet } from './ethernet.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { MPLS_LABELS_MAX } from './limits.ts';
import type { Segment } from './segment.ts';
import { VERDICT_NOT_IP, VERDICT_TUNNEL_TOO_DEEP, VERDICT_TUNNEL_TRUNCATED } from './verdicts.ts';

export const ETHERTYPE_MPLS_UNICAST = 0x8847;
export const ETHERTYPE_MPLS_MULTICAST = 0x8848;

const LABEL_BYTES = 4;
/** Third byte of a label stack entry: its lowest bit says that the entry is the last. */
const LABEL_BOTTOM_AT = 2;
const CONTROL_WORD_BYTES = 4;

/**
 * Decodes an MPLS label stack. Nothing in it says what follows, so the first four bits do: 4 and 6 are IP, 0
 * is the control word of a pseudowire, which carries Ethernet.
 *
 * @returns a verdict
 * @see RFC 3032 section 2.1, RFC 4385 section 3
 */
export function decodeMpls(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  let isBottom = false;
  for (let labels = 0; !isBottom; labels++) {
    if (labels === MPLS_LABELS_MAX) {
      return VERDICT_TUNNEL_TOO_DEEP;
    }
    if (end - offset < LABEL_BYTES) {
      return VERDICT_TUNNEL_TRUNCATED;
    }
    isBottom = (bytes[offset + LABEL_BOTTOM_AT] & 1) !== 0;
    offset += LABEL_BYTES;
  }
  if (offset === end) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  switch (bytes[offset] >> 4) {
    case 4:
      return decodeIpv4(bytes, offset, end, segment);
    case 6:
      return decodeIpv6(bytes, offset, end, segment);
    case 0:
      return decodeTunnelledEthernet(bytes, offset, end, CONTROL_WORD_BYTES, segment);
    default:
      return VERDICT_NOT_IP;
  }
}
