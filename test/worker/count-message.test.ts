import { describe, expect, it } from 'vitest';
import * as slots from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { classifySegment } from '../../src/http/classify.ts';
import { createMethodTable, METHODS_DEFAULT } from '../../src/http/grammar.ts';
import { createHttpMessage } from '../../src/http/message.ts';
import { TYPE_CQ, TYPE_SR } from '../../src/record/message-type.ts';
import { countMessage } from '../../src/worker/count-message.ts';

const METHODS = createMethodTable([...METHODS_DEFAULT, 'PROPFIND', 'GETT']);
const OTHER = METHODS_DEFAULT.length;

/** The counters of methods and classes that are not zero, by slot, after this message. */
function count(text: string): Record<number, number> {
  const bytes = new TextEncoder().encode(text);
  const message = createHttpMessage();
  classifySegment(bytes, 0, bytes.byteLength, METHODS, message);
  const counters = createCounters();
  const type = text.startsWith('HTTP/') ? TYPE_SR : TYPE_CQ;
  countMessage(counters, bytes, message, type);
  expect(counters[slots.COUNTER_MESSAGES_FIRST + type - 1]).toBe(1);
  counters[slots.COUNTER_MESSAGES_FIRST + type - 1] = 0;
  return Object.fromEntries([...counters.entries()].filter(([, value]) => value !== 0));
}

describe('countMessage', () => {
  it.each([...METHODS_DEFAULT.entries()])('knows method %i, %s', (index, method) => {
    const counted = { [slots.COUNTER_METHOD_FIRST + index]: 1 };
    expect(count(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)).toEqual(counted);
    expect(count(`${method} /a`)).toEqual(counted);
    expect(count(`${method} `)).toEqual(counted);
  });

  it.each(['PROPFIND', 'GETT'])('counts %s with the others', (method) => {
    expect(count(`${method} / HTTP/1.1\r\n\r\n`)).toEqual({
      [slots.COUNTER_METHOD_FIRST + OTHER]: 1,
    });
  });

  it.each([
    ['100 Continue', 0],
    ['199 ', 0],
    ['200 OK', 1],
    ['304 Not Modified', 2],
    ['404', 3],
    ['500 ', 4],
    ['599 x', 4],
  ])('counts status %s in class %i', (status, statusClass) => {
    const counted = { [slots.COUNTER_STATUS_CLASS_FIRST + statusClass]: 1 };
    expect(count(`HTTP/1.1 ${status}\r\n\r\n`)).toEqual(counted);
    expect(count(`HTTP/1.0 ${status}`)).toEqual(counted);
  });

  it.each(['000 None', '099 None', '600 None', '999 None', '20', '2x0 OK', ''])(
    'counts status "%s" in no class',
    (status) => {
      expect(count(`HTTP/1.1 ${status}\r\n\r\n`)).toEqual({});
    },
  );
});
