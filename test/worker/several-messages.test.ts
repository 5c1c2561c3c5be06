import { describe, expect, it } from 'vitest';
import {
  COUNTER_DUPLICATES,
  COUNTER_LINES,
  COUNTER_MESSAGES_FIRST,
  COUNTER_VERDICT_FIRST,
} from '../../src/counters/counter-table.ts';
import { ask, asked, frameOf, requestPacket, responsePacket } from '../fixtures/build-captures.ts';
import { messageOf, type RunOptions, run } from './pipeline-parts.ts';

const NOT_MODIFIED = 'HTTP/1.1 304 Not Modified\r\n\r\n';
const OK_OF_TWO = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A request of the first client from `sequence` on. */
function asking(text: string, sequence = 1) {
  return { bytes: frameOf(requestPacket(0, text, { sequence })) };
}

function answering(text: string, sequence = 1) {
  return { bytes: frameOf(responsePacket(0, text, { sequence })) };
}

async function linesOf(frames: Parameters<typeof run>[0], options?: RunOptions) {
  const { sink, counters } = await run(frames, options);
  return { lines: sink.lines.map(messageOf), counters, whole: sink.lines };
}

function post(body: string, ...fields: string[]): string {
  return [`POST /form HTTP/1.1`, ...fields, '', body].join('\r\n');
}

const paths = Array.from({ length: 20 }, (_, index) => `/${index}`);

