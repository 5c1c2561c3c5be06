import { describe, expect, test } from 'vitest';
import type { FieldModes, RedactionMode } from '../../src/redact/redaction-settings.ts';
import { patternNames, REDACTION_DEFAULTS } from '../../src/redact/redaction-settings.ts';
import { makeExchange } from '../exchange/make-exchange.ts';
import { redact, redactExchange, textOf, withFields, withTarget } from './redact.ts';

function modes(
  fallback: RedactionMode | undefined,
  byName: Record<string, RedactionMode> = {},
): FieldModes {
  return { default: fallback, byName: Object.entries(byName) };
}

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

test('the counts have the names of the classes, the patterns and the own patterns', () => {
  const settings = {
    ...REDACTION_DEFAULTS,
    patterns: ['phone', 'email'] as const,
    ownPatterns: [{ name: 'ticket', pattern: 'T-\\d+' }],
  };
  expect(patternNames(settings)).toEqual([
    ...['headers', 'query', 'cookies', 'ip', 'no_room', 'url', 'phone', 'email', 'ticket'],
  ]);
});

test('what holds nothing to hide stays as it is, where it is', () => {
  const { bytes: bytesBefore, ...before } = makeExchange();
  const { exchange, counts } = redact({});
  const { bytes, ...after } = exchange;
  expect(after).toEqual(before);
  expect(Buffer.compare(bytes, bytesBefore)).toBe(0);
  expect(counts).toEqual({});
});

test('what is kept of a message as it was sent is dropped: nobody has looked for secrets in it', () => {
  const raw = { headOffset: 10, headEnd: 90, body: { offset: 90, end: 95, isCut: false } };
  const parts = { rawRequest: structuredClone(raw), rawResponse: structuredClone(raw) };
  const dropped = { headOffset: 0, headEnd: 0, body: { offset: 0, end: 0, isCut: false } };
  const { exchange } = redact({}, parts);
  expect([exchange.rawRequest, exchange.rawResponse]).toEqual([dropped, dropped]);
});

describe('Authorization', () => {
  test.each([
    [basic('ann:secret'), basic('ann:REDACTED')],
    [basic('ann:'), basic('REDACTED:REDACTED')],
    [basic(':secret'), basic(':REDACTED')],
    [basic('ann:se:cret'), basic('ann:REDACTED')],
    [basic('\u00e4nn\u0000:secret'), basic('\u00e4nn\u0000:REDACTED')],
    [
      basic('ann:secret').replace('Basic', 'bASIC '),
      basic('ann:REDACTED').replace('Basic', 'bASIC '),
    ],
    [basic(`${'u'.repeat(256)}:secret`), basic(`${'u'.repeat(256)}:REDACTED`)],
    [basic(`${'u'.repeat(257)}:secret`), 'Basic REDACTED'],
    [basic('no colon'), 'Basic REDACTED'],
    ['Basic a_b:', 'Basic REDACTED'],
    ['Bearer abc.def', 'Bearer REDACTED'],
    ['Digest username="ann", realm="x"', 'Digest REDACTED'],
    ['AWS4-HMAC-SHA256 Credential=AKIA', 'AWS4-HMAC-SHA256 REDACTED'],
    ['secret', 'REDACTED'],
    ['0123456789abcdef0123456789 x', 'REDACTED'],
    ['sec=ret x', 'REDACTED'],
    ['Bearer', 'REDACTED'],
  ])('%s becomes %s', (value, expected) => {
    const { fields, counts } = redact({}, withFields(`Authorization: ${value}`));
    expect(Buffer.from(fields.authorization, 'latin1').toString()).toBe(expected);
    expect(counts).toEqual({ headers: 1 });
  });

  test('an empty one says that it was there', () => {
    expect(redact({}, withFields('Authorization:')).fields).toEqual({ authorization: '' });
  });

  test('is kept or dropped when that is said by name, and dropped with all', () => {
    const parts = withFields(`Authorization: ${basic('ann:secret')}`);
    const kept = redact({ headers: modes(undefined, { Authorization: 'keep' }) }, parts);
    expect(kept.fields).toEqual({ authorization: basic('ann:secret') });
    const dropped = redact({ headers: modes(undefined, { authorization: 'drop' }) }, parts);
    expect(dropped.fields).toEqual({});
    expect(redact({ headers: modes('drop') }, parts).fields).toEqual({});
    expect(redact({ headers: modes('keep') }, parts).counts).toEqual({ headers: 1 });
  });

  test('a user name that a pattern matches goes too', () => {
    const parts = withFields(`Authorization: ${basic('ann@example.com:secret')}`);
    const { fields, counts } = redact({ patterns: ['email'] }, parts);
    expect(fields.authorization).toBe(basic('REDACTED:REDACTED'));
    expect(counts).toEqual({ headers: 1, email: 1 });
  });

  test('Proxy-Authorization is the same', () => {
    const parts = {
      ...withFields('Proxy-Authorization: Bearer x'),
      names: ['proxy-authorization'],
    };
    expect(redact({}, parts).fields).toEqual({ 'proxy-authorization': 'Bearer REDACTED' });
  });
});

