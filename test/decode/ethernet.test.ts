import { describe, expect, it } from 'vitest';
import { decodeEthernet } from '../../src/decode/ethernet.ts';
import { joinBytes } from '../fixtures/build-packets.ts';
import { decodeGuarded, hexBytes, verdictOf, verdictsByCut } from './decode-guarded.ts';
import {
  ETHERNET_ADDRESSES,
  ETHERNET_IPV4,
  ETHERNET_IPV6,
  ETHERTYPE_ARP_BYTES,
  IPV4_PACKET,
  ipv4Segment,
  ipv6Segment,
} from './hex-frames.ts';

describe('decodeEthernet', () => {
  it('finds the segment of an IPv4 and of an IPv6 frame', () => {
    expect(decodeGuarded(decodeEthernet, ETHERNET_IPV4).segment).toMatchObject(ipv4Segment(14));
    expect(decodeGuarded(decodeEthernet, ETHERNET_IPV6).segment).toMatchObject(ipv6Segment(14));
  });

  it('cut at any byte an IPv4 frame is truncated in the layer of the cut', () => {
    expect(verdictsByCut(decodeEthernet, ETHERNET_IPV4)).toEqual([
      '0-13 link_truncated',
      '14-33 ipv4_truncated',
      '34-54 tcp_truncated',
      '55-59 segment',
    ]);
  });

  it('cut at any byte an IPv6 frame is truncated in the layer of the cut', () => {
    expect(verdictsByCut(decodeEthernet, ETHERNET_IPV6)).toEqual([
      '0-13 link_truncated',
      '14-53 ipv6_truncated',
      '54-74 tcp_truncated',
      '75-79 segment',
    ]);
  });

  it('cut at any byte a doubly tagged frame is truncated in the layer of the cut', () => {
    const frame = hexBytes(`
      02005e005301 # destination address
      02005e005302 # source address
      88a8         # service tag
      00c8         # id 200
      8100         # customer tag
      000a         # id 10
      0800         # EtherType IPv4
      ${Buffer.from(IPV4_PACKET).toString('hex')}
    `);
    expect(decodeGuarded(decodeEthernet, frame).segment?.vlanIds).toEqual([200, 10]);
    expect(verdictsByCut(decodeEthernet, frame)).toEqual([
      '0-13 link_truncated',
      '14-21 vlan_truncated',
      '22-41 ipv4_truncated',
      '42-62 tcp_truncated',
      '63-67 segment',
    ]);
  });

  it('padding behind the IP packet, up to the 60 bytes of the smallest frame, is no payload', () => {
    const frame = joinBytes(ETHERNET_IPV4, [0x20]);
    expect(decodeGuarded(decodeEthernet, frame).segment).toMatchObject({ payloadEnd: 59 });
  });

  it('an IEEE 802.3 frame, whose field is a length, is not IP', () => {
    const frame = hexBytes(`
      0180c2000000 # destination address: bridge group
      02005e005302 # source address
      0026         # length 38
      424203       # LLC: spanning tree
    `);
    expect(verdictOf(decodeEthernet, frame)).toBe('not_ip');
  });

  it('ARP is not IP', () => {
    const frame = joinBytes(ETHERNET_ADDRESSES, ETHERTYPE_ARP_BYTES, new Uint8Array(28));
    expect(verdictsByCut(decodeEthernet, frame)).toEqual(['0-13 link_truncated', '14-42 not_ip']);
  });
});
