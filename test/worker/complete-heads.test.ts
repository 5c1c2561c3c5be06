import { describe, expect, it } from 'vitest';
import {
  COUNTER_DUPLICATES,
  COUNTER_HEADS_COMPLETED,
  COUNTER_HEADS_INCOMPLETE,
} from '../../src/counters/counter-table.ts';
import type { Counters } from '../../src/counters/counters.ts';
import { HEAD_HELD_SEC_MAX, HEADS_HELD_MAX } from '../../src/decode/limits.ts';
import { HELD_HEAD_BYTES_MAX } from '../../src/limits.ts';
import {
  ask,
  asked,
  CLIENT,
  CLIENT_IPV6,
  frameOf,
  packetBetween,
  requestPacket,
  SERVER,
  SERVER_IPV6,
} from '../fixtures/build-captures.ts';
import { bytesOf, type Endpoint } from '../fixtures/build-packets.ts';
import { messageOf, run, type SourceFrame } from './pipeline-parts.ts';

const SEC = 1567347411;
const START = 1000;

interface Way {
  source: Endpoint;
  target: Endpoint;
}

const TO_SERVER: Way = { source: CLIENT, target: SERVER };
const TO_CLIENT: Way = { source: SERVER, target: CLIENT };

/** The bytes `[from, to)` of a stream that begins with `start`, as a segment. */
function piece(
  text: string,
  from: number,
  to = text.length,
  start = START,
  way = TO_SERVER,
): SourceFrame {
  const sequence = (start + from) % 2 ** 32;
  const payload = bytesOf(text.slice(from, to));
  return { bytes: frameOf(packetBetween(way.source, way.target, payload, { sequence })) };
}

/** A text in segments that end at the places given. */
function pieces(
  text: string,
  ends: readonly number[],
  start = START,
  way = TO_SERVER,
): SourceFrame[] {
  const cuts = [0, ...ends, text.length];
  return cuts.slice(1).map((to, index) => piece(text, cuts[index], to, start, way));
}

/** Equal parts. */
function parts(text: string, count: number): SourceFrame[] {
  const ends = Array.from({ length: count - 1 }, (_, index) => {
    return Math.floor(((index + 1) * text.length) / count);
  });
  return pieces(text, ends);
}

const complete = { settings: { isHeadCompleted: true } };

async function linesOf(frames: readonly SourceFrame[], options = complete) {
  const { sink, counters } = await run(frames, options);
  return { lines: sink.lines.map(messageOf), whole: sink.lines, counters };
}

const headCounts = (counters: Counters) => [
  counters[COUNTER_HEADS_COMPLETED],
  counters[COUNTER_HEADS_INCOMPLETE],
];

const LONG =
  `GET /long HTTP/1.1\r\nCookie: ${'c'.repeat(3_000)}\r\n` +
  'Host: long.example\r\nUser-Agent: agent/1\r\n\r\n';
const LONG_LINE = 'CQ GET /long HTTP/1.1 long.example agent/1';
const LONG_CUT_LINE = 'CQ GET /long HTTP/1.1 - -';
const LONG_ENDS = [1_200, 2_400];