describe('header fields', () => {
  test('are redacted or dropped by name, of requests and of responses', () => {
    const headers = modes(undefined, { host: 'redact', server: 'drop' });
    const { fields, counts } = redact({ headers });
    expect(fields.host).toBe('REDACTED');
    expect(fields).not.toHaveProperty('server');
    expect(fields['user-agent']).toBe('curl/8.5.0');
    expect(counts).toEqual({ headers: 2 });
  });

  test('are redacted by default with exceptions', () => {
    const { fields } = redact({ headers: modes('redact', { host: 'keep' }) });
    expect(fields.host).toBe('shop.example');
    expect(new Set(Object.values(fields))).toEqual(new Set(['REDACTED', 'shop.example']));
  });
});

describe('cookies', () => {
  const names = ['cookie', 'set-cookie'];
  const cookie = (value: string) => ({ ...withFields(`Cookie: ${value}`), names });
  const setCookie = (value: string) => ({
    requestHead: null,
    responseHead: `HTTP/1.1 200 OK\r\nSet-Cookie: ${value}\r\n\r\n`,
    names,
  });

  test.each([
    ['sid=abc; theme=dark', 'sid=REDACTED; theme=REDACTED', 2],
    ['sid="a b"', 'sid=REDACTED', 1],
    ['sid=a=b', 'sid=REDACTED', 1],
    ['sid=', 'sid=', 0],
    [' sid = a ;; x=y ;', 'sid =REDACTED ;; x=REDACTED ;', 2],
    ['abc', 'REDACTED', 1],
    ['a=b, c=d', 'a=REDACTED', 1],
  ])('%s becomes %s', (value, expected, count) => {
    const { fields, counts } = redact({}, cookie(value));
    expect(fields).toEqual({ cookie: expected });
    expect(counts.cookies ?? 0).toBe(count);
  });

  test.each([
    ['sid=abc; theme=dark', { sid: 'keep' }, 'redact', 'sid=abc; theme=REDACTED'],
    ['sid=abc; theme=dark; x=y', { theme: 'drop' }, 'keep', 'sid=abc; x=y'],
    ['sid=abc; theme=dark; x=y', { sid: 'drop' }, 'keep', 'theme=dark; x=y'],
    ['sid=abc; theme=dark; x=y', { sid: 'drop', theme: 'drop' }, 'keep', 'x=y'],
    ['sid=abc; theme=dark; x=y', { x: 'drop', theme: 'drop' }, 'keep', 'sid=abc'],
    ['sid=abc; theme=dark; x=y', { theme: 'keep' }, 'drop', 'theme=dark'],
    ['SID=abc', { sid: 'redact' }, 'keep', 'SID=abc'],
  ] as const)('%s with %j, else %s, becomes %s', (value, byName, fallback, expected) => {
    const cookies = { default: fallback, byName: Object.entries(byName) };
    expect(redact({ cookies }, cookie(value)).fields).toEqual({ cookie: expected });
  });

  test('all dropped are no field', () => {
    const { fields, counts } = redact({ cookies: modes('drop') }, cookie('a=b; c=d'));
    expect(fields).toEqual({});
    expect(counts).toEqual({ cookies: 2 });
  });

  test.each([
    ['sid=abc; Path=/; HttpOnly', 'sid=REDACTED; Path=/; HttpOnly'],
    ['sid=abc', 'sid=REDACTED'],
    [
      'sid=abc; Expires=Wed, 21 Oct 2026 07:28:00 GMT; SameSite=Lax',
      'sid=REDACTED; Expires=Wed, 21 Oct 2026 07:28:00 GMT; SameSite=Lax',
    ],
    ['sid=abc; Path=/, other=def; Path=/', 'sid=REDACTED; Path=REDACTED; Path=/'],
    ['sid=abc; other=def', 'sid=REDACTED; other=REDACTED'],
  ])('Set-Cookie: %s becomes %s', (value, expected) => {
    expect(redact({}, setCookie(value)).fields).toEqual({ 'set-cookie': expected });
  });

  test('a Set-Cookie that is redacted counts', () => {
    expect(redact({}, setCookie('sid=1; Path=/')).counts).toEqual({ cookies: 1 });
  });

  test('a Set-Cookie that is dropped is no field, one that is kept is untouched', () => {
    const dropped = redact(
      { cookies: modes(undefined, { sid: 'drop' }) },
      setCookie('sid=abc; Path=/'),
    );
    expect(dropped.fields).toEqual({});
    expect(dropped.counts).toEqual({ cookies: 1 });
    const kept = redact({ cookies: modes('keep') }, setCookie('sid=abc; x=y'));
    expect(kept.fields).toEqual({ 'set-cookie': 'sid=abc; x=y' });
  });

  test('header modes by name come before those of cookies', () => {
    const headers = modes(undefined, { cookie: 'redact' });
    expect(redact({ headers }, cookie('sid=abc')).fields).toEqual({ cookie: 'REDACTED' });
    const all = redact({ headers: modes('redact') }, cookie('sid=abc'));
    expect(all.fields).toEqual({ cookie: 'sid=REDACTED' });
  });
});

