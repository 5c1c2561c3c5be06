import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readAddress } from '../../src/http/read-address.ts';
import { writeAddress } from '../../src/record/address-text.ts';
import { addressBytes } from '../fixtures/build-packets.ts';
import { type Redacted, redact, withFields } from './redact.ts';

const KEY = new Uint8Array(Buffer.from('0123456789abcdef'));
const TRUNCATE = { addresses: { method: 'truncate', idKey: KEY } } as const;
const HASH = { addresses: { method: 'hash', key: KEY, idKey: KEY } } as const;

function hashOf(address: string): string {
  const bytes = Uint8Array.from(addressBytes(address));
  const digest = createHmac('sha256', KEY).update(bytes).digest();
  return textOfAddress(digest.subarray(0, bytes.length));
}

function textOfAddress(address: Uint8Array): string {
  const target = new Uint8Array(64);
  return Buffer.from(
    target.subarray(0, writeAddress(target, 0, address, 0, address.length)),
  ).toString();
}

function parse(text: string): Uint8Array | undefined {
  const target = new Uint8Array(16);
  const length = readAddress(Buffer.from(text), 0, Buffer.byteLength(text), target);
  return length === 0 ? undefined : target.slice(0, length);
}

function clientOf({ exchange }: Redacted): string {
  const { addressOffset, addressLength } = exchange.client;
  return textOfAddress(exchange.bytes.subarray(addressOffset, addressOffset + addressLength));
}

describe('the client address', () => {
  test.each([
    ['203.0.113.9', '203.0.113.0'],
    ['2001:db8:1:2::3', '2001:db8:1::'],
    ['::1', '::'],
    // 6to4: the IPv4 address of the client follows 2002.
    ['2002:cb00:7109::1', '2002:cb00:7100::'],
    ['::ffff:203.0.113.9', '::'],
  ])('%s is truncated to %s', (clientAddress, expected) => {
    const redacted = redact(TRUNCATE, { clientAddress });
    expect(clientOf(redacted)).toBe(expected);
    expect(redacted.counts).toEqual({ ip: 1 });
  });

  test.each(['203.0.113.9', '2001:db8:1:2::3'])('%s is hashed with the key', (clientAddress) => {
    expect(clientOf(redact(HASH, { clientAddress }))).toBe(hashOf(clientAddress));
  });

  test('there is none to change, and the server address stays', () => {
    const redacted = redact(TRUNCATE, { clientAddress: null });
    expect(redacted.counts).toEqual({});
    expect(redacted.exchange.client.addressLength).toBe(0);
    expect(redacted.exchange.server.addressOffset).toBe(1);
  });

  test('is truncated by its own family, whatever the server’s is', () => {
    const redacted = redact(TRUNCATE, {
      clientAddress: '2001:db8:1:2::3',
      serverAddress: '10.0.0.2',
    });
    expect(clientOf(redacted)).toBe('2001:db8:1::');
  });

  test('the server address and the bytes captured stay', () => {
    const { exchange } = redact(TRUNCATE);
    const { bytes, server } = exchange;
    const { addressOffset } = server;
    expect([...bytes.subarray(addressOffset, addressOffset + 4)]).toEqual([10, 0, 0, 2]);
    expect([...bytes.subarray(1, 5)]).toEqual([203, 0, 113, 9]);
  });
});

