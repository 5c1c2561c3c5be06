import { describe, expect, it } from 'vitest';
import { createBpfCode } from '../../src/capture/bpf-code.ts';
import { type BpfAncillary, runBpf } from '../../src/capture/bpf-interpreter.ts';
import { compileFilter } from '../../src/capture/compile-filter.ts';
import { buildDefaultFilter, type FilterLinkLayer } from '../../src/capture/default-filter.ts';
import {
  LINKTYPE_ETHERNET,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_RAW,
} from '../../src/capture/link-types.ts';
import type { PortRange } from '../../src/capture/port-range.ts';
import { PORT_RANGES_MAX, VLAN_TAGS_MAX } from '../../src/limits.ts';
import {
  bytesOf,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  extensionHeader,
  fragmentHeader,
  type Ipv4Fields,
  ipv4,
  ipv6,
  joinBytes,
  PROTOCOL_HOP_BY_HOP,
  TPID_8021AD,
  TPID_8021Q,
  TPID_9100,
  taggedEthernet,
  tcp,
  uint16,
} from '../fixtures/build-packets.ts';
import { titleWithReason } from '../live/requirements.ts';
import { listCorpus, missingCorpus, readClassicPcap } from './classic-pcap.ts';
import { missingLibpcap } from './missing-libpcap.ts';

const SNAPLEN = 1560;
const PACKET_HOST = 0;
const PACKET_OUTGOING = 4;
const PROTOCOL_UDP = 17;
const WEB: PortRange[] = [
  { first: 80, last: 80 },
  { first: 8000, last: 8010 },
];

const request = bytesOf('GET / HTTP/1.1\r\n\r\n');
const client = { v4: '192.0.2.1', v6: '2001:db8::1' };
const server = { v4: '192.0.2.2', v6: '2001:db8::2' };

function segment(source: number, target: number): Uint8Array {
  return tcp(
    {
      source: { address: client.v4, port: source },
      target: { address: server.v4, port: target },
    },
    request,
  );
}

function packetV4(source: number, target: number, fields: Partial<Ipv4Fields> = {}): Uint8Array {
  return ipv4({ source: client.v4, target: server.v4, ...fields }, segment(source, target));
}

function packetV6(source: number, target: number, nextHeader = 6): Uint8Array {
  return ipv6({ source: client.v6, target: server.v6, nextHeader }, segment(source, target));
}

/** A cooked header: packet type, hardware type, address length, address, EtherType. */
function linuxSll(packetType: number, etherType: number, payload: Uint8Array): Uint8Array {
  const address = [0, 6, 2, 0, 0, 0, 0, 1, 0, 0];
  return joinBytes(uint16(packetType), uint16(1), address, uint16(etherType), payload);
}

/** A cooked header of version 2: EtherType, reserved, interface, hardware type, packet type, address. */
function linuxSll2(packetType: number, etherType: number, payload: Uint8Array): Uint8Array {
  const address = [6, 2, 0, 0, 0, 0, 1, 0, 0];
  const head = [0, 0, 0, 0, 0, 1];
  return joinBytes(uint16(etherType), head, uint16(1), [packetType], address, payload);
}

interface FilterCase {
  ports?: readonly PortRange[] | 'any';
  linkLayer?: FilterLinkLayer;
  protocol?: number;
  packetType?: number;
}

function verdict(bytes: Uint8Array, options: FilterCase = {}): number {
  const { ports = WEB, linkLayer = 'ethernet' } = options;
  const code = createBpfCode(buildDefaultFilter({ ports, linkLayer, snaplen: SNAPLEN }));
  const ancillary: BpfAncillary = {
    protocol: options.protocol ?? 0,
    packetType: options.packetType ?? PACKET_HOST,
    vlanTagged: 0,
    vlanTci: 0,
    vlanTpid: 0,
  };
  return runBpf(code, bytes, 0, bytes.length, bytes.length, ancillary);
}

const packets: [string, number, (source: number, target: number) => Uint8Array][] = [
  ['IPv4', ETHERTYPE_IPV4, packetV4],
  [
    'IPv4 with 8 bytes of options',
    ETHERTYPE_IPV4,
    (source, target) => packetV4(source, target, { options: [7, 7, 4, 0, 0, 0, 0, 0] }),
  ],
  [
    'IPv4 with 40 bytes of options',
    ETHERTYPE_IPV4,
    (source, target) => packetV4(source, target, { options: new Array(40).fill(1) }),
  ],
  ['IPv6', ETHERTYPE_IPV6, packetV6],
];

