import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUILT_IN_PATTERNS, type RedactionSettings } from '../../src/redact/redaction-settings.ts';
import { makeExchange } from '../exchange/make-exchange.ts';
import { redactExchange, visibleText } from './redact.ts';

const NAMES = ['cookie', 'set-cookie', 'x-real-ip', 'x-note'];
const RUNS = { numRuns: 200 };

const token = fc.stringMatching(/^[A-Za-z0-9+/_.-]{12,40}={0,2}$/);
const name = fc.stringMatching(/^[a-zA-Z0-9_$]{1,8}$/);
const noise = fc.stringMatching(/^[ -~]{0,20}$/).map((text) => text.replaceAll(/[;\s]/g, ''));
const separator = fc.constantFrom('; ', ';', ' ; ', ';;', ';\t');

test('no value of a cookie can be seen once cookies are redacted', () => {
  const cookie = fc.record({ name, token, separator, before: noise });
  fc.assert(
    fc.property(fc.array(cookie, { minLength: 1, maxLength: 6 }), token, (cookies, setToken) => {
      const line = cookies.map(
        (part) => `${part.name}=${part.before}${part.token}${part.separator}`,
      );
      const exchange = makeExchange({
        names: NAMES,
        requestHead: `GET / HTTP/1.1\r\nCookie: ${line.join('')}\r\n\r\n`,
        responseHead: `HTTP/1.1 200 OK\r\nSet-Cookie: s=${setToken}; Path=/\r\n\r\n`,
      });
      const redacted = redactExchange({}, exchange, NAMES);
      const text = visibleText(redacted);
      for (const { token: secret } of [...cookies, { token: setToken }]) {
        expect(text).not.toContain(secret);
      }
      for (const { name: kept } of cookies) {
        expect(redacted.fields.cookie).toContain(`${kept}=REDACTED`);
      }
    }),
    RUNS,
  );
});

test('no value of a parameter can be seen once its name is redacted, however it is written', () => {
  const encode = (text: string, mask: number) =>
    [...text]
      .map((letter, index) =>
        (mask >> index) & 1 ? `%${letter.charCodeAt(0).toString(16)}` : letter,
      )
      .join('');
  const other = fc.stringMatching(/^[a-z=&;?%#/]{0,12}$/);
  fc.assert(
    fc.property(other, fc.nat(31), token, other, (before, mask, secret, after) => {
      const url = `/p?${before}&${encode('token', mask)}=${secret}&${after}`;
      const exchange = makeExchange({
        requestHead: `GET ${url} HTTP/1.1\r\nReferer: http://h${url}\r\n\r\n`,
        responseHead: `HTTP/1.1 302 Found\r\nLocation: ${url}\r\n\r\n`,
      });
      const query = { default: undefined, byName: [['token', 'redact'] as const] };
      const redacted = redactExchange({ query }, exchange);
      expect(visibleText(redacted)).not.toContain(secret);
      expect(redacted.target.startsWith('/p?')).toBe(true);
    }),
    RUNS,
  );
});

/** Pieces that each lead somewhere, and any bytes between them. */
const piece = fc.oneof(
  fc.constantFrom(
    ...[
      'ann@example.com',
      '%40',
      '4111 1111 1111 1111',
      'eyJhbGciOiJ.eyJ',
      'Bearer abc',
      '10.0.0.1',
    ],
    ...['078-05-1120', '+49 30 1234567', 'a=b', '; ', '&', '?', '#', '"', '[::1]', 'for=', 'T-12'],
  ),
  fc.uint8Array({ maxLength: 6 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
);
const value = fc
  .array(piece, { maxLength: 10 })
  .map((pieces) => pieces.join('').replaceAll('\n', ''));

const CLASSES = {
  query: { default: 'redact', byName: [['b', 'drop']] },
  addresses: { method: 'truncate', idKey: new Uint8Array(16) },
} as const;
const PATTERNS = {
  cookies: { default: 'keep', byName: [] },
  patterns: BUILT_IN_PATTERNS,
  ownPatterns: [{ name: 'ticket', pattern: 'T-\\d+' }],
} as const;
const SETTINGS = { ...PATTERNS, ...CLASSES, cookies: { default: 'redact', byName: [] } } as const;

function makeHostile(values: readonly string[]) {
  const names = ['Host', 'Cookie', 'Authorization', 'Referer', 'X-Forwarded-For', 'Forwarded'];
  const lines = [...names, 'X-Real-IP', 'X-Note'].map(
    (field, index) => `${field}: ${values[index]}`,
  );
  return makeExchange({
    names: NAMES,
    requestHead: Buffer.from(
      `GET /${values[8]} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`,
      'latin1',
    ),
    responseHead: Buffer.from(
      `HTTP/1.1 200 ${values[9]}\r\nSet-Cookie: ${values[10]}\r\nLocation: ${values[11]}\r\n\r\n`,
      'latin1',
    ),
  });
}

const values = fc.array(value, { minLength: 12, maxLength: 12 });

/** Each by itself: the mark of one pattern ends a word, which may be what another one has waited for. */
const SETTINGS_ALONE: [string, Partial<RedactionSettings>][] = [
  ['classes', CLASSES],
  ['an own pattern', { ...PATTERNS, patterns: [] }],
  ...BUILT_IN_PATTERNS.map((pattern): [string, Partial<RedactionSettings>] => [
    pattern,
    { ...PATTERNS, patterns: [pattern], ownPatterns: [] },
  ]),
];

test.each(SETTINGS_ALONE)(
  'what was redacted by %s is not changed by redacting it again',
  (_, settings) => {
    fc.assert(
      fc.property(values, (texts) => {
        const once = redactExchange(settings, makeHostile(texts), NAMES);
        const text = visibleText(once);
        const twice = redactExchange(settings, once.exchange, NAMES);
        expect(visibleText(twice)).toBe(text);
        expect(twice.counts.no_room).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  },
);

test('any bytes leave offsets within the bytes in use, with room and without', () => {
  fc.assert(
    fc.property(values, fc.nat(300), (texts, room) => {
      const exchange = makeHostile(texts);
      exchange.bytes = exchange.bytes.slice(0, exchange.bytesEnd + room);
      redactExchange(SETTINGS, exchange, NAMES);
      expect(exchange.bytesEnd).toBeLessThanOrEqual(exchange.bytes.length);
      for (const message of [exchange.request, exchange.response]) {
        const ranges = [...message.fieldOffsets].map((offset, slot) => [
          offset,
          offset === 0 ? 0 : message.fieldEnds[slot],
        ]);
        for (const [from, to] of [...ranges, [message.startLineOffset, message.startLineEnd]]) {
          expect(from <= to && to <= exchange.bytesEnd).toBe(true);
        }
      }
    }),
    RUNS,
  );
});
