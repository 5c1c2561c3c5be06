/** Headers written field by field, of which the frames of the decoder tests are put together. */
import { joinBytes } from '../fixtures/build-packets.ts';
import { hexBytes } from './decode-guarded.ts';

/** 25 bytes: a header without options and the payload `GET /`. */
export const TCP_SEGMENT = hexBytes(`
  9c40         # source port 40000
  0050         # destination port 80
  89abcdef     # sequence number, its upper bit set
  00000001     # acknowledgment number
  5018         # data offset 5 words, PSH and ACK
  ffff         # window
  0000         # checksum
  0000         # urgent pointer
  474554202f   # payload: GET /
`);

/** 20 bytes; the total length is that of TCP_SEGMENT behind it. */
export const IPV4_HEADER = hexBytes(`
  45           # version 4, header of 5 words
  00           # type of service
  002d         # total length 45
  0001         # identification
  4000         # don't fragment, fragment offset 0
  40           # time to live
  06           # protocol TCP
  0000         # header checksum
  c0000202     # source address 192.0.2.2
  c6336401     # destination address 198.51.100.1
`);

/** 40 bytes; the payload length is that of TCP_SEGMENT behind it. */
export const IPV6_HEADER = hexBytes(`
  60000000     # version 6, traffic class, flow label
  0019         # payload length 25
  06           # next header TCP
  40           # hop limit
  20010db8000100000000000000000002   # source address 2001:db8:1::2
  20010db8000200000000000000000001   # destination address 2001:db8:2::1
`);

export const IPV4_PACKET = joinBytes(IPV4_HEADER, TCP_SEGMENT);
export const IPV6_PACKET = joinBytes(IPV6_HEADER, TCP_SEGMENT);

/** 14 bytes; without the EtherType 12. */
export const ETHERNET_ADDRESSES = hexBytes(`
  02005e005301 # destination address
  02005e005302 # source address
`);

export const ETHERTYPE_IPV4_BYTES = [0x08, 0x00];
export const ETHERTYPE_IPV6_BYTES = [0x86, 0xdd];
export const ETHERTYPE_ARP_BYTES = [0x08, 0x06];

export const ETHERNET_IPV4 = joinBytes(ETHERNET_ADDRESSES, ETHERTYPE_IPV4_BYTES, IPV4_PACKET);
export const ETHERNET_IPV6 = joinBytes(ETHERNET_ADDRESSES, ETHERTYPE_IPV6_BYTES, IPV6_PACKET);

/** What TCP_SEGMENT's ports and number read as. */
export const TCP_FIELDS = {
  sourcePort: 40000,
  targetPort: 80,
  sequenceNumber: 0x89abcdef | 0,
  acknowledgmentNumber: 1,
  /** PSH and ACK. */
  flags: 0x18,
  payloadBytes: 5,
} as const;

/** IPV4_PACKET decoded when it begins at `offset`. */
export function ipv4Segment(offset: number) {
  return {
    ...TCP_FIELDS,
    addressLength: 4,
    sourceAddressOffset: offset + 12,
    targetAddressOffset: offset + 16,
    payloadOffset: offset + 40,
    payloadEnd: offset + 45,
  };
}

/** IPV6_PACKET decoded when it begins at `offset`. */
export function ipv6Segment(offset: number) {
  return {
    ...TCP_FIELDS,
    addressLength: 16,
    sourceAddressOffset: offset + 8,
    targetAddressOffset: offset + 24,
    payloadOffset: offset + 60,
    payloadEnd: offset + 65,
  };
}
