import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWriter, FORMATS } from '../../src/format/format-table.ts';
import { INCOMPLETE_GAP } from '../../src/record/exchange.ts';
import { TYPE_CQ, TYPE_SQ, TYPE_SR } from '../../src/record/message-type.ts';
import { type ExchangeParts, makeExchange, makeMessage } from '../exchange/make-exchange.ts';
import {
  hostileValues,
  letters,
  linesOf,
  makeHostileExchange,
  NAMED,
  optionsFor,
  unescapeLetters,
} from './hostile-values.ts';

const OPTIONS = optionsFor(makeExchange({ names: [NAMED] }));
const tsv = createWriter('tsv', 'exchange', OPTIONS);
const messages = createWriter('tsv', 'message', OPTIONS);
const headerBytes = FORMATS.tsv.createFileHeader?.(OPTIONS.namedFields) ?? [];
const header = Buffer.from(headerBytes).toString('latin1');
const headerOf = (name: string) =>
  header
    .split('\n')
    .find((line) => line.startsWith(`#${name}\t`))
    ?.split('\t')
    .slice(1) ?? [];
const NAMES = headerOf('fields');

/** Columns by name. */
function columnsOf(parts: ExchangeParts = {}): Record<string, string> {
  return readColumns(linesOf(tsv, makeExchange({ names: [NAMED], ...parts }))[0]);
}

function readColumns(line: string): Record<string, string> {
  const columns = line.split('\t');
  expect(columns).toHaveLength(NAMES.length);
  return Object.fromEntries(NAMES.map((name, index) => [name, columns[index]]));
}

describe('tsv: header', () => {
  it('is that of Zeek', () => {
    expect(header.split('\n').slice(0, 5)).toEqual([
      '#separator \\x09',
      '#set_separator\t,',
      '#empty_field\t(empty)',
      '#unset_field\t-',
      '#path\thttp',
    ]);
    expect(header.split('\n')).toHaveLength(8);
    expect(header.endsWith('\n')).toBe(true);
  });

  it('has a name and a type for each column', () => {
    expect(NAMES.join(' ')).toBe(
      'record ts uid id.orig_h id.orig_p id.resp_h id.resp_p side method host uri referrer version' +
        ' user_agent request_body_len response_body_len status_code status_msg username connect ttfb' +
        ' duration content_type location request_id forwarded_for incomplete vlan proxy_client_ip' +
        ' proxy_client_port original_client_ip client_from target_cut proxy_server_ip proxy_server_port' +
        ' nat_client_ip nat_client_port nat_server_ip nat_server_port request_x-color response_x-color',
    );
    const types = headerOf('types');
    expect(types).toHaveLength(NAMES.length);
    const numeric = NAMES.filter((_, index) => types[index] !== 'string');
    expect(numeric.map((name) => `${name}:${types[NAMES.indexOf(name)]}`).join(' ')).toBe(
      'ts:time id.orig_h:addr id.orig_p:port id.resp_h:addr id.resp_p:port request_body_len:count' +
        ' response_body_len:count status_code:count connect:interval ttfb:interval duration:interval' +
        ' vlan:set[count] proxy_client_ip:addr proxy_client_port:port original_client_ip:addr' +
        ' target_cut:bool proxy_server_ip:addr proxy_server_port:port' +
        ' nat_client_ip:addr nat_client_port:port nat_server_ip:addr nat_server_port:port',
    );
  });
});

