import { describe, expect, test } from 'vitest';
import { isRedactionPattern } from '../../src/redact/own-patterns.ts';
import { BUILT_IN_PATTERNS, type BuiltInPattern } from '../../src/redact/redaction-settings.ts';
import { redact, textOf, withFields, withTarget } from './redact.ts';

/** What becomes of a Referer, a field of free text but for its query. */
function redactText(pattern: BuiltInPattern, text: string): string {
  return redact({ patterns: [pattern] }, withFields(`Referer: ${text}`)).fields.referer;
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJl-_';

/** With `#` in the place of the mark. */
const CASES: Record<BuiltInPattern, [string, string][]> = {
  email: [
    ['ann@example.com', '#'],
    ['/x?user=ann@example.com&y=1', '/x?user=#&y=1'],
    ['/x?user=ann%40example.com&y=1', '/x?user=#&y=1'],
    ['a.b+c_d-e@sub.example.co.uk, x@y.de.', '#, #.'],
    ['b\u00f6b@ex\u00e4mple.de', '#'],
    [
      'ann@localhost @example.com a@.de a@b.c a@1.2',
      'ann@localhost @example.com a@.de a@b.c a@1.2',
    ],
    ['a@b@example.com', 'a@#'],
    ['%40%40a.de', '%40%40a.de'],
  ],
  credit_card: [
    ['4111111111111111', '#'],
    ['/pay?card=4111-1111-1111-1111&x', '/pay?card=#&x'],
    ['4111 1111 1111 1111', '#'],
    ['n=%204111+1111+1111%201111;', 'n=%20#;'],
    ['378282246310005 6011000990139424', '# #'],
    ['4222222222222', '#'],
    ['6304000000000000000', '#'],
    ['12 4111111111111111', '12 #'],
    ['4111111111111112', '4111111111111112'],
    ['a4111111111111111 4111111111111111b', 'a4111111111111111 4111111111111111b'],
    ['0000000000000000', '0000000000000000'],
    ['41111111111111114111111111111111', '41111111111111114111111111111111'],
  ],
  jwt: [
    [JWT, '#'],
    [`/cb?id_token=${JWT}&x=1`, '/cb?id_token=#&x=1'],
    ['x%20eyJhbGci.e', 'x%20#'],
    ['eyJa..b.c.d e', '# e'],
    ['eyJhbGciOiJIUzI1NiJ9 eyK.a', 'eyJhbGciOiJIUzI1NiJ9 eyK.a'],
  ],
  bearer: [
    ['Bearer abc.DEF-1_2~+/==, x', 'Bearer #, x'],
    ['auth=bearer%20abc%2Bd&x', 'auth=bearer%20#&x'],
    ['BEARER+abc', 'BEARER+#'],
    ['Bearer REDACTED', 'Bearer REDACTED'],
    ['Bearer REDACTEE', 'Bearer #'],
    ['forbearer abc Bearer, Bearerabc', 'forbearer abc Bearer, Bearerabc'],
  ],
  ip_v4: [
    ['203.0.113.9', '#'],
    ['http://203.0.113.9:80/a/10.0.0.1?b=%3D10.0.0.2.', 'http://#:80/a/#?b=%3D#.'],
    ['1.2.3 256.1.1.1 1.2.3.4.5 v1.2.3.4 1.2.3.4a 1.2.3.1234', null],
  ].map(([text, expected]) => [text ?? '', expected ?? text ?? '']),
  ssn: [
    ['078-05-1120', '#'],
    ['/?ssn=078+05+1120&x=219%2D09%2D9999', '/?ssn=#&x=#'],
    ['078 05 1120;', '#;'],
    ...[
      ['000-12-3456 666-12-3456 900-12-3456 078-00-1120 078-05-0000', ''],
      ['078051120 078-05 1120 1078-05-1120 078-05-11201 a078-05-1120', ''],
    ].map(([text]): [string, string] => [text, text]),
  ],
  phone: [
    ['+49 30 1234567', '#'],
    ['/?tel=%2B4930123456&x', '/?tel=#&x'],
    ['call +1 (212) 555-0123, please', 'call #, please'],
    ['(212) 555-0123', '#'],
    ['212.555.0123 1-212-555-0123', '# #'],
    ['+49 30 1234567 +49 30 1234567,+4930123456+4930123456', '# #,##'],
    ['tel=+49+30+1234567&x', 'tel=#&x'],
    ['2125550123 112-555-0123 2019-09-01 12:30:45 +123456 +0123456789', ''],
    ['+1234567890123456', ''],
  ].map(([text, expected]) => [text, expected === '' ? text : expected]),
};

describe.each(BUILT_IN_PATTERNS)('%s', (pattern) => {
  test.each(CASES[pattern])('%s becomes %s', (text, expected) => {
    const utf8 = Buffer.from(redactText(pattern, text), 'latin1').toString();
    expect(utf8).toBe(expected.replaceAll('#', `[REDACTED:${pattern}]`));
  });
});

test('a version of a product is no address', () => {
  const agent = 'Mozilla/5.0 Chrome/120.0.0.0 (from 203.0.113.9)';
  const { fields, counts } = redact({ patterns: ['ip_v4'] }, withFields(`User-Agent: ${agent}`));
  expect(fields['user-agent']).toBe('Mozilla/5.0 Chrome/120.0.0.0 (from [REDACTED:ip_v4])');
  expect(counts).toEqual({ ip_v4: 1 });
});

test('patterns are looked for in the target, the fields and the reason, each counted', () => {
  const { exchange, target, fields, counts } = redact(
    { patterns: ['phone', 'email', 'ip_v4'] },
    {
      requestHead:
        'GET /u/ann@example.com?tel=+4930123456 HTTP/1.1\r\nHost: 10.0.0.1:80\r\nX-Note: a@b.de\r\n\r\n',
      responseHead: 'HTTP/1.1 404 No ann@example.com\r\nContent-Length: 12125550123\r\n\r\n',
      names: ['x-note'],
    },
  );
  expect(target).toBe('/u/[REDACTED:email]?tel=[REDACTED:phone]');
  expect(textOf(exchange, exchange.pathOffset, exchange.pathEnd)).toBe('/u/[REDACTED:email]');
  expect(textOf(exchange, exchange.queryOffset, exchange.queryEnd)).toBe('tel=[REDACTED:phone]');
  expect(textOf(exchange, exchange.reasonOffset, exchange.response.startLineEnd)).toBe(
    'No [REDACTED:email]',
  );
  expect(exchange.statusCode).toBe(404);
  expect(fields).toEqual({
    'content-length': '12125550123',
    host: '[REDACTED:ip_v4]:80',
    'x-note': '[REDACTED:email]',
  });
  expect(counts).toEqual({ phone: 1, email: 3, ip_v4: 1 });
});

describe('own patterns', () => {
  const ticket = { name: 'ticket', pattern: '(?i)t-\\d+' };

  test('replace what they match', () => {
    const { target, counts } = redact({ ownPatterns: [ticket] }, withTarget('/T-1/t-22?x=t-'));
    expect(target).toBe('/[REDACTED:ticket]/[REDACTED:ticket]?x=t-');
    expect(counts).toEqual({ ticket: 2 });
  });

  test('read UTF-8, and pass over what is none', () => {
    const ownPatterns = [{ name: 'name', pattern: '\u00e4+' }];
    const head = Buffer.concat([
      ...[Buffer.from('GET /x\u00e4\u00e4y'), Buffer.from([0xe4, 0xff, 0xc3])],
      Buffer.from('\u00e4 HTTP/1.1\r\n\r\n'),
    ]);
    const { target } = redact({ ownPatterns }, { requestHead: head, responseHead: null });
    expect(target).toBe('/x[REDACTED:name]y\u00e4\u00ff\u00c3[REDACTED:name]');
  });

  test('come behind the built-in ones, in their order', () => {
    const ownPatterns = [ticket, { name: 'rest', pattern: '/[a-z]+$' }];
    const { target } = redact({ patterns: ['email'], ownPatterns }, withTarget('/t-1@b.de/abc'));
    expect(target).toBe('/[REDACTED:email][REDACTED:rest]');
  });

  test('with very many matches hide the rest as a whole', { timeout: 10_000 }, () => {
    const ownPatterns = [{ name: 'a', pattern: 'a(?:.*b)?' }];
    const { target, counts } = redact({ ownPatterns }, withTarget(`/${'a'.repeat(50_000)}c`));
    expect(target).toBe(`/${'[REDACTED:a]'.repeat(32)}`);
    expect(counts).toEqual({ a: 32 });
  });

  test('are none when an empty text matches them, or the engine does not know them', () => {
    expect(isRedactionPattern('T-\\d+')).toBe(true);
    expect(isRedactionPattern('x*')).toBe(false);
    expect(isRedactionPattern('(a)\\1')).toBe(false);
  });
});