describe('addresses in fields', () => {
  test.each([
    ['203.0.113.9', '203.0.113.0', 1],
    ['203.0.113.9, 2001:db8:1:2::3 ,10.1.2.3:80', '203.0.113.0, 2001:db8:1:: ,10.1.2.0:80', 3],
    ['[2001:db8:1:2::3]:8080, "[::1]"', '[2001:db8:1::]:8080, "[::]"', 2],
    ['unknown, _hidden,, ', 'unknown, _hidden,,', 0],
    ['203.0.113, secret, 1.2.3.4:x, [::1', 'REDACTED, REDACTED, REDACTED, REDACTED', 4],
    ['fe80::1%eth0', 'fe80::', 1],
  ])('X-Forwarded-For: %s becomes %s', (value, expected, count) => {
    const { fields, counts } = redact(TRUNCATE, withFields(`X-Forwarded-For: ${value}`));
    expect(fields['x-forwarded-for'].replace('%eth0', '')).toBe(expected);
    expect(counts).toEqual({ ip: 1 + count });
  });

  test.each([
    ['for=192.0.2.43', 'for=192.0.2.0'],
    [
      'For="[2001:db8:cafe::17]:4711";proto=http;by=203.0.113.43, for=unknown',
      'For="[2001:db8:cafe::]:4711";proto=http;by=203.0.113.43, for=unknown',
    ],
    ['for=_x;host="a;for=1.2.3.4", for = 1.2.3.4', 'for=_x;host="a;for=1.2.3.4", for = 1.2.3.0'],
    ['by="a\\"b";for=1.2.3.4', 'by="a\\"b";for=1.2.3.0'],
    ['by="a;for=1.2.3.4', 'REDACTED'],
    ['for=x, for', 'for=REDACTED, REDACTED'],
    ['203.0.113.9, unknown', '203.0.113.0, unknown'],
    ['for="[2001:db8::1]x"', 'for="REDACTED"'],
  ])('Forwarded: %s becomes %s', (value, expected) => {
    expect(redact(TRUNCATE, withFields(`Forwarded: ${value}`)).fields.forwarded).toBe(expected);
  });

  test('those of --header that hold the client are changed as well', () => {
    const parts = { ...withFields('X-Real-IP: 203.0.113.9'), names: ['x-real-ip'] };
    expect(redact(HASH, parts).fields).toEqual({ 'x-real-ip': hashOf('203.0.113.9') });
  });

  test.each([
    ['1.1 203.0.113.9', '1.1 203.0.113.0'],
    ['1.1 proxy.example:8080 (squid/6.1), 1.0 203.0.113.9:3128', undefined],
    [
      'HTTP/1.1 [2001:db8:1:2::3]:80 (at 203.0.113.9)',
      'HTTP/1.1 [2001:db8:1::]:80 (at 203.0.113.0)',
    ],
    ['1.1 cafe, 1.1 a.b', '1.1 cafe, 1.1 a.b'],
  ])('Via: %s becomes %s', (value, expected = value.replace('113.9', '113.0')) => {
    const { fields } = redact(TRUNCATE, { ...withFields(`Via: ${value}`), names: ['via'] });
    expect(fields).toEqual({ via: expected });
  });

  test.each([
    ...[
      'X-Real-IP',
      'X-Client-IP',
      'Client-IP',
      'True-Client-IP',
      'CF-Connecting-IP',
      'Remote-Addr',
    ],
    ...[
      'CF-Connecting-IPv6',
      'CF-Pseudo-IPv4',
      'Fastly-Client-IP',
      'X-Cluster-Client-IP',
      'X-Forwarded',
    ],
    ...['Forwarded-For', 'X-Original-Forwarded-For', 'X-Envoy-External-Address', 'X-Remote-Addr'],
    ...[
      'X-Remote-IP',
      'X-Originating-IP',
      'X-AppEngine-User-IP',
      'X-Azure-ClientIP',
      'Fly-Client-IP',
    ],
    ...['X-Azure-SocketIP', 'DO-Connecting-IP', 'X-NF-Client-Connection-IP', 'Proxy-Client-IP'],
    ...[
      'WL-Proxy-Client-IP',
      'X-Vercel-Forwarded-For',
      'CloudFront-Viewer-Address',
      'X-ProxyUser-IP',
    ],
    ...['Ali-CDN-Real-IP', 'Cdn-Src-IP', 'X-Vercel-Proxied-For', 'X-User-IP', 'X-Source-IP'],
  ])('%s names the client', (field) => {
    const name = field.toLowerCase();
    const parts = { ...withFields(`${field}: 203.0.113.9`), names: [name] };
    expect(redact(TRUNCATE, parts).fields).toEqual({ [name]: '203.0.113.0' });
  });

  test('are kept when addresses are', () => {
    const { fields, counts } = redact({}, withFields('X-Forwarded-For: 203.0.113.9'));
    expect(fields).toEqual({ 'x-forwarded-for': '203.0.113.9' });
    expect(counts).toEqual({});
  });
});

describe('the text of an address', () => {
  test.each([
    ...[
      '1.2.3',
      '1.2.3.4.5',
      '1.2.3.256',
      '1.2.3.0004',
      '',
      '.',
      ':',
      ':::',
      '1',
      '::1::',
      '1:2:3:4:5:6:7',
    ],
    ...[
      '1:2:3:4:5:6:7:8:9',
      '1:2:3:4:5:6:7::8',
      '::12345',
      'g::',
      '1:',
      ':1',
      '::1.2.3',
      '1.2.3.4::',
    ],
  ])('%s is none', (text) => {
    expect(parse(text)).toBeUndefined();
  });

  test.each([
    ['::ffff:1.2.3.4', '::ffff:102:304'],
    ['1::', '1::'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['2001:DB8::A', '2001:db8::a'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['0.10.100.255', '0.10.100.255'],
  ])('%s is written %s', (text, expected) => {
    const address = parse(text);
    expect(address && textOfAddress(address)).toBe(expected);
  });

  test('is read as it is written', () => {
    const group = fc.oneof(fc.constant(0), fc.nat(0xffff));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const address = Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff]));
        const text = textOfAddress(address);
        expect(isIPv6(text)).toBe(true);
        expect(parse(text)).toEqual(address);
      }),
      { numRuns: 300 },
    );
  });
});