describe('query parameters', () => {
  const token = modes(undefined, { token: 'redact' });
  const dropped = modes(undefined, { a: 'drop', b: 'drop' });

  test.each([
    [token, '/p?token=abc&x=1', '/p?token=REDACTED&x=1'],
    [token, '/p?x=%20&token=a;b=c', '/p?x=%20&token=REDACTED'],
    [token, '/p?x=1;token=abc', '/p?x=1;token=REDACTED'],
    [token, '/p?%74oken=abc', '/p?%74oken=REDACTED'],
    [token, '/p?Token=abc&atoken=d&tokena=e', '/p?Token=abc&atoken=d&tokena=e'],
    [token, '/p?token=&token', '/p?token=&token'],
    [token, '/p?token=a&token=b#token=c', '/p?token=REDACTED&token=REDACTED#token=REDACTED'],
    [token, '/p?next=/q?token=a', '/p?next=/q?token=REDACTED'],
    [token, '/token=a', '/token=a'],
    [token, 'http://h/p?token=a', 'http://h/p?token=REDACTED'],
    [token, '/p?', '/p?'],
    [modes('redact'), '/p?a=1&b=&c&&d=2=3', '/p?a=REDACTED&b=&REDACTED&&d=REDACTED'],
    [modes('redact', { a: 'keep' }), '/p?a=1&b=2', '/p?a=1&b=REDACTED'],
    [dropped, '/p?a=1&c=2', '/p?c=2'],
    [dropped, '/p?c=2&a=1', '/p?c=2'],
    [dropped, '/p?a=1&b=1&c=2&a&d', '/p?c=2&d'],
    [dropped, '/p?a=1&b=2', '/p'],
    [dropped, '/p?a=1#f', '/p#f'],
    [modes('drop'), '/p?a=1&c=2&d', '/p'],
  ])('with %j %s becomes %s', (query, target, expected) => {
    const redacted = redact({ query }, withTarget(target));
    expect(redacted.target).toBe(expected);
    const { exchange } = redacted;
    expect(textOf(exchange, exchange.request.startLineOffset, exchange.request.startLineEnd)).toBe(
      `GET ${expected} HTTP/1.1`,
    );
    expect(exchange.hasQuery).toBe(expected.includes('?'));
  });

  test('names may hold spaces and any other byte', () => {
    const query = modes(undefined, { 'api key': 'redact', 'schl\u00fcssel': 'redact' });
    const { target, counts } = redact({ query }, withTarget('/?api+key=a&schl%C3%BCssel=b'));
    expect(target).toBe('/?api+key=REDACTED&schl%C3%BCssel=REDACTED');
    expect(counts).toEqual({ query: 2 });
  });

  test('are those of Referer and of Location too', () => {
    const { fields } = redact(
      { query: token },
      {
        requestHead: 'GET / HTTP/1.1\r\nReferer: http://h/?token=a&b=c\r\n\r\n',
        responseHead: 'HTTP/1.1 302 Found\r\nLocation: /cb#state=x&token=y\r\n\r\n',
      },
    );
    expect(fields).toEqual({
      referer: 'http://h/?token=REDACTED&b=c',
      location: '/cb#state=x&token=REDACTED',
    });
  });

  test('of a line that the capture has cut go as far as it does', () => {
    const { target } = redact(
      { query: token },
      { requestHead: 'GET /?token=ab', responseHead: null },
    );
    expect(target).toBe('/?token=REDACTED');
  });
});

