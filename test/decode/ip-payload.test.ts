import { describe, expect, it } from 'vitest';
import { decodeIpv4 } from '../../src/decode/ipv4.ts';
import { decodeIpv6 } from '../../src/decode/ipv6.ts';
import { ipv4, joinBytes } from '../fixtures/build-packets.ts';
import {
  authentication,
  cutRuns,
  INNER_IPV4,
  INNER_IPV6,
  IPV4_LAYERS,
  IPV6_LAYERS,
  innerIpv4,
  type Layer,
  OPENED_IPV4,
  OPENED_IPV6,
  open,
  outerIpv4,
  outerIpv6,
  PROTOCOL_AH,
  PROTOCOL_IPV4,
  PROTOCOL_IPV6,
  verdictsByCut,
} from './tunnel-frames.ts';

const PROTOCOL_TCP = 6;
const OUTER_V4_LAYER: Layer = [20, 'ipv4_truncated'];
const OUTER_V6_LAYER: Layer = [40, 'ipv6_truncated'];
/** TCP with its addresses: those of the packet that the authentication header stands in. */
const TCP_SEGMENT = INNER_IPV4.subarray(20);
const OUTER_SEGMENT = { ...OPENED_IPV4, source: '203.0.113.1#40000', target: '203.0.113.2#80' };

