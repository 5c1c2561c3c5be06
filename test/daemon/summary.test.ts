import { describe, expect, it } from 'vitest';
import { describeLoss, describeReplay, describeRun, takeTally } from '../../src/daemon/summary.ts';
import {
  COUNTER_DUPLICATES,
  COUNTER_HEADS_COMPLETED,
  COUNTER_HEADS_INCOMPLETE,
  COUNTER_MESSAGES_FIRST,
  createCounters,
} from '../../src/worker/counters.ts';

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
});
