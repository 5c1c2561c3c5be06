import { describe, expect, it } from 'vitest';
import { decodeUdp } from '../../src/decode/udp.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, taggedEthernet } from '../fixtures/build-packets.ts';
import {
  cutRuns,
  ETHERNET_LAYERS,
  ETHERTYPE_TRANSPARENT,
  geneve,
  INNER_ETHERNET,
  INNER_IPV4,
  INNER_IPV6,
  IPV4_LAYERS,
  type Layer,
  OPENED_IPV4,
  OPENED_IPV6,
  open,
  PORT_GENEVE,
  PORT_GTP_U,
  PORT_VXLAN,
  udp,
  verdictsByCut,
  vxlan,
} from './tunnel-frames.ts';

const NOT_TCP = { verdict: 'not_tcp' };
/** Without its ports nobody can tell whether a datagram is a tunnel's. */
const UDP_LAYER: Layer = [8, 'not_tcp'];

describe('decodeUdp', () => {
  it('opens VXLAN on 4789, on 8472, and on a port that was given, by either port', () => {
    for (const port of [PORT_VXLAN, 8472, 9999]) {
      expect(open(decodeUdp, udp(50000, port, vxlan(INNER_ETHERNET)))).toEqual(OPENED_IPV4);
      expect(open(decodeUdp, udp(port, 50000, vxlan(INNER_ETHERNET)))).toEqual(OPENED_IPV4);
    }
  });

  it('looks at no other port', () => {
    for (const port of [53, 4788, 4791, 8471, 8473, 9998, 10000, 2151, 2153, 6080, 6082, 0]) {
      expect(open(decodeUdp, udp(50000, port, vxlan(INNER_ETHERNET)))).toEqual(NOT_TCP);
    }
  });

  it('goes by the destination port where both are a tunnel’s', () => {
    const packet = geneve(ETHERTYPE_IPV4, INNER_IPV4);
    expect(open(decodeUdp, udp(PORT_VXLAN, PORT_GENEVE, packet))).toEqual(OPENED_IPV4);
    expect(open(decodeUdp, udp(PORT_GTP_U, PORT_VXLAN, vxlan(INNER_ETHERNET)))).toEqual(
      OPENED_IPV4,
    );
  });

  it('cut at any byte VXLAN is truncated until one byte of payload is there', () => {
    const packet = udp(50000, PORT_VXLAN, vxlan(INNER_ETHERNET));
    expect(verdictsByCut(decodeUdp, packet)).toEqual(
      cutRuns([UDP_LAYER, [8, 'tunnel_truncated'], ...ETHERNET_LAYERS]),
    );
  });

  it('takes VXLAN without the I flag for something else, with other flags for VXLAN', () => {
    for (const flags of [0x00, 0xf7]) {
      const packet = udp(50000, PORT_VXLAN, vxlan(INNER_ETHERNET, flags));
      expect(open(decodeUdp, packet)).toEqual(NOT_TCP);
    }
    const withGroupPolicy = udp(50000, PORT_VXLAN, vxlan(INNER_ETHERNET, 0x88));
    expect(open(decodeUdp, withGroupPolicy)).toEqual(OPENED_IPV4);
  });

  it('keeps the VLAN tags of the frame within', () => {
    const tags = [
      { tpid: 0x88a8, id: 200 },
      { tpid: 0x8100, id: 10 },
    ];
    const tagged = taggedEthernet(tags, ETHERTYPE_IPV6, INNER_IPV6);
    expect(open(decodeUdp, udp(50000, PORT_VXLAN, vxlan(tagged)))).toEqual({
      ...OPENED_IPV6,
      vlanIds: [200, 10],
    });
  });

  describe('Geneve', () => {
    const inner: [string, number, Uint8Array, object][] = [
      ['Ethernet', ETHERTYPE_TRANSPARENT, INNER_ETHERNET, OPENED_IPV4],
      ['IPv4', ETHERTYPE_IPV4, INNER_IPV4, OPENED_IPV4],
      ['IPv6', ETHERTYPE_IPV6, INNER_IPV6, OPENED_IPV6],
    ];

    it.each(inner)('opens %s behind 0, 4, 8 and 252 bytes of options', (_, type, packet, seen) => {
      for (const optionsBytes of [0, 4, 8, 252]) {
        const options = new Array<number>(optionsBytes).fill(0x45);
        const datagram = udp(50000, PORT_GENEVE, geneve(type, packet, options));
        expect(open(decodeUdp, datagram)).toEqual(seen);
      }
    });

    it('cut at any byte is truncated, its options too', () => {
      for (const optionsBytes of [0, 12]) {
        const options = new Array<number>(optionsBytes).fill(0);
        const packet = udp(50000, PORT_GENEVE, geneve(ETHERTYPE_IPV4, INNER_IPV4, options));
        expect(verdictsByCut(decodeUdp, packet)).toEqual(
          cutRuns([UDP_LAYER, [8 + optionsBytes, 'tunnel_truncated'], ...IPV4_LAYERS]),
        );
      }
    });

    it('takes no notice of the control and critical flags, and refuses another version', () => {
      const packet = geneve(ETHERTYPE_IPV4, INNER_IPV4);
      packet[1] = 0xc0;
      expect(open(decodeUdp, udp(50000, PORT_GENEVE, packet))).toEqual(OPENED_IPV4);
      for (const version of [1, 2, 3]) {
        packet[0] = version << 6;
        expect(open(decodeUdp, udp(50000, PORT_GENEVE, packet))).toEqual({
          verdict: 'tunnel_malformed',
        });
      }
    });
  });
});