describe('--complete-heads: heads of several segments', () => {
  it.each([2, 3, 10])('a head of %i segments gives its whole line', async (count) => {
    const { lines, counters } = await linesOf(parts(LONG, count));
    expect(lines).toEqual([LONG_LINE]);
    expect(headCounts(counters)).toEqual([1, 0]);
  });

  it('a head cut behind any of its bytes gives its whole line', async () => {
    const text = 'GET /a HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\n\r\n';
    // In front of the space behind the method it is no request yet.
    for (let cut = 'GET '.length; cut < text.length; cut++) {
      const { lines, counters } = await linesOf(pieces(text, [cut]));
      expect(lines, `cut at ${cut}`).toEqual(['CQ GET /a HTTP/1.1 h u']);
      expect(headCounts(counters)).toEqual([1, 0]);
    }
  });

  it('a head whose lines end with line feeds alone is whole with its empty line', async () => {
    const text = 'GET /a HTTP/1.1\nHost: h\nUser-Agent: u\n\n';
    for (let cut = 'GET '.length; cut < text.length; cut++) {
      const { lines } = await linesOf(pieces(text, [cut]));
      expect(lines, `cut at ${cut}`).toEqual(['CQ GET /a HTTP/1.1 h u']);
    }
  });

  it('with the option off nothing is held: the line is what the first segment knows', async () => {
    const { lines, counters } = await linesOf(parts(LONG, 3), {
      settings: { isHeadCompleted: false },
    });
    expect(lines).toEqual([LONG_CUT_LINE]);
    expect(headCounts(counters)).toEqual([0, 0]);
  });

  it('a head that ends in its first segment is written at once', async () => {
    const { lines, counters } = await linesOf([piece(ask('/0'), 0)]);
    expect(lines).toEqual([asked('/0')]);
    expect(headCounts(counters)).toEqual([0, 0]);
  });

  it('the line has the time of the first segment', async () => {
    const frames = parts(LONG, 3).map((frame, index) => ({
      ...frame,
      sec: SEC + (index === 2 ? 1 : 0),
      subsecNs: [7_000_000, 900_000_000, 5_000_000][index],
    }));
    const { whole } = await linesOf(frames);
    expect(whole).toHaveLength(1);
    expect(whole[0].slice(0, 23)).toBe('2019-09-01 14:16:51.007');
  });

  it('responses are put together too, both directions of a flow at once', async () => {
    const text = `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(2_000)}\r\nContent-Length: 5\r\nContent-Type: a/b\r\n\r\n12345`;
    const requests = pieces(LONG, LONG_ENDS);
    const responses = pieces(
      text,
      LONG_ENDS.map((end) => end / 2),
      START,
      TO_CLIENT,
    );
    const frames = requests.flatMap((frame, index) => [frame, responses[index]]);
    const { lines, counters } = await linesOf(frames);
    expect(lines).toEqual([LONG_LINE, 'CR HTTP/1.1 200 OK 5 a/b']);
    expect(headCounts(counters)).toEqual([2, 0]);
  });

  it('IPv6', async () => {
    const way = { source: CLIENT_IPV6, target: SERVER_IPV6 };
    const { whole } = await linesOf(pieces(LONG, LONG_ENDS, START, way));
    expect(whole.map(messageOf)).toEqual([LONG_LINE]);
    expect(whole[0].split(' ').slice(2, 4)).toEqual(['2001:db8:1::2#40000', '2001:db8:2::1#80']);
  });

  it('flows that differ in one address or port only are kept apart', async () => {
    const ways: Way[] = [
      TO_SERVER,
      { source: { ...CLIENT, port: CLIENT.port + 1 }, target: SERVER },
      { source: CLIENT, target: { ...SERVER, port: 8080 } },
      { source: { ...CLIENT, address: '192.0.3.2' }, target: SERVER },
      { source: CLIENT, target: { ...SERVER, address: '198.51.100.2' } },
      { source: { ...CLIENT_IPV6, address: '2001:db8::c000:202' }, target: SERVER_IPV6 },
      { source: { ...CLIENT_IPV6, address: '2001:db9::c000:202' }, target: SERVER_IPV6 },
    ];
    const texts = ways.map((_, index) => LONG.replace('/long', `/way${index}`));
    const streams = texts.map((text, index) => pieces(text, LONG_ENDS, START, ways[index]));
    const frames = [0, 1, 2].flatMap((part) => streams.map((stream) => stream[part]));
    const { lines } = await linesOf(frames);
    expect(lines).toEqual(ways.map((_, index) => LONG_LINE.replace('/long', `/way${index}`)));
  });
});

describe('--complete-heads: retransmissions and order', () => {
  const [first, second, third] = pieces(LONG, LONG_ENDS);
  const behind = piece(LONG, LONG.length, LONG.length + 1);

  it.each<[string, SourceFrame[]]>([
    ['in order', [first, second, third]],
    ['the second lost, and sent again behind the third', [first, third, second]],
    ['the second doubled', [first, second, second, third]],
    ['the first doubled', [first, first, second, third]],
    ['the first sent again at last', [first, second, first, third]],
    ['the second and the first sent again', [first, second, second, first, third]],
    ['the third came twice before the second', [first, third, third, second]],
    ['the second overlaps the first', [first, piece(LONG, 600, 2_400), third]],
    ['the third overlaps the second', [first, second, piece(LONG, 2_000)]],
    ['the second overlaps the first and the third', [first, third, piece(LONG, 1_100, 2_500)]],
    ['the second comes with the third, merged', [first, third, piece(LONG, 1_200)]],
    [
      'the second comes in halves',
      [first, piece(LONG, 1_200, 1_800), piece(LONG, 1_800, 2_400), third],
    ],
    [
      'the third in halves before the second',
      [first, piece(LONG, 2_400, 2_700), piece(LONG, 2_700), second],
    ],
    ['a pure acknowledgment between', [first, behind, second, third]],
  ])('%s: the whole line, once', async (_name, frames) => {
    const { lines, counters } = await linesOf(frames);
    expect(lines).toEqual([LONG_LINE]);
    expect(headCounts(counters)).toEqual([1, 0]);
  });

  it('sent again after it was written it is a duplicate', async () => {
    const frames = [first, second, third, first, second, third];
    const { lines, counters } = await linesOf(frames);
    expect(lines).toEqual([LONG_LINE]);
    expect(counters[COUNTER_DUPLICATES]).toBe(1);
  });

  it.each([1, 600, 1_200, 1_201, 2_400, LONG.length - 1, LONG.length])(
    'the sequence number wraps %i bytes behind the start',
    async (before) => {
      const inOrder = pieces(LONG, LONG_ENDS, 2 ** 32 - before);
      expect((await linesOf(inOrder)).lines).toEqual([LONG_LINE]);
      const swapped = [inOrder[0], inOrder[2], inOrder[1]];
      expect((await linesOf(swapped)).lines).toEqual([LONG_LINE]);
    },
  );

  it('a segment from before the head changes nothing', async () => {
    const earlier = piece(`${'x'.repeat(500)}${LONG}`, 0, 400, START - 500);
    expect((await linesOf([first, earlier, second, third])).lines).toEqual([LONG_LINE]);
  });
});

