/**
 * Arbitrary valid frames: any stack of layers that httplog says it decodes, around HTTP messages with odd but
 * valid heads, and the very lines that must come of them.
 */
import fc from 'fast-check';
import {
  LINKTYPE_C_HDLC,
  LINKTYPE_ETHERNET,
  LINKTYPE_IPV4,
  LINKTYPE_IPV6,
  LINKTYPE_LINUX_SLL,
  LINKTYPE_LINUX_SLL2,
  LINKTYPE_LOOP,
  LINKTYPE_NETWORK,
  LINKTYPE_NFLOG,
  LINKTYPE_NULL,
  LINKTYPE_PPP,
  LINKTYPE_PPP_ETHER,
  LINKTYPE_PPP_HDLC,
  LINKTYPE_RAW,
} from '../../src/capture/link-types.ts';
import { TUNNELS_MAX } from '../../src/decode/limits.ts';
import {
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  extensionHeader,
  fragmentHeader,
  ipv4,
  ipv6,
  joinBytes,
  PROTOCOL_TCP,
  tcp,
  uint16,
  uint32,
} from '../fixtures/build-packets.ts';
import { CARRIERS, type Carrier, carriedFrame, ENCAPSULATIONS, type Tags } from './carriers.ts';
import { type HttpText, httpMessages } from './http-texts.ts';

export interface Stack {
  linkType: number;
  etherType: number;
  bytes: Uint8Array;
  source: string;
  target: string;
  sourcePort: number;
  targetPort: number;
  payload: Uint8Array;
  /** Lines with their end, one character a byte. */
  lines: string;
  /** Names of the layers, for failures. */
  layers: string;
}

/** An IP packet on its way out through the layers. */
interface Packet {
  version: 4 | 6;
  bytes: Uint8Array;
  /** VLAN ids of the innermost Ethernet frame within, if there is one. */
  vlanIds: number[] | undefined;
  /** Opened one within another, as the decoder counts them. */
  tunnelsCount: number;
  layers: string;
}

type Wrap = (packet: Packet) => Packet;

const PROTOCOL_IPV4 = 4;
const PROTOCOL_UDP = 17;
const PROTOCOL_IPV6 = 41;
const PROTOCOL_GRE = 47;
const PROTOCOL_AUTHENTICATION = 51;
const TUNNELS = 4;
/** A wrap adds at most three: the tunnel, an authentication header before it, and a header within its frame. */
const TUNNELS_OF_A_WRAP = 3;

const byte = fc.integer({ min: 0, max: 255 });
const port = fc.integer({ min: 1, max: 65_535 });
const ipv4Address = fc.tuple(byte, byte, byte, byte).map((octets) => octets.join('.'));
const ipv6Address = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => groups.map((group) => group.toString(16)).join(':'));

const addresses = fc.oneof(
  fc.record({
    version: fc.constant(4 as const),
    source: ipv4Address,
    target: ipv4Address,
  }),
  fc.record({
    version: fc.constant(6 as const),
    source: ipv6Address,
    target: ipv6Address,
  }),
);

type Addresses = {
  version: 4 | 6;
  source: string;
  target: string;
};

const words = (max: number) =>
  fc
    .array(byte, { maxLength: max })
    .map((bytes) => bytes.slice(0, bytes.length - (bytes.length % 4)));

/** Kinds of IPv6 extension headers, in any order and number. */
const extensions = fc.array(
  fc.record({
    kind: fc.constantFrom(0, 43, 44, 51, 60, 135, 139, 140),
    content: fc.array(byte, { minLength: 6, maxLength: 40 }),
  }),
  { maxLength: 8 },
);

const headerExtras = fc.record({
  options: words(40),
  extensions,
  moreFragments: fc.boolean(),
  authentications: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 1 }),
  isLengthZero: fc.boolean(),
});

/** What other readers agree on: no first fragments, no lengths of 0, no headers that they take for the last. */
const agreedExtras: fc.Arbitrary<HeaderExtras> = fc.record({
  options: fc.constant([]),
  extensions: fc.array(
    fc.record({
      kind: fc.constantFrom(44, 51, 60),
      content: fc.constantFrom([0, 0, 0, 0, 0, 0], new Array<number>(14).fill(0)),
    }),
    { maxLength: 4 },
  ),
  moreFragments: fc.constant(false),
  authentications: fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 1 }),
  isLengthZero: fc.constant(false),
});

