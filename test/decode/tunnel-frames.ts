/** Packets within packets, built header by header, and a look at what a decoder makes of them. */
import { createSegment, type Segment } from '../../src/decode/segment.ts';
import { VERDICT_NAMES, VERDICT_SEGMENT } from '../../src/decode/verdicts.ts';
import {
  bytesOf,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  ipv4,
  ipv6,
  joinBytes,
  tcp,
  uint16,
  uint32,
} from '../fixtures/build-packets.ts';
import { guardBytes } from './decode-guarded.ts';

export type Decoder = (bytes: Uint8Array, offset: number, end: number, segment: Segment) => number;

/** What the line would tell of a frame. */
export interface Opened {
  /** Name of the verdict; the rest is there only for `segment`. */
  verdict: string;
  source?: string;
  target?: string;
  payload?: string;
  isPayloadCut?: boolean;
  vlanIds?: number[];
}

const CLIENT = { v4: '192.0.2.2', v6: '2001:db8:1:0:0:0:0:2' };
const SERVER = { v4: '198.51.100.1', v6: '2001:db8:2:0:0:0:0:1' };
const OUTER_V4 = { source: '203.0.113.1', target: '203.0.113.2' };
const OUTER_V6 = { source: '2001:db8:f::1', target: '2001:db8:f::2' };
const PAYLOAD = 'GET /';

export const PROTOCOL_IPV4 = 4;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_IPV6 = 41;
export const PROTOCOL_GRE = 47;
export const PROTOCOL_AH = 51;
export const ETHERTYPE_TRANSPARENT = 0x6558;
export const ETHERTYPE_MPLS = 0x8847;
export const ETHERTYPE_PPPOE = 0x8864;
export const PORT_VXLAN = 4789;
export const PORT_GENEVE = 6081;
export const PORT_GTP_U = 2152;

/** 45 bytes: headers of 20 and 20, `GET /`. */
export const INNER_IPV4 = innerIpv4();
/** 65 bytes: headers of 40 and 20, `GET /`. */
export const INNER_IPV6 = ipv6(
  { source: CLIENT.v6, target: SERVER.v6 },
  innerTcp(CLIENT.v6, SERVER.v6),
);
export const INNER_ETHERNET = ethernet(ETHERTYPE_IPV4, INNER_IPV4);

export const OPENED_IPV4: Opened = {
  verdict: 'segment',
  source: `${CLIENT.v4}#40000`,
  target: `${SERVER.v4}#80`,
  payload: PAYLOAD,
  isPayloadCut: false,
  vlanIds: [],
};
export const OPENED_IPV6: Opened = {
  ...OPENED_IPV4,
  source: `${CLIENT.v6}#40000`,
  target: `${SERVER.v6}#80`,
};

/** For `cutRuns`: how many captured lengths end in which layer of the packets above. */
export const IPV4_LAYERS: readonly Layer[] = [
  [20, 'ipv4_truncated'],
  [21, 'tcp_truncated'],
  [5, 'segment'],
];
export const IPV6_LAYERS: readonly Layer[] = [
  [40, 'ipv6_truncated'],
  [21, 'tcp_truncated'],
  [5, 'segment'],
];
export const ETHERNET_LAYERS: readonly Layer[] = [[14, 'link_truncated'], ...IPV4_LAYERS];

/** The innermost packet; `fields` make it a fragment or give it a wrong length. */
export function innerIpv4(fields: Partial<Parameters<typeof ipv4>[0]> = {}): Uint8Array {
  const addresses = { source: CLIENT.v4, target: SERVER.v4 };
  return ipv4({ ...addresses, ...fields }, innerTcp(CLIENT.v4, SERVER.v4));
}

export function outerIpv4(protocol: number, payload: Uint8Array): Uint8Array {
  return ipv4({ ...OUTER_V4, protocol }, payload);
}

export function outerIpv6(nextHeader: number, payload: Uint8Array): Uint8Array {
  return ipv6({ ...OUTER_V6, nextHeader }, payload);
}

/** @see RFC 768 */
export function udp(source: number, target: number, payload: Uint8Array): Uint8Array {
  return joinBytes(uint16(source), uint16(target), uint16(8 + payload.length), [0, 0], payload);
}

/** @see RFC 7348 section 5 */
export function vxlan(payload: Uint8Array, flags = 0x08): Uint8Array {
  return joinBytes([flags, 0, 0, 0], uint32(42 << 8), payload);
}

/** @see RFC 8926 section 3.4 */
export function geneve(
  etherType: number,
  payload: Uint8Array,
  options: readonly number[] = [],
): Uint8Array {
  const head = [options.length / 4, 0, ...uint16(etherType), ...uint32(42 << 8)];
  return joinBytes(head, options, payload);
}

export interface GreFields {
  protocol: number;
  /** Each is there, with its flag, when it is given. */
  checksum?: number;
  key?: number;
  sequence?: number;
  /** Version 1 only. */
  acknowledgment?: number;
  version?: number;
  /** Set in addition. */
  flags?: number;
}

/** @see RFC 2784, RFC 2890, RFC 2637 section 4.1 */
export function gre(fields: GreFields, payload: Uint8Array): Uint8Array {
  const { checksum, key, sequence, acknowledgment, version = 0 } = fields;
  const flags =
    (checksum === undefined ? 0 : 0x8000) |
    (key === undefined ? 0 : 0x2000) |
    (sequence === undefined ? 0 : 0x1000) |
    (acknowledgment === undefined ? 0 : 0x0080) |
    (fields.flags ?? 0) |
    version;
  const words = [checksum, key, sequence, acknowledgment].filter((word) => word !== undefined);
  return joinBytes(uint16(flags), uint16(fields.protocol), words.flatMap(uint32), payload);
}

