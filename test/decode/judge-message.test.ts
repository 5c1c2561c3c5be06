import { describe, expect, it } from 'vitest';
import {
  createMessageMemory,
  forgetAllMessages,
  JUDGED_COPIED,
  JUDGED_NEW,
  JUDGED_OTHER,
  JUDGED_REPEATED,
  type Judgement,
  judgeFacts,
  judgeMessage,
  type MessageMemory,
} from '../../src/decode/judge-message.ts';
import {
  CONNECTIONS_MAX,
  COPY_MS_MAX,
  REPEAT_GAP_MS_MAX,
  SEEN_MESSAGES_MAX,
} from '../../src/decode/limits.ts';
import {
  FACT_HAS_COPIES,
  FACT_HASH,
  FACT_RECEIVED,
  FACT_TIME,
  FACT_WORDS,
  writeSegmentKey,
} from '../../src/decode/message-facts.ts';
import { noteConnection } from '../../src/decode/note-connection.ts';
import { createSegment, type Segment } from '../../src/decode/segment.ts';
import { HASH_IS_LINE_ALONE } from '../../src/http/head-hash.ts';
import { addressBytes } from '../fixtures/build-packets.ts';

interface Seen {
  source: string;
  target: string;
  sourcePort: number;
  targetPort: number;
  /** As on the wire, 32 bits without a sign. */
  sequence: number;
  received: number;
  hash: number;
  timeMs: number;
  hasCopies: boolean;
}

const KEY: Seen = {
  source: '192.0.2.1',
  target: '198.51.100.1',
  sourcePort: 40000,
  targetPort: 80,
  sequence: 1000,
  received: 5000,
  hash: 14,
  timeMs: 0,
  hasCopies: true,
};
const KEY_IPV6: Seen = { ...KEY, source: '2001:db8:1::2', target: '2001:db8:2::1' };

function segmentOf(seen: Seen): { segment: Segment; bytes: Uint8Array } {
  const addresses = [addressBytes(seen.source), addressBytes(seen.target)];
  const addressLength = addresses[0].length;
  const segment = {
    ...createSegment(),
    addressLength,
    sourceAddressOffset: 5,
    targetAddressOffset: 5 + addressLength,
    sourcePort: seen.sourcePort,
    targetPort: seen.targetPort,
    sequenceNumber: seen.sequence | 0,
    acknowledgmentNumber: seen.received | 0,
  };
  return { segment, bytes: Uint8Array.from([9, 9, 9, 9, 9, ...addresses.flat()]) };
}

function factsOf(seen: Seen): Int32Array {
  const { segment, bytes } = segmentOf(seen);
  const facts = new Int32Array(FACT_WORDS);
  writeSegmentKey(facts, 0, bytes, segment);
  facts[FACT_RECEIVED] = seen.received;
  facts[FACT_HASH] = seen.hash;
  facts[FACT_TIME] = seen.timeMs;
  facts[FACT_HAS_COPIES] = seen.hasCopies ? 1 : 0;
  return facts;
}

/** What becomes of the message. */
function see(memory: MessageMemory, seen: Seen): Judgement {
  const { segment, bytes } = segmentOf(seen);
  return judgeMessage(memory, bytes, segment, seen.hash, seen.timeMs, seen.hasCopies);
}

function opposite(seen: Seen): Seen {
  return {
    ...seen,
    source: seen.target,
    target: seen.source,
    sourcePort: seen.targetPort,
    targetPort: seen.sourcePort,
  };
}

