import { describe, expect, it } from 'vitest';
import { writeDirectionKey } from '../../src/decode/directions.ts';
import {
  createMessageMemory,
  forgetAllMessages,
  JUDGED_BODY,
  JUDGED_COPIED,
  JUDGED_NEW,
  JUDGED_OTHER,
  JUDGED_REPEATED,
  type Judgement,
  judgeMessage,
  type MessageMemory,
  noteConnection,
  noteJudged,
} from '../../src/decode/judge-message.ts';
import {
  BODY_CLAIM_BYTES_MAX,
  CONNECTION_SILENT_MS,
  COPY_MS_MAX,
  DIRECTIONS_MAX,
  REPEAT_GAP_MS_MAX,
} from '../../src/decode/limits.ts';
import {
  FACT_BODY_BYTES,
  FACT_FLAGS,
  FACT_HASH,
  FACT_HEAD_BYTES,
  FACT_IS_HEAD,
  FACT_IS_INTERIM,
  FACT_IS_OF_ALL_DEVICES,
  FACT_IS_REQUEST,
  FACT_IS_WHOLE,
  FACT_RECEIVED,
  FACT_SEQUENCE,
  FACT_TIME,
  FACT_WORDS,
} from '../../src/decode/message-facts.ts';
import { createSegment } from '../../src/decode/segment.ts';
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
  headBytes: number;
  /** -1: not known. */
  bodyBytes: number;
  flags: number;
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
  headBytes: 100,
  bodyBytes: 0,
  flags: FACT_IS_REQUEST | FACT_IS_WHOLE | FACT_IS_OF_ALL_DEVICES,
};
const KEY_IPV6: Seen = { ...KEY, source: '2001:db8:1::2', target: '2001:db8:2::1' };

function factsOf(seen: Seen): Int32Array {
  const addresses = [addressBytes(seen.source), addressBytes(seen.target)];
  const addressLength = addresses[0].length;
  const segment = {
    ...createSegment(),
    addressLength,
    sourceAddressOffset: 5,
    targetAddressOffset: 5 + addressLength,
    sourcePort: seen.sourcePort,
    targetPort: seen.targetPort,
  };
  const facts = new Int32Array(FACT_WORDS);
  writeDirectionKey(facts, 0, Uint8Array.from([9, 9, 9, 9, 9, ...addresses.flat()]), segment);
  facts[FACT_SEQUENCE] = seen.sequence;
  facts[FACT_RECEIVED] = seen.received;
  facts[FACT_HASH] = seen.hash;
  facts[FACT_TIME] = seen.timeMs;
  facts[FACT_HEAD_BYTES] = seen.headBytes;
  facts[FACT_BODY_BYTES] = seen.bodyBytes;
  facts[FACT_FLAGS] = seen.flags;
  return facts;
}

/** What becomes of the message, and whether it has no body whatever its head says. */
function see(memory: MessageMemory, seen: Seen): Judgement {
  return seeWhole(memory, seen).judgement;
}

function seeWhole(memory: MessageMemory, seen: Seen) {
  const facts = factsOf(seen);
  const judgement = judgeMessage(memory, facts, 0);
  const hasNoBody = judgement <= JUDGED_OTHER && noteJudged(memory, facts, 0);
  return { judgement, hasNoBody };
}