/** One entry for each label, the last of them marked. @see RFC 3032 section 2.1 */
export function mpls(labels: readonly number[], payload: Uint8Array): Uint8Array {
  const entries = labels.flatMap((label, index) =>
    uint32((label << 12) | (index === labels.length - 1 ? 0x140 : 0x40)),
  );
  return joinBytes(entries, payload);
}

/** An Ethernet pseudowire with its control word. @see RFC 4448 section 4.6 */
export function pseudowire(label: number, frame: Uint8Array): Uint8Array {
  return mpls([label], joinBytes([0, 0, 0, 7], frame));
}

/** @see RFC 2516 section 4 */
export function pppoe(payload: Uint8Array, length = payload.length): Uint8Array {
  return joinBytes([0x11, 0, 0x12, 0x34], uint16(length), payload);
}

/** `icvBytes` is a multiple of 4. @see RFC 4302 section 2 */
export function authentication(nextHeader: number, payload: Uint8Array, icvBytes = 12): Uint8Array {
  const head = [nextHeader, 1 + icvBytes / 4, 0, 0, ...uint32(256), ...uint32(1)];
  return joinBytes(head, new Uint8Array(icvBytes).fill(0x45), payload);
}

/** EtherType of an IP packet by its version. */
export function etherTypeOf(packet: Uint8Array): number {
  return packet[0] >> 4 === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
}

/** Where frames begin in the buffer, so that no offset is right by being counted from 0. */
const FRAME_OFFSET = 7;
/** What stands behind the frame's end: nothing, all bits, IPv4 with IHL 5, IPv6. */
const FILL_BYTES = [0x00, 0xff, 0x45, 0x60];
const BYTES_BEHIND = 80;

const segment = createSegment([9999]);

/**
 * Decodes the first `byteLength` bytes of a frame. UDP port 9999 is VXLAN too.
 *
 * @throws when a byte outside them is read, or when what stands behind them changes the result
 */
export function open(decode: Decoder, frame: Uint8Array, byteLength = frame.length): Opened {
  const end = FRAME_OFFSET + byteLength;
  const buffer = new Uint8Array(end + BYTES_BEHIND);
  buffer.set(frame.subarray(0, byteLength), FRAME_OFFSET);
  const opened = openIn(decode, guardBytes(buffer, FRAME_OFFSET, end), buffer, end);
  for (const fill of FILL_BYTES) {
    buffer.fill(fill, end);
    const again = openIn(decode, buffer, buffer, end);
    if (JSON.stringify(again) !== JSON.stringify(opened)) {
      throw new Error(`Bytes ${fill} behind the end change ${JSON.stringify(opened)}`);
    }
  }
  return opened;
}

/** Verdicts of a frame cut at each byte, as runs of captured lengths: `0-13 link_truncated`. */
export function verdictsByCut(decode: Decoder, frame: Uint8Array): string[] {
  const lengths = Array.from({ length: frame.length + 1 }, (_, byteLength) => byteLength);
  return cutRuns(lengths.map((byteLength) => [1, open(decode, frame, byteLength).verdict]));
}

/** So many captured lengths end in it, with this verdict. */
export type Layer = readonly [lengths: number, verdict: string];

/** Layers as `verdictsByCut` gives them; neighbours of one verdict are one run. */
export function cutRuns(layers: readonly Layer[]): string[] {
  const runs: { first: number; last: number; verdict: string }[] = [];
  let first = 0;
  for (const [lengths, verdict] of layers) {
    const last = first + lengths - 1;
    const run = runs.at(-1);
    if (run?.verdict === verdict) {
      run.last = last;
    } else if (lengths > 0) {
      runs.push({ first, last, verdict });
    }
    first += lengths;
  }
  return runs.map((run) => `${run.first}-${run.last} ${run.verdict}`);
}

function innerTcp(source: string, target: string): Uint8Array {
  const ends = { source: { address: source, port: 40000 }, target: { address: target, port: 80 } };
  return tcp(ends, bytesOf(PAYLOAD));
}

function openIn(decode: Decoder, bytes: Uint8Array, buffer: Uint8Array, end: number): Opened {
  segment.vlanTagsCount = 0;
  segment.tunnelsCount = 0;
  const verdict = decode(bytes, FRAME_OFFSET, end, segment);
  if (verdict !== VERDICT_SEGMENT) {
    return { verdict: VERDICT_NAMES[verdict] };
  }
  if (segment.payloadEnd > end) {
    throw new Error(`Payload ends at ${segment.payloadEnd}, the frame at ${end}`);
  }
  const { sourceAddressOffset, targetAddressOffset, payloadOffset, payloadEnd } = segment;
  return {
    verdict: VERDICT_NAMES[verdict],
    source: `${readAddress(buffer, sourceAddressOffset)}#${segment.sourcePort}`,
    target: `${readAddress(buffer, targetAddressOffset)}#${segment.targetPort}`,
    payload: Buffer.from(buffer.subarray(payloadOffset, payloadEnd)).toString('latin1'),
    isPayloadCut: segment.isPayloadCut,
    vlanIds: [...segment.vlanIds.subarray(0, segment.vlanTagsCount)],
  };
}

function readAddress(buffer: Uint8Array, offset: number): string {
  const bytes = buffer.subarray(offset, offset + segment.addressLength);
  if (segment.addressLength === 4) {
    return bytes.join('.');
  }
  const groups = Array.from({ length: 8 }, (_, at) => (bytes[at * 2] << 8) | bytes[at * 2 + 1]);
  return groups.map((group) => group.toString(16)).join(':');
}
