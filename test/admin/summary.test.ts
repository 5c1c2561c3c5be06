import { describe, expect, it } from 'vitest';
import { describeLoss, describeReplay, describeRun } from '../../src/admin/summary.ts';
import { takeTally } from '../../src/admin/tally.ts';
import {
  COUNTER_DUPLICATES,
  COUNTER_EXCHANGES_FILTERED,
  COUNTER_HEADS_COMPLETED,
  COUNTER_HEADS_INCOMPLETE,
  COUNTER_MESSAGES_FIRST,
  COUNTER_REDACTIONS_FIRST,
  COUNTER_TRACKER_FIRST,
} from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';

const written = {
  linesWritten: 6,
  bytesWritten: 600,
  linesDropped: 0,
  writeErrors: 0,
  filesOpened: 1,
};

function messagesLine(headsCompleted: number, headsIncomplete: number): string[] {
  const counters = createCounters();
  counters.set([3, 2, 1, 0], COUNTER_MESSAGES_FIRST);
  counters[COUNTER_DUPLICATES] = 4;
  counters[COUNTER_HEADS_COMPLETED] = headsCompleted;
  counters[COUNTER_HEADS_INCOMPLETE] = headsIncomplete;
  const tally = takeTally(counters, written);
  expect(describeLoss(tally)).toBeUndefined();
  return [describeReplay(tally)[1], describeRun(tally)[1]];
}

describe('the summary', () => {
  const plain = 'Messages: 3 CQ, 2 CR, 1 SQ, 0 SR, 4 retransmitted';

  it('says nothing of heads while none was held', () => {
    expect(messagesLine(0, 0)).toEqual([plain, plain]);
  });

  it.each([
    [5, 0],
    [0, 1],
    [5, 1],
  ])('says that %i heads were put together and %i were not', (completed, incomplete) => {
    const line = `${plain}, ${completed} heads put together, ${incomplete} left incomplete`;
    expect(messagesLine(completed, incomplete)).toEqual([line, line]);
  });

  it('counts exchanges by reason, and what was redacted by pattern, where there are any', () => {
    const counters = createCounters();
    counters.set([7, 1, 2, 3, 4, 5], COUNTER_TRACKER_FIRST);
    counters[COUNTER_EXCHANGES_FILTERED] = 6;
    counters.set([3, 0, 2], COUNTER_REDACTIONS_FIRST);
    const tally = takeTally(counters, written, ['headers', 'query', 'cookies']);
    expect(describeReplay(tally).slice(2)).toEqual([
      'Exchanges: 7 complete, 1 no_response, 2 no_request, 3 evicted, 4 reset, 5 gap; 6 not in the filter',
      'Redacted: 3 headers, 2 cookies',
      'Lines: 6 written, 0 dropped',
    ]);
  });
});