type HeaderExtras = typeof headerExtras extends fc.Arbitrary<infer T> ? T : never;

/** @see RFC 4302 section 2 */
function authenticationHeader(nextHeader: number, words: number): number[] {
  return [nextHeader, words + 1, ...new Array<number>((words + 3) * 4 - 2).fill(0)];
}

function wrapIp(
  { version, source, target }: Addresses,
  extras: HeaderExtras,
  protocol: number,
  payload: Uint8Array,
): Uint8Array {
  let inner = payload;
  let nextHeader = protocol;
  if (version === 4) {
    for (const size of extras.authentications) {
      inner = joinBytes(authenticationHeader(nextHeader, size), inner);
      nextHeader = PROTOCOL_AUTHENTICATION;
    }
    const { options, moreFragments } = extras;
    const fields = { source, target, options, moreFragments, protocol: nextHeader };
    return ipv4(extras.isLengthZero ? { ...fields, totalLength: 0 } : fields, inner);
  }
  for (const { kind, content } of extras.extensions) {
    let header: number[];
    if (kind === 44) {
      header = fragmentHeader(nextHeader, 0, extras.moreFragments);
    } else if (kind === 51) {
      header = authenticationHeader(nextHeader, 1 + (content.length % 8));
    } else {
      header = extensionHeader(nextHeader, content);
    }
    inner = joinBytes(header, inner);
    nextHeader = kind;
  }
  return ipv6(
    { source, target, nextHeader, ...(extras.isLengthZero && { payloadLength: 0 }) },
    inner,
  );
}

/** Of IPv4 an authentication header before another tunnel counts as one. */
const tunnelsOf = ({ version }: Addresses, { authentications }: HeaderExtras) =>
  1 + (version === 4 ? authentications.length : 0);

const udp = (targetPort: number, payload: Uint8Array) =>
  joinBytes(uint16(40_000), uint16(targetPort), uint16(8 + payload.length), [0xff, 0xff], payload);
const etherTypeOf = ({ version }: Packet) => (version === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6);

const vlanTags = (tpids: readonly number[]) =>
  fc.array(fc.record({ tpid: fc.constantFrom(...tpids), id: fc.integer({ min: 0, max: 4095 }) }), {
    maxLength: 4,
  });

interface FrameExtras {
  tags: Tags;
  labels: readonly number[];
  isPppoe: boolean;
  carrier: Carrier;
}

/** An Ethernet frame around a packet: the tags are the line's if no frame is within it. */
function toEthernet(packet: Packet, { tags, labels, isPppoe, carrier }: FrameExtras) {
  let etherType = etherTypeOf(packet);
  let inner = packet.bytes;
  if (labels.length > 0) {
    const entries = labels.flatMap((label, index) =>
      uint32(((label << 12) | (index === labels.length - 1 ? 0x100 : 0) | 64) >>> 0),
    );
    inner = joinBytes(entries, inner);
    etherType = 0x8847;
  }
  if (isPppoe) {
    const protocol = etherType === 0x8847 ? 0x0281 : packet.version === 4 ? 0x0021 : 0x0057;
    const length = inner.length + 2;
    inner = joinBytes([0x11, 0], uint16(7), uint16(length), uint16(protocol), inner);
    etherType = 0x8864;
  }
  return {
    bytes: carriedFrame(carrier, tags, etherType, inner),
    vlanIds: packet.vlanIds ?? tags.map(({ id }) => id),
    tunnelsCount: packet.tunnelsCount + (carrier === 'none' ? 0 : 1),
    layers:
      `eth/${carrier}/${tags.map(() => 'vlan/').join('')}` +
      `${labels.length}mpls/${isPppoe}pppoe/`,
  };
}

/** The labels below 16 have meanings of their own. */
const labelStack = fc.array(fc.integer({ min: 16, max: 0xfffff }), { maxLength: 16 });
const frameExtras: fc.Arbitrary<FrameExtras> = fc.record({
  tags: vlanTags([0x8100, 0x88a8, 0x9100, 0x9200, 0x9300]),
  labels: labelStack,
  isPppoe: fc.boolean(),
  carrier: fc.oneof(fc.constant('none' as const), fc.constantFrom(...CARRIERS)),
});

