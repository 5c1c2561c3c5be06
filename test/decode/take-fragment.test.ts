import { describe, expect, it } from 'vitest';
import { decodeEthernet } from '../../src/decode/ethernet.ts';
import { createFragments, findExpiredDatagram, NO_PLACE } from '../../src/decode/fragments.ts';
import { DATAGRAMS_HELD_MAX, FRAGMENTS_HELD_SEC_MAX } from '../../src/decode/limits.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { decodeIncompleteDatagram } from '../../src/decode/take-fragment.ts';
import { VERDICT_NAMES, VERDICT_SEGMENT } from '../../src/decode/verdicts.ts';
import {
  bytesOf,
  ETHERTYPE_IPV4,
  ETHERTYPE_IPV6,
  ethernet,
  fragmentHeader,
  ipv4,
  ipv6,
  joinBytes,
  PROTOCOL_FRAGMENT,
  tcp,
} from '../fixtures/build-packets.ts';
import { INNER_ETHERNET, PORT_VXLAN, PROTOCOL_UDP, udp, vxlan } from './tunnel-frames.ts';

const V4 = { source: '192.0.2.2', target: '198.51.100.1' };
const V6 = { source: '2001:db8::2', target: '2001:db8::1' };
const PAYLOAD = `GET /fragments HTTP/1.1\r\nX: ${'x'.repeat(90)}\r\n\r\n`;

type Version = 4 | 6;

function segmentOf({ source, target }: typeof V4, payload = PAYLOAD): Uint8Array {
  const ends = { source: { address: source, port: 40000 }, target: { address: target, port: 80 } };
  return tcp(ends, bytesOf(payload));
}

interface Piece {
  offset: number;
  bytes: Uint8Array;
  hasMore: boolean;
  id?: number;
  protocol?: number;
}

function frameOf(version: Version, { offset, bytes, hasMore, id = 7, protocol = 6 }: Piece) {
  if (version === 4) {
    const fields = { identification: id, moreFragments: hasMore, fragmentOffset: offset / 8 };
    return ethernet(ETHERTYPE_IPV4, ipv4({ ...V4, ...fields, protocol }, bytes));
  }
  const header = Uint8Array.from(fragmentHeader(protocol, offset / 8, hasMore));
  header[7] = id;
  const packet = ipv6({ ...V6, nextHeader: PROTOCOL_FRAGMENT }, joinBytes(header, bytes));
  return ethernet(ETHERTYPE_IPV6, packet);
}

/** Cut at these offsets, all of them multiples of 8. */
function cut(version: Version, whole: Uint8Array, at: number[], fields: Partial<Piece> = {}) {
  const ends = [...at, whole.length];
  return [0, ...at].map((offset, index) =>
    frameOf(version, {
      offset,
      bytes: whole.subarray(offset, ends[index]),
      hasMore: index < at.length,
      ...fields,
    }),
  );
}

function createReader() {
  const frame = { timestampSec: 100, timestampSubsecNs: 0 };
  const fragments = createFragments(frame);
  const segment = createSegment([], fragments);
  const read = (bytes: Uint8Array): string => {
    segment.isReassembled = false;
    segment.tunnelsCount = 0;
    segment.vlanTagsCount = 0;
    return describe(decodeEthernet(bytes, 0, bytes.length, segment), bytes);
  };
  const describe = (verdict: number, bytes = fragments.bytes): string => {
    if (verdict !== VERDICT_SEGMENT) {
      return VERDICT_NAMES[verdict];
    }
    const source = segment.isReassembled ? fragments.bytes : bytes;
    const { payloadOffset, payloadEnd, sourcePort, targetPort, addressLength } = segment;
    const { sourceAddressOffset } = segment;
    const address = source.subarray(sourceAddressOffset, sourceAddressOffset + addressLength);
    const text = Buffer.from(source.subarray(payloadOffset, payloadEnd)).toString('latin1');
    return `${address.at(-1)}#${sourcePort}>${targetPort} ${text}`;
  };
  /** What is read of the datagrams whose time is up at this second. */
  const expire = (second: number): string[] => {
    const texts: string[] = [];
    let place = findExpiredDatagram(fragments, second, 0);
    while (place !== NO_PLACE) {
      texts.push(describe(decodeIncompleteDatagram(fragments, place, segment)));
      place = findExpiredDatagram(fragments, second, 0);
    }
    return texts;
  };
  return { frame, fragments, segment, read, expire };
}

const WHOLE = `2#40000>80 ${PAYLOAD}`;
const VERSIONS: [Version, typeof V4][] = [
  [4, V4],
  [6, V6],
];

