/**
 * What became of a frame. Every frame read gets exactly one verdict, so their counts add up to the frames.
 *
 * Truncated = the capture ended before the layer did; malformed = the bytes are there and contradict
 * themselves. Neither is ever an exception.
 */

/** A TCP segment with payload. After this verdict and the next the segment record is whole. */
export const VERDICT_SEGMENT = 0;
/** A TCP segment without payload (SYN, pure ACK, FIN). */
export const VERDICT_NO_PAYLOAD = 1;
/** Not IPv4 or IPv6 (ARP, LLDP, IEEE 802.3 length, and what nobody asked for). */
export const VERDICT_NOT_IP = 2;
/** IPv4 or IPv6 that carries no TCP. */
export const VERDICT_NOT_TCP = 3;
/** A fragment that waits for the others of its datagram, or of one that is not put together. */
export const VERDICT_FRAGMENT = 4;
export const VERDICT_LINK_UNSUPPORTED = 5;
export const VERDICT_LINK_TRUNCATED = 6;
/** More VLAN tags than VLAN_TAGS_MAX. */
export const VERDICT_VLAN_TOO_DEEP = 7;
export const VERDICT_VLAN_TRUNCATED = 8;
export const VERDICT_IPV4_TRUNCATED = 9;
/** Version other than 4, header length below 20, or total length below the header length. */
export const VERDICT_IPV4_MALFORMED = 10;
export const VERDICT_IPV6_TRUNCATED = 11;
/** Version other than 6. */
export const VERDICT_IPV6_MALFORMED = 12;
/** An extension header that ends beyond the packet, or more of them than IPV6_EXTENSION_HEADERS_MAX. */
export const VERDICT_IPV6_EXTENSION_MALFORMED = 13;
export const VERDICT_TCP_TRUNCATED = 14;
/** Data offset below 5 words, or a header that ends beyond the IP packet. */
export const VERDICT_TCP_MALFORMED = 15;
/** The capture ends in the header of a tunnel or within what it says is there. */
export const VERDICT_TUNNEL_TRUNCATED = 16;
/** A tunnel's header contradicts itself, or is of a version that is not read. */
export const VERDICT_TUNNEL_MALFORMED = 17;
/** More packets within packets than TUNNELS_MAX, or more labels than MPLS_LABELS_MAX. */
export const VERDICT_TUNNEL_TOO_DEEP = 18;

/** Fragments of a datagram that contradict each other: it is refused. */
export const VERDICT_FRAGMENT_OVERLAP = 19;
/** A fragment that is not the last and no multiple of 8 bytes, or that ends beyond 65,535. */
export const VERDICT_FRAGMENT_MALFORMED = 20;

export const VERDICTS_COUNT = 21;

/** Names for reports, by verdict. */
export const VERDICT_NAMES: readonly string[] = [
  'segment',
  'no_payload',
  'not_ip',
  'not_tcp',
  'fragment',
  'link_unsupported',
  'link_truncated',
  'vlan_too_deep',
  'vlan_truncated',
  'ipv4_truncated',
  'ipv4_malformed',
  'ipv6_truncated',
  'ipv6_malformed',
  'ipv6_extension_malformed',
  'tcp_truncated',
  'tcp_malformed',
  'tunnel_truncated',
  'tunnel_malformed',
  'tunnel_too_deep',
  'fragment_overlap',
  'fragment_malformed',
];

/** First verdict that says a frame could not be decoded though it should have been. */
export const VERDICT_FIRST_UNDECODABLE = VERDICT_LINK_UNSUPPORTED;
