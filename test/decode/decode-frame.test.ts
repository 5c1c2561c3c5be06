import { describe, expect, it } from 'vitest';
import { createFrame } from '../../src/capture/frame.ts';
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_LOOP,
  LINKTYPE_NETWORK,
  LINKTYPE_NULL,
  LINKTYPE_RAW,
  LINKTYPE_RAW_BSD,
  LINKTYPE_RAW_OPENBSD,
} from '../../src/capture/link-types.ts';
import { decodeFrame } from '../../src/decode/decode-frame.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { nullHeader, sll2Header, sllHeader } from '../fixtures/build-captures.ts';
import {
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  extensionHeader,
  ipv6,
  joinBytes,
  vlanTag,
} from '../fixtures/build-packets.ts';
import { type Decoder, decodeGuarded, verdictOf, verdictsByCut } from './decode-guarded.ts';
import {
  ETHERNET_IPV4,
  ETHERNET_IPV6,
  IPV4_PACKET,
  IPV6_PACKET,
  ipv4Segment,
  ipv6Segment,
  TCP_SEGMENT,
} from './hex-frames.ts';
import { createRandom } from './seeded-random.ts';

interface FrameFields {
  linkType: number;
  etherType?: number;
  /** Tag that the kernel took out of the bytes. */
  vlanTci?: number;
}

function decoderOf({ linkType, etherType = 0, vlanTci }: FrameFields): Decoder {
  return (bytes, offset, end, segment) => {
    const vlan = { vlanTagged: vlanTci === undefined ? 0 : 1, vlanTci: vlanTci ?? 0 } as const;
    const frame = { ...createFrame(), bytes, offset, end, linkType, etherType, ...vlan };
    return decodeFrame(frame, segment);
  };
}

interface LinkCase extends FrameFields {
  name: string;
  header: readonly number[] | Uint8Array;
  packet: Uint8Array;
}

const ETHERNET_IPV4_HEADER = ETHERNET_IPV4.subarray(0, 14);
const ETHERNET_IPV6_HEADER = ETHERNET_IPV6.subarray(0, 14);

/** Every link type, with IPv4 and with IPv6 where it can carry both. */
const LINK_CASES: LinkCase[] = [
  ['ETHERNET', LINKTYPE_ETHERNET, ETHERNET_IPV4_HEADER, ETHERNET_IPV6_HEADER],
  ['NETWORK', LINKTYPE_NETWORK, [], []],
  ['LINUX_SLL', LINKTYPE_LINUX_SLL, sllHeader(0, ETHERTYPE_IPV4), sllHeader(4, ETHERTYPE_IPV6)],
  ['LINUX_SLL2', LINKTYPE_LINUX_SLL2, sll2Header(0, ETHERTYPE_IPV4), sll2Header(4, ETHERTYPE_IPV6)],
  ['RAW', LINKTYPE_RAW, [], []],
  ['RAW of BSD', LINKTYPE_RAW_BSD, [], []],
  ['RAW of OpenBSD', LINKTYPE_RAW_OPENBSD, [], []],
  ['NULL', LINKTYPE_NULL, nullHeader(2, false), nullHeader(30, false)],
  ['LOOP', LINKTYPE_LOOP, nullHeader(2, true), nullHeader(24, true)],
  ['IPV4', LINKTYPE_IPV4, [], undefined],
  ['IPV6', LINKTYPE_IPV6, undefined, []],
].flatMap((row) => {
  const [name, linkType, ipv4Header, ipv6Header] = row as [string, number, number[]?, number[]?];
  const cases: LinkCase[] = [];
  if (ipv4Header !== undefined) {
    const etherType = ETHERTYPE_IPV4;
    cases.push({ name, linkType, etherType, header: ipv4Header, packet: IPV4_PACKET });
  }
  if (ipv6Header !== undefined) {
    const etherType = ETHERTYPE_IPV6;
    cases.push({ name, linkType, etherType, header: ipv6Header, packet: IPV6_PACKET });
  }
  return cases;
});

