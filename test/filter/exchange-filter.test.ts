import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FILTER_SPELLINGS } from '../../src/config/filter-spellings.ts';
import { createExchangeFilter } from '../../src/filter/exchange-filter.ts';
import {
  FILTER_EMPTY,
  type FilterSettings,
  findHeaderNames,
  hasFilter,
} from '../../src/filter/filter-settings.ts';
import { isPattern } from '../../src/filter/path-pattern.ts';
import { createRecordFieldTables } from '../../src/http/grammar.ts';
import { UNKNOWN } from '../../src/record/exchange.ts';
import { type ExchangeParts, makeExchange } from '../exchange/make-exchange.ts';

/** Option values as they are written on the command line. */
interface Written {
  includePaths?: string;
  excludePaths?: string;
  methods?: string;
  statuses?: string;
  hosts?: string;
  clients?: string;
  servers?: string;
  headers?: string;
  slowerThanMs?: number;
  sampleOneIn?: number;
}

const FORMAT_NAMES = {
  includePaths: 'path-patterns',
  excludePaths: 'path-patterns',
  methods: 'method-filter',
  statuses: 'status-filter',
  hosts: 'host-filter',
  clients: 'address-filter',
  servers: 'address-filter',
  headers: 'header-filter',
} as const;

function readSettings(written: Written): FilterSettings {
  const lists = Object.entries(FORMAT_NAMES).map(([key, name]) => {
    const text = written[key as keyof typeof FORMAT_NAMES];
    const rules = text === undefined ? [] : FILTER_SPELLINGS[name].parse(text);
    expect(rules, text).not.toBeNull();
    return [key, rules];
  });
  const { slowerThanMs, sampleOneIn } = written;
  return { ...FILTER_EMPTY, ...Object.fromEntries(lists), slowerThanMs, sampleOneIn };
}

/** Says whether an exchange is written. */
function isWritten(written: Written, parts: ExchangeParts = {}): boolean {
  const settings = structuredClone(readSettings(written));
  const names = findHeaderNames(settings);
  const { namedFields } = createRecordFieldTables(names);
  return createExchangeFilter(settings, namedFields)(makeExchange({ names, ...parts }));
}

function request(target: string, fields = 'Host: shop.example'): ExchangeParts {
  return { requestHead: `GET ${target} HTTP/1.1\r\n${fields}\r\n\r\n` };
}

function withHost(host: string): ExchangeParts {
  return request('/', `Host: ${host}`);
}

function response(status: string): ExchangeParts {
  return { responseHead: `HTTP/1.1 ${status}\r\nServer: nginx\r\n\r\n` };
}

const ONLY_RESPONSE: ExchangeParts = { requestHead: null };
const ONLY_REQUEST: ExchangeParts = { responseHead: null };

