import { describe, expect, it } from 'vitest';
import { decodeGre } from '../../src/decode/gre.ts';
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, joinBytes, vlanTag } from '../fixtures/build-packets.ts';
import {
  cutRuns,
  ETHERNET_LAYERS,
  ETHERTYPE_MPLS,
  ETHERTYPE_TRANSPARENT,
  type GreFields,
  gre,
  INNER_ETHERNET,
  INNER_IPV4,
  INNER_IPV6,
  IPV4_LAYERS,
  IPV6_LAYERS,
  mpls,
  OPENED_IPV4,
  OPENED_IPV6,
  open,
  verdictsByCut,
} from './tunnel-frames.ts';

const PROTOCOL_PPP = 0x880b;
const PROTOCOL_ERSPAN_II = 0x88be;
const PROTOCOL_ERSPAN_III = 0x22eb;

/** Version, VLAN, session and index; 8 bytes. @see draft-foschiano-erspan-03 section 4.2 */
const ERSPAN_II_HEADER = [0x10, 0x07, 0x18, 0x01, 0, 0, 0, 5];

/** 12 bytes; bits 2 to 6 of byte 10 are the frame type, bit 0 of byte 11 announces a sub-header. */
function erspan3(frameType: number, hasSubheader: boolean): number[] {
  const head = [0x20, 0x07, 0x18, 0x01, 1, 2, 3, 4, 0, 0, frameType << 2, hasSubheader ? 1 : 0];
  return hasSubheader ? [...head, 0x45, 0x45, 0x45, 0x45, 0x45, 0x45, 0x45, 0x45] : head;
}