describe.each(VERSIONS)('fragments of IPv%i', (version, ends) => {
  const whole = segmentOf(ends);

  it('are put together in any order, and nothing is held afterwards', () => {
    const pieces = cut(version, whole, [24, 64, 104]);
    for (const order of [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 0, 3, 1],
    ]) {
      const { fragments, read } = createReader();
      const texts = order.map((index) => read(pieces[index]));
      expect(texts).toEqual(['fragment', 'fragment', 'fragment', WHOLE]);
      expect(fragments.usedCount).toBe(0);
    }
  });

  it('that are cut at each unit give the same, the TCP header in several fragments too', () => {
    for (let at = 8; at < whole.length; at += 8) {
      const { read } = createReader();
      expect(cut(version, whole, [at]).map(read)).toEqual(['fragment', WHOLE]);
    }
  });

  it('of several datagrams do not mix', () => {
    const { read } = createReader();
    const [a1, a2] = cut(version, segmentOf(ends, `GET /a${PAYLOAD}`), [64], { id: 1 });
    const [b1, b2] = cut(version, segmentOf(ends, `GET /b${PAYLOAD}`), [64], { id: 2 });
    expect([a1, b1, a2, b2].map(read)).toEqual([
      'fragment',
      'fragment',
      `2#40000>80 GET /a${PAYLOAD}`,
      `2#40000>80 GET /b${PAYLOAD}`,
    ]);
  });

  it('that come twice in the same bytes are ignored, a copy of all is read again', () => {
    const { read } = createReader();
    const [first, last] = cut(version, whole, [64]);
    expect([first, first, last, first, last].map(read)).toEqual([
      'fragment',
      'fragment',
      WHOLE,
      'fragment',
      WHOLE,
    ]);
  });

  it('that overlap or contradict each other refuse the datagram, whatever comes then', () => {
    const [first, last] = cut(version, whole, [64]);
    const part = (offset: number, end: number, hasMore: boolean) =>
      frameOf(version, { offset, bytes: whole.subarray(offset, end), hasMore });
    const forged = Uint8Array.from(whole);
    forged[63] ^= 1;
    for (const other of [
      part(56, 72, true),
      frameOf(version, { offset: 0, bytes: forged.subarray(0, 64), hasMore: true }),
      part(8, 80, true),
    ]) {
      const { read, expire } = createReader();
      expect([first, other, last].map(read)).toEqual([
        'fragment',
        'fragment_overlap',
        'fragment_overlap',
      ]);
      expect(expire(100 + FRAGMENTS_HELD_SEC_MAX + 1)).toEqual(['fragment']);
      expect([first, last].map(read)).toEqual(['fragment', WHOLE]);
    }
    const { read } = createReader();
    const beyond = part(72, 80, true);
    const early = frameOf(version, { offset: 64, bytes: bytesOf('x'), hasMore: false });
    expect([early, beyond].map(read)).toEqual(['fragment', 'fragment_overlap']);
  });

  it('of which others are missing are read as far as they go, when their time is up', () => {
    const { read, expire, fragments } = createReader();
    const [first, , last] = cut(version, whole, [64, 104]);
    expect([first, last].map(read)).toEqual(['fragment', 'fragment']);
    expect(expire(100 + FRAGMENTS_HELD_SEC_MAX)).toEqual([]);
    expect(expire(100 + FRAGMENTS_HELD_SEC_MAX + 1)).toEqual([
      `2#40000>80 ${PAYLOAD.slice(0, 44)}`,
    ]);
    expect(read(last)).toBe('fragment');
    expect(expire(Number.POSITIVE_INFINITY)).toEqual(['fragment']);
    expect(fragments.usedCount).toBe(0);
  });

  it('give way to younger ones, and are never more than there may be', () => {
    const { read, expire, fragments } = createReader();
    for (let id = 0; id < DATAGRAMS_HELD_MAX + 3; id++) {
      expect(read(cut(version, whole, [64], { id })[0])).toBe('fragment');
      expect(fragments.usedCount).toBeLessThanOrEqual(DATAGRAMS_HELD_MAX);
    }
    expect(fragments.refusedCount).toBe(3);
    expect(expire(100)).toEqual([`2#40000>80 ${PAYLOAD.slice(0, 44)}`]);
    expect(cut(version, whole, [64], { id: 200 }).map(read)).toEqual(['fragment', WHOLE]);
  });

  it('that are no multiple of 8 bytes or end beyond any packet are refused', () => {
    const { read, fragments } = createReader();
    expect(read(frameOf(version, { offset: 8, bytes: bytesOf('abc'), hasMore: true }))).toBe(
      'fragment_malformed',
    );
    const far = frameOf(version, { offset: 65_528, bytes: bytesOf('abcdefgh'), hasMore: false });
    expect(read(far)).toBe('fragment_malformed');
    expect(fragments.usedCount).toBe(0);
  });

  it('that the capture cut are not put together; the first is read as far as it goes', () => {
    const { read } = createReader();
    const [first, last] = cut(version, whole, [64]);
    expect(read(first.subarray(0, -10))).toBe(`2#40000>80 ${PAYLOAD.slice(0, 34)}`);
    expect(read(last.subarray(0, -1))).toBe('fragment');
  });

  it('of a tunnel’s datagram show the packet within', () => {
    const { read } = createReader();
    const datagram = udp(50_000, PORT_VXLAN, vxlan(INNER_ETHERNET));
    const pieces = cut(version, datagram, [8, 16, 48], { protocol: PROTOCOL_UDP });
    expect(pieces.map(read)).toEqual(['fragment', 'fragment', 'fragment', '2#40000>80 GET /']);
  });

  it('have the time of the datagram’s first bytes', () => {
    const { read, frame, fragments } = createReader();
    const [first, last] = cut(version, whole, [64]);
    read(last);
    frame.timestampSec = 101;
    expect(read(first)).toBe(WHOLE);
    expect(fragments.timestampSec).toBe(101);
  });
});

describe('fragments', () => {
  it('of what carries no TCP are not kept', () => {
    const { read, fragments } = createReader();
    const piece = { offset: 8, bytes: bytesOf('abcdefgh'), hasMore: false, protocol: 1 };
    expect(read(frameOf(4, piece))).toBe('fragment');
    expect(fragments.places).toHaveLength(0);
  });

  it('within fragments are put together too', () => {
    const { read } = createReader();
    const inner = cut(4, segmentOf(V4), [64], { id: 9 }).map((frame) => frame.subarray(14));
    const frames = inner.flatMap((packet, index) =>
      cut(4, packet, [40], { id: index, protocol: 4 }),
    );
    expect(frames.map(read)).toEqual(['fragment', 'fragment', 'fragment', WHOLE]);
  });
});
