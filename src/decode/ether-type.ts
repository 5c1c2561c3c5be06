import { readUint16BE } from '../big-endian.ts';
import { VLAN_TAGS_MAX } from '../limits.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import {
  decodeCiscoMetadata,
  decodeETag,
  decodeITag,
  decodeVnTag,
  ETHERTYPE_CISCO_METADATA,
  ETHERTYPE_E_TAG,
  ETHERTYPE_I_TAG,
  ETHERTYPE_VN_TAG,
} from './link-tags.ts';
import { decodeLlc, IEEE_802_3_LENGTH_MAX } from './llc.ts';
import { decodeMpls, ETHERTYPE_MPLS_MULTICAST, ETHERTYPE_MPLS_UNICAST } from './mpls.ts';
import { decodeNsh, ETHERTYPE_NSH } from './nsh.ts';
import { decodePppoeSession, ETHERTYPE_PPPOE_SESSION } from './ppp.ts';
import type { Segment } from './segment.ts';
import { UNREAD_ETHERTYPE } from './unread-kinds.ts';
import { VERDICT_NOT_IP, VERDICT_VLAN_TOO_DEEP, VERDICT_VLAN_TRUNCATED } from './verdicts.ts';

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_IPV6 = 0x86dd;
/** Customer tag, IEEE 802.1Q. */
const ETHERTYPE_VLAN = 0x8100;
/** Service tag, IEEE 802.1ad. */
const ETHERTYPE_SERVICE_VLAN = 0x88a8;
/** What switches used for stacked tags before 802.1ad. */
const ETHERTYPE_QINQ_LEGACY = 0x9100;
const ETHERTYPE_QINQ_LEGACY_2 = 0x9200;
const ETHERTYPE_QINQ_LEGACY_3 = 0x9300;

const VLAN_TCI_AT = 0;
const VLAN_ETHERTYPE_AT = 2;
const VLAN_TAG_BYTES = 4;
const VLAN_ID_MASK = 0x0fff;

/**
 * Decodes what follows an EtherType: any VLAN tags, then IPv4 or IPv6.
 *
 * @param offset first byte behind the EtherType
 * @param end one past the last captured byte
 * @returns a verdict
 * @see IEEE 802.1Q-2022 section 9
 */
export function decodeEtherType(
  bytes: Uint8Array,
  etherType: number,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (etherType === ETHERTYPE_IPV4) {
    return decodeIpv4(bytes, offset, end, segment);
  }
  if (etherType === ETHERTYPE_IPV6) {
    return decodeIpv6(bytes, offset, end, segment);
  }
  if (isVlanEtherType(etherType)) {
    return decodeVlanTags(bytes, offset, end, segment);
  }
  return decodeRareEtherType(bytes, etherType, offset, end, segment);
}

/** Keeps an id that the kernel or a tag in the frame gave; **the caller has checked the room for it**. */
export function pushVlanId(segment: Segment, tci: number): void {
  segment.vlanIds[segment.vlanTagsCount] = tci & VLAN_ID_MASK;
  segment.vlanTagsCount++;
}

function decodeRareEtherType(
  bytes: Uint8Array,
  etherType: number,
  offset: number,
  end: number,
  segment: Segment,
): number {
  switch (etherType) {
    case ETHERTYPE_MPLS_UNICAST:
    case ETHERTYPE_MPLS_MULTICAST:
      return decodeMpls(bytes, offset, end, segment);
    case ETHERTYPE_PPPOE_SESSION:
      return decodePppoeSession(bytes, offset, end, segment);
    case ETHERTYPE_E_TAG:
      return decodeETag(bytes, offset, end, segment);
    case ETHERTYPE_VN_TAG:
      return decodeVnTag(bytes, offset, end, segment);
    case ETHERTYPE_CISCO_METADATA:
      return decodeCiscoMetadata(bytes, offset, end, segment);
    case ETHERTYPE_I_TAG:
      return decodeITag(bytes, offset, end, segment);
    case ETHERTYPE_NSH:
      return decodeNsh(bytes, offset, end, segment);
    default:
      if (etherType > 0 && etherType <= IEEE_802_3_LENGTH_MAX) {
        return decodeLlc(bytes, offset, end, segment);
      }
      segment.unreadKind = UNREAD_ETHERTYPE | etherType;
      return VERDICT_NOT_IP;
  }
}

function decodeVlanTags(bytes: Uint8Array, offset: number, end: number, segment: Segment): number {
  while (segment.vlanTagsCount < VLAN_TAGS_MAX) {
    if (end - offset < VLAN_TAG_BYTES) {
      return VERDICT_VLAN_TRUNCATED;
    }
    pushVlanId(segment, readUint16BE(bytes, offset + VLAN_TCI_AT));
    const etherType = readUint16BE(bytes, offset + VLAN_ETHERTYPE_AT);
    offset += VLAN_TAG_BYTES;
    if (etherType === ETHERTYPE_IPV4) {
      return decodeIpv4(bytes, offset, end, segment);
    }
    if (etherType === ETHERTYPE_IPV6) {
      return decodeIpv6(bytes, offset, end, segment);
    }
    if (!isVlanEtherType(etherType)) {
      return decodeRareEtherType(bytes, etherType, offset, end, segment);
    }
  }
  return VERDICT_VLAN_TOO_DEEP;
}

function isVlanEtherType(etherType: number): boolean {
  return (
    etherType === ETHERTYPE_VLAN ||
    etherType === ETHERTYPE_SERVICE_VLAN ||
    etherType === ETHERTYPE_QINQ_LEGACY ||
    etherType === ETHERTYPE_QINQ_LEGACY_2 ||
    etherType === ETHERTYPE_QINQ_LEGACY_3
  );
}
