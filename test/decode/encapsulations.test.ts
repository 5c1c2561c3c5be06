import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeEthernet } from '../../src/decode/ethernet.ts';
import { decodeIpv4 } from '../../src/decode/ipv4.ts';
import { TUNNELS_MAX } from '../../src/decode/limits.ts';
import { pcap } from '../fixtures/build-captures.ts';
import {
  bytesOf,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  ipv4,
  ipv6,
  joinBytes,
  TPID_8021AD,
  TPID_8021Q,
  taggedEthernet,
  tcp,
  vlanTag,
} from '../fixtures/build-packets.ts';
import { runChecked } from '../live/child-process.ts';
import { missingTool, titleWithReason } from '../live/requirements.ts';
import {
  ciscoMetadata,
  ETHERTYPES,
  eTag,
  iTag,
  L2TP3_UDP,
  LLC_SNAP,
  l2tp2,
  l2tp3,
  nsh,
  pppIpv4,
  snapFrame,
  teredo,
  vnTag,
  vxlanGpe,
} from './encapsulations.ts';
import {
  gre,
  INNER_ETHERNET,
  INNER_IPV4,
  INNER_IPV6,
  mpls,
  OPENED_IPV4,
  OPENED_IPV6,
  open,
  outerIpv4,
  outerIpv6,
  PROTOCOL_UDP,
  udp,
  verdictsByCut,
} from './tunnel-frames.ts';

const REQUEST = bytesOf('GET /inner HTTP/1.1\r\nHost: inner.example\r\n\r\n');

/** Each of a connection of its own: in one, all but the first were retransmissions to tshark. */
function requestsOf(index: number): [v4: Uint8Array, v6: Uint8Array] {
  const packetOf = (wrap: typeof ipv4 | typeof ipv6, source: string, target: string) => {
    const ends = {
      source: { address: source, port: 40_000 + index },
      target: { address: target, port: 80 },
    };
    return wrap({ source, target }, tcp(ends, REQUEST));
  };
  return [
    packetOf(ipv4, '192.0.2.2', '198.51.100.1'),
    packetOf(ipv6, '2001:db8:1::2', '2001:db8:2::1'),
  ];
}

type Build = (v4: Uint8Array, v6: Uint8Array) => Uint8Array;

const frame = (packet: Uint8Array) => ethernet(ETHERTYPE_IPV4, packet);
const inUdp = (port: number, payload: Uint8Array) =>
  frame(outerIpv4(PROTOCOL_UDP, udp(50_000, port, payload)));

interface Case {
  build: Build;
  isIpv6?: boolean;
  vlanIds?: number[];
  /** What tshark cannot know, or does not read as it stands. */
  noOracle?: true;
}

