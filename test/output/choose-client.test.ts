import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PROXIES_TRUSTED_DEFAULT } from '../../src/config/client-spelling.ts';
import { parseNetwork } from '../../src/config/network-values.ts';
import { createClientChoice } from '../../src/output/choose-client.ts';
import { writeAddress } from '../../src/record/address-text.ts';
import { CLIENT_SOURCE_NAMES, type ClientSourceName } from '../../src/record/client-source.ts';
import { UNKNOWN } from '../../src/record/exchange.ts';
import { clientOf, type HttpRecord } from '../../src/record/http-record.ts';
import { type ExchangeParts, makeExchange, makeMessage } from '../exchange/make-exchange.ts';
import { setProxyClient } from '../exchange/proxied.ts';

const PROXY = '10.0.0.1';

interface Case extends Omit<ExchangeParts, 'proxyClient'> {
  /** Lines of the request's head. */
  lines?: string[];
  proxyClient?: string;
  trusted?: readonly string[];
}

/** `SOURCE ADDRESS PORT` */
function choose(source: ClientSourceName, parts: Case): string {
  const { lines = [], proxyClient, trusted, ...changes } = parts;
  const head = ['GET / HTTP/1.1', 'Host: h', ...lines, '', ''].join('\r\n');
  const exchange = makeExchange({ clientAddress: PROXY, requestHead: head, ...changes });
  if (proxyClient !== undefined) {
    setProxyClient(exchange, proxyClient, 5555);
  }
  return chosen(exchange, source, trusted);
}

function chosen(
  record: HttpRecord,
  source: ClientSourceName,
  trusted: readonly string[] = PROXIES_TRUSTED_DEFAULT,
): string {
  createClientChoice({ source, trusted: trusted.map(parseNetwork) })?.(record);
  const text = new Uint8Array(64);
  const { addressOffset, addressLength, port } = clientOf(record);
  const end = writeAddress(text, 0, record.bytes, addressOffset, addressLength);
  const name = CLIENT_SOURCE_NAMES[record.clientSource - 1] ?? 'unasked';
  return `${name} ${Buffer.from(text.subarray(0, end)).toString()} ${port}`;
}

const forwardedFor = (...values: string[]) => ({
  lines: values.map((value) => `X-Forwarded-For: ${value}`),
});
const forwarded = (...values: string[]) => ({
  lines: values.map((value) => `Forwarded: ${value}`),
});

describe('without being asked', () => {
  test('the client is who has opened the connection', () => {
    expect(createClientChoice({ source: 'peer', trusted: [] })).toBeUndefined();
    expect(choose('peer', forwardedFor('192.0.2.1'))).toBe('unasked 10.0.0.1 50905');
  });
});

describe('x-forwarded-for', () => {
  test.each<[string, Case, string]>([
    ['one address', forwardedFor('192.0.2.1'), 'x-forwarded-for 192.0.2.1 -1'],
    ['with a port', forwardedFor('192.0.2.1:77'), 'x-forwarded-for 192.0.2.1 77'],
    ['IPv6', forwardedFor('2001:db8::1'), 'x-forwarded-for 2001:db8::1 -1'],
    [
      'the last that is not believed',
      forwardedFor('9.9.9.9, 192.0.2.1, 10.2.3.4, ::1'),
      'x-forwarded-for 192.0.2.1 -1',
    ],
    ['all believed: the first', forwardedFor('10.1.1.1, 10.2.3.4'), 'x-forwarded-for 10.1.1.1 -1'],
    [
      "a line of its own behind the client's",
      forwardedFor('9.9.9.9', '192.0.2.1'),
      'x-forwarded-for 192.0.2.1 -1',
    ],
    [
      'two proxies, a line each',
      forwardedFor('192.0.2.1', '10.2.3.4'),
      'x-forwarded-for 192.0.2.1 -1',
    ],
    [
      'three lines, of which the last tells',
      forwardedFor('9.9.9.9', '8.8.8.8', '192.0.2.1'),
      'x-forwarded-for 192.0.2.1 -1',
    ],
    [
      'three lines, of which the last does not',
      forwardedFor('9.9.9.9', '192.0.2.1', '10.2.3.4'),
      'peer 10.0.0.1 50905',
    ],
    [
      'mapped into IPv6',
      forwardedFor('192.0.2.1, ::ffff:10.0.0.9'),
      'x-forwarded-for 192.0.2.1 -1',
    ],
    ['no field', {}, 'peer 10.0.0.1 50905'],
    ['an empty field', forwardedFor(''), 'peer 10.0.0.1 50905'],
    ['unknown', forwardedFor('unknown'), 'peer 10.0.0.1 50905'],
    ['unknown before a proxy', forwardedFor('192.0.2.1, unknown, 10.2.3.4'), 'peer 10.0.0.1 50905'],
    ['no address', forwardedFor('192.0.2.1, localhost'), 'peer 10.0.0.1 50905'],
    ['another field', forwarded('for=192.0.2.1'), 'peer 10.0.0.1 50905'],
    [
      'a peer that is not believed',
      { ...forwardedFor('192.0.2.1'), clientAddress: '198.51.100.9' },
      'peer 198.51.100.9 50905',
    ],
    [
      'a peer that is named',
      { ...forwardedFor('192.0.2.1'), clientAddress: '198.51.100.9', trusted: ['198.51.100.0/24'] },
      'x-forwarded-for 192.0.2.1 -1',
    ],
    [
      'a private peer that is not named',
      { ...forwardedFor('192.0.2.1'), trusted: ['198.51.100.0/24'] },
      'peer 10.0.0.1 50905',
    ],
    [
      'a head that was not seen to its end',
      { ...forwardedFor('192.0.2.1'), requestHeadBytes: UNKNOWN },
      'peer 10.0.0.1 50905',
    ],
    [
      'more proxies than are read',
      forwardedFor(`192.0.2.1, ${Array(64).fill('10.2.3.4').join(', ')}`),
      'peer 10.0.0.1 50905',
    ],
  ])('%s', (_, parts, expected) => {
    expect(choose('x-forwarded-for', parts)).toBe(expected);
  });

  test('a response alone has no such field', () => {
    expect(
      chosen(makeMessage({ clientAddress: PROXY, requestHead: null }), 'x-forwarded-for'),
    ).toBe('peer 10.0.0.1 50905');
  });

  test('where there is no room for the address it is who has opened the connection', () => {
    const head = 'GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n';
    const exchange = makeExchange({ clientAddress: PROXY, requestHead: head });
    exchange.bytes = exchange.bytes.slice(0, exchange.bytesEnd + 3);
    expect(chosen(exchange, 'x-forwarded-for')).toBe('peer 10.0.0.1 50905');
  });

  test("nothing that a client sends before a proxy's own words changes who it is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ maxLength: 30 }), { maxLength: 4 }),
        fc.boolean(),
        (said, isOwnLine) => {
          const values = said.map((text) => text.replaceAll(/[\r\n]/g, ' '));
          const parts = isOwnLine
            ? forwardedFor(...values, '192.0.2.1')
            : forwardedFor([...values, '192.0.2.1'].join(', '));
          expect(choose('x-forwarded-for', parts)).toBe('x-forwarded-for 192.0.2.1 -1');
        },
      ),
    );
  });
});