describe('without room', () => {
  const noRoom = (bytesLeft: number) => (exchange: ReturnType<typeof makeExchange>) => {
    exchange.bytes = exchange.bytes.slice(0, exchange.bytesEnd + bytesLeft);
  };

  test('a field is absent', () => {
    const parts = withFields('Authorization: Bearer abc', 'Host: h');
    expect(redact({}, parts, noRoom(14))).toMatchObject({
      fields: { host: 'h' },
      counts: { headers: 1, no_room: 1 },
    });
    expect(redact({}, parts, noRoom(15)).fields.authorization).toBe('Bearer REDACTED');
  });

  test('the request line ends with its path, or before a change in it', () => {
    const query = modes('redact');
    const { exchange, target } = redact({ query }, withTarget('/p?a=secret'), noRoom(4));
    expect(target).toBe('/p');
    expect(exchange.hasQuery).toBe(false);
    expect(exchange.requestVersionOffset).toBe(exchange.request.startLineEnd);
    const inPath = redact({ patterns: ['email'] }, withTarget('/u/ann@example.com/x'), noRoom(4));
    expect(inPath.target).toBe('/u/');
    expect(inPath.counts).toEqual({ email: 1, no_room: 1 });
  });

  test('a reason phrase ends before its first change', () => {
    const parts = { responseHead: 'HTTP/1.1 404 No ann@example.com here\r\n\r\n' };
    const { exchange, counts } = redact({ patterns: ['email'] }, parts, noRoom(4));
    const { reasonOffset, response } = exchange;
    expect(textOf(exchange, reasonOffset, response.startLineEnd)).toBe('No ');
    expect(exchange.statusCode).toBe(404);
    expect(counts).toEqual({ email: 1, no_room: 1 });
  });

  test('the client address is zero', () => {
    const { exchange, counts } = redact(
      { addresses: { method: 'truncate', idKey: new Uint8Array(16) } },
      {},
      noRoom(3),
    );
    const { addressOffset } = exchange.client;
    expect([...exchange.bytes.subarray(addressOffset, addressOffset + 4)]).toEqual([0, 0, 0, 0]);
    expect(counts).toEqual({ ip: 1, no_room: 1 });
  });

  test('a value that grows past what is put aside for it is absent', () => {
    const exchange = makeExchange({ ...withFields(`Referer: ${'a@b.cd,'.repeat(20_000)}`) });
    const bytes = new Uint8Array(exchange.bytes.length + 1_000_000);
    bytes.set(exchange.bytes);
    exchange.bytes = bytes;
    const { fields, counts } = redactExchange({ patterns: ['email'] }, exchange);
    expect(fields).toEqual({});
    expect(counts).toEqual({ email: 20_000, no_room: 1 });
  });
});

test('one side alone is redacted, and nothing is looked for in the other', () => {
  const { exchange } = redact({}, { ...withFields('Authorization: Bearer abc') });
  expect(exchange.hasResponse).toBe(false);
  const { counts } = redact({ query: modes('redact') }, { requestHead: null });
  expect(counts).toEqual({});
});
