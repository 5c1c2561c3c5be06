import { describe, expect, it } from 'vitest';
import { describeLoss, describeReplay, describeRun } from '../../src/admin/summary.ts';
import {
  COUNTER_DUPLICATES,
  COUNTER_EXCHANGES_FILTERED,
  COUNTER_HEADS_COMPLETED,
  COUNTER_HEADS_INCOMPLETE,
  COUNTER_MESSAGES_FIRST,
  COUNTER_REDACTIONS_FIRST,
  COUNTER_SLOTS,
  COUNTER_TRACKER_FIRST,
} from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { VERDICT_NAMES } from '../../src/decode/verdicts.ts';

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
  const tally = { counters, writer: written, redactionNames: [] };
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
    const tally = { counters, writer: written, redactionNames: ['headers', 'query', 'cookies'] };
    expect(describeReplay(tally).slice(2)).toEqual([
      'Exchanges: 7 complete, 1 no_response, 2 no_request, 3 evicted, 4 reset, 5 gap; 6 not in the filter',
      'Redacted: 3 headers, 2 cookies',
      'Lines: 6 written, 0 dropped',
    ]);
  });
});

/** A count in every row that the summary has, each with another number. */
function fullTally() {
  const counters = createCounters();
  const first: Partial<Record<keyof typeof COUNTER_SLOTS, number[]>> = {
    packetsReceived: [100],
    packetsDropped: [2],
    ringFreezes: [3],
    packetsAbandoned: [4],
    workerRestarts: [5],
    packetsUnread: [6],
    framesFiltered: [7],
    framesTruncated: [8],
    messages: [9, 10, 11, 12],
    messagesRetransmitted: [13],
    heads: [14, 15],
    exchanges: [16, 17],
    exchangesFiltered: [18],
    redactions: [19, 0, 20],
    linesDropped: [21],
  };
  for (const [name, values] of Object.entries(first)) {
    counters.set(values, COUNTER_SLOTS[name as keyof typeof COUNTER_SLOTS]);
  }
  const verdict = (name: string) => COUNTER_SLOTS.frames + VERDICT_NAMES.indexOf(name);
  counters[verdict('segment')] = 30;
  counters[verdict('vlan_truncated')] = 31;
  counters[verdict('tcp_malformed')] = 32;
  const writer = { ...written, linesDropped: 1 };
  return { counters, writer, redactionNames: ['headers', 'query', 'cookies'] };
}

describe('all that the summary can say', () => {
  const undecodable = '8 truncated, 63 undecodable (vlan_truncated 31, tcp_malformed 32)';
  const others = [
    'Messages: 9 CQ, 10 CR, 11 SQ, 12 SR, 13 retransmitted, 14 heads put together, 15 left incomplete',
    expect.stringMatching(
      /^Exchanges: 16 complete, 17 no_response, 0 .*, 0 \w+; 18 not in the filter$/,
    ),
    'Redacted: 19 headers, 20 cookies',
    'Lines: 6 written, 22 dropped',
  ];

  it('of a live run', () => {
    expect(describeRun(fullTally())).toEqual([
      `Packets: 100 received, 2 dropped by the kernel, ${undecodable}, 6 not looked at behind the last of -c`,
      'Decode workers: 5 started anew after a failure, 4 packets not read for it',
      ...others,
    ]);
    expect(describeLoss(fullTally())).toBe(
      '2 of 100 packets dropped by the kernel (queue frozen 3 times), 4 left behind by a failed worker, 22 lines dropped',
    );
  });

  it('of a replay, which has no kernel and no workers to speak of', () => {
    const packets = `Packets: 100 read, 7 not in the filter, ${undecodable}`;
    expect(describeReplay(fullTally())).toEqual([packets, ...others]);
    expect(describeReplay(fullTally(), 9)[0]).toBe(`${packets}; those behind -c 9 not read`);
  });

  it('is three lines while nothing was counted', () => {
    const writer = { ...written, linesWritten: 0 };
    const nothing = { counters: createCounters(), writer, redactionNames: ['headers'] };
    const lines = [
      'Messages: 0 CQ, 0 CR, 0 SQ, 0 SR, 0 retransmitted',
      'Lines: 0 written, 0 dropped',
    ];
    expect(describeRun(nothing)).toEqual([
      'Packets: 0 received, 0 dropped by the kernel, 0 truncated, 0 undecodable',
      ...lines,
    ]);
    expect(describeReplay(nothing)).toEqual([
      'Packets: 0 read, 0 truncated, 0 undecodable',
      ...lines,
    ]);
  });
});
