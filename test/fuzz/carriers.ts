/**
 * What switches, service chains and provider networks put between an Ethernet header and an IP packet, and around
 * one, as wrapping functions for the stacks.
 */

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
  teredo,
  vnTag,
  vxlanGpe,
} from '../decode/encapsulations.ts';
import { ethernet, joinBytes, taggedEthernet, uint16, uint32 } from '../fixtures/build-packets.ts';

export type Tags = readonly { tpid: number; id: number }[];

/** One of them stands in a frame, each counts as a tunnel. */
export const CARRIERS = ['none', 'e-tag', 'vn-tag', 'metadata', 'i-tag', 'nsh', 'snap'] as const;
export type Carrier = (typeof CARRIERS)[number];

/** IEEE 802.3: above it the field is an EtherType. */
const LENGTH_FIELD_MAX = 1500;
const NEXT_ETHERNET = 3;

/** An Ethernet frame around what an EtherType names; the VLAN tags are those of the frame that has the packet. */
export function carriedFrame(
  carrier: Carrier,
  tags: Tags,
  etherType: number,
  payload: Uint8Array,
): Uint8Array {
  switch (carrier) {
    case 'e-tag':
      return taggedEthernet(tags, ETHERTYPES.eTag, eTag(etherType, payload));
    case 'vn-tag':
      return taggedEthernet(tags, ETHERTYPES.vnTag, vnTag(etherType, payload));
    case 'metadata':
      return taggedEthernet(tags, ETHERTYPES.ciscoMetadata, ciscoMetadata(etherType, payload));
    case 'i-tag':
      return ethernet(ETHERTYPES.iTag, iTag(taggedEthernet(tags, etherType, payload)));
    case 'nsh': {
      const frame = taggedEthernet(tags, etherType, payload);
      return ethernet(ETHERTYPES.nsh, nsh({ next: NEXT_ETHERNET }, frame));
    }
    case 'snap': {
      const inner = joinBytes(LLC_SNAP, uint16(etherType), payload);
      return inner.length > LENGTH_FIELD_MAX
        ? taggedEthernet(tags, etherType, payload)
        : taggedEthernet(tags, inner.length, inner);
    }
    default:
      return taggedEthernet(tags, etherType, payload);
  }
}

/** A packet, and the frame that is put around it where an Ethernet frame is carried. */
export interface Carried {
  version: 4 | 6;
  packet: Uint8Array;
  frame: Uint8Array;
  /** Ethernet right around the packet, without tags or labels. */
  plainFrame: Uint8Array;
}

/** Whether it is the packet that is carried, or one of the frames. */
export type Content = 'packet' | 'frame' | 'plain frame';

export interface Encapsulation {
  name: string;
  content: Content;
  /** UDP port; undefined: the protocol of IP itself, `ipProtocol`. */
  port?: number;
  ipProtocol?: number;
  /** Of one version alone. */
  version?: 4 | 6;
  wrap(carried: Carried): Uint8Array;
}

const nextOf = ({ version }: Carried) => (version === 4 ? 1 : 2);
const etherTypeOf = ({ version }: Carried) => (version === 4 ? 0x0800 : 0x86dd);
const ppp = (carried: Carried) =>
  joinBytes([0xff, 0x03, 0, carried.version === 4 ? 0x21 : 0x57], carried.packet);
const cookie = (bytes: number) => new Array<number>(bytes).fill(0);

/** Tunnels over UDP and IP with what each of them may carry, in the forms that differ for a decoder. */
export const ENCAPSULATIONS: readonly Encapsulation[] = [
  {
    name: 'gpe-ip',
    content: 'packet',
    port: 4790,
    wrap: (carried) => vxlanGpe(nextOf(carried), carried.packet),
  },
  {
    name: 'gpe-ethernet',
    content: 'frame',
    port: 4790,
    wrap: ({ frame }) => vxlanGpe(NEXT_ETHERNET, frame),
  },
  {
    name: 'gpe-plain',
    content: 'frame',
    port: 4790,
    wrap: ({ frame }) => vxlanGpe(undefined, frame),
  },
  {
    name: 'gre-in-udp',
    content: 'packet',
    port: 4754,
    wrap: (carried) => joinBytes([0, 0], uint16(etherTypeOf(carried)), carried.packet),
  },
  {
    name: 'gre-in-udp-frame',
    content: 'frame',
    port: 4754,
    wrap: ({ frame }) => joinBytes([0x20, 0], uint16(0x6558), uint32(7), frame),
  },
  { name: 'l2tp', content: 'packet', port: 1701, wrap: (carried) => l2tp2(ppp(carried)) },
  {
    name: 'l2tp-fields',
    content: 'packet',
    port: 1701,
    wrap: (carried) => l2tp2(ppp(carried), { hasLength: true, hasSequence: true, offsetBytes: 3 }),
  },
  {
    name: 'l2tp3',
    content: 'plain frame',
    port: 1701,
    wrap: ({ plainFrame }) => joinBytes(L2TP3_UDP, l2tp3(plainFrame, cookie(8))),
  },
  {
    name: 'l2tp3-ip',
    content: 'plain frame',
    ipProtocol: 115,
    wrap: ({ plainFrame }) => l2tp3(plainFrame, cookie(4)),
  },
  {
    name: 'teredo',
    content: 'packet',
    port: 3544,
    version: 6,
    wrap: ({ packet }) => teredo(packet),
  },
  {
    name: 'teredo-indications',
    content: 'packet',
    port: 3544,
    version: 6,
    wrap: ({ packet }) => teredo(packet, { idBytes: 3, valueBytes: 5, hasOrigin: true }),
  },
];