const CASES: [string, Written, ExchangeParts, boolean][] = [
  ['a path that matches', { includePaths: '^/shop/' }, {}, true],
  ['a path that does not', { includePaths: '^/shop$' }, {}, false],
  ['one of several patterns', { includePaths: '^/x\n/cart$' }, {}, true],
  ['the query is no part of the path', { includePaths: 'user=ann' }, {}, false],
  ['a negated pattern', { includePaths: '!^/shop' }, {}, false],
  ['a negated pattern beside another', { includePaths: '^/\n!/cart$' }, request('/shop/a'), true],
  ['commas are part of a pattern', { includePaths: '^/a{1,2}$' }, request('/aa'), true],
  ['case can be put aside', { includePaths: '(?i)^/SHOP' }, {}, true],
  ['an excluded path', { excludePaths: '^/shop' }, {}, false],
  ['none of the excluded', { excludePaths: '^/x\n^/y' }, {}, true],
  ['one of the excluded', { excludePaths: '^/x\n^/shop' }, {}, false],
  ['an exception', { excludePaths: '^/shop\n!/cart$' }, {}, true],
  ['no exception', { excludePaths: '^/shop\n!/cart$' }, request('/shop/x'), false],
  ['no path to include', { includePaths: '.' }, ONLY_RESPONSE, false],
  ['no path to negate', { includePaths: '!.' }, ONLY_RESPONSE, true],
  ['no path to exclude', { excludePaths: '.' }, ONLY_RESPONSE, true],
  ['the path of an absolute target', { includePaths: '^/a$' }, request('http://h/a?b'), true],
  ['a character', { includePaths: '^/.$' }, request('/\u00e4'), true],

  ['a method', { methods: 'POST,GET' }, {}, true],
  ['another method', { methods: 'POST' }, {}, false],
  ['a longer method', { methods: 'GETS' }, {}, false],
  ['methods have a case', { methods: 'get' }, {}, false],
  ['a negated method', { methods: '!OPTIONS,!HEAD' }, {}, true],
  ['the negated method', { methods: '!OPTIONS,!GET' }, {}, false],
  ['no method', { methods: 'GET' }, ONLY_RESPONSE, false],
  ['no negated method', { methods: '!GET' }, ONLY_RESPONSE, true],

  ['a status', { statuses: '200' }, {}, true],
  ['another status', { statuses: '404' }, {}, false],
  ['a range begins', { statuses: '500-599' }, response('500 Oops'), true],
  ['a range ends', { statuses: '500-599' }, response('599 Oops'), true],
  ['outside a range', { statuses: '500-598' }, response('599 Oops'), false],
  ['a class', { statuses: '4xx,5XX' }, response('503 Oops'), true],
  ['a range but one', { statuses: '5xx,!503' }, response('503 Oops'), false],
  ['a negated status', { statuses: '!200' }, {}, false],
  ['no response', { statuses: '100-599' }, ONLY_REQUEST, false],
  ['no negated response', { statuses: '!200' }, ONLY_REQUEST, true],
  ['a status that is none', { statuses: '100-999' }, response('2x0 OK'), false],

  ['a host', { hosts: 'shop.example' }, {}, true],
  ['a host in another case', { hosts: 'SHOP.example' }, withHost('Shop.Example'), true],
  ['a host with a capital Z', { hosts: 'zoo.example' }, withHost('ZOO.example'), true],
  ['a host with a port of nines', { hosts: 'shop.example' }, withHost('shop.example:9090'), true],
  ['a host with a port', { hosts: 'shop.example' }, withHost('shop.example:8080'), true],
  ['a port', { hosts: 'shop.example:8080' }, withHost('shop.example:8080'), true],
  ['another port', { hosts: 'shop.example:80' }, withHost('shop.example:8080'), false],
  ['no port', { hosts: 'shop.example:80' }, {}, false],
  ['a part of a host', { hosts: 'hop.example' }, {}, false],
  ['a suffix', { hosts: '*.example' }, {}, true],
  ['a suffix with a port', { hosts: '*.example' }, withHost('a.b.example:1'), true],
  ['the suffix itself', { hosts: '*.shop.example' }, {}, false],
  ['the suffix with its dot', { hosts: '*.shop.example' }, withHost('.shop.example'), false],
  ['an IPv6 address', { hosts: '[::1]' }, withHost('[::1]:8080'), true],
  ['an IPv6 address with its port', { hosts: '[::1]:8080' }, withHost('[::1]:8080'), true],
  ['a negated host', { hosts: '!*.example' }, {}, false],
  ['no host', { hosts: 'shop.example' }, request('/', 'X: y'), false],
  ['an empty host', { hosts: 'shop.example' }, withHost(''), false],
  ['no host that is negated', { hosts: '!shop.example' }, ONLY_RESPONSE, true],

  ['a client', { clients: '203.0.113.9' }, {}, true],
  ['a network', { clients: '203.0.113.0/28' }, {}, true],
  ['the next network', { clients: '203.0.113.0/29' }, {}, false],
  ['every address', { clients: '0.0.0.0/0' }, {}, true],
  ['bits behind the prefix', { clients: '203.0.113.255/24' }, {}, true],
  ['another version', { clients: '::/0' }, {}, false],
  ['an IPv6 client', { clients: '2001:db8::/33' }, { clientAddress: '2001:db8::1' }, true],
  ['the other half', { clients: '2001:db8:8000::/33' }, { clientAddress: '2001:db8::1' }, false],
  ['no client address', { clients: '0.0.0.0/0,::/0' }, { clientAddress: null }, false],
  ['no address that is negated', { clients: '!0.0.0.0/0' }, { clientAddress: null }, true],
  ['a server of its own family', { servers: '10.0.0.2' }, { clientAddress: '2001:db8::1' }, true],
  ['a network but an address', { clients: '203.0.0.0/8,!203.0.113.9' }, {}, false],
  ['a server', { servers: '10.0.0.0/8' }, {}, true],
  ['the client is no server', { servers: '203.0.113.9' }, {}, false],

  ['a field of the request', { headers: 'user-agent' }, {}, true],
  ['a field of the response', { headers: 'Content-Type=TEXT/HTML' }, {}, true],
  ['another value', { headers: 'Content-Type=text' }, {}, false],
  ['an absent field', { headers: 'x-tenant' }, {}, false],
  ['one of several fields', { headers: 'x-tenant\nserver=nginx' }, {}, true],
  ['a field with a name of its own', { headers: 'x-y=a, b' }, request('/', 'X-Y: A, B'), true],
  ['an empty field', { headers: 'x-y=' }, request('/', 'X-Y:'), true],
  ['a negated field', { headers: '!server' }, {}, false],
  ['a negated value', { headers: '!server=apache' }, {}, true],
  ['a field of what was not seen', { headers: 'server' }, ONLY_REQUEST, false],

  ['slower', { slowerThanMs: 6.2 }, {}, true],
  ['not slower than itself', { slowerThanMs: 6.25 }, {}, false],
  ['a time that is not known', { slowerThanMs: 0 }, { totalNs: UNKNOWN }, false],
  ['in the sample', { sampleOneIn: 10 }, { connectionHash: 4_294_967_290 }, true],
  ['not in the sample', { sampleOneIn: 10 }, { connectionHash: 4_294_967_291 }, false],
  ['all flows', { sampleOneIn: 1 }, { connectionHash: 4_294_967_295 }, true],

  ['all options hold', { methods: 'GET', statuses: '2xx', includePaths: '^/s' }, {}, true],
  ['one option does not', { methods: 'GET', statuses: '5xx', includePaths: '^/s' }, {}, false],
];

