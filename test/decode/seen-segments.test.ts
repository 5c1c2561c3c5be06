import { describe, expect, it } from 'vitest';
import { SEEN_SEGMENTS_MAX } from '../../src/decode/limits.ts';
import {
  createSeenSegments,
  forgetSegments,
  type SeenSegments,
  wasSeenBefore,
} from '../../src/decode/seen-segments.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { addressBytes } from '../fixtures/build-packets.ts';

interface Key {
  source: string;
  target: string;
  sourcePort: number;
  targetPort: number;
  /** As on the wire, 32 bits without a sign. */
  sequence: number;
}

const KEY: Key = {
  source: '192.0.2.1',
  target: '198.51.100.1',
  sourcePort: 40000,
  targetPort: 80,
  sequence: 1,
};
const KEY_IPV6: Key = { ...KEY, source: '2001:db8:1::2', target: '2001:db8:2::1' };

/** Each segment in a buffer of its own, as frames come. */
function see(seen: SeenSegments, key: Key): boolean {
  const addresses = [addressBytes(key.source), addressBytes(key.target)];
  const addressLength = addresses[0].length;
  const segment = {
    ...createSegment(),
    addressLength,
    sourceAddressOffset: 5,
    targetAddressOffset: 5 + addressLength,
    sourcePort: key.sourcePort,
    targetPort: key.targetPort,
    sequenceNumber: key.sequence | 0,
  };
  return wasSeenBefore(seen, Uint8Array.from([9, 9, 9, 9, 9, ...addresses.flat()]), segment);
}

describe.each([
  ['IPv4', KEY],
  ['IPv6', KEY_IPV6],
])('wasSeenBefore: %s', (_name, key) => {
  it('a segment was not seen before its first time, and was from then on', () => {
    const seen = createSeenSegments();
    expect([see(seen, key), see(seen, key), see(seen, key)]).toEqual([false, true, true]);
  });

  it('each part of the key makes another segment', () => {
    const isIpv4 = key === KEY;
    const others: Partial<Key>[] = [
      { sequence: 2 },
      { sequence: 0x80000001 },
      { sourcePort: 40001 },
      { targetPort: 81 },
      { source: isIpv4 ? '192.0.2.2' : '2001:db8:1::3' },
      { target: isIpv4 ? '198.51.100.2' : '2001:db8:2::2' },
      // Only the upper parts of the addresses differ, which the hash does not look at.
      { source: isIpv4 ? '193.0.2.1' : '2001:db9:1::2' },
      { target: isIpv4 ? '199.51.100.1' : '2001:db8:2:1::1' },
    ];
    const seen = createSeenSegments();
    see(seen, key);
    for (const other of others) {
      expect(see(seen, { ...key, ...other }), JSON.stringify(other)).toBe(false);
      expect(see(seen, { ...key, ...other }), JSON.stringify(other)).toBe(true);
    }
  });

  it('the other direction is another segment', () => {
    const seen = createSeenSegments();
    see(seen, key);
    const { source, target, sourcePort, targetPort } = key;
    const answer = { ...key, source: target, target: source };
    expect(see(seen, { ...answer, sourcePort: targetPort, targetPort: sourcePort })).toBe(false);
    expect(see(seen, answer)).toBe(false);
    expect(see(seen, { ...key, sourcePort: targetPort, targetPort: sourcePort })).toBe(false);
  });

  it('ports above 32,767 and the highest sequence number are ones like the others', () => {
    const seen = createSeenSegments();
    const high = { ...key, sourcePort: 65535, targetPort: 65535, sequence: 0xffffffff };
    expect([see(seen, high), see(seen, high)]).toEqual([false, true]);
    expect(see(seen, { ...high, sequence: 0 })).toBe(false);
    expect(see(seen, { ...high, sourcePort: 65534 })).toBe(false);
  });

  it('the fifth segment of a set takes the place of the oldest, in turn', () => {
    const [first, second, third, fourth, fifth] = keysOfOneSet(key, 5);
    const seen = createSeenSegments();
    for (const one of [first, second, third, fourth]) {
      expect(see(seen, one)).toBe(false);
    }
    for (const one of [first, second, third, fourth]) {
      expect(see(seen, one)).toBe(true);
    }
    expect(see(seen, fifth)).toBe(false);
    expect([second, third, fourth, fifth].map((one) => see(seen, one))).toEqual(
      new Array(4).fill(true),
    );
    expect(see(seen, first)).toBe(false);
    expect(see(seen, second)).toBe(false);
    expect(see(seen, fifth)).toBe(true);
  });
});

describe('wasSeenBefore', () => {
  it('of many segments the newest are remembered and the oldest forgotten', () => {
    const seen = createSeenSegments();
    const keyAt = (index: number): Key => ({
      ...KEY,
      source: `10.0.${index & 0xff}.${(index >> 8) & 0xff}`,
      sourcePort: 32768 + (index % 28000),
      sequence: index * 517,
    });
    const count = 2 * SEEN_SEGMENTS_MAX;
    for (let index = 0; index < count; index++) {
      if (see(seen, keyAt(index))) {
        expect.fail(`segment ${index} was never seen`);
      }
    }
    let forgotten = 0;
    for (let index = count - 1000; index < count; index++) {
      forgotten += see(seen, keyAt(index)) ? 0 : 1;
    }
    expect(forgotten).toBeLessThan(10);
    let remembered = 0;
    for (let index = 0; index < 1000; index++) {
      remembered += see(seen, keyAt(index)) ? 1 : 0;
    }
    expect(remembered).toBeLessThan(100);
  });

  it.each([
    ['IPv4', '0.0.0.0'],
    ['IPv6', '::'],
  ])(
    'a first segment of %s is not seen before, though all of its key is zero',
    (_name, address) => {
      const key = { source: address, target: address, sourcePort: 0, targetPort: 0, sequence: 0 };
      const seen = createSeenSegments();
      expect([see(seen, key), see(seen, key)]).toEqual([false, true]);
      forgetSegments(seen);
      expect([see(seen, key), see(seen, key)]).toEqual([false, true]);
    },
  );

  it.each([1, 100, 128, 500, 1460, 4096, 65_536])(
    'of one connection whose messages are %i bytes apart the last 32 are remembered',
    (step) => {
      const seen = createSeenSegments();
      const keys = Array.from({ length: 1000 }, (_, index) => ({ ...KEY, sequence: index * step }));
      expect(keys.map((key) => see(seen, key)).includes(true)).toBe(false);
      expect(keys.slice(-32).map((key) => see(seen, key))).toEqual(new Array(32).fill(true));
    },
  );
});

/** Keys that differ in their sequence number and share a set: the place counter that moves tells it. */
function keysOfOneSet(key: Key, count: number): Key[] {
  const seen = createSeenSegments();
  const bySet = new Map<number, Key[]>();
  for (let sequence = 1; ; sequence++) {
    const candidate = { ...key, sequence };
    forgetSegments(seen);
    see(seen, candidate);
    const { ipv4Next, ipv6Next } = seen;
    const set = Math.max(ipv4Next.indexOf(1), ipv6Next.indexOf(1));
    const keys = [...(bySet.get(set) ?? []), candidate];
    if (keys.length === count) {
      return keys;
    }
    bySet.set(set, keys);
  }
}
