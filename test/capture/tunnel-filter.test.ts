import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createBpfCode } from '../../src/capture/bpf-code.ts';
import { runBpf } from '../../src/capture/bpf-interpreter.ts';
import { compileFilter } from '../../src/capture/compile-filter.ts';
import { buildDefaultFilter, type FilterLinkLayer } from '../../src/capture/default-filter.ts';
import { LINKTYPE_PPP } from '../../src/capture/link-types.ts';
import type { PortRange } from '../../src/capture/port-range.ts';
import { describeTunnels, type TunnelFilter } from '../../src/capture/tunnel-filter.ts';
import { createUdpTunnels, UDP_TUNNEL_NONE } from '../../src/decode/udp-tunnels.ts';
import { PORT_RANGES_MAX, VLAN_TAGS_MAX, VXLAN_PORTS_MAX } from '../../src/limits.ts';
import {
  bytesOf,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  type Ipv4Fields,
  ipv4,
  ipv6,
  joinBytes,
  TPID_8021Q,
  taggedEthernet,
  uint16,
} from '../fixtures/build-packets.ts';
import { titleWithReason } from '../live/requirements.ts';
import { missingLibpcap } from './missing-libpcap.ts';

const SNAPLEN = 1560;
const WEB: PortRange[] = [
  { first: 80, last: 80 },
  { first: 8000, last: 8010 },
];
const TUNNELS: TunnelFilter = { vxlanPorts: [9999] };
const PROTOCOL_UDP = 17;
const TUNNEL_PROTOCOLS = [4, 41, 47, 51, 115];
const TUNNEL_ETHERTYPES = [0x8847, 0x8848, 0x8864, 0x88e7, 0x894f];
/** They pass whether or not tunnels do; the last two are lengths of IEEE 802.3. */
const LINK_TAG_ETHERTYPES = [0x893f, 0x8926, 0x8909, 60, 1500];
const TUNNEL_PORTS = [4789, 8472, 6081, 2152, 4790, 4754, 1701, 3544, 9999];
const LINK_LAYERS: FilterLinkLayer[] = ['ethernet', 'network', 'ip', 'linux-sll', 'linux-sll2'];

const v4 = { source: '192.0.2.1', target: '192.0.2.2' };
const v6 = { source: '2001:db8::1', target: '2001:db8::2' };

/** Ports where TCP and UDP both have them. */
function ports(source: number, target: number): Uint8Array {
  return joinBytes(uint16(source), uint16(target), bytesOf('what follows, whatever it is'));
}

function packetV4(protocol: number, payload: Uint8Array, fields: Partial<Ipv4Fields> = {}) {
  return ipv4({ ...v4, protocol, ...fields }, payload);
}

function packetV6(nextHeader: number, payload: Uint8Array): Uint8Array {
  return ipv6({ ...v6, nextHeader }, payload);
}

interface FilterCase {
  linkLayer?: FilterLinkLayer;
  protocol?: number;
  tunnels?: TunnelFilter | false;
}

function verdict(bytes: Uint8Array, options: FilterCase = {}): number {
  const { linkLayer = 'ethernet', protocol = 0, tunnels = TUNNELS } = options;
  const program = buildDefaultFilter({ ports: WEB, linkLayer, snaplen: SNAPLEN, tunnels });
  const ancillary = { protocol, packetType: 0, vlanTagged: 0, vlanTci: 0, vlanTpid: 0 } as const;
  return runBpf(createBpfCode(program), bytes, 0, bytes.length, bytes.length, ancillary);
}

/** A packet behind an Ethernet header, behind tags, and on a SOCK_DGRAM socket. */
function verdictsEverywhere(etherType: number, packet: Uint8Array, tunnels = TUNNELS): number[] {
  const verdicts: number[] = [];
  for (let tagsCount = 0; tagsCount <= VLAN_TAGS_MAX; tagsCount += 1) {
    const tags = Array.from({ length: tagsCount }, (_, id) => ({ tpid: TPID_8021Q, id }));
    verdicts.push(verdict(taggedEthernet(tags, etherType, packet), { tunnels }));
  }
  const on = { linkLayer: 'network', tunnels } as const;
  verdicts.push(verdict(packet, { ...on, protocol: etherType }));
  const tagged = joinBytes([0, 7], uint16(etherType), packet);
  verdicts.push(verdict(tagged, { ...on, protocol: TPID_8021Q }));
  return verdicts;
}

const EVERYWHERE = VLAN_TAGS_MAX + 3;
const ALL = new Array<number>(EVERYWHERE).fill(SNAPLEN);
const NONE = new Array<number>(EVERYWHERE).fill(0);