describe('forwarded', () => {
  test.each<[string, Case, string]>([
    ['one address', forwarded('for=192.0.2.1;proto=https'), 'forwarded 192.0.2.1 -1'],
    ['IPv6 with a port', forwarded('for="[2001:db8::1]:77"'), 'forwarded 2001:db8::1 77'],
    [
      'the last that is not believed',
      forwarded('for=9.9.9.9, for=192.0.2.1, for=10.2.3.4'),
      'forwarded 192.0.2.1 -1',
    ],
    [
      'lines',
      forwarded('for=9.9.9.9', 'for=192.0.2.1', 'for="192.0.2.2"'),
      'forwarded 192.0.2.2 -1',
    ],
    ['a hidden name', forwarded('for=_hidden'), 'peer 10.0.0.1 50905'],
    ['unknown', forwarded('for=192.0.2.1, for=unknown'), 'peer 10.0.0.1 50905'],
    ['an element that names nobody', forwarded('for=192.0.2.1, proto=http'), 'peer 10.0.0.1 50905'],
    ['a quote without an end', forwarded('for="192.0.2.1'), 'peer 10.0.0.1 50905'],
    [
      "a quote that swallows a proxy's words",
      forwarded('for="9.9.9.9, for=192.0.2.1'),
      'peer 10.0.0.1 50905',
    ],
    ['IPv6 without brackets', forwarded('for=2001:db8::1'), 'peer 10.0.0.1 50905'],
    ['another field', forwardedFor('192.0.2.1'), 'peer 10.0.0.1 50905'],
  ])('%s', (_, parts, expected) => {
    expect(choose('forwarded', parts)).toBe(expected);
  });
});

describe('the PROXY header', () => {
  const proxyClient = '192.0.2.7';

  test.each<[string, ClientSourceName, Case, string]>([
    ['of a proxy that is believed', 'proxy', { proxyClient }, 'proxy 192.0.2.7 5555'],
    ['is not there', 'proxy', {}, 'peer 10.0.0.1 50905'],
    [
      'of anybody',
      'proxy',
      { proxyClient, clientAddress: '198.51.100.9' },
      'peer 198.51.100.9 50905',
    ],
    [
      'is asked, not the field',
      'proxy',
      { proxyClient, ...forwardedFor('192.0.2.1') },
      'proxy 192.0.2.7 5555',
    ],
    [
      'names who is before a proxy of bytes: the field is its word',
      'x-forwarded-for',
      { proxyClient, ...forwardedFor('9.9.9.9') },
      'proxy 192.0.2.7 5555',
    ],
    [
      'names a proxy that is believed',
      'x-forwarded-for',
      { proxyClient: '10.5.5.5', ...forwardedFor('192.0.2.1') },
      'x-forwarded-for 192.0.2.1 -1',
    ],
    [
      'names a proxy that tells nothing',
      'forwarded',
      { proxyClient: '10.5.5.5' },
      'proxy 10.5.5.5 5555',
    ],
  ])('%s', (_, source, parts, expected) => {
    expect(choose(source, parts)).toBe(expected);
  });
});