/** What other readers know too. */
const agreedFrameExtras: fc.Arbitrary<FrameExtras> = fc.record({
  tags: vlanTags([0x8100, 0x88a8, 0x9100]),
  labels: labelStack,
  isPppoe: fc.boolean(),
  carrier: fc.constant('none' as const),
});

type Extras = { ip: fc.Arbitrary<HeaderExtras>; frame: fc.Arbitrary<FrameExtras> };

const ipInIp = (ipExtras: fc.Arbitrary<HeaderExtras>): fc.Arbitrary<Wrap> =>
  fc.tuple(addresses, ipExtras).map(([outer, extras]) => {
    return (packet) => ({
      version: outer.version,
      bytes: wrapIp(
        outer,
        extras,
        packet.version === 4 ? PROTOCOL_IPV4 : PROTOCOL_IPV6,
        packet.bytes,
      ),
      vlanIds: packet.vlanIds,
      tunnelsCount: packet.tunnelsCount + tunnelsOf(outer, extras),
      layers: `ip${outer.version}/ip/${packet.layers}`,
    });
  });

const gre = ({ ip, frame: frames }: Extras): fc.Arbitrary<Wrap> =>
  fc
    .tuple(addresses, ip, fc.integer({ min: 0, max: 7 }), frames, fc.nat({ max: 3 }))
    .map(([outer, extras, flags, frame, kind]) => (packet) => {
      const inner = kind === 0 ? packet : toEthernet(packet, frame);
      // The sequence number says that ERSPAN has its header.
      const set = kind === 2 ? flags | 1 : flags;
      const bits = ((set & 4) << 13) | ((set & 2) << 12) | ((set & 1) << 12);
      const fields = new Array<number>(4 * [1, 2, 4].filter((bit) => (set & bit) !== 0).length);
      const protocol = [etherTypeOf(packet), 0x6558, 0x88be, 0x22eb][kind];
      // ERSPAN's version in the first four bits, and nothing else in it.
      const between = [
        [],
        [],
        [0x10, 0, 0, 0, 0, 0, 0, 0],
        [0x20, ...new Array<number>(11).fill(0)],
      ][kind];
      const header = joinBytes(uint16(bits), uint16(protocol), fields.fill(0));
      return {
        version: outer.version,
        bytes: wrapIp(outer, extras, PROTOCOL_GRE, joinBytes(header, between, inner.bytes)),
        vlanIds: inner.vlanIds,
        tunnelsCount: inner.tunnelsCount + tunnelsOf(outer, extras),
        layers: `ip${outer.version}/gre${kind}/${packet.layers}`,
      };
    });

const overUdp = ({ ip, frame: frames }: Extras): fc.Arbitrary<Wrap> =>
  fc
    .tuple(addresses, ip, frames, fc.nat({ max: 4 }), words(32))
    .map(([outer, extras, frame, kind, options]) => (packet) => {
      const isFramed = kind <= 1;
      const inner = isFramed ? toEthernet(packet, frame) : packet;
      const geneve = (type: number) =>
        joinBytes([options.length >> 2, 0], uint16(type), uint32(7 << 8), options, inner.bytes);
      const datagram = [
        () => udp(4789, joinBytes([8, 0, 0, 0], uint32(7 << 8), inner.bytes)),
        () => udp(6081, geneve(0x6558)),
        () => udp(6081, geneve(etherTypeOf(packet))),
        () => udp(2152, joinBytes([0x30, 255], uint16(inner.bytes.length), uint32(7), inner.bytes)),
        // A sequence number and one extension header, the one that 5G base stations send.
        () =>
          udp(
            2152,
            joinBytes(
              [0x36, 255],
              uint16(inner.bytes.length + 8),
              uint32(7),
              [0, 1, 0, 0x85],
              [1, 0, 9, 0],
              inner.bytes,
            ),
          ),
      ][kind]();
      return {
        version: outer.version,
        bytes: wrapIp(outer, extras, PROTOCOL_UDP, datagram),
        vlanIds: inner.vlanIds,
        tunnelsCount: inner.tunnelsCount + tunnelsOf(outer, extras),
        layers: `ip${outer.version}/udp${kind}/${packet.layers}`,
      };
    });