describe('--complete-heads: what ends a head that is not whole', () => {
  const [first, second] = pieces(LONG, LONG_ENDS);

  it('the end of the capture', async () => {
    const { lines, counters } = await linesOf([first, second]);
    expect(lines).toEqual([LONG_CUT_LINE]);
    expect(headCounts(counters)).toEqual([0, 1]);
  });

  it('a second hole', async () => {
    const frames = [
      first,
      piece(LONG, 1_500, 1_600),
      piece(LONG, 2_000, 2_100),
      second,
      piece(LONG, 2_400),
    ];
    const { lines, counters } = await linesOf(frames);
    expect(lines).toEqual([LONG_CUT_LINE]);
    expect(headCounts(counters)).toEqual([0, 1]);
  });

  it('a new message behind a gap: both give a line, in their order', async () => {
    const next = piece(LONG + ask('/next'), LONG.length);
    const { lines, counters } = await linesOf([first, next]);
    expect(lines).toEqual([LONG_CUT_LINE, asked('/next')]);
    expect(headCounts(counters)).toEqual([0, 1]);
  });

  it('2 s of packet time, and not a nanosecond before', async () => {
    const other = (index: number) => ({ bytes: frameOf(requestPacket(index, ask(`/${index}`))) });
    const subsecNs = 5;
    const held = { ...first, sec: SEC, subsecNs };
    const sec = SEC + HEAD_HELD_SEC_MAX;
    const rest = pieces(LONG, LONG_ENDS).slice(1);
    const early = rest.map((frame) => ({ ...frame, sec, subsecNs }));
    expect((await linesOf([held, { ...other(1), sec, subsecNs }, ...early])).lines).toEqual([
      asked('/1'),
      LONG_LINE,
    ]);
    const late = { ...other(1), sec, subsecNs: subsecNs + 1 };
    const { lines, counters } = await linesOf([held, late, ...early]);
    expect(lines).toEqual([LONG_CUT_LINE, asked('/1')]);
    expect(headCounts(counters)).toEqual([0, 1]);
  });

  it('a clock that is set back ends the wait too', async () => {
    const other = { bytes: frameOf(requestPacket(1, ask('/1'))) };
    const back = { ...other, sec: SEC - HEAD_HELD_SEC_MAX - 1 };
    const { lines, counters } = await linesOf([{ ...first, sec: SEC }, back]);
    expect(lines).toEqual([LONG_CUT_LINE, asked('/1')]);
    expect(headCounts(counters)).toEqual([0, 1]);
    const slightly = { ...other, sec: SEC - HEAD_HELD_SEC_MAX };
    expect((await linesOf([{ ...first, sec: SEC }, slightly])).lines).toEqual([
      asked('/1'),
      LONG_CUT_LINE,
    ]);
  });

  it('time is told by frames of any kind, those without a segment too', async () => {
    const arp = { bytes: new Uint8Array(60).fill(8), sec: SEC + HEAD_HELD_SEC_MAX + 1 };
    const rest = pieces(LONG, LONG_ENDS).slice(1);
    const { lines } = await linesOf([{ ...first, sec: SEC }, arp, ...rest]);
    expect(lines).toEqual([LONG_CUT_LINE]);
  });

  it.each([
    [HELD_HEAD_BYTES_MAX - 1, true],
    [HELD_HEAD_BYTES_MAX, true],
    [HELD_HEAD_BYTES_MAX + 1, false],
    [HELD_HEAD_BYTES_MAX + 5_000, false],
  ])('a head of %i bytes is put together: %s', async (byteLength, isWhole) => {
    const [before, after] = ['GET /long HTTP/1.1\r\nHost: h\r\nX: ', '\r\nUser-Agent: u\r\n\r\n'];
    const text = before + 'x'.repeat(byteLength - before.length - after.length) + after;
    const { lines, counters } = await linesOf(parts(text, 14));
    expect(lines).toHaveLength(1);
    expect(lines[0].startsWith('CQ GET /long HTTP/1.1 h ')).toBe(true);
    expect(headCounts(counters)).toEqual(isWhole ? [1, 0] : [0, 1]);
  });

  it('a first segment larger than a place is written as it is', async () => {
    const text = `GET /long HTTP/1.1\r\nX: ${'x'.repeat(HELD_HEAD_BYTES_MAX)}\r\nHost: h\r\n\r\n`;
    const { lines, counters } = await linesOf(pieces(text, [HELD_HEAD_BYTES_MAX]));
    expect(lines).toEqual([LONG_CUT_LINE]);
    expect(headCounts(counters)).toEqual([0, 0]);
  });

  it('no place: the head held longest is written as it is, the others wait on', async () => {
    const count = HEADS_HELD_MAX + 1;
    const streams = Array.from({ length: count }, (_, index) => {
      const source = { ...CLIENT, port: 20_000 + index };
      return pieces(LONG.replace('/long', `/${index}`), LONG_ENDS, START, {
        source,
        target: SERVER,
      });
    });
    const all = [0, 1, 2].flatMap((part) => streams.map((stream) => stream[part]));
    const { lines, counters } = await linesOf(all);
    expect(lines[0]).toBe(LONG_CUT_LINE.replace('/long', '/0'));
    const others = Array.from({ length: HEADS_HELD_MAX }, (_, index) => {
      return LONG_LINE.replace('/long', `/${index + 1}`);
    });
    expect(lines.slice(1)).toEqual(others);
    expect(headCounts(counters)).toEqual([HEADS_HELD_MAX, 1]);
    const exact = [0, 1, 2].flatMap((part) => streams.slice(1).map((stream) => stream[part]));
    expect(headCounts((await linesOf(exact)).counters)).toEqual([HEADS_HELD_MAX, 0]);
  });

  it('a first segment that the snap length cut is not held', async () => {
    const settings = { ...complete.settings, snaplenBytes: first.bytes.length - 1 };
    const { lines, counters } = await linesOf(pieces(LONG, LONG_ENDS), { settings });
    expect(lines).toEqual([LONG_CUT_LINE]);
    expect(headCounts(counters)).toEqual([0, 0]);
  });

  it('a following segment that the snap length cut ends the head with what is known', async () => {
    const text = `GET /long HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(3_000)}\r\nUser-Agent: u\r\n\r\n`;
    const frames = pieces(text, [500, 2_900]);
    const settings = { ...complete.settings, snaplenBytes: 1_000 };
    const { lines, counters } = await linesOf(frames, { settings });
    expect(lines).toEqual(['CQ GET /long HTTP/1.1 h -']);
    expect(headCounts(counters)).toEqual([0, 1]);
  });
});

