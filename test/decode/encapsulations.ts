/** The headers that switches, service chains and provider networks put around a packet, built field by field. */
import { ethernet, joinBytes, uint16, uint32 } from '../fixtures/build-packets.ts';

const ETHERTYPE_IPV4 = 0x0800;

/** @see IEEE 802.1BR-2012 section 11 */
export function eTag(etherType: number, payload: Uint8Array): Uint8Array {
  return joinBytes([0x30, 0x01, 0x10, 0x02, 0, 0], uint16(etherType), payload);
}

export function vnTag(etherType: number, payload: Uint8Array): Uint8Array {
  return joinBytes([0x80, 0x17, 0x00, 0x05], uint16(etherType), payload);
}

/** `groups` options of four bytes; the header is a multiple of 8 bytes. */
export function ciscoMetadata(etherType: number, payload: Uint8Array, groups = 1): Uint8Array {
  const options = Array.from({ length: groups }, () => [0x00, 0x01, 0x00, 0x05]).flat();
  return joinBytes([1, (options.length + 4) / 8], options, uint16(etherType), payload);
}

/** Behind EtherType 0x88e7: the service identifier, then the customer's frame. */
export function iTag(frame: Uint8Array): Uint8Array {
  return joinBytes([0x60, 0x00, 0x2a, 0x01], frame);
}

export interface NshFields {
  next: number;
  mdType?: 1 | 2;
  /** Variable context of MD type 2, a multiple of 4 bytes. */
  context?: readonly number[];
  version?: number;
  /** Header length in words, unless it is the right one. */
  words?: number;
}

/** @see RFC 8300 section 2 */
export function nsh(fields: NshFields, payload: Uint8Array): Uint8Array {
  const { next, mdType = 1, version = 0 } = fields;
  const context = mdType === 1 ? new Array<number>(16).fill(0x45) : (fields.context ?? []);
  const words = fields.words ?? 2 + context.length / 4;
  const first = (version << 30) | (63 << 22) | (words << 16) | (mdType << 8) | next;
  return joinBytes(uint32(first >>> 0), [0, 0, 5, 255], context, payload);
}

export const LLC_SNAP = [0xaa, 0xaa, 0x03, 0, 0, 0];

/** An IEEE 802.3 frame with LLC and SNAP. */
export function snapFrame(etherType: number, payload: Uint8Array): Uint8Array {
  return ethernet(8 + payload.length, joinBytes(LLC_SNAP, uint16(etherType), payload));
}

/** @see draft-ietf-nvo3-vxlan-gpe section 3 */
export function vxlanGpe(next: number | undefined, payload: Uint8Array, flags = 0): Uint8Array {
  const first = (next === undefined ? 0x08 : 0x0c) | flags;
  return joinBytes([first, 0, 0, next ?? 0], [0, 0, 42, 0], payload);
}

export interface TeredoFields {
  idBytes?: number;
  valueBytes?: number;
  hasOrigin?: boolean;
}

/** @see RFC 4380 section 5.1.1 */
export function teredo(payload: Uint8Array, fields: TeredoFields = {}): Uint8Array {
  const { idBytes, valueBytes = 0, hasOrigin = false } = fields;
  const authentication =
    idBytes === undefined
      ? []
      : [
          ...[0, 1, idBytes, valueBytes],
          ...new Array<number>(idBytes + valueBytes).fill(0x45),
          ...new Array<number>(8).fill(0x60),
          0,
        ];
  const origin = hasOrigin ? [0, 0, 0x12, 0x34, 0x3f, 0xff, 0xfd, 0xfe] : [];
  return joinBytes(authentication, origin, payload);
}

export interface L2tpFields {
  hasLength?: boolean;
  hasSequence?: boolean;
  /** Padding that the offset size names. */
  offsetBytes?: number;
}

/** A data message of version 2; `ppp` is a PPP frame. @see RFC 2661 section 3.1 */
export function l2tp2(ppp: Uint8Array, fields: L2tpFields = {}): Uint8Array {
  const { hasLength = false, hasSequence = false, offsetBytes } = fields;
  const flags =
    2 |
    (hasLength ? 0x4000 : 0) |
    (hasSequence ? 0x0800 : 0) |
    (offsetBytes === undefined ? 0 : 0x0200);
  const rest = joinBytes(
    [0, 7, 0, 9],
    hasSequence ? [0, 1, 0, 2] : [],
    offsetBytes === undefined ? [] : uint16(offsetBytes),
    new Uint8Array(offsetBytes ?? 0),
    ppp,
  );
  return joinBytes(uint16(flags), hasLength ? uint16(4 + rest.length) : [], rest);
}

/** PPP with address and control. */
export function pppIpv4(packet: Uint8Array): Uint8Array {
  return joinBytes([0xff, 0x03, 0x00, 0x21], packet);
}

/** A session's data of version 3, as it stands behind IP; over UDP four bytes come before. @see RFC 3931 section 4.1 */
export function l2tp3(frame: Uint8Array, between: readonly number[] = []): Uint8Array {
  return joinBytes([0, 0, 0x12, 0x34], between, frame);
}

export const L2TP3_UDP = [0, 3, 0, 0];

/** EtherTypes that stand for each of these. */
export const ETHERTYPES = {
  eTag: 0x893f,
  vnTag: 0x8926,
  ciscoMetadata: 0x8909,
  iTag: 0x88e7,
  nsh: 0x894f,
  ipv4: ETHERTYPE_IPV4,
} as const;