/** A packet of the wrong version goes on as it is. */
const encapsulated = ({ ip, frame: frames }: Extras): fc.Arbitrary<Wrap> =>
  fc
    .tuple(addresses, ip, frames, fc.constantFrom(...ENCAPSULATIONS))
    .map(([outer, extras, frame, encapsulation]) => (packet) => {
      const { name, content, port: udpPort, ipProtocol, version } = encapsulation;
      if (version !== undefined && version !== packet.version) {
        return packet;
      }
      const framed = toEthernet(packet, frame);
      const plainFrame = ethernet(etherTypeOf(packet), packet.bytes);
      const carried = { version: packet.version, packet: packet.bytes, frame: framed.bytes };
      const bytes = encapsulation.wrap({ ...carried, plainFrame });
      const inner = content === 'frame' ? framed : packet;
      const vlanIds = content === 'plain frame' ? (packet.vlanIds ?? []) : inner.vlanIds;
      return {
        version: outer.version,
        bytes: wrapIp(
          outer,
          extras,
          ipProtocol ?? PROTOCOL_UDP,
          udpPort === undefined ? bytes : udp(udpPort, bytes),
        ),
        vlanIds,
        tunnelsCount: inner.tunnelsCount + tunnelsOf(outer, extras),
        layers: `ip${outer.version}/${name}/${inner.layers}`,
      };
    });

const tunnels = (extras: Extras, hasEncapsulations: boolean) => {
  const known = [ipInIp(extras.ip), gre(extras), overUdp(extras)];
  const all = hasEncapsulations ? [...known, encapsulated(extras)] : known;
  return fc.array(fc.oneof(...all), { maxLength: TUNNELS });
};

/** A link header around the packet. */
type Link = (packet: Packet) => {
  linkType: number;
  etherType?: number;
  bytes: Uint8Array;
  vlanIds: number[];
  layers: string;
};

const ethernetLink = (frames: fc.Arbitrary<FrameExtras>): fc.Arbitrary<Link> =>
  fc.tuple(frames, fc.nat({ max: 20 })).map(([extras, padding]) => (packet) => {
    const frame = toEthernet(packet, extras);
    // Where no length says otherwise, what was captured is the packet: no padding then.
    const isPadded = !packet.layers.includes('zero');
    const bytes = joinBytes(frame.bytes, new Array<number>(isPadded ? padding : 0).fill(0));
    return { ...frame, bytes, linkType: LINKTYPE_ETHERNET };
  });

const pppProtocol = ({ version }: Packet) => uint16(version === 4 ? 0x0021 : 0x0057);

const OTHER_LINKS: readonly [number, (packet: Packet) => Uint8Array][] = [
  [LINKTYPE_RAW, ({ bytes }) => bytes],
  [LINKTYPE_NULL, ({ bytes, version }) => joinBytes([version === 4 ? 2 : 30, 0, 0, 0], bytes)],
  [LINKTYPE_LOOP, ({ bytes, version }) => joinBytes([0, 0, 0, version === 4 ? 2 : 24], bytes)],
  [
    LINKTYPE_LINUX_SLL,
    (packet) => joinBytes(new Array<number>(14).fill(0), uint16(etherTypeOf(packet)), packet.bytes),
  ],
  [
    LINKTYPE_LINUX_SLL2,
    (packet) => joinBytes(uint16(etherTypeOf(packet)), new Array<number>(18).fill(0), packet.bytes),
  ],
  [LINKTYPE_PPP, (packet) => joinBytes(pppProtocol(packet), packet.bytes)],
  [LINKTYPE_PPP_HDLC, (packet) => joinBytes([0xff, 3], pppProtocol(packet), packet.bytes)],
  [LINKTYPE_C_HDLC, (packet) => joinBytes([0x0f, 0], uint16(etherTypeOf(packet)), packet.bytes)],
  [
    LINKTYPE_PPP_ETHER,
    (packet) =>
      joinBytes(
        [0x11, 0, 0, 1],
        uint16(packet.bytes.length + 2),
        pppProtocol(packet),
        packet.bytes,
      ),
  ],
  [
    LINKTYPE_NFLOG,
    ({ bytes, version }) =>
      // An attribute with a prefix text, then the packet; little-endian as x86 writes it.
      joinBytes(
        [version === 4 ? 2 : 10, 0, 0, 0],
        [6, 0, 10, 0, 0x61, 0, 0, 0],
        [...uint16(bytes.length + 4)].reverse(),
        [9, 0],
        bytes,
      ),
  ],
];

