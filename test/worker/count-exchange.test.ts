import { describe, expect, it } from 'vitest';
import { METHODS_DEFAULT } from '../../src/decode/http-grammar.ts';
import { UNKNOWN } from '../../src/exchange/exchange.ts';
import { countExchange } from '../../src/worker/count-exchange.ts';
import * as slots from '../../src/worker/counters.ts';
import { makeExchange } from '../exchange/make-exchange.ts';

const OTHER = METHODS_DEFAULT.length;

/** The counters that are not zero, by slot. */
function count(parts: Parameters<typeof makeExchange>[0]): Record<number, number> {
  const counters = slots.createCounters();
  countExchange(counters, makeExchange(parts));
  return Object.fromEntries([...counters.entries()].filter(([, value]) => value !== 0));
}

function request(method: string) {
  return {
    requestHead: `${method} / HTTP/1.1\r\nHost: a\r\n\r\n`,
    responseHead: null,
    firstByteNs: UNKNOWN,
    statusCode: UNKNOWN,
  };
}

describe('countExchange', () => {
  it.each([...METHODS_DEFAULT.entries()])('knows method %i, %s', (index, method) => {
    expect(count(request(method))).toEqual({ [slots.COUNTER_METHOD_FIRST + index]: 1 });
  });

  it.each(['get', 'GETT', 'GE', 'PROPFIND', 'PATCHE'])('counts %s with the others', (method) => {
    expect(count(request(method))).toEqual({ [slots.COUNTER_METHOD_FIRST + OTHER]: 1 });
  });

  it.each([
    [100, 0],
    [199, 0],
    [200, 1],
    [304, 2],
    [404, 3],
    [500, 4],
    [599, 4],
  ])('counts status %i in class %i', (statusCode, statusClass) => {
    const parts = { requestHead: null, statusCode, firstByteNs: UNKNOWN };
    expect(count(parts)).toEqual({ [slots.COUNTER_STATUS_CLASS_FIRST + statusClass]: 1 });
  });

  it.each([UNKNOWN, 0, 99, 600, 999])('counts status %i in no class', (statusCode) => {
    expect(count({ requestHead: null, statusCode, firstByteNs: UNKNOWN })).toEqual({});
  });

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

  it('counts a time of zero, which is a time', () => {
    const parts = { requestHead: null, responseHead: null, firstByteNs: 0 };
    expect(count(parts)).toEqual({ [slots.COUNTER_FIRST_BYTE_FIRST]: 1 });
  });
});