const CASES: Record<string, Case> = {
  'E-tag': { build: (v4) => ethernet(ETHERTYPES.eTag, eTag(ETHERTYPE_IPV4, v4)) },
  'E-tag with IPv6': {
    build: (_, v6) => ethernet(ETHERTYPES.eTag, eTag(ETHERTYPE_IPV6, v6)),
    isIpv6: true,
  },
  'E-tag with a VLAN tag': {
    build: (v4) => ethernet(ETHERTYPES.eTag, eTag(TPID_8021Q, vlanTag(7, ETHERTYPE_IPV4, v4))),
    vlanIds: [7],
  },
  'E-tag behind a VLAN tag': {
    build: (v4) =>
      taggedEthernet([{ tpid: TPID_8021AD, id: 8 }], ETHERTYPES.eTag, eTag(ETHERTYPE_IPV4, v4)),
    vlanIds: [8],
  },
  'VN-tag': { build: (v4) => ethernet(ETHERTYPES.vnTag, vnTag(ETHERTYPE_IPV4, v4)) },
  'VN-tag with a VLAN tag': {
    build: (v4) => ethernet(ETHERTYPES.vnTag, vnTag(TPID_8021Q, vlanTag(7, ETHERTYPE_IPV4, v4))),
    vlanIds: [7],
  },
  'Cisco metadata': {
    build: (v4) => ethernet(ETHERTYPES.ciscoMetadata, ciscoMetadata(ETHERTYPE_IPV4, v4)),
  },
  'Cisco metadata of three options': {
    build: (v4) => ethernet(ETHERTYPES.ciscoMetadata, ciscoMetadata(ETHERTYPE_IPV4, v4, 3)),
    noOracle: true,
  },
  'Cisco metadata behind a VLAN tag': {
    build: (v4) =>
      taggedEthernet(
        [{ tpid: TPID_8021Q, id: 9 }],
        ETHERTYPES.ciscoMetadata,
        ciscoMetadata(ETHERTYPE_IPV4, v4),
      ),
    vlanIds: [9],
  },
  PBB: { build: (v4) => ethernet(ETHERTYPES.iTag, iTag(frame(v4))) },
  'PBB with a backbone and an inner tag': {
    build: (v4) =>
      taggedEthernet(
        [{ tpid: TPID_8021AD, id: 8 }],
        ETHERTYPES.iTag,
        iTag(taggedEthernet([{ tpid: TPID_8021Q, id: 7 }], ETHERTYPE_IPV4, v4)),
      ),
    vlanIds: [7],
  },
  'NSH of type 1': { build: (v4) => ethernet(ETHERTYPES.nsh, nsh({ next: 1 }, v4)) },
  'NSH of type 2 without context': {
    build: (v4) => ethernet(ETHERTYPES.nsh, nsh({ next: 1, mdType: 2 }, v4)),
  },
  'NSH of type 2 with context, IPv6': {
    build: (_, v6) =>
      ethernet(ETHERTYPES.nsh, nsh({ next: 2, mdType: 2, context: [0, 1, 2, 4, 1, 2, 3, 4] }, v6)),
    isIpv6: true,
  },
  'NSH with Ethernet': {
    build: (v4) => ethernet(ETHERTYPES.nsh, nsh({ next: 3 }, frame(v4))),
  },
  'NSH with MPLS': { build: (v4) => ethernet(ETHERTYPES.nsh, nsh({ next: 5 }, mpls([16], v4))) },
  'NSH in NSH': {
    build: (v4) => ethernet(ETHERTYPES.nsh, nsh({ next: 4 }, nsh({ next: 1 }, v4))),
    noOracle: true,
  },
  SNAP: { build: (v4) => snapFrame(ETHERTYPE_IPV4, v4) },
  'SNAP with a VLAN tag, IPv6': {
    build: (_, v6) => snapFrame(TPID_8021Q, vlanTag(7, ETHERTYPE_IPV6, v6)),
    isIpv6: true,
    vlanIds: [7],
    noOracle: true,
  },
  'SNAP behind a VLAN tag': {
    build: (v4) => {
      const llc = joinBytes(LLC_SNAP, [8, 0], v4);
      return taggedEthernet([{ tpid: TPID_8021Q, id: 7 }], llc.length, llc);
    },
    vlanIds: [7],
  },
  'IP in LLC': {
    build: (v4) => ethernet(3 + v4.length, joinBytes([6, 6, 3], v4)),
  },
  'the old stacking tag 0x9200': {
    build: (v4) =>
      taggedEthernet(
        [
          { tpid: 0x9200, id: 8 },
          { tpid: TPID_8021Q, id: 7 },
        ],
        ETHERTYPE_IPV4,
        v4,
      ),
    vlanIds: [8, 7],
    noOracle: true,
  },
  'the old stacking tag 0x9300': {
    build: (v4) => taggedEthernet([{ tpid: 0x9300, id: 8 }], ETHERTYPE_IPV4, v4),
    vlanIds: [8],
    noOracle: true,
  },
  'VXLAN-GPE with IPv4': { build: (v4) => inUdp(4790, vxlanGpe(1, v4)) },
  'VXLAN-GPE with IPv6': { build: (_, v6) => inUdp(4790, vxlanGpe(2, v6)), isIpv6: true },
  'VXLAN-GPE with Ethernet': { build: (v4) => inUdp(4790, vxlanGpe(3, frame(v4))) },
  'VXLAN-GPE with NSH': { build: (v4) => inUdp(4790, vxlanGpe(4, nsh({ next: 3 }, frame(v4)))) },
  'VXLAN-GPE without a next protocol': {
    build: (v4) => inUdp(4790, vxlanGpe(undefined, frame(v4))),
    noOracle: true,
  },
  'GRE in UDP': { build: (v4) => inUdp(4754, gre({ protocol: ETHERTYPE_IPV4, key: 5 }, v4)) },
  'GRE in UDP over IPv6': {
    build: (v4) =>
      ethernet(
        ETHERTYPE_IPV6,
        outerIpv6(PROTOCOL_UDP, udp(50_000, 4754, gre({ protocol: ETHERTYPE_IPV4 }, v4))),
      ),
  },
  Teredo: { build: (_, v6) => inUdp(3544, teredo(v6)), isIpv6: true },
  'Teredo with origin': {
    build: (_, v6) => inUdp(3544, teredo(v6, { hasOrigin: true })),
    isIpv6: true,
  },
  'Teredo with authentication': {
    build: (_, v6) => inUdp(3544, teredo(v6, { idBytes: 0 })),
    isIpv6: true,
  },
  'Teredo with authentication of some length, and origin': {
    build: (_, v6) => inUdp(3544, teredo(v6, { idBytes: 4, valueBytes: 20, hasOrigin: true })),
    isIpv6: true,
  },
  L2TPv2: { build: (v4) => inUdp(1701, l2tp2(pppIpv4(v4))) },
  'L2TPv2 with length': { build: (v4) => inUdp(1701, l2tp2(pppIpv4(v4), { hasLength: true })) },
  'L2TPv2 with length and sequence': {
    build: (v4) => inUdp(1701, l2tp2(pppIpv4(v4), { hasLength: true, hasSequence: true })),
  },
  'L2TPv2 with an odd offset': {
    build: (v4) => inUdp(1701, l2tp2(pppIpv4(v4), { offsetBytes: 3 })),
  },
  'L2TPv2 with everything': {
    build: (v4) =>
      inUdp(1701, l2tp2(pppIpv4(v4), { hasLength: true, hasSequence: true, offsetBytes: 4 })),
  },
  'L2TPv3 over UDP with Ethernet': {
    build: (v4) => inUdp(1701, joinBytes(L2TP3_UDP, l2tp3(frame(v4)))),
    noOracle: true,
  },
  'L2TPv3 over IP with Ethernet': {
    build: (v4) => frame(outerIpv4(115, l2tp3(frame(v4)))),
    noOracle: true,
  },
  'L2TPv3 over IP with a sublayer': {
    build: (v4) => frame(outerIpv4(115, l2tp3(frame(v4), [0, 0, 0, 0]))),
    noOracle: true,
  },
  'L2TPv3 over IP with a long cookie and a sublayer': {
    build: (v4) => frame(outerIpv4(115, l2tp3(frame(v4), [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0]))),
    noOracle: true,
  },
  'L2TPv3 over IP with an IP packet': {
    build: (v4) => frame(outerIpv4(115, l2tp3(v4, [1, 2, 3, 4]))),
    noOracle: true,
  },
  'L2TPv3 over IP with PPP': {
    build: (v4) => frame(outerIpv4(115, l2tp3(pppIpv4(v4)))),
    noOracle: true,
  },
};

