import { describe, expect, it } from 'vitest';
import { TYPES_COUNT } from '../../src/decode/message-type.ts';
import { OTHER_PROTOCOLS_COUNT } from '../../src/decode/other-protocol.ts';
import { VERDICTS_COUNT } from '../../src/decode/verdicts.ts';
import { COUNTS_COUNT } from '../../src/exchange/exchange-counts.ts';
import { REDACTION_COUNTS_MAX } from '../../src/limits.ts';
import * as slots from '../../src/worker/counters.ts';

const { countFrames, createCounters, noteRingFill, sumCounters, COUNTERS_COUNT } = slots;

describe('counters', () => {
  it('every slot has its place: none overlaps another, and none is without a name', () => {
    const taken = Object.entries(slots).flatMap(([name, slot]) => {
      if (!name.startsWith('COUNTER_') || typeof slot !== 'number') {
        return [];
      }
      const sizes: Record<string, number> = {
        COUNTER_VERDICT_FIRST: VERDICTS_COUNT,
        COUNTER_MESSAGES_FIRST: TYPES_COUNT,
        COUNTER_TRACKER_FIRST: COUNTS_COUNT,
        COUNTER_REDACTIONS_FIRST: REDACTION_COUNTS_MAX,
        COUNTER_METHOD_FIRST: slots.METHOD_COUNTS_COUNT,
        COUNTER_STATUS_CLASS_FIRST: slots.STATUS_CLASSES_COUNT,
        COUNTER_FIRST_BYTE_FIRST: slots.FIRST_BYTE_COUNTS_COUNT,
        COUNTER_OTHER_PROTOCOL_FIRST: OTHER_PROTOCOLS_COUNT,
      };
      return Array.from({ length: sizes[name] ?? 1 }, (_, index) => slot + index);
    });
    expect(taken.sort((one, other) => one - other)).toEqual(
      Array.from({ length: COUNTERS_COUNT }, (_, slot) => slot),
    );
  });

  it('begin at zero in memory that threads share', () => {
    const counters = createCounters();
    expect(counters.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect([...counters]).toEqual(new Array(COUNTERS_COUNT).fill(0));
  });

  it('count past 32 bits', () => {
    const counters = createCounters();
    counters[slots.COUNTER_LINES] = 2 ** 53 - 2;
    counters[slots.COUNTER_LINES]++;
    expect(counters[slots.COUNTER_LINES]).toBe(2 ** 53 - 1);
  });
});

describe('sumCounters', () => {
  it('adds slot by slot, and leaves the parts as they are', () => {
    const parts = [1, 10, 100].map((factor) => {
      const counters = createCounters();
      counters.forEach((_, slot) => {
        counters[slot] = slot * factor;
      });
      return counters;
    });
    const all = Array.from(parts[0], (_, slot) => slot * 111);
    expect([...sumCounters(parts)].slice(0, slots.COUNTER_RING_FILL)).toEqual(
      all.slice(0, slots.COUNTER_RING_FILL),
    );
    expect(parts[1][3]).toBe(30);
  });

  it('takes the fill of the fullest ring', () => {
    const parts = [0.25, 0.75, 0.5].map((ringFill) => {
      const counters = createCounters();
      noteRingFill(counters, ringFill);
      noteRingFill(counters, 0.125);
      return counters;
    });
    noteRingFill(parts[0], 0.25);
    const sum = sumCounters(parts);
    expect([sum[slots.COUNTER_RING_FILL], sum[slots.COUNTER_RING_FILL_MAX]]).toEqual([0.25, 0.75]);
  });

  it('knows no fill when one of the rings is not to be seen', () => {
    const parts = [createCounters(), createCounters()];
    noteRingFill(parts[0], 0.5);
    noteRingFill(parts[1]);
    const sum = sumCounters(parts);
    expect([sum[slots.COUNTER_RING_FILL], sum[slots.COUNTER_RING_FILL_MAX]]).toEqual([
      Number.NaN,
      0.5,
    ]);
  });

  it('is all zero for no worker', () => {
    expect(sumCounters([]).every((count) => count === 0)).toBe(true);
  });
});

describe('countFrames', () => {
  it('is the verdicts and the filtered ones, and nothing else', () => {
    const counters = createCounters().fill(1);
    expect(countFrames(counters)).toBe(VERDICTS_COUNT + 1);
    counters.fill(0);
    counters[slots.COUNTER_FRAMES_TRUNCATED] = 5;
    expect(countFrames(counters)).toBe(0);
    counters[slots.COUNTER_FRAMES_FILTERED] = 2;
    counters[slots.COUNTER_VERDICT_FIRST + VERDICTS_COUNT - 1] = 3;
    expect(countFrames(counters)).toBe(5);
  });
});
