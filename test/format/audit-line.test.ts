import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWriter } from '../../src/format/format-table.ts';
import { FORMAT_OPTIONS_DEFAULT } from '../../src/format/record-format.ts';
import { type ExchangeParts, makeExchange } from '../exchange/make-exchange.ts';
import {
  hostileValues,
  letters,
  linesOf,
  makeHostileExchange,
  unescapeLetters,
} from './hostile-values.ts';

const createFormat = (offsetSec = 0) =>
  createWriter('audit', 'exchange', { ...FORMAT_OPTIONS_DEFAULT, utcOffset: () => offsetSec });
const audit = createFormat();
const linesFor = (parts: ExchangeParts = {}) => linesOf(audit, makeExchange(parts));
const agentOf = (agent: string) =>
  linesFor({ requestHead: `GET / HTTP/1.1\r\nUser-Agent: ${agent}\r\n\r\n` }).map(
    (line) => / Agent: (.*?)(?: Status: 200 Duration: \S+ Size: 512)?$/.exec(line)?.[1],
  );

describe('audit: exact lines', () => {
  it('two lines under one id: what was asked, and what came of it', () => {
    const asked =
      ' ID: 016cebc4-3c7a-7001-8002-030405060708 User: anonymous Path: /shop/cart' +
      ' Query: item=7&user=ann Method: GET Source: 203.0.113.9 Agent: curl/8.5.0';
    expect(linesFor()).toEqual([
      `2019-09-01 14:16:51.002${asked}`,
      `2019-09-01 14:16:51.008${asked} Status: 200 Duration: 0.006250s Size: 512`,
    ]);
  });

  it('the second line has the time of the end, in the local zone', () => {
    const exchange = makeExchange({ totalNs: 60 * 1e9, timestampSubsecNs: 999_999_999 });
    const times = linesOf(createFormat(2 * 3600), exchange).map((line) => line.slice(0, 23));
    expect(times).toEqual(['2019-09-01 16:16:51.999', '2019-09-01 16:17:51.999']);
  });

  it.each([
    [0, '14:16:51.002', '0.000000s'],
    [999, '14:16:51.002', '0.000000s'],
    [997_654_321, '14:16:51.999', '0.997654s'],
    [997_654_322, '14:16:52.000', '0.997654s'],
    [2 ** 53, '20:16:50.257', '9007199.254740s'],
    [-1, '14:16:51.002', '-'],
  ])('a duration of %d ns', (totalNs, time, duration) => {
    const [, line] = linesFor({ totalNs });
    expect(line.slice(11, 23)).toBe(time);
    expect(line).toContain(` Duration: ${duration} Size: 512`);
  });

  it('what is not known is a dash', () => {
    const unknown = { responseHead: null, totalNs: -1, responseBodyBytes: -1 };
    expect(linesFor(unknown)[1]).toMatch(/ Agent: curl\/8\.5\.0 Status: - Duration: - Size: -$/);
    expect(linesFor({ responseBodyBytes: 0 })[1]).toMatch(/ Size: 0$/);
    expect(linesFor({ requestHead: null })[0]).toMatch(
      / User: anonymous Path: - Query: None Method: - Source: 203\.0\.113\.9 Agent: -$/,
    );
  });

  it('a value that says the word for none has its first letter in hex', () => {
    const user = Buffer.from('anonymous:secret').toString('base64');
    const requestHead = `GET -?None HTTP/1.1\r\nAuthorization: Basic ${user}\r\nUser-Agent: -\r\n\r\n`;
    expect(linesFor({ requestHead })[0]).toMatch(
      / User: \\x61nonymous Path: \\x2D Query: \\x4Eone Method: GET Source: \S+ Agent: \\x2D$/,
    );
  });

  it('an empty query is none', () => {
    expect(linesFor({ requestHead: 'GET /? HTTP/1.1\r\n\r\n' })[0]).toContain(
      ' Path: / Query: None Method: GET ',
    );
  });

  it.each([
    ['Mozilla/5.0 (X11; rv:1.0)', 'Mozilla/5.0 (X11; rv:1.0)'],
    ['a Status: 200 b', 'a Status\\x3A 200 b'],
    ['a:', 'a\\x3A'],
    ['a:: b', 'a:\\x3A b'],
    ['http://a', 'http://a'],
  ])('the agent %j is %s on both lines', (agent, expected) => {
    expect(agentOf(agent)).toEqual([expected, expected]);
  });
});

const LABELS = ['ID', 'User', 'Path', 'Query', 'Method', 'Source', 'Agent'];
const OUTCOME_LABELS = ['Status', 'Duration', 'Size'];

/** Values by label: a label is what a colon and a space follow. */
function readLine(line: string): [labels: string[], values: string[]] {
  const [, ...pairs] = line.slice('2019-09-01 14:16:51.002'.length).split(/ ([^ ]+): /);
  return [pairs.filter((_, index) => index % 2 === 0), pairs.filter((_, index) => index % 2 === 1)];
}

describe('audit: hostile values', () => {
  it('are two lines whose labels are httplog’s own, and whose values are given back', () => {
    fc.assert(
      fc.property(hostileValues, (given) => {
        const exchange = makeHostileExchange(given);
        const { pathOffset, pathEnd, queryOffset, queryEnd } = exchange;
        const [asked, answered] = linesOf(audit, exchange).map(readLine);
        expect(asked[0]).toEqual(LABELS);
        expect(answered[0]).toEqual([...LABELS, ...OUTCOME_LABELS]);
        expect(answered[1].slice(0, LABELS.length)).toEqual(asked[1]);
        expect(answered[1].slice(LABELS.length)).toEqual([
          given.hasResponse ? '404' : '-',
          '0.006250s',
          '512',
        ]);
        const [, user, path, query, method, source, agent] = asked[1];
        const check = (shown: string, value: Uint8Array | null, absent: string) => {
          const isShown = given.hasRequest && value !== null && value.length > 0;
          expect(shown === absent).toBe(!isShown);
          expect(isShown ? unescapeLetters(shown) : absent).toBe(isShown ? letters(value) : absent);
        };
        check(user, given.user, 'anonymous');
        check(path, exchange.bytes.slice(pathOffset, pathEnd), '-');
        check(query, exchange.bytes.slice(queryOffset, queryEnd), 'None');
        check(method, given.method, '-');
        check(agent, given.userAgent, '-');
        expect([user, path, query, method].join('')).not.toContain(' ');
        expect(source).toBe('203.0.113.9');
      }),
      { numRuns: 300 },
    );
  });

  it('fit into the room asked for when every byte becomes four', () => {
    const long = '\x01'.repeat(4000);
    const requestHead = `GET /${long}?${long} HTTP/1.1\r\nUser-Agent: ${long}\r\n\r\n`;
    const lines = linesFor({
      requestHead,
      clientAddress: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
      serverAddress: '::1',
      timestampSec: 2 ** 60,
      totalNs: 2 ** 53,
      responseBodyBytes: 2 ** 53,
    });
    expect(lines.map((line) => line.length > 48_000)).toEqual([true, true]);
  });
});
