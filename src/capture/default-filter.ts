/**
 * The filter that the kernel runs where the operator gave none: TCP of some ports, wherever the
 * headers before it put it. Ours, so that nothing has to be installed to make it.
 */
import { VLAN_TAGS_MAX } from '../limits.ts';
import {
  assembleBpf,
  BPF_ABS,
  BPF_ADD,
  BPF_ALU,
  BPF_AND,
  BPF_B,
  BPF_H,
  BPF_IMM,
  BPF_IND,
  BPF_JEQ,
  BPF_JSET,
  BPF_LD,
  BPF_LDX,
  BPF_LSH,
  BPF_MISC,
  BPF_RET,
  BPF_RSH,
  BPF_TAX,
  BPF_TXA,
  BPF_X,
  type BpfLine,
  type BpfProgram,
  jumpIf,
  jumpTo,
  label,
  SKF_AD_OFF,
  SKF_AD_PKTTYPE,
  SKF_AD_PROTOCOL,
  statement,
} from './bpf-assembler.ts';
import { matchHeads } from './head-filter.ts';
import { matchPorts } from './port-filter.ts';
import type { PortRange } from './port-range.ts';
import {
  matchLinkTags,
  matchTunnelEtherTypes,
  matchTunnelProtocols,
  matchUdpPorts,
  type TunnelFilter,
} from './tunnel-filter.ts';

/**
 * What the first byte belongs to when the filter runs.
 *
 * `ethernet` is an Ethernet header, `network` the network layer on a packet socket of type SOCK_DGRAM,
 * `ip` IPv4 or IPv6 with nothing that says which. The cooked headers are libpcap's own: it turns the loads
 * from them into ancillary ones when it hands the filter to the kernel.
 */
export type FilterLinkLayer = 'ethernet' | 'network' | 'ip' | 'linux-sll' | 'linux-sll2';

export interface DefaultFilterOptions {
  /** Source or destination port in one of the ranges; `any` is every TCP segment. */
  ports: readonly PortRange[] | 'any';
  linkLayer: FilterLinkLayer;
  /** Bytes of a packet that are kept: the filter's return value. */
  snaplen: number;
  /** Given, packets within packets pass too, whatever ports the inner ones have. */
  tunnels?: TunnelFilter | false;
  /** Given, TCP segments pass that begin with one of these methods or like a response, and no others. */
  headMethods?: readonly string[] | undefined;
}

interface LinkHeader {
  /** Where the EtherType is. */
  etherTypeAt: number;
  /** Load of the packet type (`PACKET_OUTGOING`), where there is one. */
  packetType: BpfLine | null;
  /** Where the network layer begins. */
  networkAt: number;
}

/** `ip` has no header. */
const LINK_HEADERS: Readonly<Record<Exclude<FilterLinkLayer, 'ip'>, LinkHeader>> = {
  ethernet: { etherTypeAt: 12, packetType: null, networkAt: 14 },
  network: {
    etherTypeAt: SKF_AD_OFF + SKF_AD_PROTOCOL,
    packetType: statement(BPF_LD | BPF_H | BPF_ABS, SKF_AD_OFF + SKF_AD_PKTTYPE),
    networkAt: 0,
  },
  'linux-sll': {
    etherTypeAt: 14,
    packetType: statement(BPF_LD | BPF_H | BPF_ABS, 0),
    networkAt: 16,
  },
  'linux-sll2': {
    etherTypeAt: 0,
    packetType: statement(BPF_LD | BPF_B | BPF_ABS, 10),
    networkAt: 20,
  },
};

const PACKET_OUTGOING = 4;

const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
/** 802.1Q, 802.1ad and the tags that stacking switches used before it. */
const ETHERTYPES_VLAN = [0x8100, 0x88a8, 0x9100, 0x9200, 0x9300];
const VLAN_ETHERTYPE_AT = 2;
const VLAN_TAG_BYTES = 4;

const IPV4_IHL_MASK = 0x0f;
const IPV4_FRAGMENT_AT = 6;
const IPV4_FRAGMENT_OFFSET_MASK = 0x1fff;
/** More fragments follow, or an offset. */
const IPV4_FRAGMENT_MASK = 0x3fff;
const IPV4_PROTOCOL_AT = 9;

