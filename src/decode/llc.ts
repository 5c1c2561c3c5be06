import { readUint16BE } from '../big-endian.ts';
import { decodeEtherType } from './ether-type.ts';
import { decodeIpv4 } from './ipv4.ts';
import type { Segment } from './segment.ts';
import { enterTunnel } from './tunnel.ts';
import { VERDICT_LINK_TRUNCATED, VERDICT_NOT_IP, VERDICT_TUNNEL_TOO_DEEP } from './verdicts.ts';

/** The largest number in an EtherType's place that is a length; a packet socket has 4 there. */
export const IEEE_802_3_LENGTH_MAX = 1500;

const LLC_HEADER_BYTES = 3;
const LLC_CONTROL_AT = 2;
const LLC_UNNUMBERED_INFORMATION = 0x03;
/** DSAP and SSAP. */
const SAPS_SNAP = 0xaaaa;
const SAPS_IPV4 = 0x0606;

const SNAP_PROTOCOL_AT = 6;
const SNAP_HEADER_BYTES = 8;
/** RFC 1042, and what bridges write in its place (IEEE 802.1H): an EtherType follows. */
const OUI_ETHERNET = 0x000000;
const OUI_BRIDGE_TUNNEL = 0x0000f8;

/**
 * Decodes an IEEE 802.3 frame's LLC header: IP behind SNAP, or with its own service access point.
 *
 * @param offset behind the length field
 * @returns a verdict
 * @see RFC 1042, IEEE 802-2014 section 9
 */
export function decodeLlc(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < LLC_HEADER_BYTES) {
    return VERDICT_NOT_IP;
  }
  // Counted, as the protocol behind SNAP may be a length again.
  if (!enterTunnel(segment)) {
    return VERDICT_TUNNEL_TOO_DEEP;
  }
  const saps = readUint16BE(bytes, offset);
  if (bytes[offset + LLC_CONTROL_AT] !== LLC_UNNUMBERED_INFORMATION) {
    return VERDICT_NOT_IP;
  }
  if (saps === SAPS_IPV4) {
    return decodeIpv4(bytes, offset + LLC_HEADER_BYTES, end, segment);
  }
  if (saps !== SAPS_SNAP) {
    return VERDICT_NOT_IP;
  }
  if (end - offset < SNAP_HEADER_BYTES) {
    return VERDICT_LINK_TRUNCATED;
  }
  const oui =
    (bytes[offset + LLC_HEADER_BYTES] << 16) | readUint16BE(bytes, offset + LLC_HEADER_BYTES + 1);
  const protocol = readUint16BE(bytes, offset + SNAP_PROTOCOL_AT);
  return oui === OUI_ETHERNET || oui === OUI_BRIDGE_TUNNEL
    ? decodeEtherType(bytes, protocol, offset + SNAP_HEADER_BYTES, end, segment)
    : VERDICT_NOT_IP;
}
