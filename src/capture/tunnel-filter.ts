/**
 * The parts of the default filter that let packets within packets pass. A filter cannot look into them all:
 * what carries one passes whole, and who decodes it looks at the inner ports.
 */
import {
  BPF_H,
  BPF_IND,
  BPF_JEQ,
  BPF_JGT,
  BPF_LD,
  type BpfLine,
  jumpIf,
  jumpTo,
  label,
  statement,
} from './bpf-assembler.ts';

export interface TunnelFilter {
  /** UDP ports of VXLAN besides the usual ones, `VXLAN_PORTS_MAX` at most. */
  vxlanPorts: readonly number[];
}

/** MPLS, MPLS with a label that the upstream router chose ("multicast"), session stage of PPPoE, PBB, NSH. */
const TUNNEL_ETHERTYPES = [0x8847, 0x8848, 0x8864, 0x88e7, 0x894f];

/** E-tag, VN-tag, Cisco metadata: what switches add to a frame, and mirror ports show. */
const LINK_TAG_ETHERTYPES = [0x893f, 0x8926, 0x8909];
/** The largest number that is the length of an IEEE 802.3 frame. */
const LENGTH_MAX = 1500;
/** LLC's service access points of SNAP and of IP. */
const LLC_SAPS = [0xaaaa, 0x0606];

/**
 * IPv4, IPv6, GRE, authentication header, L2TP.
 *
 * @see https://www.iana.org/assignments/protocol-numbers
 */
const TUNNEL_PROTOCOLS = [4, 41, 47, 51, 115];
const PROTOCOL_UDP = 17;

/** VXLAN as IANA has it and as Linux had it before, Geneve, GTP-U, VXLAN-GPE, GRE, L2TP, Teredo. */
const TUNNEL_PORTS = [4789, 8472, 6081, 2152, 4790, 4754, 1701, 3544];

const UDP_SOURCE_PORT_AT = 0;
const UDP_DESTINATION_PORT_AT = 2;

/**
 * A is the EtherType, or a length, and X where the network layer begins, counted from `networkAt`. Frames with either are
 * rare, and pass whole; goes to `accept` or `reject`.
 */
export function matchLinkTags(networkAt: number): BpfLine[] {
  return [
    ...LINK_TAG_ETHERTYPES.map((etherType) => jumpIf(BPF_JEQ, etherType, 'accept')),
    jumpIf(BPF_JGT, LENGTH_MAX, 'reject'),
    statement(BPF_LD | BPF_H | BPF_IND, networkAt),
    ...LLC_SAPS.map((saps) => jumpIf(BPF_JEQ, saps, 'accept')),
    jumpTo('reject'),
  ];
}

/** A is the EtherType. */
export function matchTunnelEtherTypes(hit: string): BpfLine[] {
  return TUNNEL_ETHERTYPES.map((etherType) => jumpIf(BPF_JEQ, etherType, hit));
}

/** A is the protocol number of an IP packet. */
export function matchTunnelProtocols(udp: string, hit: string): BpfLine[] {
  return [
    jumpIf(BPF_JEQ, PROTOCOL_UDP, udp),
    ...TUNNEL_PROTOCOLS.map((protocol) => jumpIf(BPF_JEQ, protocol, hit)),
  ];
}

/** Goes from `udp` to `accept` or `reject`. X is where the UDP header begins, counted from `networkAt`. */
export function matchUdpPorts(networkAt: number, { vxlanPorts }: TunnelFilter): BpfLine[] {
  const matchPort = [...TUNNEL_PORTS, ...vxlanPorts].map((port) => jumpIf(BPF_JEQ, port, 'accept'));
  return [
    label('udp'),
    statement(BPF_LD | BPF_H | BPF_IND, networkAt + UDP_DESTINATION_PORT_AT),
    ...matchPort,
    statement(BPF_LD | BPF_H | BPF_IND, networkAt + UDP_SOURCE_PORT_AT),
    ...matchPort,
    jumpTo('reject'),
  ];
}

/** The same in libpcap's words, for link types whose headers are left to it. */
export function describeTunnels({ vxlanPorts }: TunnelFilter): string {
  const protocols = TUNNEL_PROTOCOLS.map((protocol) => `proto ${protocol}`);
  const ports = [...TUNNEL_PORTS, ...vxlanPorts].map((port) => `udp port ${port}`);
  return [...protocols, ...ports].join(' or ');
}
