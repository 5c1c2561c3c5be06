import { describe, expect, it } from 'vitest';
import { NFLOG_ATTRIBUTES_MAX } from '../../src/decode/limits.ts';
import { decodeNflog } from '../../src/decode/nflog.ts';
import { joinBytes, uint16 } from '../fixtures/build-packets.ts';
import {
  cutRuns,
  INNER_IPV4,
  INNER_IPV6,
  IPV4_LAYERS,
  OPENED_IPV4,
  OPENED_IPV6,
  open,
  verdictsByCut,
} from './tunnel-frames.ts';

const AF_INET = 2;
const AF_BRIDGE = 7;
const AF_INET6 = 10;

const PACKET_HEADER = 1;
const MARK = 2;
const PAYLOAD = 9;
const PREFIX = 10;
const NESTED = 0x8000;
const CONNTRACK = 18;
const VLAN = 19;

type Endian = 'little' | 'big';

/** Length without padding, type, content, padding to four bytes. */
function attribute(endian: Endian, type: number, content: Uint8Array | number[]): Uint8Array {
  const head = [uint16(4 + content.length), uint16(type)];
  const padding = (4 - (content.length % 4)) % 4;
  return joinBytes(
    head.flatMap((field) => (endian === 'big' ? field : field.toReversed())),
    content,
    new Uint8Array(padding),
  );
}

function nflog(family: number, ...attributes: Uint8Array[]): Uint8Array {
  return joinBytes([family, 0, 0, 30], ...attributes);
}

function usual(endian: Endian, packet: Uint8Array): Uint8Array[] {
  return [
    attribute(endian, PACKET_HEADER, [0x08, 0x00, 1, 0]),
    attribute(endian, PREFIX, [...Buffer.from('web in\0')]),
    attribute(endian, MARK, [0, 0, 0, 1]),
    attribute(endian, PAYLOAD, packet),
  ];
}

describe.each(['little', 'big'] as const)('decodeNflog, %s-endian', (endian) => {
  it('opens IPv4 and IPv6', () => {
    expect(open(decodeNflog, nflog(AF_INET, ...usual(endian, INNER_IPV4)))).toEqual(OPENED_IPV4);
    expect(open(decodeNflog, nflog(AF_INET6, ...usual(endian, INNER_IPV6)))).toEqual(OPENED_IPV6);
  });

  it('cut at any byte is truncated until one byte of payload is there', () => {
    const frame = nflog(AF_INET, ...usual(endian, INNER_IPV4));
    const [payload] = usual(endian, INNER_IPV4).slice(-1);
    const head = frame.length - payload.length + 5;
    expect(verdictsByCut(decodeNflog, frame)).toEqual(
      cutRuns([
        [head, 'link_truncated'],
        [19, 'ipv4_truncated'],
        ...IPV4_LAYERS.slice(1),
        // What fills the last attribute up to four bytes.
        [3, 'segment'],
      ]),
    );
  });

  it('skips attributes that hold others, whose type has a flag', () => {
    const [first, ...others] = usual(endian, INNER_IPV4);
    const vlan = attribute(endian, NESTED | VLAN, attribute(endian, 1, [0x81, 0x00, 0, 0]));
    const conntrack = attribute(endian, NESTED | CONNTRACK, new Uint8Array(300).fill(9));
    const frame = nflog(AF_INET, first, vlan, conntrack, ...others);
    expect(open(decodeNflog, frame)).toEqual(OPENED_IPV4);
  });

  it('the packet ends where its attribute does', () => {
    const short = attribute(endian, PAYLOAD, INNER_IPV4.subarray(0, 43));
    const frame = nflog(AF_INET, short, attribute(endian, MARK, [0, 0, 0, 1]));
    expect(open(decodeNflog, frame)).toEqual({
      ...OPENED_IPV4,
      payload: 'GET',
      isPayloadCut: true,
    });
    expect(open(decodeNflog, nflog(AF_INET, attribute(endian, PAYLOAD, [])))).toEqual({
      verdict: 'link_truncated',
    });
  });

  it('an attribute shorter than its own header ends the frame, and no loop goes on', () => {
    for (const length of [0, 1, 3]) {
      const broken = attribute(endian, PREFIX, [1, 2, 3, 4]);
      broken.set(endian === 'big' ? [0, length] : [length, 0], 0);
      const frame = nflog(AF_INET, broken, ...usual(endian, INNER_IPV4));
      expect(open(decodeNflog, frame)).toEqual({ verdict: 'not_ip' });
    }
  });

  it('an attribute that claims more than there is is cut', () => {
    const broken = attribute(endian, PREFIX, [1, 2, 3, 4]);
    broken.set([0xff, 0xff], 0);
    const frame = nflog(AF_INET, broken, ...usual(endian, INNER_IPV4));
    expect(open(decodeNflog, frame)).toEqual({ verdict: 'link_truncated' });
  });

  it('skips as many attributes before the packet as there may be, and not one more', () => {
    const payload = attribute(endian, PAYLOAD, INNER_IPV4);
    for (const [count, verdict] of [
      [NFLOG_ATTRIBUTES_MAX - 1, 'segment'],
      [NFLOG_ATTRIBUTES_MAX, 'segment'],
      [NFLOG_ATTRIBUTES_MAX + 1, 'not_ip'],
    ] as const) {
      const before = Array.from({ length: count }, () => attribute(endian, MARK, [0, 0, 0, 1]));
      expect(open(decodeNflog, nflog(AF_INET, ...before, payload)).verdict).toBe(verdict);
    }
  });

  it('reads no other family, and nothing that is not IP', () => {
    const attributes = usual(endian, INNER_IPV4);
    for (const family of [0, AF_BRIDGE, 255]) {
      expect(open(decodeNflog, nflog(family, ...attributes))).toEqual({ verdict: 'not_ip' });
    }
    const noPacket = attribute(endian, PAYLOAD, [0x50, 0, 0, 0]);
    expect(open(decodeNflog, nflog(AF_INET, noPacket))).toEqual({ verdict: 'not_ip' });
  });
});