describe('decodeIpPayload', () => {
  it('opens IPv4 in IPv4 and IPv6 in IPv4, cut at any byte', () => {
    const v4 = outerIpv4(PROTOCOL_IPV4, INNER_IPV4);
    const v6 = outerIpv4(PROTOCOL_IPV6, INNER_IPV6);
    expect(open(decodeIpv4, v4)).toEqual(OPENED_IPV4);
    expect(open(decodeIpv4, v6)).toEqual(OPENED_IPV6);
    expect(verdictsByCut(decodeIpv4, v4)).toEqual(cutRuns([OUTER_V4_LAYER, ...IPV4_LAYERS]));
    expect(verdictsByCut(decodeIpv4, v6)).toEqual(cutRuns([OUTER_V4_LAYER, ...IPV6_LAYERS]));
  });

  it('opens IPv4 in IPv6 and IPv6 in IPv6, cut at any byte', () => {
    const v4 = outerIpv6(PROTOCOL_IPV4, INNER_IPV4);
    const v6 = outerIpv6(PROTOCOL_IPV6, INNER_IPV6);
    expect(open(decodeIpv6, v4)).toEqual(OPENED_IPV4);
    expect(open(decodeIpv6, v6)).toEqual(OPENED_IPV6);
    expect(verdictsByCut(decodeIpv6, v4)).toEqual(cutRuns([OUTER_V6_LAYER, ...IPV4_LAYERS]));
    expect(verdictsByCut(decodeIpv6, v6)).toEqual(cutRuns([OUTER_V6_LAYER, ...IPV6_LAYERS]));
  });

  it('a protocol that says IPv4 where IPv6 stands is malformed, and the other way round', () => {
    expect(open(decodeIpv4, outerIpv4(PROTOCOL_IPV4, INNER_IPV6))).toEqual({
      verdict: 'ipv4_malformed',
    });
    const wrong = joinBytes(INNER_IPV4);
    expect(open(decodeIpv4, outerIpv4(PROTOCOL_IPV6, wrong))).toEqual({
      verdict: 'ipv6_malformed',
    });
  });

  it('ends the packet within where the outer one ends', () => {
    const padded = joinBytes(outerIpv4(PROTOCOL_IPV4, INNER_IPV4), new Uint8Array(9).fill(0x45));
    expect(open(decodeIpv4, padded)).toEqual(OPENED_IPV4);
    const unknownLength = outerIpv4(PROTOCOL_IPV4, innerIpv4({ totalLength: 0 }));
    expect(open(decodeIpv4, joinBytes(unknownLength, [0x20, 0x20]))).toEqual(OPENED_IPV4);
    const tooLong = outerIpv4(PROTOCOL_IPV4, innerIpv4({ totalLength: 1000 }));
    expect(open(decodeIpv4, joinBytes(tooLong, [0x20, 0x20]))).toEqual({
      ...OPENED_IPV4,
      isPayloadCut: true,
    });
  });

  it('gives not_tcp for every other protocol', () => {
    for (const protocol of [0, 1, 2, 17, 50, 58, 89, 94, 108, 132, 255]) {
      expect(open(decodeIpv4, outerIpv4(protocol, INNER_IPV4))).toEqual({ verdict: 'not_tcp' });
    }
  });

  it('the later fragments of the outer packet and of the inner one are fragments', () => {
    const outer = { source: '203.0.113.1', target: '203.0.113.2', protocol: PROTOCOL_IPV4 };
    const fragment = { verdict: 'fragment' };
    expect(open(decodeIpv4, ipv4({ ...outer, fragmentOffset: 1 }, INNER_IPV4))).toEqual(fragment);
    const inner = innerIpv4({ fragmentOffset: 185 });
    expect(open(decodeIpv4, ipv4(outer, inner))).toEqual(fragment);
    expect(open(decodeIpv4, ipv4(outer, innerIpv4({ moreFragments: true })))).toEqual(OPENED_IPV4);
  });

  it('the first fragment of the outer packet shows the inner one as far as it goes', () => {
    const outer = { source: '203.0.113.1', target: '203.0.113.2', protocol: PROTOCOL_IPV4 };
    const first = ipv4({ ...outer, moreFragments: true }, INNER_IPV4.subarray(0, 42));
    const seen = { ...OPENED_IPV4, payload: 'GE', isPayloadCut: true };
    expect(open(decodeIpv4, first)).toEqual(seen);
  });

  describe('an authentication header in IPv4', () => {
    it('is looked through to TCP, whatever its length, cut at any byte', () => {
      for (const icvBytes of [0, 4, 12, 32]) {
        const header = authentication(PROTOCOL_TCP, TCP_SEGMENT, icvBytes);
        const packet = outerIpv4(PROTOCOL_AH, header);
        expect(open(decodeIpv4, packet)).toEqual(OUTER_SEGMENT);
        expect(verdictsByCut(decodeIpv4, packet)).toEqual(
          cutRuns([OUTER_V4_LAYER, [12 + icvBytes, 'tunnel_truncated'], ...IPV4_LAYERS.slice(1)]),
        );
      }
    });

    it('is looked through to a packet within the packet', () => {
      const v4 = authentication(PROTOCOL_IPV4, INNER_IPV4);
      const v6 = authentication(PROTOCOL_IPV6, INNER_IPV6);
      expect(open(decodeIpv4, outerIpv4(PROTOCOL_AH, v4))).toEqual(OPENED_IPV4);
      expect(open(decodeIpv4, outerIpv4(PROTOCOL_AH, v6))).toEqual(OPENED_IPV6);
      expect(open(decodeIpv6, outerIpv6(PROTOCOL_AH, v4))).toEqual(OPENED_IPV4);
    });

    it('with a length beyond the packet or below its own fields is malformed', () => {
      const header = authentication(PROTOCOL_TCP, TCP_SEGMENT);
      const bytesFit = header.length / 4 - 2;
      for (const [length, verdict] of [
        [0, 'tunnel_malformed'],
        [Math.floor(bytesFit), 'tcp_malformed'],
        [Math.floor(bytesFit) + 1, 'tunnel_malformed'],
        [255, 'tunnel_malformed'],
      ] as const) {
        header[1] = length;
        expect(open(decodeIpv4, outerIpv4(PROTOCOL_AH, header)).verdict).toBe(verdict);
      }
    });

    it('before encrypted bytes or nothing of ours gives not_tcp', () => {
      for (const next of [50, 59, 1]) {
        const packet = outerIpv4(PROTOCOL_AH, authentication(next, TCP_SEGMENT));
        expect(open(decodeIpv4, packet)).toEqual({ verdict: 'not_tcp' });
      }
    });
  });
});
