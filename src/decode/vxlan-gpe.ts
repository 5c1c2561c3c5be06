import { decodeEthernet } from './ethernet.ts';
import { decodeNextProtocol } from './nsh.ts';
import type { Segment } from './segment.ts';
import { forgetVlanTags } from './tunnel.ts';
import { VERDICT_NOT_TCP, VERDICT_TUNNEL_MALFORMED, VERDICT_TUNNEL_TRUNCATED } from './verdicts.ts';

const GPE_FLAGS_AT = 0;
const GPE_VERSION_MASK = 0x30;
const GPE_FLAG_NEXT_PROTOCOL = 0x04;
/** Operations, administration, maintenance: no user's packet. */
const GPE_FLAG_OAM = 0x01;
const GPE_NEXT_PROTOCOL_AT = 3;
const GPE_HEADER_BYTES = 8;

/**
 * Decodes VXLAN with the generic protocol extension: IP, Ethernet, NSH or MPLS.
 *
 * @returns a verdict
 * @see draft-ietf-nvo3-vxlan-gpe-13 section 3
 */
export function decodeVxlanGpe(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < GPE_HEADER_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const flags = bytes[offset + GPE_FLAGS_AT];
  if ((flags & GPE_VERSION_MASK) !== 0) {
    return VERDICT_TUNNEL_MALFORMED;
  }
  if ((flags & GPE_FLAG_OAM) !== 0) {
    return VERDICT_NOT_TCP;
  }
  const payloadOffset = offset + GPE_HEADER_BYTES;
  if ((flags & GPE_FLAG_NEXT_PROTOCOL) === 0) {
    forgetVlanTags(segment);
    return decodeEthernet(bytes, payloadOffset, end, segment);
  }
  const protocol = bytes[offset + GPE_NEXT_PROTOCOL_AT];
  return decodeNextProtocol(bytes, protocol, payloadOffset, end, segment);
}