function opposite(seen: Seen): Seen {
  return {
    ...seen,
    source: seen.target,
    target: seen.source,
    sourcePort: seen.targetPort,
    targetPort: seen.sourcePort,
    flags: FACT_IS_WHOLE | FACT_IS_OF_ALL_DEVICES,
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
    const one = { ...key, flags: FACT_IS_REQUEST | FACT_IS_WHOLE };
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

  it('a SYN that is sent again before anything else changes nothing', () => {
    const memory = createMessageMemory();
    const syn = factsOf(key);
    noteConnection(memory, syn, 0);
    const { connectionsCount } = memory.directions;
    noteConnection(memory, syn, 0);
    expect(memory.directions.connectionsCount).toBe(connectionsCount);
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

describe('judgeMessage: bodies', () => {
  const upload = { ...KEY, bodyBytes: 50 };
  const within = { ...KEY, hash: 16 };

  it.each([
    ['its first byte', 1100, JUDGED_BODY],
    ['its last byte', 1149, JUDGED_BODY],
    ['behind it', 1150, JUDGED_NEW],
    ['in the head', 1099, JUDGED_NEW],
  ])('what looks like a message at %s', (_name, sequence, judgement) => {
    const memory = createMessageMemory();
    see(memory, upload);
    expect(see(memory, { ...within, sequence })).toBe(judgement);
  });

  it('what was sent when something had come back is no body', () => {
    const memory = createMessageMemory();
    see(memory, upload);
    expect(see(memory, { ...within, sequence: 1100, received: 5001 })).toBe(JUDGED_NEW);
  });

  it('an interim response does not count: the body was held back for it', () => {
    const memory = createMessageMemory();
    see(memory, upload);
    const interim = { ...opposite(KEY), sequence: 5000, received: 1100, headBytes: 25 };
    see(memory, { ...interim, flags: FACT_IS_WHOLE | FACT_IS_INTERIM });
    expect(see(memory, { ...within, sequence: 1100, received: 5025 })).toBe(JUDGED_BODY);
  });

  it('a second message under the number of the head takes its word from it', () => {
    const memory = createMessageMemory();
    see(memory, upload);
    expect(see(memory, { ...within, hash: 18 })).toBe(JUDGED_OTHER);
    expect(see(memory, { ...within, sequence: 1100 })).toBe(JUDGED_NEW);
  });

  it('a head that was sent again keeps it', () => {
    const memory = createMessageMemory();
    see(memory, upload);
    expect(see(memory, { ...upload, timeMs: 100 })).toBe(JUDGED_REPEATED);
    expect(see(memory, { ...within, sequence: 1100 })).toBe(JUDGED_BODY);
  });

  it('a head before the place of the next message says nothing about what follows', () => {
    const memory = createMessageMemory();
    noteConnection(memory, factsOf(KEY), 0);
    see(memory, { ...upload, sequence: 900, hash: 18 });
    expect(see(memory, { ...within, sequence: 1000 })).toBe(JUDGED_NEW);
  });

  it('after ten silent minutes nothing is known any more', () => {
    for (const late of [0, 1]) {
      const memory = createMessageMemory();
      see(memory, upload);
      const timeMs = CONNECTION_SILENT_MS + late;
      expect(see(memory, { ...within, sequence: 1100, timeMs })).toBe(
        late === 0 ? JUDGED_BODY : JUDGED_NEW,
      );
    }
  });

  it('a body of any length is known for as far as sequence numbers tell', () => {
    const memory = createMessageMemory();
    see(memory, { ...upload, bodyBytes: 0x7fffffff });
    const end = 1100 + BODY_CLAIM_BYTES_MAX;
    expect(see(memory, { ...within, sequence: end - 1 })).toBe(JUDGED_BODY);
    expect(see(memory, { ...within, sequence: end })).toBe(JUDGED_NEW);
  });
});

describe('judgeMessage: HEAD', () => {
  const head = { ...KEY, flags: FACT_IS_REQUEST | FACT_IS_WHOLE | FACT_IS_HEAD };
  const answer = { ...opposite(KEY), sequence: 5000, received: 1300, bodyBytes: 500 };

  it('of pipelined requests the answers to HEAD have no body, and begin behind each other', () => {
    const memory = createMessageMemory();
    see(memory, head);
    see(memory, { ...KEY, sequence: 1100 });
    see(memory, { ...head, sequence: 1200 });
    const noBody = [
      { ...answer, sequence: 5000 },
      { ...answer, sequence: 5100 },
      { ...answer, sequence: 5700 },
      { ...answer, sequence: 5800 },
    ].map((one) => seeWhole(memory, one));
    expect(noBody).toEqual([
      { judgement: JUDGED_NEW, hasNoBody: true },
      { judgement: JUDGED_NEW, hasNoBody: false },
      { judgement: JUDGED_NEW, hasNoBody: true },
      { judgement: JUDGED_NEW, hasNoBody: false },
    ]);
  });

  it('an interim response is none of them', () => {
    const memory = createMessageMemory();
    see(memory, head);
    const interim = { ...answer, headBytes: 25, flags: FACT_IS_WHOLE | FACT_IS_INTERIM };
    expect(seeWhole(memory, { ...interim, bodyBytes: 0 }).hasNoBody).toBe(false);
    expect(seeWhole(memory, { ...answer, sequence: 5025 }).hasNoBody).toBe(true);
  });

  it('where a response is missing nothing is said of those behind it', () => {
    const memory = createMessageMemory();
    see(memory, head);
    see(memory, { ...head, sequence: 1100 });
    expect(seeWhole(memory, { ...answer, sequence: 5100 }).hasNoBody).toBe(false);
    expect(seeWhole(memory, { ...answer, sequence: 5700 }).hasNoBody).toBe(false);
  });
});

describe('judgeMessage: its tables', () => {
  it('of many directions the newest are remembered and the oldest forgotten', () => {
    const memory = createMessageMemory();
    const keyAt = (index: number): Seen => ({
      ...KEY,
      source: `10.0.${index & 0xff}.${(index >> 8) & 0xff}`,
      sourcePort: 32768 + (index % 28000),
      sequence: index * 517,
    });
    const count = DIRECTIONS_MAX + DIRECTIONS_MAX / 2;
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

  it('numbers of connections that come round are never that of a free place', () => {
    const memory = createMessageMemory();
    memory.directions.connectionsCount = -1;
    expect(see(memory, KEY)).toBe(JUDGED_NEW);
    expect(memory.directions.connectionsCount).toBe(1);
    expect(see(memory, KEY)).toBe(JUDGED_COPIED);
  });
});
