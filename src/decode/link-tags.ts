import { readUint16BE } from '../big-endian.ts';
import { decodeEtherType } from './ether-type.ts';
import { decodeTunnelledEthernet } from './ethernet.ts';
import type { Segment } from './segment.ts';
import { enterTunnel } from './tunnel.ts';
import { VERDICT_TUNNEL_TOO_DEEP, VERDICT_TUNNEL_TRUNCATED } from './verdicts.ts';

/**
 * What switches put between the addresses of a frame and its EtherType besides VLAN tags, and what a mirror port shows of
 * it. Each is counted as a tunnel, so that a chain of them ends.
 */

/** E-tag of port extenders, IEEE 802.1BR. */
export const ETHERTYPE_E_TAG = 0x893f;
/** VN-tag, Cisco's before it. */
export const ETHERTYPE_VN_TAG = 0x8926;
/** Cisco metadata: the group of a TrustSec frame. */
export const ETHERTYPE_CISCO_METADATA = 0x8909;
/** I-tag of a provider backbone bridge, IEEE 802.1ah. */
export const ETHERTYPE_I_TAG = 0x88e7;

/** Behind the EtherType, with the one that follows. */
const E_TAG_BYTES = 8;
const VN_TAG_BYTES = 6;
const CISCO_METADATA_LENGTH_AT = 1;
const CISCO_METADATA_MIN_BYTES = 8;
const I_TAG_BYTES = 4;
const ETHERTYPE_BYTES = 2;

/** @see IEEE 802.1BR-2012 section 11 */
export function decodeETag(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  return decodeBehindTag(bytes, offset, end, E_TAG_BYTES, segment);
}

export function decodeVnTag(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  return decodeBehindTag(bytes, offset, end, VN_TAG_BYTES, segment);
}

/** Version, length in units of 8 bytes, options of which the group is one, then the EtherType that follows. */
export function decodeCiscoMetadata(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < CISCO_METADATA_MIN_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const byteLength = bytes[offset + CISCO_METADATA_LENGTH_AT] << 3;
  return decodeBehindTag(
    bytes,
    offset,
    end,
    Math.max(byteLength, CISCO_METADATA_MIN_BYTES),
    segment,
  );
}

/**
 * The customer's whole frame behind the service identifier; VLAN tags are its own.
 *
 * @see IEEE 802.1Q-2022 section 9.7
 */
export function decodeITag(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  return decodeTunnelledEthernet(bytes, offset, end, I_TAG_BYTES, segment);
}

function decodeBehindTag(
  bytes: Uint8Array,
  offset: number,
  end: number,
  tagBytes: number,
  segment: Segment,
): number {
  if (!enterTunnel(segment)) {
    return VERDICT_TUNNEL_TOO_DEEP;
  }
  if (end - offset < tagBytes) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const payloadOffset = offset + tagBytes;
  const etherType = readUint16BE(bytes, payloadOffset - ETHERTYPE_BYTES);
  return decodeEtherType(bytes, etherType, payloadOffset, end, segment);
}