describe.each(packets)('buildDefaultFilter over %s', (_name, etherType, build) => {
  const frame = (source: number, target: number) => ethernet(etherType, build(source, target));

  it.each([
    [50000, 80],
    [80, 50000],
    [50000, 8000],
    [8010, 50000],
    [80, 8005],
  ])('accepts TCP from %i to %i', (source, target) => {
    expect(verdict(frame(source, target))).toBe(SNAPLEN);
  });

  it.each([
    [50000, 79],
    [81, 50000],
    [50000, 7999],
    [8011, 50000],
    [0, 65535],
  ])('rejects TCP from %i to %i', (source, target) => {
    expect(verdict(frame(source, target))).toBe(0);
    expect(verdict(frame(source, target), { ports: 'any' })).toBe(SNAPLEN);
  });

  it('finds it behind 0 to 4 VLAN tags in the bytes, and not behind 5', () => {
    const tpids = [TPID_8021AD, TPID_9100, TPID_8021Q, TPID_8021Q, TPID_8021Q];
    for (let tagsCount = 0; tagsCount <= VLAN_TAGS_MAX + 1; tagsCount += 1) {
      const tags = tpids.slice(0, tagsCount).map((tpid, id) => ({ tpid, id }));
      const tagged = (port: number) => taggedEthernet(tags, etherType, build(50000, port));
      expect(verdict(tagged(80))).toBe(tagsCount <= VLAN_TAGS_MAX ? SNAPLEN : 0);
      expect(verdict(tagged(81))).toBe(0);
    }
  });

  it('rejects it cut at every byte before the end of the ports', () => {
    for (const tags of [[], [{ tpid: TPID_8021Q, id: 7 }]]) {
      const whole = taggedEthernet(tags, etherType, build(50000, 80));
      const portsEnd = whole.length - segment(0, 0).length + 4;
      for (let length = 0; length < portsEnd; length += 1) {
        expect(verdict(whole.subarray(0, length))).toBe(0);
      }
      expect(verdict(whole.subarray(0, portsEnd))).toBe(SNAPLEN);
    }
  });

  it('finds it on a SOCK_DGRAM socket, where the EtherType is beside the bytes', () => {
    const on = { linkLayer: 'network', protocol: etherType } as const;
    expect(verdict(build(50000, 80), on)).toBe(SNAPLEN);
    expect(verdict(build(50000, 81), on)).toBe(0);
    const inner = joinBytes([0, 7], uint16(etherType), build(50000, 80));
    expect(verdict(inner, { ...on, protocol: TPID_8021Q })).toBe(SNAPLEN);
    expect(verdict(inner, { ...on, protocol: 0x0806 })).toBe(0);
  });

  it('finds it in an outgoing frame that software tagged, which SOCK_DGRAM gives without the tag', () => {
    const on = { linkLayer: 'network', protocol: TPID_8021Q, packetType: PACKET_OUTGOING } as const;
    expect(verdict(build(50000, 80), on)).toBe(SNAPLEN);
    expect(verdict(build(50000, 81), on)).toBe(0);
    expect(verdict(build(50000, 80), { ...on, packetType: PACKET_HOST })).toBe(0);
  });

  it('finds it behind cooked headers and in raw IP', () => {
    for (const [linkLayer, cook] of [
      ['linux-sll', linuxSll],
      ['linux-sll2', linuxSll2],
    ] as const) {
      expect(verdict(cook(0, etherType, build(50000, 80)), { linkLayer })).toBe(SNAPLEN);
      expect(verdict(cook(0, etherType, build(50000, 81)), { linkLayer })).toBe(0);
      const untagged = cook(PACKET_OUTGOING, TPID_8021Q, build(50000, 80));
      expect(verdict(untagged, { linkLayer })).toBe(SNAPLEN);
    }
    expect(verdict(build(50000, 80), { linkLayer: 'ip' })).toBe(SNAPLEN);
    expect(verdict(build(50000, 81), { linkLayer: 'ip' })).toBe(0);
  });
});