describe.each([
  ['IPv4', KEY],
  ['IPv6', KEY_IPV6],
])('judgeMessage: %s', (_name, key) => {
  it('a message is new the first time, a copy at once, and a repetition later', () => {
    const memory = createMessageMemory();
    const times = [0, COPY_MS_MAX, 2 * COPY_MS_MAX + 1, 200];
    expect(times.map((timeMs) => see(memory, { ...key, timeMs }))).toEqual([
      JUDGED_NEW,
      JUDGED_COPIED,
      JUDGED_REPEATED,
      JUDGED_REPEATED,
    ]);
  });

  it('where one device is listened to there are no copies', () => {
    const memory = createMessageMemory();
    const one = { ...key, hasCopies: false };
    expect([see(memory, one), see(memory, one)]).toEqual([JUDGED_NEW, JUDGED_REPEATED]);
  });

  it('each part of the key makes another message', () => {
    const isIpv4 = key === KEY;
    const others: Partial<Seen>[] = [
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
    const memory = createMessageMemory();
    see(memory, key);
    for (const other of others) {
      expect(see(memory, { ...key, ...other }), JSON.stringify(other)).toBe(JUDGED_NEW);
      expect(see(memory, { ...key, ...other }), JSON.stringify(other)).toBe(JUDGED_COPIED);
    }
  });

  it('other bytes under the same number are another message, and each is known from then on', () => {
    const memory = createMessageMemory();
    see(memory, key);
    expect(see(memory, { ...key, hash: 16 })).toBe(JUDGED_OTHER);
    expect(see(memory, { ...key, hash: 16 })).toBe(JUDGED_COPIED);
    expect(see(memory, key)).toBe(JUDGED_COPIED);
  });

  it('the other direction is another message', () => {
    const memory = createMessageMemory();
    see(memory, key);
    expect(see(memory, opposite(key))).toBe(JUDGED_NEW);
  });

  it('ports above 32,767 and the highest sequence number are ones like the others', () => {
    const memory = createMessageMemory();
    const high = { ...key, sourcePort: 65535, targetPort: 65535, sequence: 0xffffffff };
    expect([see(memory, high), see(memory, high)]).toEqual([JUDGED_NEW, JUDGED_COPIED]);
    expect(see(memory, { ...high, sequence: 99 })).toBe(JUDGED_NEW);
    expect(see(memory, { ...high, sourcePort: 65534 })).toBe(JUDGED_NEW);
  });

  it('behind a SYN the same bytes under the same number are new, in both directions', () => {
    const memory = createMessageMemory();
    const syn = factsOf({ ...key, timeMs: 3 });
    const answer = opposite({ ...key, sequence: 5000, received: 1100 });
    for (let round = 0; round < 3; round++) {
      noteConnection(memory, syn, 0);
      expect([see(memory, key), see(memory, answer)]).toEqual([JUDGED_NEW, JUDGED_NEW]);
      expect([see(memory, key), see(memory, answer)]).toEqual([JUDGED_COPIED, JUDGED_COPIED]);
    }
  });

  it('a message is the same by its facts as by its segment', () => {
    const memory = createMessageMemory();
    see(memory, key);
    expect(judgeFacts(memory, factsOf(key), 0)).toBe(JUDGED_COPIED);
    const next = { ...key, sequence: 2000 };
    expect(judgeFacts(memory, factsOf(next), 0)).toBe(JUDGED_NEW);
    expect(see(memory, next)).toBe(JUDGED_COPIED);
  });

  it('a SYN that is sent again while nothing is answered changes nothing', () => {
    const memory = createMessageMemory();
    const syn = factsOf(key);
    noteConnection(memory, syn, 0);
    see(memory, key);
    noteConnection(memory, syn, 0);
    expect(see(memory, key)).toBe(JUDGED_COPIED);
    // A minute later it is another connection's.
    noteConnection(memory, factsOf({ ...key, timeMs: 60_000 }), 0);
    expect(see(memory, { ...key, timeMs: 60_000 })).toBe(JUDGED_NEW);
  });

  it('a SYN of before what is answered, in a capture merged of several, changes nothing', () => {
    const memory = createMessageMemory();
    noteConnection(memory, factsOf(key), 0);
    const late = { ...key, timeMs: 10 };
    see(memory, late);
    see(memory, opposite({ ...late, sequence: 5000, received: 1100 }));
    noteConnection(memory, factsOf({ ...key, timeMs: 1 }), 0);
    expect(see(memory, late)).toBe(JUDGED_COPIED);
  });

  it('other bytes behind a SYN contradict nothing', () => {
    const memory = createMessageMemory();
    see(memory, key);
    noteConnection(memory, factsOf({ ...key, timeMs: 5 }), 0);
    expect(see(memory, { ...key, hash: 16, timeMs: 6 })).toBe(JUDGED_NEW);
  });

  it('of a head that has shown its start line alone, that is what tells', () => {
    const [line, otherLine] = [0x7777_0000, 0x5555_0000];
    const memory = createMessageMemory();
    const times = { timeMs: 300, hasCopies: false };
    expect(see(memory, { ...key, hash: line | HASH_IS_LINE_ALONE })).toBe(JUDGED_NEW);
    expect(see(memory, { ...key, ...times, hash: otherLine | 8 })).toBe(JUDGED_OTHER);
    expect(see(memory, { ...key, ...times, hash: line | 8 })).toBe(JUDGED_REPEATED);
    // From then on the whole head is known.
    expect(see(memory, { ...key, ...times, hash: line | 16 })).toBe(JUDGED_OTHER);
    expect(see(memory, { ...key, ...times, hash: line | HASH_IS_LINE_ALONE })).toBe(
      JUDGED_REPEATED,
    );
  });

  it('without a SYN the same bytes are new when no sender would send them again any more', () => {
    for (const late of [0, 1]) {
      const memory = createMessageMemory();
      see(memory, key);
      see(memory, { ...key, timeMs: REPEAT_GAP_MS_MAX });
      const timeMs = 2 * REPEAT_GAP_MS_MAX + late;
      expect(see(memory, { ...key, timeMs })).toBe(late === 0 ? JUDGED_REPEATED : JUDGED_NEW);
    }
  });
});

describe('judgeMessage: its tables', () => {
  it('of many messages the newest are remembered and the oldest forgotten', () => {
    const memory = createMessageMemory();
    const keyAt = (index: number): Seen => ({
      ...KEY,
      source: `10.0.${index & 0xff}.${(index >> 8) & 0xff}`,
      sourcePort: 32768 + (index % 28000),
      sequence: index * 517,
    });
    const count = SEEN_MESSAGES_MAX + SEEN_MESSAGES_MAX / 2;
    for (let index = 0; index < count; index++) {
      see(memory, keyAt(index));
    }
    const known = (from: number) =>
      Array.from({ length: 1000 }, (_, index) => see(memory, keyAt(from + index))).filter(
        (judgement) => judgement === JUDGED_COPIED,
      ).length;
    expect(known(count - 1000)).toBeGreaterThan(900);
    expect(known(0)).toBeLessThan(500);
  });

  it('of connections more than it can hold, what may have been forgotten is written', () => {
    const memory = createMessageMemory();
    see(memory, KEY);
    noteConnection(memory, factsOf({ ...KEY, timeMs: 1 }), 0);
    for (let index = 0; index < 8 * CONNECTIONS_MAX; index++) {
      const source = `10.1.${index & 0xff}.${(index >> 8) & 0xff}`;
      noteConnection(memory, factsOf({ ...KEY, source, sourcePort: 1024 + (index % 50_000) }), 0);
    }
    expect(see(memory, { ...KEY, timeMs: 2 })).toBe(JUDGED_NEW);
  });

  it.each([
    ['IPv4', '0.0.0.0'],
    ['IPv6', '::'],
  ])('a first message of %s is not known, though all of its key is zero', (_name, address) => {
    const zeros = { source: address, target: address, sourcePort: 0, targetPort: 0, sequence: 0 };
    const memory = createMessageMemory();
    const seen = { ...KEY, ...zeros, hash: 0 };
    expect([see(memory, seen), see(memory, seen)]).toEqual([JUDGED_NEW, JUDGED_COPIED]);
    forgetAllMessages(memory);
    expect([see(memory, seen), see(memory, seen)]).toEqual([JUDGED_NEW, JUDGED_COPIED]);
  });

  it.each([100, 128, 500, 1460, 4096, 65_536])(
    'of one connection whose messages are %i bytes apart the last 32 are remembered',
    (step) => {
      const memory = createMessageMemory();
      const all = Array.from({ length: 1000 }, (_, index) => ({ ...KEY, sequence: index * step }));
      expect(all.map((one) => see(memory, one)).every((one) => one === JUDGED_NEW)).toBe(true);
      expect(all.slice(-32).map((one) => see(memory, one))).toEqual(
        new Array(32).fill(JUDGED_COPIED),
      );
    },
  );

  it('numbers of messages that come round are never that of a free place', () => {
    const memory = createMessageMemory();
    memory.seen.count = -1;
    expect(see(memory, KEY)).toBe(JUDGED_NEW);
    expect(memory.seen.count).toBe(1);
    expect(see(memory, KEY)).toBe(JUDGED_COPIED);
  });
});
