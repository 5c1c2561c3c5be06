import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LineDisplay } from '../../src/format/colors.ts';
import { createWriter } from '../../src/format/format-table.ts';
import { FORMAT_OPTIONS_DEFAULT } from '../../src/format/record-format.ts';
import {
  type Exchange,
  INCOMPLETE_GAP,
  INCOMPLETE_NO_RESPONSE,
} from '../../src/record/exchange.ts';
import { type ExchangeParts, makeExchange } from '../exchange/make-exchange.ts';
import { hostileValues, makeHostileExchange } from './hostile-values.ts';

/** The line of an exchange; fails when it needs more room than was said. */
function write(exchange: Exchange, display?: LineDisplay): string {
  const writer = createWriter('short', 'exchange', { ...FORMAT_OPTIONS_DEFAULT, display });
  const target = new Uint8Array(2048);
  const byteLength = writer.write(target, 0, exchange);
  expect(byteLength).toBeLessThanOrEqual(writer.bytesMax(exchange));
  const line = new TextDecoder('utf-8', { fatal: true }).decode(target.subarray(0, byteLength));
  expect(line.indexOf('\n')).toBe(line.length - 1);
  return line.slice(0, -1);
}

const lineOf = (parts: ExchangeParts = {}, display: Partial<LineDisplay> = {}) =>
  write(makeExchange(parts), { columns: 100, isColored: false, ...display });
const requestOf = (target: string, host = 'shop.example') =>
  `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n\r\n`;

describe('short: exact lines', () => {
  it('time, client, method, host and target, status, latency and size, as wide as asked for', () => {
    expect(lineOf()).toBe(
      '14:16:51.002 203.0.113.9     GET     shop.example/shop/cart?item=7&user=ann     200  6.2 ms    512 B',
    );
    expect(lineOf({}, { columns: 80 })).toBe(
      '14:16:51 203.0.113.9     GET     shop.ex…/shop/cart?item=7… 200  6.2 ms    512 B',
    );
  });

  it('are as wide where nobody says so as where 120 columns are', () => {
    expect(write(makeExchange())).toHaveLength(120);
  });

  it('the host gives way to the path, and one that is short takes no more than it needs', () => {
    const target = '/a/long/path/of/an/application/that/needs/room';
    const host = 'a.very.long.host.name.example';
    expect(lineOf({ requestHead: requestOf(target, host) })).toContain(
      ' a.very.long.h…/a/long/path/of/an/applicat… ',
    );
    expect(lineOf({ requestHead: requestOf(target, 'b') })).toContain(
      ' b/a/long/path/of/an/application/that/need… ',
    );
    expect(lineOf({ requestHead: requestOf('/', host) })).toContain(` ${host}/ `);
  });

  it('a target that has its host in it stands alone', () => {
    expect(lineOf({ requestHead: requestOf('http://other.example/a') })).toContain(
      ' GET     http://other.example/a ',
    );
    const connect = 'CONNECT other.example:443 HTTP/1.1\r\nHost: proxy\r\n\r\n';
    expect(lineOf({ requestHead: connect })).toContain(' CONNECT other.example:443 ');
  });

  it('an exchange that is not whole has the reason instead', () => {
    const none = { responseHead: null, totalNs: -1, responseBodyBytes: -1 };
    expect(lineOf({ ...none, incomplete: INCOMPLETE_NO_RESPONSE })).toMatch(/ --- {6}no response$/);
    expect(lineOf({ incomplete: INCOMPLETE_GAP })).toMatch(/ 200 {2}6\.2 ms {6}gap$/);
    expect(lineOf({ requestHead: null })).toMatch(/ 203\.0\.113\.9 {5}- {7}- +200 /);
    expect(lineOf(none)).toMatch(/ --- {7}- {8}-$/);
  });

  it('IPv6 takes from the target, and a terminal that is too narrow has longer lines', () => {
    const clientAddress = '2001:db8:1234:5678:9abc:def0:1234:5678';
    expect(lineOf({ clientAddress })).toHaveLength(100);
    expect(lineOf({ clientAddress }, { columns: 20 })).toContain(
      ` ${clientAddress} GET     sho…/shop/c… 200 `,
    );
  });

  it('other characters than ASCII are escaped, so that a byte is a column', () => {
    const line = lineOf({ requestHead: requestOf('/é\x1b[2J\u{1f600}', 'a') });
    expect(line).toContain(' a/\\xC3\\xA9\\x1B[2J\\xF0\\x9F\\x98\\x80 ');
    expect(line).toHaveLength(100);
  });
});

describe('short: colours', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  const strip = (line: string) => line.replace(/\x1b\[\d+m/g, '');
  const colored = (parts: ExchangeParts) => lineOf(parts, { isColored: true });

  it('change no character of the line', () => {
    expect(strip(colored({}))).toBe(lineOf());
    expect(colored({})).not.toBe(lineOf());
  });

  it.each([
    [200, 32],
    [302, 36],
    [404, 33],
    [503, 31],
  ])('status %i', (status, color) => {
    expect(colored({ responseHead: `HTTP/1.1 ${status} X\r\n\r\n` })).toContain(
      `\x1b[${color}m${status}\x1b[0m`,
    );
  });

  it.each([
    [6_250_000, '6.2 ms', 32],
    [200e6, '200 ms', 33],
    [1.4e9, '1.4 s', 31],
  ])('a latency of %i ns', (totalNs, text, color) => {
    expect(colored({ totalNs })).toMatch(new RegExp(`\\x1b\\[${color}m *${text}\\x1b`));
  });
});

describe('short: hostile values', () => {
  it('stay in their columns, within the room that was made', () => {
    fc.assert(
      fc.property(hostileValues, fc.integer({ min: 1, max: 600 }), (values, columns) => {
        const line = write(makeHostileExchange(values), { columns, isColored: false });
        expect(line).toMatch(/^[\x20-\x7e…]+$/);
        expect(line).toHaveLength(Math.min(Math.max(columns, 66), 500));
      }),
    );
  });
});