describe('tsv: exact lines', () => {
  it('writes an exchange', () => {
    expect(
      linesOf(tsv, makeExchange({ names: [NAMED] }))[0]
        .split('\t')
        .join(' | '),
    ).toBe(
      'exchange | 1567347411.002345 | 016cebc4-3c7a-7001-8002-030405060708 | 203.0.113.9 | 50905 |' +
        ' 10.0.0.2 | 80 | server | GET | shop.example | /shop/cart?item=7&user=ann |' +
        ' http://shop.example/start | 1.1 | curl/8.5.0 | 0 | 512 | 200 | OK | - | 0.000120 |' +
        ' 0.005250 | 0.006250 | text/html | - | 4bf92f35 | - | - | - | - | - | - | - | F | - | - | - | - | - | - | - | -',
    );
  });

  it('tells which end this host is, and why an exchange is not whole', () => {
    const columns = columnsOf({ type: TYPE_SQ, incomplete: INCOMPLETE_GAP, totalNs: -1 });
    expect([columns.side, columns.incomplete, columns.duration]).toEqual(['client', 'gap', '-']);
  });

  it('tells whether the capture ends in the request line', () => {
    const cutOf = (parts: ExchangeParts) => columnsOf(parts).target_cut;
    expect(
      [{}, { isTargetCut: true }, { requestHead: null, isTargetCut: true }].map(cutOf),
    ).toEqual(['F', 'T', '-']);
  });

  it('VLAN ids are a set', () => {
    expect(columnsOf({ vlanIds: [100, 5] }).vlan).toBe('100,5');
  });

  it('a message is called by its type, and has the columns of one side', () => {
    const columnsOfMessage = (parts: ExchangeParts) =>
      readColumns(linesOf(messages, makeMessage({ names: [NAMED], ...parts }))[0]);
    const request = columnsOfMessage({ type: TYPE_CQ, responseHead: null });
    expect([request.record, request.side, request.uri]).toEqual([
      'CQ',
      '-',
      '/shop/cart?item=7&user=ann',
    ]);
    expect([request.status_code, request.response_body_len]).toEqual(['-', '-']);
    const response = columnsOfMessage({ type: TYPE_SR, requestHead: null });
    expect([response.record, response.method, response.uri, response.host]).toEqual([
      'SR',
      '-',
      '-',
      '-',
    ]);
    expect([response.status_code, response.version]).toEqual(['200', '1.1']);
  });

  it('fields named are a column each for requests and responses', () => {
    const columns = columnsOf({
      requestHead: 'GET / HTTP/1.1\r\nX-Color: red\r\n\r\n',
      responseHead: 'HTTP/1.1 200 OK\r\nX-Color: blue, green\r\n\r\n',
    });
    expect([columns['request_x-color'], columns['response_x-color']]).toEqual([
      'red',
      'blue, green',
    ]);
  });

  it.each([
    ['', '(empty)'],
    ['-', '\\x2d'],
    ['(empty)', '\\x28empty)'],
    ['--', '--'],
    ['a\tb', 'a\\x09b'],
    ['a\\x09', 'a\\\\x09'],
    ['\xaf', '\\xaf'],
    ['\\\xffX', '\\\\\\xffX'],
  ])('the agent %j is %s', (agent, expected) => {
    const requestHead = Buffer.from(`GET / HTTP/1.1\r\nUser-Agent: ${agent}\r\n\r\n`, 'latin1');
    expect(columnsOf({ requestHead }).user_agent).toBe(expected);
  });

  it('well-formed UTF-8 is kept', () => {
    const requestHead = 'GET / HTTP/1.1\r\nUser-Agent: j\u00fcrg \u20ac\r\n\r\n';
    const { user_agent } = columnsOf({ requestHead });
    expect(Buffer.from(user_agent, 'latin1').toString()).toBe('j\u00fcrg \u20ac');
  });

  it.each([
    [0, 0, '0.000000'],
    [0, 999_999_999, '0.999999'],
    [-1, 500_000_000, '-0.500000'],
    [-2, 0, '-2.000000'],
    [-(2 ** 63), 0, '-4503599627370496.000000'],
    [2 ** 63, 0, '4503599627370496.000000'],
  ])('the time %d s and %d ns', (timestampSec, timestampSubsecNs, expected) => {
    expect(columnsOf({ timestampSec, timestampSubsecNs }).ts).toBe(expected);
  });
});

describe('tsv: hostile values', () => {
  it('are one line whose columns give the values back', () => {
    fc.assert(
      fc.property(hostileValues, (given) => {
        const [line] = linesOf(tsv, makeHostileExchange(given));
        expect(line.startsWith('exchange\t')).toBe(true);
        const columns = readColumns(line);
        const check = (name: string, has: boolean, value: Uint8Array | null) => {
          const shown = columns[name];
          if (!has || value === null) {
            expect(shown).toBe('-');
          } else if (value.length === 0) {
            expect(shown).toBe('(empty)');
          } else {
            expect(['-', '(empty)']).not.toContain(shown);
            expect(unescapeLetters(shown)).toBe(letters(value));
          }
        };
        const { hasRequest, hasResponse } = given;
        check('method', hasRequest, given.method);
        check('uri', hasRequest, given.target);
        check('host', hasRequest, given.host);
        check('user_agent', hasRequest, given.userAgent);
        check('referrer', hasRequest, given.referer);
        check('username', hasRequest, given.user);
        check('request_x-color', hasRequest, given.named);
        check('status_msg', hasResponse && given.reason.length > 0, given.reason);
        check('location', hasResponse, given.location);
        check('response_x-color', hasResponse, given.responseNamed);
      }),
      { numRuns: 300 },
    );
  });
});