const otherLink: fc.Arbitrary<Link> = fc
  .constantFrom(...OTHER_LINKS)
  .map(([linkType, wrap]) => (packet) => ({
    linkType,
    bytes: wrap(packet),
    vlanIds: packet.vlanIds ?? [],
    layers: `link${linkType}/`,
  }));

const bareLink: fc.Arbitrary<Link> = fc.boolean().map((isNetwork) => (packet) => ({
  linkType: isNetwork ? LINKTYPE_NETWORK : packet.version === 4 ? LINKTYPE_IPV4 : LINKTYPE_IPV6,
  etherType: etherTypeOf(packet),
  bytes: packet.bytes,
  vlanIds: packet.vlanIds ?? [],
  layers: 'bare/',
}));

/** @returns RFC 5952's form; WHATWG's serializer of URLs is an independent writer of it */
function addressText(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}

const stacksWith = (extrasOf: Extras, hasEncapsulations: boolean): fc.Arbitrary<Stack> =>
  fc
    .record({
      messages: httpMessages,
      inner: addresses,
      extras: extrasOf.ip,
      tcpOptions: words(40),
      sourcePort: port,
      targetPort: port,
      sequence: fc.integer({ min: 0, max: 0xffffffff }),
      wraps: tunnels(extrasOf, hasEncapsulations),
      link: fc.oneof(ethernetLink(extrasOf.frame), otherLink, bareLink),
    })
    .map((parts) => {
      const { inner, extras, messages, sequence, tcpOptions, sourcePort, targetPort } = parts;
      const segment = tcp(
        {
          source: { address: inner.source, port: sourcePort },
          target: { address: inner.target, port: targetPort },
          sequence,
          options: tcpOptions,
        },
        messages.bytes,
      );
      const zero = extras.isLengthZero ? 'zero' : '';
      let packet: Packet = {
        version: inner.version,
        bytes: wrapIp(inner, extras, PROTOCOL_TCP, segment),
        vlanIds: undefined,
        tunnelsCount: 0,
        layers: `ip${inner.version}${zero}/tcp`,
      };
      for (const wrap of parts.wraps) {
        // The link adds one at most.
        if (packet.tunnelsCount + TUNNELS_OF_A_WRAP < TUNNELS_MAX) {
          packet = wrap(packet);
        }
      }
      const frame = parts.link(packet);
      const vlan = frame.vlanIds.length > 0 ? ` vlan=${frame.vlanIds.join('.')}` : '';
      const ends =
        `${addressText(inner.source)}#${sourcePort} ` +
        `${addressText(inner.target)}#${targetPort}`;
      return {
        linkType: frame.linkType,
        etherType: frame.etherType ?? 0,
        bytes: frame.bytes,
        source: inner.source,
        target: inner.target,
        sourcePort,
        targetPort,
        payload: messages.bytes,
        layers: frame.layers + packet.layers,
        lines: messages.texts
          .map((text: HttpText) => `2019-09-01 14:16:51.000 ${ends} ${text.columns}${vlan}\n`)
          .join(''),
      };
    });

/** Everything that the decoder is meant to read. */
export const stacks = stacksWith({ ip: headerExtras, frame: frameExtras }, true);
/** What an independent reader reads as well. */
export const agreedStacks = stacksWith({ ip: agreedExtras, frame: agreedFrameExtras }, false);

/** A frame of Ethernet, IPv4 and TCP around a payload, for tests that are about what is in it. */
export function plainFrame(
  payload: Uint8Array,
  fields: { sequence?: number; sourcePort?: number } = {},
): { linkType: number; bytes: Uint8Array } {
  const source = { address: '192.0.2.2', port: fields.sourcePort ?? 40_000 };
  const target = { address: '198.51.100.1', port: 80 };
  const segment = tcp({ source, target, sequence: fields.sequence ?? 1 }, payload);
  const packet = ipv4({ source: source.address, target: target.address }, segment);
  return { linkType: LINKTYPE_ETHERNET, bytes: ethernet(ETHERTYPE_IPV4, packet) };
}
