import { describe, expect, it } from 'vitest';
import { decodeGtpU } from '../../src/decode/gtp-u.ts';
import { GTP_EXTENSION_HEADERS_MAX } from '../../src/decode/limits.ts';
import { joinBytes, uint16, uint32 } from '../fixtures/build-packets.ts';
import {
  cutRuns,
  INNER_ETHERNET,
  INNER_IPV4,
  INNER_IPV6,
  IPV4_LAYERS,
  IPV6_LAYERS,
  type Layer,
  OPENED_IPV4,
  OPENED_IPV6,
  open,
  verdictsByCut,
} from './tunnel-frames.ts';

const G_PDU = 255;
const FLAG_EXTENSION = 0x04;
const FLAG_SEQUENCE = 0x02;
const FLAG_N_PDU = 0x01;
/** PDU session container, 4 bytes with the type of the next. */
const EXTENSION_TYPE = 0x85;

/** Its first byte is not of the IP header yet but says which IP it is. */
const RAW_IPV4_LAYERS: Layer[] = [
  [1, 'link_truncated'],
  [19, 'ipv4_truncated'],
  ...IPV4_LAYERS.slice(1),
];
const RAW_IPV6_LAYERS: Layer[] = [
  [1, 'link_truncated'],
  [39, 'ipv6_truncated'],
  ...IPV6_LAYERS.slice(1),
];

/** @see 3GPP TS 29.281 section 5.1 */
function gtpU(
  payload: Uint8Array,
  { flags = 0, type = G_PDU, next = 0, version = 0x30 } = {},
): Uint8Array {
  const optional = flags === 0 ? [] : [0x60, 0x01, 0x45, next];
  const length = uint16(optional.length + payload.length);
  return joinBytes([version | flags, type], length, uint32(0x45), optional, payload);
}

/** Extension headers of so many words each. @see 3GPP TS 29.281 section 5.2 */
function extensions(...words: number[]): number[] {
  return words.flatMap((count, index) => {
    const content = new Array<number>(Math.max(0, count * 4 - 2)).fill(0x45);
    return [count, ...content, index === words.length - 1 ? 0 : EXTENSION_TYPE];
  });
}

function extended(headers: readonly number[], inner = INNER_IPV4): Uint8Array {
  return gtpU(joinBytes(headers, inner), { flags: FLAG_EXTENSION, next: EXTENSION_TYPE });
}

describe('decodeGtpU', () => {
  it('opens IPv4 and IPv6, cut at any byte', () => {
    expect(open(decodeGtpU, gtpU(INNER_IPV4))).toEqual(OPENED_IPV4);
    expect(open(decodeGtpU, gtpU(INNER_IPV6))).toEqual(OPENED_IPV6);
    expect(verdictsByCut(decodeGtpU, gtpU(INNER_IPV4))).toEqual(
      cutRuns([[8, 'tunnel_truncated'], ...RAW_IPV4_LAYERS]),
    );
    expect(verdictsByCut(decodeGtpU, gtpU(INNER_IPV6))).toEqual(
      cutRuns([[8, 'tunnel_truncated'], ...RAW_IPV6_LAYERS]),
    );
  });

  it.each([
    FLAG_SEQUENCE,
    FLAG_N_PDU,
    FLAG_SEQUENCE | FLAG_N_PDU,
    FLAG_EXTENSION,
    FLAG_EXTENSION | FLAG_SEQUENCE | FLAG_N_PDU,
  ])('skips the four optional bytes when any of their flags is set: %i', (flags) => {
    const packet = gtpU(INNER_IPV4, { flags });
    expect(open(decodeGtpU, packet)).toEqual(OPENED_IPV4);
    expect(verdictsByCut(decodeGtpU, packet)).toEqual(
      cutRuns([[12, 'tunnel_truncated'], ...RAW_IPV4_LAYERS]),
    );
  });

  it('takes no notice of the next type where the flag of the extension headers is not set', () => {
    const packet = gtpU(INNER_IPV4, { flags: FLAG_SEQUENCE, next: EXTENSION_TYPE });
    expect(open(decodeGtpU, packet)).toEqual(OPENED_IPV4);
  });

  it('skips extension headers of any length, cut at any byte', () => {
    for (const words of [[1], [2], [1, 3], [255], [1, 1, 1]]) {
      const headers = extensions(...words);
      const packet = extended(headers);
      expect(open(decodeGtpU, packet)).toEqual(OPENED_IPV4);
      expect(verdictsByCut(decodeGtpU, packet)).toEqual(
        cutRuns([
          [12, 'tunnel_truncated'],
          [headers.length, 'tunnel_truncated'],
          ...RAW_IPV4_LAYERS,
        ]),
      );
    }
  });

  it('refuses an extension header without length, which would never end', () => {
    expect(open(decodeGtpU, extended([0, 0, 0, 0]))).toEqual({ verdict: 'tunnel_malformed' });
    expect(open(decodeGtpU, extended([...extensions(1, 1).slice(0, 4), 0, 0, 0, 0]))).toEqual({
      verdict: 'tunnel_malformed',
    });
  });

  it('follows as many extension headers as there may be, and not one more', () => {
    for (const [count, verdict] of [
      [GTP_EXTENSION_HEADERS_MAX - 1, 'segment'],
      [GTP_EXTENSION_HEADERS_MAX, 'segment'],
      [GTP_EXTENSION_HEADERS_MAX + 1, 'tunnel_malformed'],
    ] as const) {
      const words = new Array<number>(count).fill(1);
      expect(open(decodeGtpU, extended(extensions(...words))).verdict).toBe(verdict);
    }
  });

  it('reads neither signalling, nor GTP’, nor another version', () => {
    for (const type of [0, 1, 2, 26, 31, 254]) {
      expect(open(decodeGtpU, gtpU(INNER_IPV4, { type }))).toEqual({ verdict: 'not_tcp' });
    }
    for (const version of [0x00, 0x10, 0x20, 0x50, 0x70]) {
      expect(open(decodeGtpU, gtpU(INNER_IPV4, { version }))).toEqual({ verdict: 'not_tcp' });
    }
  });

  it('does not read a session of Ethernet frames', () => {
    expect(open(decodeGtpU, gtpU(INNER_ETHERNET))).toEqual({ verdict: 'not_ip' });
  });
});