describe('decodeGre', () => {
  it('opens IPv4, IPv6, Ethernet, tagged Ethernet and MPLS', () => {
    const cases: [number, Uint8Array, object][] = [
      [ETHERTYPE_IPV4, INNER_IPV4, OPENED_IPV4],
      [ETHERTYPE_IPV6, INNER_IPV6, OPENED_IPV6],
      [ETHERTYPE_TRANSPARENT, INNER_ETHERNET, OPENED_IPV4],
      [ETHERTYPE_MPLS, mpls([16, 17], INNER_IPV6), OPENED_IPV6],
      [0x8100, vlanTag(7, ETHERTYPE_IPV4, INNER_IPV4), { ...OPENED_IPV4, vlanIds: [7] }],
    ];
    for (const [protocol, payload, expected] of cases) {
      expect(open(decodeGre, gre({ protocol }, payload))).toEqual(expected);
    }
  });

  const optional: Partial<GreFields>[] = [];
  for (let bits = 0; bits < 8; bits += 1) {
    optional.push({
      ...((bits & 4) !== 0 && { checksum: 0x45000000 }),
      ...((bits & 2) !== 0 && { key: 0x45004500 }),
      ...((bits & 1) !== 0 && { sequence: 0x60000000 }),
    });
  }

  it.each(optional)('skips the optional fields %o, cut at any byte', (fields) => {
    const headerBytes = 4 + 4 * Object.keys(fields).length;
    for (const [protocol, payload, expected, layers] of [
      [ETHERTYPE_IPV4, INNER_IPV4, OPENED_IPV4, IPV4_LAYERS],
      [ETHERTYPE_IPV6, INNER_IPV6, OPENED_IPV6, IPV6_LAYERS],
      [ETHERTYPE_TRANSPARENT, INNER_ETHERNET, OPENED_IPV4, ETHERNET_LAYERS],
    ] as const) {
      const packet = gre({ protocol, ...fields }, payload);
      expect(open(decodeGre, packet)).toEqual(expected);
      expect(verdictsByCut(decodeGre, packet)).toEqual(
        cutRuns([[headerBytes, 'tunnel_truncated'], ...layers]),
      );
    }
  });

  it('refuses source routes, and versions above 1', () => {
    const malformed = { verdict: 'tunnel_malformed' };
    const routed = gre({ protocol: ETHERTYPE_IPV4, flags: 0x4000 }, INNER_IPV4);
    expect(open(decodeGre, routed)).toEqual(malformed);
    for (let version = 2; version <= 7; version += 1) {
      const packet = gre({ protocol: ETHERTYPE_IPV4, version }, INNER_IPV4);
      expect(open(decodeGre, packet)).toEqual(malformed);
    }
  });

  it('gives not_ip for a protocol that is no packet, such as a keep-alive', () => {
    expect(open(decodeGre, gre({ protocol: 0 }, new Uint8Array(0)))).toEqual({ verdict: 'not_ip' });
    expect(open(decodeGre, gre({ protocol: 0x0806 }, INNER_IPV4))).toEqual({ verdict: 'not_ip' });
  });

  describe('version 1, as PPTP has it', () => {
    const ppp = joinBytes([0xff, 0x03, 0x00, 0x21], INNER_IPV4);
    const fields = { protocol: PROTOCOL_PPP, version: 1, key: 0x0031_0001, sequence: 9 };

    it('opens PPP with and without an acknowledgment number, cut at any byte', () => {
      for (const [extra, headerBytes] of [
        [{}, 12],
        [{ acknowledgment: 8 }, 16],
      ] as const) {
        const packet = gre({ ...fields, ...extra }, ppp);
        expect(open(decodeGre, packet)).toEqual(OPENED_IPV4);
        expect(verdictsByCut(decodeGre, packet)).toEqual(
          cutRuns([
            [headerBytes, 'tunnel_truncated'],
            // `ff 03` alone could be a protocol number that is cut.
            [4, 'link_truncated'],
            ...IPV4_LAYERS,
          ]),
        );
      }
    });

    it('takes an acknowledgment alone for what it is: nothing is cut there', () => {
      const { sequence, ...unnumbered } = fields;
      const packet = gre({ ...unnumbered, acknowledgment: sequence }, new Uint8Array(0));
      expect(open(decodeGre, packet)).toEqual({ verdict: 'not_tcp' });
    });

    it('carries nothing but PPP', () => {
      const packet = gre({ ...fields, protocol: ETHERTYPE_IPV4 }, INNER_IPV4);
      expect(open(decodeGre, packet)).toEqual({ verdict: 'not_tcp' });
    });

    it('has the acknowledgment number in version 1 only: the bit is none of version 0', () => {
      const packet = gre({ protocol: ETHERTYPE_IPV4, flags: 0x0080 }, INNER_IPV4);
      expect(open(decodeGre, packet)).toEqual(OPENED_IPV4);
    });
  });

  describe('ERSPAN', () => {
    it('I has no header of its own, II one of 8 bytes: the sequence number tells', () => {
      const first = gre({ protocol: PROTOCOL_ERSPAN_II }, INNER_ETHERNET);
      expect(open(decodeGre, first)).toEqual(OPENED_IPV4);
      expect(verdictsByCut(decodeGre, first)).toEqual(
        cutRuns([[4, 'tunnel_truncated'], ...ETHERNET_LAYERS]),
      );
      const mirrored = joinBytes(ERSPAN_II_HEADER, INNER_ETHERNET);
      const second = gre({ protocol: PROTOCOL_ERSPAN_II, sequence: 1 }, mirrored);
      expect(open(decodeGre, second)).toEqual(OPENED_IPV4);
      expect(verdictsByCut(decodeGre, second)).toEqual(
        cutRuns([[16, 'tunnel_truncated'], ...ETHERNET_LAYERS]),
      );
    });

    it.each([false, true])('III is opened, sub-header: %s', (hasSubheader) => {
      const mirrored = joinBytes(erspan3(0, hasSubheader), INNER_ETHERNET);
      const packet = gre({ protocol: PROTOCOL_ERSPAN_III, sequence: 1 }, mirrored);
      expect(open(decodeGre, packet)).toEqual(OPENED_IPV4);
      expect(verdictsByCut(decodeGre, packet)).toEqual(
        cutRuns([[hasSubheader ? 28 : 20, 'tunnel_truncated'], ...ETHERNET_LAYERS]),
      );
    });

    it.each([false, true])('III of a bare IP packet is opened, sub-header: %s', (hasSubheader) => {
      const mirrored = joinBytes(erspan3(2, hasSubheader), INNER_IPV6);
      const packet = gre({ protocol: PROTOCOL_ERSPAN_III, sequence: 1 }, mirrored);
      expect(open(decodeGre, packet)).toEqual(OPENED_IPV6);
      expect(verdictsByCut(decodeGre, packet)).toEqual(
        cutRuns([
          [hasSubheader ? 28 : 20, 'tunnel_truncated'],
          [1, 'link_truncated'],
          [39, 'ipv6_truncated'],
          ...IPV6_LAYERS.slice(1),
        ]),
      );
    });
  });
});
