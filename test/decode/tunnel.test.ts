import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/capture/frame.ts';
import { createFrame } from '../../src/capture/frame.ts';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { decodeFrame } from '../../src/decode/decode-frame.ts';
import { decodeEthernet } from '../../src/decode/ethernet.ts';
import { TUNNELS_MAX } from '../../src/decode/limits.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { decodeUdp } from '../../src/decode/udp.ts';
import { VERDICT_SEGMENT } from '../../src/decode/verdicts.ts';
import { VLAN_TAGS_MAX } from '../../src/limits.ts';
import { ETHERTYPE_IPV4, ethernet, joinBytes, taggedEthernet } from '../fixtures/build-packets.ts';
import {
  authentication,
  ETHERTYPE_MPLS,
  ETHERTYPE_PPPOE,
  ETHERTYPE_TRANSPARENT,
  etherTypeOf,
  geneve,
  gre,
  INNER_IPV4,
  INNER_IPV6,
  OPENED_IPV4,
  OPENED_IPV6,
  open,
  outerIpv4,
  outerIpv6,
  PORT_GENEVE,
  PORT_GTP_U,
  PORT_VXLAN,
  PROTOCOL_AH,
  PROTOCOL_GRE,
  PROTOCOL_IPV4,
  PROTOCOL_IPV6,
  PROTOCOL_UDP,
  pppoe,
  pseudowire,
  udp,
  verdictsByCut,
  vxlan,
} from './tunnel-frames.ts';

const inEthernet = (packet: Uint8Array) => ethernet(etherTypeOf(packet), packet);
const ipProtocolOf = (packet: Uint8Array) => (packet[0] >> 4 === 4 ? PROTOCOL_IPV4 : PROTOCOL_IPV6);

/** Each puts an IP packet into one tunnel and gives an IP packet. */
const TUNNELS: Record<string, (packet: Uint8Array) => Uint8Array> = {
  'IP in IPv4': (packet) => outerIpv4(ipProtocolOf(packet), packet),
  'IP in IPv6': (packet) => outerIpv6(ipProtocolOf(packet), packet),
  GRE: (packet) => outerIpv4(PROTOCOL_GRE, gre({ protocol: etherTypeOf(packet) }, packet)),
  'GRE with Ethernet, over IPv6': (packet) =>
    outerIpv6(PROTOCOL_GRE, gre({ protocol: ETHERTYPE_TRANSPARENT, key: 7 }, inEthernet(packet))),
  'ERSPAN I': (packet) => outerIpv4(PROTOCOL_GRE, gre({ protocol: 0x88be }, inEthernet(packet))),
  VXLAN: (packet) => outerIpv4(PROTOCOL_UDP, udp(50000, PORT_VXLAN, vxlan(inEthernet(packet)))),
  'VXLAN over IPv6': (packet) =>
    outerIpv6(PROTOCOL_UDP, udp(50000, 8472, vxlan(inEthernet(packet)))),
  'VXLAN with PPPoE': (packet) => {
    const session = pppoe(joinBytes(packet[0] >> 4 === 4 ? [0, 0x21] : [0, 0x57], packet));
    const frame = ethernet(ETHERTYPE_PPPOE, session);
    return outerIpv4(PROTOCOL_UDP, udp(50000, PORT_VXLAN, vxlan(frame)));
  },
  Geneve: (packet) =>
    outerIpv4(PROTOCOL_UDP, udp(50000, PORT_GENEVE, geneve(etherTypeOf(packet), packet))),
  'GTP-U': (packet) => {
    const header = [0x30, 255, packet.length >> 8, packet.length & 0xff, 0, 0, 0, 1];
    return outerIpv4(PROTOCOL_UDP, udp(50000, PORT_GTP_U, joinBytes(header, packet)));
  },
};

/** The packet in the tunnels of these names, the last the innermost. */
function nest(names: readonly string[], packet: Uint8Array): Uint8Array {
  return names.reduceRight((inner, name) => TUNNELS[name](inner), packet);
}

describe('enterTunnel', () => {
  const depths = [
    [TUNNELS_MAX - 1, 'segment'],
    [TUNNELS_MAX, 'segment'],
    [TUNNELS_MAX + 1, 'tunnel_too_deep'],
    [4 * TUNNELS_MAX, 'tunnel_too_deep'],
  ] as const;

  it.each(Object.keys(TUNNELS))('bounds the depth of %s', (name) => {
    for (const [depth, verdict] of depths) {
      const frame = inEthernet(nest(new Array<string>(depth).fill(name), INNER_IPV4));
      expect(open(decodeEthernet, frame)).toEqual(
        verdict === 'segment' ? OPENED_IPV4 : { verdict },
      );
    }
  });

  it('bounds the depth of pseudowires', () => {
    for (const [depth, verdict] of depths) {
      let frame = inEthernet(INNER_IPV6);
      for (let wires = 0; wires < depth; wires += 1) {
        frame = ethernet(ETHERTYPE_MPLS, pseudowire(16 + wires, frame));
      }
      expect(open(decodeEthernet, frame)).toEqual(
        verdict === 'segment' ? OPENED_IPV6 : { verdict },
      );
    }
  });

  it('bounds a chain of authentication headers, of which the last one before TCP is free', () => {
    for (const [headers, verdict] of [
      [TUNNELS_MAX, 'segment'],
      [TUNNELS_MAX + 1, 'segment'],
      [TUNNELS_MAX + 2, 'tunnel_too_deep'],
    ] as const) {
      let packet = authentication(6, INNER_IPV4.subarray(20));
      for (let header = 1; header < headers; header += 1) {
        packet = authentication(PROTOCOL_AH, packet, 0);
      }
      const frame = inEthernet(outerIpv4(PROTOCOL_AH, packet));
      expect(open(decodeEthernet, frame).verdict).toBe(verdict);
    }
  });

  it('counts anew for each frame', () => {
    const bytes = inEthernet(nest(new Array<string>(TUNNELS_MAX).fill('VXLAN'), INNER_IPV4));
    const frame: Frame = { ...createFrame(), bytes, end: bytes.length };
    frame.linkType = LINKTYPE_ETHERNET;
    const segment = createSegment();
    for (let frames = 0; frames < 3; frames += 1) {
      expect(decodeFrame(frame, segment)).toBe(VERDICT_SEGMENT);
      expect(segment.tunnelsCount).toBe(TUNNELS_MAX);
    }
  });
});

