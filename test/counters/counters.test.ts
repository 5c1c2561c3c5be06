import { describe, expect, it } from 'vitest';
import { type CounterRow, countSlots } from '../../src/counters/counter-row.ts';
import * as slots from '../../src/counters/counter-table.ts';
import {
  countFrames,
  createCounters,
  noteRingFill,
  sumCounters,
} from '../../src/counters/counters.ts';
import { COUNTS_COUNT } from '../../src/counters/exchange-counts.ts';
import { VERDICTS_COUNT } from '../../src/decode/verdicts.ts';

const { COUNTERS_COUNT } = slots;

/** The tracker's own constants are in exchange-counts.ts. */
function isOfTracker(slot: number): boolean {
  const first = slots.COUNTER_TRACKER_FIRST;
  return slot > first && slot < first + COUNTS_COUNT;
}

describe('counters', () => {
  it('every constant is a slot of its row, and no two are the same', () => {
    const constants = Object.entries(slots).flatMap(([name, slot]) =>
      name.startsWith('COUNTER_') && typeof slot === 'number' ? [slot] : [],
    );
    expect(new Set(constants).size).toBe(constants.length);
    const firsts = Object.values(slots.COUNTER_SLOTS);
    expect(constants).toEqual(expect.arrayContaining(firsts.filter((slot) => !isOfTracker(slot))));
  });

  it('rows stand one behind the other, those of which workers have the largest last', () => {
    let slot = 0;
    let isLargestPart = false;
    for (const [name, row] of Object.entries<CounterRow>(slots.COUNTER_ROWS)) {
      expect([name, slots.COUNTER_SLOTS[name as keyof typeof slots.COUNTER_ROWS]]).toEqual([
        name,
        slot,
      ]);
      isLargestPart ||= row.isLargest === true;
      expect([name, row.isLargest === true]).toEqual([name, isLargestPart]);
      expect([name, row.isLargest === true]).toEqual([name, slot >= slots.COUNTER_RING_FILL]);
      slot += countSlots(row);
    }
    expect(COUNTERS_COUNT).toBe(slot);
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