const IPV6_NEXT_HEADER_AT = 6;
const IPV6_HEADER_BYTES = 40;

const PROTOCOL_TCP = 6;
/**
 * Extension headers of IPv6: hop-by-hop, routing, fragment, authentication, destination, mobility,
 * host identity, shim6. A filter cannot loop along their chain.
 *
 * @see https://www.iana.org/assignments/ipv6-parameters
 */
const IPV6_EXTENSION_HEADERS = [0, 43, 44, 51, 60, 135, 139, 140];

/**
 * Builds the filter.
 *
 * It accepts TCP over IPv4 (with options; of fragments all, as only the first one has ports, or with
 * `headMethods` the first alone) and IPv6, behind
 * VLAN tags that are in the bytes. The kernel takes a frame's outer tag out of them, but not that of a frame
 * which this host sends through a card that leaves tagging to software: so all `VLAN_TAGS_MAX` may be there.
 * An IPv6 packet with an extension header is accepted whole, whatever it carries: **who decodes it
 * looks at its ports again**. So is everything that `tunnels` lets pass: MPLS, PPPoE,
 * IP within IP, GRE, AH, VXLAN, Geneve and GTP-U.
 *
 * @throws RangeError for no range, more than `PORT_RANGES_MAX`, or one that is not within 0 to 65535
 */
export function buildDefaultFilter({
  ports,
  linkLayer,
  snaplen,
  tunnels = false,
  headMethods,
}: DefaultFilterOptions): BpfProgram {
  const hit = headMethods === undefined ? statement(BPF_RET, snaplen) : jumpTo('head');
  const networkAt = linkLayer === 'ip' ? 0 : LINK_HEADERS[linkLayer].networkAt;
  // X is where the network layer begins, counted from `networkAt`: what VLAN tags took.
  return assembleBpf([
    ...(linkLayer === 'ip' ? findIpVersion() : findNetworkLayer(LINK_HEADERS[linkLayer], tunnels)),
    ...matchIpv4(networkAt, tunnels, headMethods === undefined ? 'accept' : 'reject'),
    ...matchIpv6(networkAt, tunnels),
    ...(tunnels === false ? [] : matchUdpPorts(networkAt, tunnels)),
    label('accept'),
    statement(BPF_RET, snaplen),
    label('reject'),
    statement(BPF_RET, 0),
    label('tcp'),
    ...(ports === 'any' ? [hit] : matchPorts(networkAt, ports, hit)),
    ...(headMethods === undefined ? [] : matchHeads(networkAt, headMethods, snaplen)),
  ]);
}

/** Goes to `ipv4` or `ipv6` by the EtherType, past VLAN tags. */
function findNetworkLayer(
  { etherTypeAt, packetType, networkAt }: LinkHeader,
  tunnels: TunnelFilter | false,
): BpfLine[] {
  const lines: BpfLine[] = [
    statement(BPF_LDX | BPF_IMM, 0),
    statement(BPF_LD | BPF_H | BPF_ABS, etherTypeAt),
  ];
  for (let tagsCount = 0; tagsCount < VLAN_TAGS_MAX; tagsCount += 1) {
    const tagAt = tagsCount * VLAN_TAG_BYTES;
    lines.push(
      ...ETHERTYPES_VLAN.map((etherType) => jumpIf(BPF_JEQ, etherType, `tag ${tagsCount}`)),
      jumpTo('network'),
      label(`tag ${tagsCount}`),
    );
    if (tagsCount === 0 && packetType !== null) {
      // Where software tags an outgoing frame, its EtherType is the tag's but the bytes start at the IP header.
      lines.push(packetType, jumpIf(BPF_JEQ, PACKET_OUTGOING, 'no header'));
    }
    lines.push(
      statement(BPF_LDX | BPF_IMM, tagAt + VLAN_TAG_BYTES),
      statement(BPF_LD | BPF_H | BPF_ABS, networkAt + tagAt + VLAN_ETHERTYPE_AT),
    );
  }
  lines.push(jumpTo('network'));
  if (packetType !== null) {
    lines.push(label('no header'), ...jumpToIpVersion(networkAt));
  }
  lines.push(
    label('network'),
    ...(tunnels === false ? [] : matchTunnelEtherTypes('accept')),
    jumpIf(BPF_JEQ, ETHERTYPE_IPV4, 'ipv4'),
    jumpIf(BPF_JEQ, ETHERTYPE_IPV6, 'ipv6'),
    ...matchLinkTags(networkAt),
  );
  return lines;
}