describe.each(LINK_CASES)('decodeFrame: $name with EtherType $etherType', (linkCase) => {
  const { header, packet } = linkCase;
  const frame = joinBytes(header, packet);
  const decode = decoderOf(linkCase);

  it('finds the segment', () => {
    const segmentAt = packet === IPV4_PACKET ? ipv4Segment : ipv6Segment;
    expect(decodeGuarded(decode, frame).segment).toEqual({
      ...segmentAt(header.length),
      vlanIds: [],
    });
  });

  it('cut at any byte it is truncated until one byte of payload is there', () => {
    const runs = verdictsByCut(decode, frame);
    expect(runs.at(-1)).toBe(`${frame.length - 4}-${frame.length} segment`);
    for (const run of runs.slice(0, -1)) {
      expect(run).toMatch(/_truncated$/);
    }
  });

  it('has the tag that the kernel took out of the bytes', () => {
    const tagged = decoderOf({ ...linkCase, vlanTci: 0xa00f });
    expect(decodeGuarded(tagged, frame).segment?.vlanIds).toEqual([15]);
  });
});

describe('decodeFrame', () => {
  it.each([6, 105, 127, 147, 195, 253, 65535])('link type %i is not supported', (linkType) => {
    expect(verdictOf(decoderOf({ linkType }), ETHERNET_IPV4)).toBe('link_unsupported');
    expect(verdictOf(decoderOf({ linkType }), ETHERNET_IPV4, 0)).toBe('link_unsupported');
  });

  it('link types of one IP version take no other', () => {
    expect(verdictOf(decoderOf({ linkType: LINKTYPE_IPV4 }), IPV6_PACKET)).toBe('ipv4_malformed');
    const ipv4InIpv6 = joinBytes(IPV4_PACKET, IPV4_PACKET);
    expect(verdictOf(decoderOf({ linkType: LINKTYPE_IPV6 }), ipv4InIpv6)).toBe('ipv6_malformed');
  });

  it('the network layer of a packet socket may begin with a tag', () => {
    const decode = decoderOf({ linkType: LINKTYPE_NETWORK, etherType: 0x8100 });
    const frame = vlanTag(12, ETHERTYPE_IPV4, IPV4_PACKET);
    expect(decodeGuarded(decode, frame).segment?.vlanIds).toEqual([12]);
  });

  it('nothing of the frame before is left: neither tags nor the tag out of band', () => {
    const segment = createSegment();
    const frame = {
      ...createFrame(),
      bytes: ETHERNET_IPV4,
      end: ETHERNET_IPV4.length,
      linkType: 1,
    };
    decodeFrame({ ...frame, vlanTagged: 1, vlanTci: 5 }, segment);
    expect(segment.vlanTagsCount).toBe(1);
    decodeFrame({ ...frame, vlanTci: 5 }, segment);
    expect(segment.vlanTagsCount).toBe(0);
  });

  it('20,000 frames with random damage are read within their bounds, and each has one verdict', () => {
    const random = createRandom(20190901);
    const chain = joinBytes(extensionHeader(44, [0, 0]), extensionHeader(6, [0, 0, 0, 1]));
    const addresses = { source: '2001:db8::1', target: '2001:db8::2', nextHeader: 0 };
    const frames = [
      ...LINK_CASES.map((linkCase) => ({
        fields: linkCase as FrameFields,
        bytes: joinBytes(linkCase.header, linkCase.packet),
      })),
      {
        fields: { linkType: LINKTYPE_RAW },
        bytes: ipv6(addresses, joinBytes(chain, TCP_SEGMENT)),
      },
    ];
    const verdicts = new Set<string>();
    for (let round = 0; round < 20_000; round++) {
      const { fields, bytes } = frames[random(frames.length)];
      const damaged = Uint8Array.from(bytes);
      for (let flips = random(4); flips >= 0; flips--) {
        damaged[random(damaged.length)] = random(256);
      }
      const cutAt = random(3) === 0 ? random(damaged.length + 1) : damaged.length;
      const { verdict, segment } = decodeGuarded(decoderOf(fields), damaged, cutAt);
      verdicts.add(verdict);
      if (segment !== undefined) {
        expect(segment.payloadOffset).toBeLessThan(segment.payloadEnd);
        expect(segment.payloadEnd).toBeLessThanOrEqual(cutAt);
      }
    }
    expect(verdicts.size).toBeGreaterThanOrEqual(12);
  });
});