describe('--complete-heads: what follows a head', () => {
  it('a start line that is no HTTP once it is whole gives no line', async () => {
    const text = 'GET it done, said the text that was no request\r\nand went on\r\n\r\n';
    const { lines, counters } = await linesOf(pieces(text, [20]));
    expect(lines).toEqual([]);
    expect(headCounts(counters)).toEqual([0, 0]);
  });

  it('the next pipelined message in the segment that completes the head gives its line', async () => {
    const text = LONG + ask('/next') + ask('/last');
    const { lines, counters } = await linesOf(pieces(text, LONG_ENDS));
    expect(lines).toEqual([LONG_LINE, asked('/next'), asked('/last')]);
    expect(headCounts(counters)).toEqual([1, 0]);
  });

  it('a body in the segment that completes the head is passed over, the message behind it is not', async () => {
    const body = ask('/no');
    const head = LONG.replace('GET', 'POST').replace(
      'Host',
      `Content-Length: ${body.length}\r\nHost`,
    );
    const { lines } = await linesOf(pieces(head + body + ask('/yes'), LONG_ENDS));
    expect(lines).toEqual([LONG_LINE.replace('GET', 'POST'), asked('/yes')]);
    const chunked = LONG.replace('GET', 'POST').replace(
      'Host',
      'Transfer-Encoding: chunked\r\nHost',
    );
    expect((await linesOf(pieces(chunked + body, LONG_ENDS))).lines).toEqual([
      LONG_LINE.replace('GET', 'POST'),
    ]);
  });

  it('a second head that does not end either is held in its turn', async () => {
    const text = LONG + LONG.replace('/long', '/second');
    const ends = [1_200, 2_400, 3_600, 4_800];
    const { lines, counters } = await linesOf(pieces(text, ends));
    expect(lines).toEqual([LONG_LINE, LONG_LINE.replace('/long', '/second')]);
    expect(headCounts(counters)).toEqual([2, 0]);
  });

  it('a head held behind whole ones of the same segment gives its line after theirs', async () => {
    const text = ask('/0') + LONG;
    const { lines } = await linesOf(pieces(text, [900, 2_000]));
    expect(lines).toEqual([asked('/0'), LONG_LINE]);
  });
});