function findIpVersion(): BpfLine[] {
  return [statement(BPF_LDX | BPF_IMM, 0), ...jumpToIpVersion(0)];
}

function jumpToIpVersion(networkAt: number): BpfLine[] {
  return [
    statement(BPF_LD | BPF_B | BPF_ABS, networkAt),
    statement(BPF_ALU | BPF_RSH, 4),
    jumpIf(BPF_JEQ, 4, 'ipv4'),
    jumpIf(BPF_JEQ, 6, 'ipv6', 'reject'),
  ];
}

/** Goes to `tcp` or `udp` with X moved past the header, or to `accept`. */
function matchIpv4(
  networkAt: number,
  tunnels: TunnelFilter | false,
  fragments: 'accept' | 'reject',
): BpfLine[] {
  const lines = [
    label('ipv4'),
    statement(BPF_LD | BPF_B | BPF_IND, networkAt + IPV4_PROTOCOL_AT),
    ...(tunnels === false ? [] : matchTunnelProtocols('ipv4 udp', 'ipv4 tunnel')),
    jumpIf(BPF_JEQ, PROTOCOL_TCP, undefined, 'reject'),
    ...matchFragments(networkAt, fragments),
    ...skipIpv4Header(networkAt),
    jumpTo('tcp'),
  ];
  if (tunnels !== false) {
    lines.push(
      label('ipv4 udp'),
      ...matchFragments(networkAt, fragments),
      ...skipIpv4Header(networkAt),
      jumpTo('udp'),
      label('ipv4 tunnel'),
      ...matchFragments(networkAt, fragments),
      jumpTo('accept'),
    );
  }
  return lines;
}

/**
 * Where whole heads are asked for, the decoder puts fragments together and looks at the ports then. Else it is asked for
 * first fragments alone.
 */
function matchFragments(networkAt: number, fragments: 'accept' | 'reject'): BpfLine[] {
  const mask = fragments === 'accept' ? IPV4_FRAGMENT_MASK : IPV4_FRAGMENT_OFFSET_MASK;
  return [
    statement(BPF_LD | BPF_H | BPF_IND, networkAt + IPV4_FRAGMENT_AT),
    jumpIf(BPF_JSET, mask, fragments),
  ];
}

function skipIpv4Header(networkAt: number): BpfLine[] {
  return [
    statement(BPF_LD | BPF_B | BPF_IND, networkAt),
    statement(BPF_ALU | BPF_AND, IPV4_IHL_MASK),
    statement(BPF_ALU | BPF_LSH, 2),
    statement(BPF_ALU | BPF_ADD | BPF_X),
    statement(BPF_MISC | BPF_TAX),
  ];
}

/** As for IPv4; goes to `accept` also where an extension header comes first. */
function matchIpv6(networkAt: number, tunnels: TunnelFilter | false): BpfLine[] {
  const lines = [
    label('ipv6'),
    statement(BPF_LD | BPF_B | BPF_IND, networkAt + IPV6_NEXT_HEADER_AT),
    ...IPV6_EXTENSION_HEADERS.map((nextHeader) => jumpIf(BPF_JEQ, nextHeader, 'accept')),
    ...(tunnels === false ? [] : matchTunnelProtocols('ipv6 udp', 'accept')),
    jumpIf(BPF_JEQ, PROTOCOL_TCP, undefined, 'reject'),
    ...skipIpv6Header(),
    jumpTo('tcp'),
  ];
  if (tunnels !== false) {
    lines.push(label('ipv6 udp'), ...skipIpv6Header(), jumpTo('udp'));
  }
  return lines;
}

function skipIpv6Header(): BpfLine[] {
  return [
    statement(BPF_MISC | BPF_TXA),
    statement(BPF_ALU | BPF_ADD, IPV6_HEADER_BYTES),
    statement(BPF_MISC | BPF_TAX),
  ];
}