const cases = Object.entries(CASES);

describe('headers around a packet', () => {
  it.each(cases)('%s shows the packet within', (_, { build, isIpv6 = false, vlanIds = [] }) => {
    const opened = isIpv6 ? OPENED_IPV6 : OPENED_IPV4;
    expect(open(decodeEthernet, build(INNER_IPV4, INNER_IPV6))).toEqual({ ...opened, vlanIds });
  });

  it.each(cases)(
    '%s cut at any byte reads nothing behind the end, and no other packet',
    (_, { build }) => {
      const whole = build(INNER_IPV4, INNER_IPV6);
      const runs = verdictsByCut(decodeEthernet, whole);
      expect(runs.at(-1)).toMatch(/ segment$/);
      for (const run of runs.slice(0, -1)) {
        expect(run).toMatch(/_truncated$|not_tcp$|not_ip$|tunnel_malformed$/);
      }
    },
  );

  const noTshark = missingTool('tshark');
  it.skipIf(noTshark !== undefined)(
    titleWithReason('is to tshark what it is here', noTshark),
    async () => {
      const read = cases.filter(([, { noOracle }]) => noOracle === undefined);
      const frames = read.map(([, { build }], index) => ({ bytes: build(...requestsOf(index)) }));
      const path = join(mkdtempSync(join(tmpdir(), 'httplog-')), 'headers.pcap');
      writeFileSync(path, pcap(frames));
      const output = await runChecked('tshark', [
        ...['-r', path, '-n', '-T', 'fields', '-e', 'frame.number', '-e', 'http.request.uri'],
        ...['-Y', 'http.request.uri == "/inner"'],
      ]);
      const seen = output
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => read[Number(line.split('\t')[0]) - 1][0]);
      expect(seen).toEqual(read.map(([name]) => name));
    },
  );
});