describe('the default filter with tunnels', () => {
  it.each(TUNNEL_ETHERTYPES)('accepts EtherType %i whole, behind VLAN tags too', (etherType) => {
    expect(verdictsEverywhere(etherType, bytesOf('anything'))).toEqual(ALL);
    for (const other of [etherType - 1, 0x8849, 0x8863, 0x0806]) {
      if (!TUNNEL_ETHERTYPES.includes(other)) {
        expect(verdictsEverywhere(other, bytesOf('anything'))).toEqual(NONE);
      }
    }
  });

  it.each(LINK_TAG_ETHERTYPES)('accepts %i behind the addresses without being asked', (type) => {
    const payload = bytesOf('\xaa\xaa anything');
    for (const tunnels of [TUNNELS, false] as const) {
      expect(verdict(ethernet(type, payload), { tunnels })).toBe(SNAPLEN);
      const tagged = taggedEthernet([{ tpid: TPID_8021Q, id: 7 }], type, payload);
      expect(verdict(tagged, { tunnels })).toBe(SNAPLEN);
      const on = { linkLayer: 'network', protocol: type, tunnels } as const;
      expect(verdict(payload, on)).toBe(SNAPLEN);
    }
  });

  it('accepts of IEEE 802.3 what has SNAP or IP', () => {
    expect(verdict(ethernet(60, bytesOf('\x06\x06\x03')))).toBe(SNAPLEN);
    expect(verdict(ethernet(60, bytesOf('\x42\x42\x03')))).toBe(0);
    expect(verdict(ethernet(60, bytesOf('\xaa')))).toBe(0);
    expect(verdict(ethernet(1501, bytesOf('\xaa\xaa\x03')))).toBe(0);
  });

  it('accepts IP within IP, GRE and AH whole, and no other protocol', () => {
    const payload = ports(1, 2);
    for (let protocol = 0; protocol < 256; protocol += 1) {
      const isTunnel = TUNNEL_PROTOCOLS.includes(protocol);
      const isExtension = [0, 43, 44, 51, 60, 135, 139, 140].includes(protocol);
      const inV4 = verdict(ethernet(ETHERTYPE_IPV4, packetV4(protocol, payload)));
      const inV6 = verdict(ethernet(ETHERTYPE_IPV6, packetV6(protocol, payload)));
      expect([protocol, inV4]).toEqual([protocol, isTunnel ? SNAPLEN : 0]);
      expect([protocol, inV6]).toEqual([protocol, isTunnel || isExtension ? SNAPLEN : 0]);
    }
    for (const protocol of TUNNEL_PROTOCOLS) {
      expect(verdictsEverywhere(ETHERTYPE_IPV4, packetV4(protocol, payload))).toEqual(ALL);
      expect(verdictsEverywhere(ETHERTYPE_IPV6, packetV6(protocol, payload))).toEqual(ALL);
    }
  });

  it('accepts UDP of the tunnels’ ports, source or destination, and of the given one', () => {
    const options = { options: new Array<number>(40).fill(1) };
    for (const port of TUNNEL_PORTS) {
      for (const payload of [ports(50000, port), ports(port, 50000)]) {
        const udp = packetV4(PROTOCOL_UDP, payload);
        expect(verdictsEverywhere(ETHERTYPE_IPV4, udp)).toEqual(ALL);
        const withOptions = packetV4(PROTOCOL_UDP, payload, options);
        expect(verdictsEverywhere(ETHERTYPE_IPV4, withOptions)).toEqual(ALL);
        const udpV6 = packetV6(PROTOCOL_UDP, payload);
        expect(verdictsEverywhere(ETHERTYPE_IPV6, udpV6)).toEqual(ALL);
      }
    }
  });

  it('accepts UDP of no other port, 80 included: the decoder opens the same ports', () => {
    const opened = createUdpTunnels(TUNNELS.vxlanPorts);
    const program = buildDefaultFilter({
      ports: WEB,
      linkLayer: 'ip',
      snaplen: SNAPLEN,
      tunnels: TUNNELS,
    });
    const code = createBpfCode(program);
    const bytes = packetV4(PROTOCOL_UDP, ports(50000, 0));
    for (let port = 0; port < 65536; port += 1) {
      bytes.set(uint16(port), 22);
      const kept = runBpf(code, bytes, 0, bytes.length, bytes.length, null);
      if ((kept !== 0) !== (opened[port] !== UDP_TUNNEL_NONE)) {
        expect([port, kept]).toEqual([port, opened[port]]);
      }
    }
  });

  it('accepts every fragment of what may be a tunnel', () => {
    for (const protocol of [...TUNNEL_PROTOCOLS, PROTOCOL_UDP]) {
      const frame = (fields: Partial<Ipv4Fields>) =>
        ethernet(ETHERTYPE_IPV4, packetV4(protocol, ports(50000, 53), fields));
      expect(verdict(frame({ moreFragments: true }))).toBe(SNAPLEN);
      expect(verdict(frame({ moreFragments: true, fragmentOffset: 1 }))).toBe(SNAPLEN);
      expect(verdict(frame({ fragmentOffset: 0x1fff }))).toBe(SNAPLEN);
      const plain = verdict(frame({ fragmentOffset: 1 }), { tunnels: false });
      expect(plain).toBe(0);
    }
  });

  it('rejects a datagram cut at every byte before the end of the port that counts', () => {
    for (const [etherType, packet, portsAt] of [
      [ETHERTYPE_IPV4, packetV4(PROTOCOL_UDP, ports(50000, 4789)), 34],
      [ETHERTYPE_IPV6, packetV6(PROTOCOL_UDP, ports(50000, 4789)), 54],
    ] as const) {
      const frame = ethernet(etherType, packet);
      for (let length = 0; length < portsAt + 4; length += 1) {
        expect(verdict(frame.subarray(0, length))).toBe(0);
      }
      expect(verdict(frame.subarray(0, portsAt + 4))).toBe(SNAPLEN);
    }
  });

  it('accepts the same TCP as without, of both IP versions', () => {
    for (const port of [79, 80, 81, 4789, 7999, 8000, 8010, 8011]) {
      for (const frame of [
        ethernet(ETHERTYPE_IPV4, packetV4(6, ports(50000, port))),
        ethernet(ETHERTYPE_IPV6, packetV6(6, ports(port, 50000))),
      ]) {
        expect(verdict(frame)).toBe(verdict(frame, { tunnels: false }));
      }
    }
  });

  it('finds tunnels behind cooked headers and in raw IP', () => {
    const udp = packetV4(PROTOCOL_UDP, ports(50000, 4789));
    const sll = joinBytes([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], uint16(ETHERTYPE_IPV4), udp);
    expect(verdict(sll, { linkLayer: 'linux-sll' })).toBe(SNAPLEN);
    const sll2 = joinBytes(uint16(ETHERTYPE_IPV4), new Uint8Array(18), udp);
    expect(verdict(sll2, { linkLayer: 'linux-sll2' })).toBe(SNAPLEN);
    expect(verdict(udp, { linkLayer: 'ip' })).toBe(SNAPLEN);
    expect(verdict(packetV6(41, ports(1, 2)), { linkLayer: 'ip' })).toBe(SNAPLEN);
    expect(verdict(udp, { linkLayer: 'ip', tunnels: false })).toBe(0);
  });

  it('is within the reach of its jumps with as many ports as there may be', () => {
    const ranges = Array.from({ length: PORT_RANGES_MAX }, (_, index) => ({
      first: index * 145,
      last: index * 145 + 1,
    }));
    const vxlanPorts = Array.from({ length: VXLAN_PORTS_MAX }, (_, index) => 10_000 + index);
    for (const linkLayer of LINK_LAYERS) {
      const filter = { ports: ranges, linkLayer, snaplen: SNAPLEN };
      const plain = buildDefaultFilter(filter).length;
      const length = buildDefaultFilter({ ...filter, tunnels: { vxlanPorts } }).length;
      expect(length - plain).toBeLessThan(100);
    }
  });
});