describe('mixed nests', () => {
  const names = Object.keys(TUNNELS);
  /** Every tunnel stands at every depth, next to many others. */
  const nests = Array.from({ length: 200 }, (_, round) =>
    Array.from(
      { length: TUNNELS_MAX },
      (_, depth) => names[(round + depth * (1 + (round % 7))) % names.length],
    ),
  );

  it('of as many tunnels as there may be give the innermost addresses', () => {
    for (const [index, nested] of nests.entries()) {
      const isIpv4 = index % 2 === 0;
      const frame = inEthernet(nest(nested, isIpv4 ? INNER_IPV4 : INNER_IPV6));
      expect([nested, open(decodeEthernet, frame)]).toEqual([
        nested,
        isIpv4 ? OPENED_IPV4 : OPENED_IPV6,
      ]);
    }
  });

  it('of one more are too deep', () => {
    for (const [index, nested] of nests.entries()) {
      const frame = inEthernet(nest([names[index % names.length], ...nested], INNER_IPV4));
      expect([nested, open(decodeEthernet, frame)]).toEqual([
        nested,
        { verdict: 'tunnel_too_deep' },
      ]);
    }
  });

  it('cut at any byte are truncated until one byte of payload is there', () => {
    for (const nested of nests.slice(0, 12)) {
      const runs = verdictsByCut(decodeEthernet, inEthernet(nest(nested, INNER_IPV4)));
      // A datagram without its ports is not known for a tunnel's yet.
      expect(runs.slice(0, -1).join('\n')).toMatch(/^(\d+-\d+ (\w+_truncated|not_tcp)\n?)+$/);
      const length = inEthernet(nest(nested, INNER_IPV4)).length;
      expect(runs.at(-1)).toBe(`${length - 4}-${length} segment`);
    }
  });
});

describe('forgetVlanTags', () => {
  const tagsOf = (count: number) =>
    Array.from({ length: count }, (_, id) => ({ tpid: 0x8100, id: id + 1 }));
  const outerTags = (count: number, packet: Uint8Array) =>
    taggedEthernet(tagsOf(count), ETHERTYPE_IPV4, packet);
  const inGre = (protocol: number, head: readonly number[]) => (frame: Uint8Array) =>
    outerIpv4(PROTOCOL_GRE, gre({ protocol }, joinBytes(head, frame)));
  const mirrors: [string, number, (frame: Uint8Array) => Uint8Array][] = [
    [
      'VXLAN',
      ETHERTYPE_IPV4,
      (frame) => outerIpv4(PROTOCOL_UDP, udp(50000, PORT_VXLAN, vxlan(frame))),
    ],
    [
      'Geneve',
      ETHERTYPE_IPV4,
      (frame) => outerIpv4(PROTOCOL_UDP, udp(1, PORT_GENEVE, geneve(ETHERTYPE_TRANSPARENT, frame))),
    ],
    ['GRE', ETHERTYPE_IPV4, inGre(ETHERTYPE_TRANSPARENT, [])],
    ['ERSPAN I', ETHERTYPE_IPV4, inGre(0x88be, [])],
    ['ERSPAN III', ETHERTYPE_IPV4, inGre(0x22eb, new Array<number>(12).fill(0))],
    ['a pseudowire', ETHERTYPE_MPLS, (frame) => pseudowire(16, frame)],
  ];

  it.each(mirrors)(
    'leaves the tags of the frame within %s, as many as the outer one may have',
    (_name, etherType, mirror) => {
      const tags = tagsOf(VLAN_TAGS_MAX);
      const inner = taggedEthernet(tags, ETHERTYPE_IPV4, INNER_IPV4);
      expect(open(decodeEthernet, taggedEthernet(tags, etherType, mirror(inner)))).toEqual({
        ...OPENED_IPV4,
        vlanIds: [1, 2, 3, 4],
      });
      const untagged = ethernet(ETHERTYPE_IPV4, INNER_IPV4);
      const frame = taggedEthernet(tagsOf(2), etherType, mirror(untagged));
      expect(open(decodeEthernet, frame)).toEqual(OPENED_IPV4);
    },
  );

  it('leaves the outer tags where the packet within has no Ethernet header', () => {
    const packet = outerIpv4(PROTOCOL_IPV4, INNER_IPV4);
    expect(open(decodeEthernet, outerTags(2, packet))).toEqual({ ...OPENED_IPV4, vlanIds: [1, 2] });
  });

  it('does not forget the bound: one tag too many within is too deep', () => {
    const inner = taggedEthernet(tagsOf(VLAN_TAGS_MAX + 1), ETHERTYPE_IPV4, INNER_IPV4);
    expect(open(decodeUdp, udp(50000, PORT_VXLAN, vxlan(inner)))).toEqual({
      verdict: 'vlan_too_deep',
    });
  });
});
