import { describe, expect, test } from 'vitest';
import { COUNTER_LINES, COUNTER_REDACTIONS_FIRST } from '../../src/counters/counter-table.ts';
import { TEXT_COLUMNS_DEFAULT } from '../../src/format/text-line.ts';
import { COUNT_HEADERS, COUNT_URL } from '../../src/redact/redaction-settings.ts';
import { frameOf, requestPacket, responsePacket } from '../fixtures/build-captures.ts';
import { ListSink, messageOf, run, TEXT_OUTPUT } from './pipeline-parts.ts';

const requestOf = (text: string) => ({ bytes: frameOf(requestPacket(1, text)) });
const responseOf = (text: string) => ({ bytes: frameOf(responsePacket(1, text)) });

/** The line of one message by itself, and what was counted as hidden in it. */
async function hiddenIn(frame: { bytes: Uint8Array }) {
  const { sink, counters } = await run([frame]);
  return {
    line: messageOf(sink.lines[0] ?? ''),
    headers: counters[COUNTER_REDACTIONS_FIRST + COUNT_HEADERS],
    urls: counters[COUNTER_REDACTIONS_FIRST + COUNT_URL],
  };
}

describe('a plain text line', () => {
  test.each([
    ['http://ann:secret@h/p', '', 'CQ GET http://REDACTED@h/p HTTP/1.1 - -', 0, 1],
    ['/a;jsessionid=secret?b', '', 'CQ GET /a;jsessionid=REDACTED?b HTTP/1.1 - -', 0, 1],
    ['/', 'Host: ann:secret@h', 'CQ GET / HTTP/1.1 REDACTED@h -', 0, 1],
    ['/\rCookie: secret', '', 'CQ GET /\\x0DREDACTED HTTP/1.1 - -', 1, 0],
    ['/', 'User-Agent: a\rCookie: secret', 'CQ GET / HTTP/1.1 - a\\x0DREDACTED', 1, 0],
    [
      'http://a:b@h/;sid=c',
      'Host: h\rX: y',
      'CQ GET http://REDACTED@h/;sid=REDACTED HTTP/1.1 h\\x0DREDACTED -',
      1,
      2,
    ],
    ['/@ann;v=1', 'User-Agent: a\rb\\', 'CQ GET /@ann;v=1 HTTP/1.1 - a\\x0Db\\\\', 0, 0],
  ])('of %j with %j is %s', async (target, field, line, headers, urls) => {
    const frame = requestOf(`GET ${target} HTTP/1.1\r\n${field === '' ? '' : `${field}\r\n`}\r\n`);
    expect(await hiddenIn(frame)).toEqual({ line, headers, urls });
  });

  test.each([
    ['HTTP/1.1 200 OK\rSet-Cookie: secret\r\n\r\n', 'CR HTTP/1.1 200 OK\\x0DREDACTED - -'],
    [
      'HTTP/1.1 200 OK\rtransfer-Encoding:chunked\rCookie: secret\r\n\r\n',
      'CR HTTP/1.1 200 OK\\x0Dtransfer-Encoding:chunked\\x0DREDACTED - -',
    ],
    ['HTTP/1.1 200 OK\r\nContent-Type: a\rb:secret\r\n\r\n', 'CR HTTP/1.1 200 OK - a\\x0DREDACTED'],
  ])('of the response %j is %s', async (text, line) => {
    expect(await hiddenIn(responseOf(text))).toEqual({ line, headers: 1, urls: 0 });
  });

  test('is the same in all outputs, and counted once in each', async () => {
    const frames = [
      requestOf('GET http://ann:secret@h/ HTTP/1.1\r\n\r\n'),
      { bytes: frameOf(requestPacket(2, 'GET / HTTP/1.1\r\nHost: a\rb:c\r\n\r\n')) },
      { bytes: frameOf(requestPacket(3, 'GET /plain HTTP/1.1\r\n\r\n')) },
    ];
    const outputs = [TEXT_OUTPUT, { ...TEXT_OUTPUT, isSplitByType: true }];
    const { sink, counters } = await run(frames, {
      settings: { outputs, textColumns: { ...TEXT_COLUMNS_DEFAULT, hasVlan: true } },
    });
    const linesOf = (index: number) =>
      sink.batches.filter(({ output }) => output === index).flatMap(({ lines }) => lines);
    expect(linesOf(0).map(messageOf)).toEqual([
      'CQ GET http://REDACTED@h/ HTTP/1.1 - -',
      'CQ GET / HTTP/1.1 a\\x0DREDACTED -',
      'CQ GET /plain HTTP/1.1 - -',
    ]);
    expect(linesOf(1)).toEqual(linesOf(0));
    expect(counters[COUNTER_LINES]).toBe(6);
    expect(counters[COUNTER_REDACTIONS_FIRST + COUNT_HEADERS]).toBe(1);
    expect(counters[COUNTER_REDACTIONS_FIRST + COUNT_URL]).toBe(1);
  });

  test('is dropped and counted when there is no buffer', async () => {
    const frames = [requestOf('GET http://ann:secret@h/ HTTP/1.1\r\n\r\n')];
    const { sink, counters } = await run(frames, { sink: new ListSink(0, false) });
    expect(sink.lines).toEqual([]);
    expect(counters[COUNTER_LINES]).toBe(0);
  });
});