describe('the default filter without tunnels', () => {
  it('rejects all of them', () => {
    const payload = ports(4789, 4789);
    for (const protocol of [...TUNNEL_PROTOCOLS, PROTOCOL_UDP]) {
      const frame = ethernet(ETHERTYPE_IPV4, packetV4(protocol, payload));
      expect(verdict(frame, { tunnels: false })).toBe(0);
    }
    for (const etherType of TUNNEL_ETHERTYPES) {
      expect(verdict(ethernet(etherType, payload), { tunnels: false })).toBe(0);
    }
  });

  /** Of the programs that were measured: tunnels must cost nothing where nobody asked for them. */
  it.each([
    ['ethernet', 'ba4d95733692915e'],
    ['network', '656e01813cf7f23c'],
    ['ip', '2d25596ef6b74824'],
    ['linux-sll', 'aab3fedc5f1c5fff'],
    ['linux-sll2', '1b10862a4be3bc95'],
  ] as const)('is the same program whatever becomes of tunnels, on %s', (linkLayer, digest) => {
    const { instructions } = buildDefaultFilter({ ports: WEB, linkLayer, snaplen: SNAPLEN });
    const hash = createHash('sha256').update(instructions).digest('hex');
    expect(hash.slice(0, 16)).toBe(digest);
  });
});

describe('describeTunnels', () => {
  const reason = missingLibpcap();

  it.skipIf(reason !== undefined)(
    titleWithReason('is an expression that libpcap compiles, and means the same', reason),
    () => {
      const expression = `tcp port 80 or ${describeTunnels(TUNNELS)}`;
      const program = compileFilter({ expression, linkType: LINKTYPE_PPP, snaplen: SNAPLEN });
      const code = createBpfCode(program);
      const run = (protocol: number, packet: Uint8Array) => {
        const frame = joinBytes([0xff, 0x03], uint16(protocol), packet);
        return runBpf(code, frame, 0, frame.length, frame.length, null);
      };
      for (const protocol of TUNNEL_PROTOCOLS) {
        expect(run(0x0021, packetV4(protocol, ports(1, 2)))).toBe(SNAPLEN);
        expect(run(0x0057, packetV6(protocol, ports(1, 2)))).toBe(SNAPLEN);
      }
      for (const port of TUNNEL_PORTS) {
        expect(run(0x0021, packetV4(PROTOCOL_UDP, ports(50000, port)))).toBe(SNAPLEN);
        expect(run(0x0057, packetV6(PROTOCOL_UDP, ports(port, 50000)))).toBe(SNAPLEN);
      }
      expect(run(0x0021, packetV4(PROTOCOL_UDP, ports(50000, 80)))).toBe(0);
    },
  );
});