test.each(CASES)('%s: %j', (_, written, parts, expected) => {
  expect(isWritten(written, parts)).toBe(expected);
});

test('without a rule there is no filter, and one would let everything pass', () => {
  expect(hasFilter(FILTER_EMPTY)).toBe(false);
  expect(isWritten({})).toBe(true);
  expect(hasFilter(readSettings({ methods: 'GET' }))).toBe(true);
  expect(hasFilter({ ...FILTER_EMPTY, slowerThanMs: 0 })).toBe(true);
  expect(hasFilter({ ...FILTER_EMPTY, sampleOneIn: 2 })).toBe(true);
});

test('a field that no slot is kept for is refused when the filter is made', () => {
  const settings = readSettings({ headers: 'x-tenant' });
  expect(() => createExchangeFilter(settings, [])).toThrow('x-tenant');
});

describe('patterns', () => {
  test('back references and look-around are none, which no engine decides in linear time', () => {
    expect(isPattern('(a+)+$')).toBe(true);
    expect(isPattern('(a)\\1')).toBe(false);
    expect(isPattern('(?=a)')).toBe(false);
    expect(isPattern('(')).toBe(false);
  });

  test('(a+)+$ is done at once with 50,000 letters and a sign', { timeout: 5_000 }, () => {
    const target = `/${'a'.repeat(50_000)}!`;
    expect(isWritten({ includePaths: '(a+)+$' }, request(target))).toBe(false);
    expect(isWritten({ includePaths: '(a+)+!$' }, request(target))).toBe(true);
    expect(isWritten({ includePaths: '(a*)*(a*)*b' }, request(target))).toBe(false);
    expect(isWritten({ includePaths: '(.*a){20}b' }, request(target))).toBe(false);
  });

  test('a match is looked for in the path alone, not in the bytes around it', () => {
    expect(isWritten({ includePaths: 'GET|HTTP|Host' })).toBe(false);
    expect(isWritten({ includePaths: '^/shop/cart$' })).toBe(true);
  });
});

test('no bytes make a filter fail', () => {
  const written: Written = {
    includePaths: '^/[a-z]+$\n!\\x{e4}|^$|\\bx\\b',
    excludePaths: '(?i)\\pL{3}.$',
    methods: 'GET,!PUT',
    statuses: '!404',
    hosts: '!*.example,!h:1',
    headers: '!x-a=b',
  };
  const settings = readSettings(written);
  const names = findHeaderNames(settings);
  const { namedFields } = createRecordFieldTables(names);
  const isLetThrough = createExchangeFilter(settings, namedFields);
  const noLineFeed = fc
    .uint8Array({ maxLength: 80 })
    .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0a)));
  fc.assert(
    fc.property(noLineFeed, noLineFeed, noLineFeed, (target, host, reason) => {
      const requestHead = Buffer.concat([
        ...[Buffer.from('GET /'), target, Buffer.from('\r\nHost: '), host],
        ...[Buffer.from('\r\nX-A: '), host, Buffer.from('\r\n\r\n')],
      ]);
      const responseHead = Buffer.concat([Buffer.from('HTTP/1.1 '), reason, Buffer.from('\r\n')]);
      const result = isLetThrough(makeExchange({ requestHead, responseHead, names }));
      expect(typeof result).toBe('boolean');
    }),
    { numRuns: 300 },
  );
});
