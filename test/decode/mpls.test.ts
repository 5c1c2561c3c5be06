import { describe, expect, it } from 'vitest';
import { decodeEthernet } from '../../src/decode/ethernet.ts';
import { MPLS_LABELS_MAX } from '../../src/decode/limits.ts';
import { decodeMpls } from '../../src/decode/mpls.ts';
import {
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  joinBytes,
  taggedEthernet,
} from '../fixtures/build-packets.ts';
import {
  cutRuns,
  ETHERNET_LAYERS,
  ETHERTYPE_MPLS,
  INNER_ETHERNET,
  INNER_IPV4,
  INNER_IPV6,
  IPV4_LAYERS,
  IPV6_LAYERS,
  mpls,
  OPENED_IPV4,
  OPENED_IPV6,
  open,
  pseudowire,
  verdictsByCut,
} from './tunnel-frames.ts';

function labels(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 16 + index);
}

describe('decodeMpls', () => {
  it('opens IPv4 and IPv6 behind stacks, cut at any byte', () => {
    for (const count of [1, 2, 5]) {
      // The byte behind the stack tells what follows: without it the stack is cut.
      const stack = [4 * count + 1, 'tunnel_truncated'] as const;
      const [v4, v6] = [INNER_IPV4, INNER_IPV6].map((packet) => mpls(labels(count), packet));
      expect(open(decodeMpls, v4)).toEqual(OPENED_IPV4);
      expect(open(decodeMpls, v6)).toEqual(OPENED_IPV6);
      expect(verdictsByCut(decodeMpls, v4)).toEqual(
        cutRuns([stack, [19, 'ipv4_truncated'], ...IPV4_LAYERS.slice(1)]),
      );
      expect(verdictsByCut(decodeMpls, v6)).toEqual(
        cutRuns([stack, [39, 'ipv6_truncated'], ...IPV6_LAYERS.slice(1)]),
      );
    }
  });

  it('follows as many labels as there may be, and not one more', () => {
    for (const [count, verdict] of [
      [MPLS_LABELS_MAX - 1, 'segment'],
      [MPLS_LABELS_MAX, 'segment'],
      [MPLS_LABELS_MAX + 1, 'tunnel_too_deep'],
    ] as const) {
      expect(open(decodeMpls, mpls(labels(count), INNER_IPV4)).verdict).toBe(verdict);
    }
  });

  it('a stack without a bottom is cut, or too deep, and nothing else', () => {
    const endless = new Uint8Array(4 * (MPLS_LABELS_MAX + 2)).fill(0x40);
    expect(verdictsByCut(decodeMpls, endless)).toEqual([
      `0-${4 * MPLS_LABELS_MAX - 1} tunnel_truncated`,
      `${4 * MPLS_LABELS_MAX}-${endless.length} tunnel_too_deep`,
    ]);
  });

  it('opens a pseudowire with a control word, cut at any byte, and takes the tags within', () => {
    const packet = pseudowire(100, INNER_ETHERNET);
    expect(open(decodeMpls, packet)).toEqual(OPENED_IPV4);
    expect(verdictsByCut(decodeMpls, packet)).toEqual(
      cutRuns([[4, 'tunnel_truncated'], [4, 'tunnel_truncated'], ...ETHERNET_LAYERS]),
    );
    const tagged = taggedEthernet([{ tpid: 0x8100, id: 9 }], ETHERTYPE_IPV6, INNER_IPV6);
    const carried = ethernet(ETHERTYPE_MPLS, pseudowire(100, tagged));
    expect(open(decodeEthernet, carried)).toEqual({ ...OPENED_IPV6, vlanIds: [9] });
  });

  it('reads neither a control channel nor anything else that is not IP', () => {
    for (let first = 0x10; first <= 0xf0; first += 0x10) {
      const isIp = first === 0x40 || first === 0x60;
      const packet = mpls([16], joinBytes([first, 0, 0, 0], INNER_ETHERNET));
      expect(open(decodeMpls, packet).verdict === 'not_ip').toBe(!isIp);
    }
  });

  it('is found by both EtherTypes, behind VLAN tags too, which stay the line’s', () => {
    const tag = [{ tpid: 0x88a8, id: 5 }];
    for (const etherType of [0x8847, 0x8848]) {
      const packet = mpls([16, 17], INNER_IPV4);
      expect(open(decodeEthernet, ethernet(etherType, packet))).toEqual(OPENED_IPV4);
      expect(open(decodeEthernet, taggedEthernet(tag, etherType, packet))).toEqual({
        ...OPENED_IPV4,
        vlanIds: [5],
      });
    }
    expect(open(decodeEthernet, ethernet(0x8846, mpls([16], INNER_IPV4)))).toEqual({
      verdict: 'not_ip',
    });
    expect(open(decodeEthernet, ethernet(ETHERTYPE_IPV4, mpls([16], INNER_IPV4))).verdict).toBe(
      'ipv4_malformed',
    );
  });
});