describe('what is refused', () => {
  it.each([
    ['NSH of another version', nsh({ next: 1, version: 1 }, INNER_IPV4), 'tunnel_malformed'],
    ['NSH shorter than its headers', nsh({ next: 1, words: 1 }, INNER_IPV4), 'tunnel_malformed'],
    ['NSH that ends beyond the frame', nsh({ next: 1, words: 63 }, INNER_IPV4), 'tunnel_truncated'],
    ['NSH with another protocol', nsh({ next: 6 }, INNER_IPV4), 'not_ip'],
  ])('%s', (_, bytes, verdict) => {
    expect(open(decodeEthernet, ethernet(ETHERTYPES.nsh, bytes))).toEqual({ verdict });
  });

  it.each([
    ['VXLAN-GPE of another version', 4790, vxlanGpe(1, INNER_IPV4, 0x10), 'tunnel_malformed'],
    ['VXLAN-GPE for maintenance', 4790, vxlanGpe(1, INNER_IPV4, 0x01), 'not_tcp'],
    ['a control message of L2TP', 1701, bytesOf('\xc8\x02\x00\x0c12345678'), 'not_tcp'],
    ['L2TP of another version', 1701, bytesOf('\x00\x0112345678'), 'tunnel_malformed'],
    ['a message of L2F', 1701, bytesOf('\x00\x00'), 'tunnel_malformed'],
    [
      'Teredo without a packet',
      3544,
      bytesOf('\x00\x00\x12\x34\x3f\xff\xfd\xfe'),
      'tunnel_truncated',
    ],
    ['something else on its port', 3544, bytesOf('E'.repeat(60)), 'not_tcp'],
    ['L2TPv3 with something else', 1701, joinBytes(L2TP3_UDP, new Uint8Array(60)), 'not_tcp'],
  ])('%s', (_, port, bytes, verdict) => {
    expect(open(decodeEthernet, inUdp(port, bytes))).toEqual({ verdict });
  });

  it('the control connection of L2TPv3 over IP', () => {
    const control = joinBytes([0, 0, 0, 0], INNER_ETHERNET);
    expect(open(decodeIpv4, outerIpv4(115, control))).toEqual({ verdict: 'not_tcp' });
  });

  it('LLC of another service, and SNAP of another organisation', () => {
    const spanningTree = ethernet(7, bytesOf('\x42\x42\x03\x00\x00\x00\x00'));
    expect(open(decodeEthernet, spanningTree)).toEqual({ verdict: 'not_ip' });
    const cdp = joinBytes([0xaa, 0xaa, 3, 0, 0, 0x0c, 0x08, 0x00], INNER_IPV4);
    expect(open(decodeEthernet, ethernet(cdp.length, cdp))).toEqual({ verdict: 'not_ip' });
  });

  it('more of them one within another than there may be', () => {
    const wraps: [number, (type: number, payload: Uint8Array) => Uint8Array][] = [
      [ETHERTYPES.eTag, eTag],
      [ETHERTYPES.vnTag, vnTag],
      [ETHERTYPES.ciscoMetadata, ciscoMetadata],
      [ETHERTYPES.nsh, (_, payload) => nsh({ next: payload === INNER_IPV4 ? 1 : 4 }, payload)],
      [100, (type, payload) => joinBytes(LLC_SNAP, [type >> 8, type & 0xff], payload)],
    ];
    for (const [etherType, wrap] of wraps) {
      for (const [depth, verdict] of [
        [TUNNELS_MAX, 'segment'],
        [TUNNELS_MAX + 1, 'tunnel_too_deep'],
      ] as const) {
        let bytes: Uint8Array = INNER_IPV4;
        for (let level = 0; level < depth; level++) {
          bytes = wrap(level === 0 ? ETHERTYPE_IPV4 : etherType, bytes);
        }
        expect([etherType, open(decodeEthernet, ethernet(etherType, bytes)).verdict]).toEqual([
          etherType,
          verdict,
        ]);
      }
    }
  });
});
