import { describe, expect, it } from 'vitest';
import * as slots from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { countExchange } from '../../src/output/count-exchange.ts';
import { UNKNOWN } from '../../src/record/exchange.ts';
import { makeExchange } from '../exchange/make-exchange.ts';

/** The counters that are not zero, by slot. */
function count(parts: Parameters<typeof makeExchange>[0]): Record<number, number> {
  const counters = createCounters();
  countExchange(counters, makeExchange(parts));
  return Object.fromEntries([...counters.entries()].filter(([, value]) => value !== 0));
}

describe('countExchange', () => {
  it('counts a time at a bound in the class below, and one past it above', () => {
    for (const [index, bound] of slots.FIRST_BYTE_BOUNDS_SEC.entries()) {
      const ns = Math.round(bound * 1e9);
      const parts = { requestHead: null, responseHead: null };
      const first = slots.COUNTER_FIRST_BYTE_FIRST;
      const sum = slots.COUNTER_FIRST_BYTE_SEC;
      expect(count({ ...parts, firstByteNs: ns })).toEqual({
        [first + index]: 1,
        [sum]: ns / 1e9,
      });
      expect(count({ ...parts, firstByteNs: ns + 1 })).toEqual({
        [first + index + 1]: 1,
        [sum]: (ns + 1) / 1e9,
      });
    }
  });

  it('counts nothing of a time that is not known', () => {
    expect(count({ firstByteNs: UNKNOWN })).toEqual({});
  });

  it('counts a time of zero, which is a time', () => {
    const parts = { requestHead: null, responseHead: null, firstByteNs: 0 };
    expect(count(parts)).toEqual({ [slots.COUNTER_FIRST_BYTE_FIRST]: 1 });
  });
});