describe('several messages in one segment', () => {
  it('20 pipelined requests give 20 lines of one time, and are one frame', async () => {
    const { lines, counters, whole } = await linesOf([asking(paths.map(ask).join(''))]);
    expect(lines).toEqual(paths.map(asked));
    expect(new Set(whole.map((line) => line.split(' ').slice(0, 4).join(' '))).size).toBe(1);
    expect([
      counters[COUNTER_VERDICT_FIRST],
      counters[COUNTER_LINES],
      counters[COUNTER_MESSAGES_FIRST],
    ]).toEqual([1, 20, 20]);
  });

  it('a request behind a body of known length gives its line', async () => {
    const body = 'a=1&b=2';
    const text = post(body, `Content-Length: ${body.length}`) + ask('/next');
    expect((await linesOf([asking(text)])).lines).toEqual([
      'CQ POST /form HTTP/1.1 - -',
      asked('/next'),
    ]);
  });

  it('a body that contains a request gives no line, whatever is known of its length', async () => {
    const body = ask('/smuggled');
    const expected = ['CQ POST /form HTTP/1.1 - -'];
    for (const fields of [
      [`Content-Length: ${body.length}`],
      [`Content-Length: ${body.length + 1}`],
      ['Content-Length: 999999'],
      ['Transfer-Encoding: chunked'],
      ['Transfer-Encoding: chunked', 'Content-Length: 0'],
      ['Content-Length: 0', `Content-Length: ${body.length}`],
      ['Content-Length: +0'],
    ]) {
      expect((await linesOf([asking(post(body, ...fields))])).lines, fields.join()).toEqual(
        expected,
      );
    }
  });

  it('a body that is shorter than its head says hides the request behind it', async () => {
    // The request's first five bytes are body, so its rest begins no message.
    const text = post('', 'Content-Length: 5') + ask('/next');
    expect((await linesOf([asking(text)])).lines).toEqual(['CQ POST /form HTTP/1.1 - -']);
  });

  it('a response without a body is followed by the next', async () => {
    const { lines } = await linesOf([answering(NOT_MODIFIED + OK_OF_TWO + NOT_MODIFIED)]);
    expect(lines).toEqual([
      'CR HTTP/1.1 304 Not Modified - -',
      'CR HTTP/1.1 200 OK 2 -',
      'CR HTTP/1.1 304 Not Modified - -',
    ]);
  });

  it('an interim response is followed by the final one, 101 by another protocol', async () => {
    const text = `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${OK_OF_TWO}`;
    expect((await linesOf([answering(text)])).lines).toEqual([
      'CR HTTP/1.1 100 Continue - -',
      'CR HTTP/1.1 103 Early Hints - -',
      'CR HTTP/1.1 200 OK 2 -',
    ]);
    const upgrade = `HTTP/1.1 101 Switching Protocols\r\n\r\n${OK_OF_TWO}`;
    expect((await linesOf([answering(upgrade)])).lines).toEqual([
      'CR HTTP/1.1 101 Switching Protocols - -',
    ]);
  });

  it('a response whose length is not known ends the segment', async () => {
    const text = `HTTP/1.1 200 OK\r\n\r\n${OK_OF_TWO}`;
    expect((await linesOf([answering(text)])).lines).toEqual(['CR HTTP/1.1 200 OK - -']);
  });

  it('what is no message behind a message ends the segment', async () => {
    for (const between of [' ', 'x', 'PROPFIND / HTTP/1.1\r\n\r\n', 'GET /\r\n']) {
      const { lines } = await linesOf([asking(ask('/0') + between + ask('/1'))]);
      expect(lines, JSON.stringify(between)).toEqual([asked('/0')]);
    }
  });

  it('empty lines before a request, and behind a body, belong to none', async () => {
    const post = 'POST /0 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab';
    for (const between of ['\r\n', '\n', '\r\n\r\n\n']) {
      const { lines } = await linesOf([asking(between + post + between + ask('/1'))]);
      expect(lines, JSON.stringify(between)).toEqual(['CQ POST /0 HTTP/1.1 h -', asked('/1')]);
    }
  });

  it('a line end behind a request without a body ends the segment', async () => {
    const { lines } = await linesOf([asking(`${ask('/0')}\r\n${ask('/1')}`)]);
    expect(lines).toEqual([asked('/0')]);
  });

  it('the last message may be cut by the segment, and then its body is not looked into', async () => {
    const { lines } = await linesOf([asking(`${ask('/0')}GET /1 HTTP/1.1\r\nHost: b`)]);
    expect(lines).toEqual([asked('/0'), 'CQ GET /1 HTTP/1.1 b -']);
  });

  it('fields of one message are not those of the next', async () => {
    const text = `GET /0 HTTP/1.1\r\nHost: a\r\nUser-Agent: u\r\n\r\nGET /1 HTTP/1.1\r\n\r\n`;
    expect((await linesOf([asking(text)])).lines).toEqual([
      'CQ GET /0 HTTP/1.1 a u',
      'CQ GET /1 HTTP/1.1 - -',
    ]);
  });

  it('a segment that merges one seen before with the next gives the line of the next only', async () => {
    const first = ask('/0');
    const { lines, counters } = await linesOf([asking(first), asking(first + ask('/1'))]);
    expect(lines).toEqual([asked('/0'), asked('/1')]);
    expect(counters[COUNTER_DUPLICATES]).toBe(1);
  });

  it('a message is known by its sequence number: the second of a segment, sent again alone', async () => {
    const [first, second] = [ask('/0'), ask('/1')];
    const again = asking(second, 1 + first.length);
    const { lines, counters } = await linesOf([asking(first + second), again]);
    expect(lines).toEqual([asked('/0'), asked('/1')]);
    expect(counters[COUNTER_DUPLICATES]).toBe(1);
    const elsewhere = asking(second, 2 + first.length);
    expect((await linesOf([asking(first + second), elsewhere])).lines).toHaveLength(3);
  });

  it('sequence numbers wrap at 2^32 within a segment', async () => {
    const [first, second] = [ask('/0'), ask('/1')];
    const sequence = 2 ** 32 - 10;
    const again = asking(second, first.length - 10);
    const { lines, counters } = await linesOf([asking(first + second, sequence), again]);
    expect(lines).toEqual([asked('/0'), asked('/1')]);
    expect(counters[COUNTER_DUPLICATES]).toBe(1);
  });

  it('a snap length that ends in the first head leaves the second message out', async () => {
    const text = ask('/0') + ask('/1');
    const frame = asking(text);
    const { lines } = await linesOf([frame], {
      settings: { snaplenBytes: frame.bytes.length - ask('/1').length - 1 },
    });
    expect(lines).toEqual([asked('/0')]);
  });
});
