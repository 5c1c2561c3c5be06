import { describe, expect, test } from 'vitest';
import {
  COUNT_EXCHANGES_FIRST,
  COUNT_FLOWS,
  COUNT_RETRANSMITTED,
} from '../../src/counters/exchange-counts.ts';
import { RESPONSE_AWAITED_SEC_MAX } from '../../src/exchange/limits.ts';
import { clientAt } from '../fixtures/build-captures.ts';
import { ACK, Conversation, inOrder, RST, request, response } from './conversation.ts';
import { pairOf, pairsOf, runExchanges, trackerCount } from './run-exchanges.ts';

const open = () => new Conversation().handshake();
const pairs = (conversation: Conversation) => pairsOf(inOrder(conversation.frames));

describe('segments seen again', () => {
  test('are counted and make no second exchange', async () => {
    const sent = open().fromClient(request('a')).again();
    sent
      .fromServer(response('a', { headers: ['Content-Length: 4'] }))
      .again()
      .fromServer('1234');
    const { lines, counters } = await runExchanges(inOrder(sent.frames));
    expect(lines.map(pairOf)).toEqual(['a>a']);
    expect(lines[0]).toMatchObject({ retransmitted_segments: 2, response_body_bytes: 4 });
    expect(trackerCount(counters, COUNT_RETRANSMITTED)).toBe(2);
  });

  test('are no harm when they come behind later ones', async () => {
    const sent = open().fromClient(request('a'));
    sent.fromServer(response('a', { headers: ['Content-Length: 8'] }));
    sent.fromServer('1234').fromServer('5678').swap();
    sent.fromClient(request('b')).fromServer(response('b'));
    expect(await pairs(sent)).toEqual(['a>a', 'b>b']);
  });
});

describe('lost messages', () => {
  test.each([
    ['a request', [0, 1, 0], ['a>a', '>b no_request', 'c>c']],
    ['a response', [0, 2, 0], ['a>a', 'b> gap', 'c>c']],
  ])('%s: no stranger takes its place', async (_, lost, expected) => {
    const kept = open();
    for (const [index, id] of ['a', 'b', 'c'].entries()) {
      kept.fromClient(request(id), { isLost: lost[index] === 1 });
      kept.fromServer(response(id), { isLost: lost[index] === 2 });
    }
    expect(await pairs(kept)).toEqual(expected);
  });

  test('a body whose head was lost is no request', async () => {
    const kept = open().fromClient(request('a')).fromServer(response('a'));
    kept.fromClient(request('b', { method: 'POST', headers: ['Content-Length: 100'] })).lose();
    kept.fromClient(request('false').padEnd(100, 'x')).fromServer(response('b'));
    kept.fromClient(request('c')).fromServer(response('c'));
    const whole = (await pairs(kept)).filter((pair) => !pair.includes(' '));
    expect(whole).toEqual(['a>a', 'c>c']);
  });
});

describe('the end of a connection', () => {
  test('without an answer', async () => {
    expect(await pairs(open().fromClient(request('a')).finFromServer())).toEqual([
      'a> no_response',
    ]);
  });

  test('by reset, before and within the answer', async () => {
    const before = open()
      .fromClient(request('a'))
      .fromServer('', { flags: RST | ACK });
    const within = open().fromClient(request('a'));
    within.fromServer(response('a', { headers: ['Content-Length: 9'] }));
    within.fromServer('', { flags: RST | ACK });
    expect(await pairs(before)).toEqual(['a> reset']);
    expect(await pairs(within)).toEqual(['a>a reset']);
  });

  test('within the answer', async () => {
    const cut = open().fromClient(request('a'));
    cut.fromServer(response('a', { headers: ['Content-Length: 9'] })).finFromServer('1234');
    expect(await pairs(cut)).toEqual(['a>a reset']);
  });

  test('by a new one between the same ports', async () => {
    const first = open().fromClient(request('a'));
    const second = new Conversation({ startMs: 1000, clientSequence: 9_000_000 }).handshake();
    second.fromClient(request('b')).fromServer(response('b'));
    expect(await pairsOf(inOrder(first.frames, second.frames))).toEqual(['a> no_response', 'b>b']);
  });

  test('of the capture', async () => {
    const waiting = open().fromClient(request('a'));
    const passing = new Conversation({ client: clientAt(1) }).handshake().fromClient(request('b'));
    passing.fromServer(response('b', { headers: ['Content-Length: 9'] }));
    const { lines, counters } = await runExchanges(inOrder(waiting.frames, passing.frames));
    expect(lines.map(pairOf).sort()).toEqual(['a> no_response', 'b>b gap']);
    expect(trackerCount(counters, COUNT_FLOWS)).toBe(0);
    expect(trackerCount(counters, COUNT_EXCHANGES_FIRST)).toBe(0);
  });

  test('is concluded from silence, by the clock of the packets', async () => {
    const silent = open().fromClient(request('a'));
    const other = new Conversation({
      client: clientAt(1),
      startMs: (RESPONSE_AWAITED_SEC_MAX + 2) * 1000,
    }).handshake();
    silent.wait((RESPONSE_AWAITED_SEC_MAX + 5) * 1000).fromServer(response('a'));
    const found = await pairsOf(inOrder(silent.frames, other.frames));
    expect(found).toEqual(['a> no_response', '>a no_request']);
  });
});

test('what comes from the wrong side is no message', async () => {
  const odd = open().fromClient(request('a')).fromServer(response('a'));
  odd.fromClient(response('x')).fromServer(request('y'));
  expect(await pairs(odd)).toEqual(['a>a']);
});