describe('buildDefaultFilter', () => {
  it('accepts every fragment of IPv4, as only the first one has ports', () => {
    const frame = (fields: Partial<Ipv4Fields>) =>
      ethernet(ETHERTYPE_IPV4, packetV4(50000, 80, fields));
    expect(verdict(frame({ moreFragments: true }))).toBe(SNAPLEN);
    expect(verdict(frame({ moreFragments: true, fragmentOffset: 1 }))).toBe(SNAPLEN);
    expect(verdict(frame({ fragmentOffset: 0x1000 }))).toBe(SNAPLEN);
    expect(verdict(frame({ fragmentOffset: 1 }), { ports: 'any' })).toBe(SNAPLEN);
    expect(verdict(frame({ fragmentOffset: 1, protocol: PROTOCOL_UDP }))).toBe(0);
  });

  it('rejects what is not TCP', () => {
    for (const ports of [WEB, 'any'] as const) {
      const udp = packetV4(50000, 80, { protocol: PROTOCOL_UDP });
      expect(verdict(ethernet(ETHERTYPE_IPV4, udp), { ports })).toBe(0);
      const udpV6 = packetV6(50000, 80, PROTOCOL_UDP);
      expect(verdict(ethernet(ETHERTYPE_IPV6, udpV6), { ports })).toBe(0);
      expect(verdict(ethernet(0x0806, packetV4(50000, 80)), { ports })).toBe(0);
    }
  });

  it('accepts IPv6 with an extension header whole, whatever its ports', () => {
    const base = { source: client.v6, target: server.v6 };
    for (const nextHeader of [0, 43, 44, 51, 60, 135, 139, 140]) {
      const frame = ethernet(ETHERTYPE_IPV6, packetV6(50000, 9999, nextHeader));
      expect(verdict(frame)).toBe(SNAPLEN);
    }
    for (const nextHeader of [1, 42, 45, 50, 58, 59, 134, 136, 138, 141, 255]) {
      const frame = ethernet(ETHERTYPE_IPV6, packetV6(50000, 80, nextHeader));
      expect(verdict(frame)).toBe(0);
    }
    const chain = joinBytes(
      extensionHeader(44, []),
      fragmentHeader(6, 0, true),
      segment(50000, 80),
    );
    const packet = ipv6({ ...base, nextHeader: PROTOCOL_HOP_BY_HOP }, chain);
    expect(verdict(ethernet(ETHERTYPE_IPV6, packet))).toBe(SNAPLEN);
  });

  it('compares every port rightly, whatever the ranges and their order', () => {
    const listings: PortRange[][] = [
      [{ first: 0, last: 65535 }],
      [
        { first: 0, last: 0 },
        { first: 65535, last: 65535 },
      ],
      [
        { first: 100, last: 200 },
        { first: 150, last: 160 },
        { first: 201, last: 210 },
        { first: 9, last: 9 },
      ],
      Array.from({ length: 300 }, (_, index) => ({
        first: 60000 - 200 * index,
        last: 60000 - 200 * index,
      })),
      Array.from({ length: PORT_RANGES_MAX }, (_, index) => ({
        first: 128 * index,
        last: 128 * index + (index % 127),
      })),
    ];
    for (const ports of listings) {
      const program = buildDefaultFilter({ ports, linkLayer: 'ip', snaplen: SNAPLEN });
      const code = createBpfCode(program);
      const wanted = new Uint8Array(65536);
      for (const { first, last } of ports) {
        wanted.fill(1, first, last + 1);
      }
      // Both sides of every boundary; the other port is one that is not wanted, where there is one.
      const other = Math.max(wanted.indexOf(0), 0);
      const nearby = ports.flatMap(({ first, last }) => [first - 1, first, last, last + 1]);
      for (const port of nearby.filter((near) => near >= 0 && near <= 65535)) {
        const verdicts = [packetV4(port, other), packetV4(other, port)].map((bytes) =>
          runBpf(code, bytes, 0, bytes.length, bytes.length, null),
        );
        const result = wanted[port] * SNAPLEN;
        expect([port, ...verdicts]).toEqual([port, result, result]);
      }
    }
  });

  it('refuses no range, too many, and one outside 0 to 65535', () => {
    const build = (ports: PortRange[]) => () =>
      buildDefaultFilter({ ports, linkLayer: 'ethernet', snaplen: SNAPLEN });
    const single = { first: 80, last: 80 };
    expect(build([])).toThrow(/1 to 450 port ranges, not 0/);
    expect(build(new Array(PORT_RANGES_MAX).fill(single))).not.toThrow();
    expect(build(new Array(PORT_RANGES_MAX + 1).fill(single))).toThrow(/not 451/);
    expect(build([{ first: 80, last: 79 }])).toThrow(/not 80-79/);
    expect(build([{ first: 0, last: 65536 }])).toThrow(/not 0-65536/);
  });
});

