import { describe, expect, it } from 'vitest';
import { createFrame } from '../../src/capture/frame.ts';
import { LINKTYPE_RAW } from '../../src/capture/link-types.ts';
import { decodeFrame } from '../../src/decode/decode-frame.ts';
import * as verdicts from '../../src/decode/verdicts.ts';
import { type Decoder, hexBytes, verdictOf } from './decode-guarded.ts';

/** The shortest frame of each verdict, on Ethernet unless it says RAW. */
const SHORTEST_FRAMES: Record<string, { hex: string; linkType?: number }> = {
  segment: {
    hex: `4500002900000000 4006000000000000 00000000   # IPv4, total length 41, TCP
          0000000000000000 0000000050000000 00000000   # TCP, data offset 5
          47                                           # one byte of payload`,
    linkType: LINKTYPE_RAW,
  },
  no_payload: {
    hex: `4500002800000000 4006000000000000 00000000   # IPv4, total length 40, TCP
          0000000000000000 0000000050000000 00000000   # TCP, data offset 5`,
    linkType: LINKTYPE_RAW,
  },
  not_ip: { hex: '000000000000 000000000000 0806         # ARP' },
  not_tcp: {
    hex: '4500001400000000 4011000000000000 00000000   # IPv4, UDP',
    linkType: LINKTYPE_RAW,
  },
  fragment: {
    hex: '4500001400000001 4006000000000000 00000000   # IPv4, fragment offset 1, TCP',
    linkType: LINKTYPE_RAW,
  },
  link_unsupported: { hex: '', linkType: 105 },
  link_truncated: { hex: '' },
  vlan_too_deep: {
    hex: `000000000000 000000000000 8100               # Ethernet, a tag follows
          00018100 00028100 00038100 00048100          # four tags, and a fifth follows`,
  },
  vlan_truncated: { hex: '000000000000 000000000000 8100         # Ethernet, a tag follows' },
  ipv4_truncated: {
    hex: '45                                     # version 4',
    linkType: LINKTYPE_RAW,
  },
  ipv4_malformed: {
    hex: '4400001400000000 4006000000000000 00000000   # IPv4, header of 4 words',
    linkType: LINKTYPE_RAW,
  },
  ipv6_truncated: {
    hex: '60                                     # version 6',
    linkType: LINKTYPE_RAW,
  },
  ipv6_malformed: {
    hex: `000000000000 000000000000 86dd               # Ethernet, IPv6 follows
          4000000000000640                             # version 4
          00000000000000000000000000000000             # source address
          00000000000000000000000000000000             # destination address`,
  },
  ipv6_extension_malformed: {
    hex: `6000000000010040                             # payload length 1, hop-by-hop
          00000000000000000000000000000000             # source address
          00000000000000000000000000000000             # destination address
          00                                           # the payload`,
    linkType: LINKTYPE_RAW,
  },
  tcp_truncated: {
    hex: '4500002800000000 4006000000000000 00000000   # IPv4, total length 40, TCP',
    linkType: LINKTYPE_RAW,
  },
  tcp_malformed: {
    hex: '4500001400000000 4006000000000000 00000000   # IPv4, total length 20, TCP',
    linkType: LINKTYPE_RAW,
  },
  tunnel_truncated: {
    hex: '4500001400000000 402f000000000000 00000000   # IPv4, total length 20, GRE',
    linkType: LINKTYPE_RAW,
  },
  tunnel_malformed: {
    hex: `4500001800000000 402f000000000000 00000000   # IPv4, total length 24, GRE
          00020800                                     # version 2`,
    linkType: LINKTYPE_RAW,
  },
  tunnel_too_deep: {
    hex: `000000000000 000000000000 8847               # Ethernet, MPLS follows
          ${'00000000'.repeat(16)}                     # sixteen labels, none of them the last`,
  },
};

function decoderOf(linkType: number): Decoder {
  return (bytes, offset, end, segment) =>
    decodeFrame({ ...createFrame(), bytes, offset, end, linkType }, segment);
}

describe('verdicts', () => {
  it.each(verdicts.VERDICT_NAMES)('%s has its shortest frame', (name) => {
    const { hex, linkType = 1 } = SHORTEST_FRAMES[name];
    expect(verdictOf(decoderOf(linkType), hexBytes(hex))).toBe(name);
  });

  it('numbers run from 0 without a gap, and names follow them', () => {
    const numbers = Object.entries(verdicts)
      .filter(([name]) => /^VERDICT_(?!NAMES|FIRST)/.test(name))
      .map(([name, value]) => [value, name.replace('VERDICT_', '').toLowerCase()] as const)
      // A module's names are in the order of the alphabet.
      .sort(([one], [other]) => Number(one) - Number(other));
    expect(numbers).toEqual(verdicts.VERDICT_NAMES.map((name, verdict) => [verdict, name]));
    expect(verdicts.VERDICTS_COUNT).toBe(verdicts.VERDICT_NAMES.length);
  });

  it('the undecodable ones are those that name a fault, and follow all others', () => {
    const undecodable = verdicts.VERDICT_NAMES.slice(verdicts.VERDICT_FIRST_UNDECODABLE);
    const faults = /_(unsupported|truncated|malformed|too_deep)$/;
    expect(verdicts.VERDICT_NAMES.filter((name) => faults.test(name))).toEqual(undecodable);
  });
});