describe('buildDefaultFilter beside libpcap', () => {
  const reason = missingCorpus() ?? missingLibpcap();
  const extensions = [0, 43, 44, 51, 60, 135, 139, 140];
  const withExtension = extensions.map((next) => `ip6[6] = ${next}`).join(' or ');

  function expressionFor(ports: readonly PortRange[] | 'any'): string {
    if (ports === 'any') {
      return `(ip and tcp) or (ip6 and (ip6[6] = 6 or ${withExtension}))`;
    }
    const words = ports.map(({ first, last }) => `tcp portrange ${first}-${last}`).join(' or ');
    return `(${words}) or (ip proto 6 and ip[6:2] & 0x3fff != 0) or (ip6 and (${withExtension}))`;
  }

  const linkTags = [
    ...['ether proto 0x893f', 'ether proto 0x8926', 'ether proto 0x8909'],
    '(ether[12:2] <= 1500 and (ether[14:2] = 0xaaaa or ether[14:2] = 0x0606))',
    '(ether[12:2] = 0x8100 and ether[16:2] <= 1500 and ether[18:2] = 0xaaaa)',
  ].join(' or ');

  /** libpcap moves its offsets behind each `vlan`, so the tags have to be nested. */
  function behindTags(expression: string): string {
    let nested = expression;
    for (let tagsCount = 0; tagsCount < VLAN_TAGS_MAX; tagsCount += 1) {
      nested = `${expression} or (vlan and (${nested}))`;
    }
    return nested;
  }

  function compareVerdicts(
    linkTypeName: string,
    linkType: number,
    linkLayer: FilterLinkLayer,
  ): { packets: number; accepted: number } {
    const hasTags = linkType === LINKTYPE_ETHERNET;
    const totals = { packets: 0, accepted: 0 };
    for (const ports of [WEB, 'any'] as const) {
      const untagged = hasTags ? `${expressionFor(ports)} or ${linkTags}` : expressionFor(ports);
      const expression = hasTags ? behindTags(untagged) : untagged;
      const theirs = createBpfCode(compileFilter({ expression, linkType, snaplen: SNAPLEN }));
      const ours = createBpfCode(buildDefaultFilter({ ports, linkLayer, snaplen: SNAPLEN }));
      for (const path of listCorpus(linkTypeName)) {
        for (const [index, { bytes, wireLength }] of (readClassicPcap(path) ?? []).entries()) {
          const end = bytes.length;
          const our = runBpf(ours, bytes, 0, end, wireLength, null);
          const their = runBpf(theirs, bytes, 0, end, wireLength, null);
          if (our !== their) {
            expect([path, index + 1, ports, our]).toEqual([path, index + 1, ports, their]);
          }
          totals.packets += 1;
          totals.accepted += our === 0 ? 0 : 1;
        }
      }
    }
    return totals;
  }

  it.skipIf(reason !== undefined)(
    titleWithReason('agrees on every Ethernet packet of the corpus', reason),
    () => {
      const { packets: count, accepted } = compareVerdicts(
        'EN10MB=1',
        LINKTYPE_ETHERNET,
        'ethernet',
      );
      expect(count).toBeGreaterThan(10_000);
      expect(accepted).toBeGreaterThan(1_000);
    },
  );

  it.skipIf(reason !== undefined)(
    titleWithReason('agrees on every raw IP packet of the corpus', reason),
    () => {
      expect(compareVerdicts('RAW=101', LINKTYPE_RAW, 'ip').accepted).toBeGreaterThan(10);
    },
  );

  it.skipIf(reason !== undefined)(
    titleWithReason('agrees on every cooked packet of the corpus', reason),
    () => {
      const { accepted } = compareVerdicts('LINUX_SLL=113', LINKTYPE_LINUX_SLL, 'linux-sll');
      expect(accepted).toBeGreaterThan(10);
    },
  );
});
