import { describe, expect, it } from 'vitest';
import { createMethodTable, METHODS_DEFAULT } from '../../src/http/grammar.ts';
import { isMessagePrefix, skipPreambles } from '../../src/http/preamble.ts';
import {
  createProxiedEnd,
  PROXY_HEADER_CUT,
  type ProxiedEnd,
  proxyHeaderBytes,
  readProxyHeader,
} from '../../src/http/proxy-protocol.ts';
import { bytesOf } from '../fixtures/build-packets.ts';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const AT = 3;
const methods = createMethodTable(METHODS_DEFAULT);

/** The payload between bytes that are none of its own. */
function guarded(text: string): { bytes: Uint8Array; end: number } {
  return { bytes: bytesOf(`\r\n\r${text}\nGET`), end: AT + text.length };
}

function headerBytes(text: string): number {
  const { bytes, end } = guarded(text);
  return proxyHeaderBytes(bytes, AT, end);
}

function endsOf(text: string) {
  const [client, server] = [createProxiedEnd(), createProxiedEnd()];
  const { bytes } = guarded(text);
  readProxyHeader(bytes, AT, headerBytes(text), client, server);
  return { client: partsOf(client), server: partsOf(server) };
}

const clientOf = (text: string) => endsOf(text).client;

function partsOf({ address, addressLength, port }: ProxiedEnd) {
  return { address: Buffer.from(address.subarray(0, addressLength)).toString('hex'), port };
}

/** A header of version 2 with so many bytes behind its addresses. */
function v2(command: number, family: number, addresses: string, tlvBytes = 0): string {
  const length = addresses.length + tlvBytes;
  const head = String.fromCharCode(0x20 | command, family, length >> 8, length & 0xff);
  return `${SIGNATURE}${head}${addresses}${'\x04'.repeat(tlvBytes)}`;
}

const INET = '\xc0\x00\x02\x07\xc6\x33\x64\x01\xc7\x38\x00\x50';
const INET6 = `${'\x20\x01\x0d\xb8'.padEnd(15, '\0')}\x07${'\0'.repeat(16)}\xc7\x38\x00\x50`;

describe('a header of the PROXY protocol', () => {
  it.each([
    ['PROXY TCP4 192.0.2.7 198.51.100.1 51000 80\r\n', 'c0000207', 51000],
    ['PROXY TCP6 2001:db8::7 2001:db8::1 51000 80\r\n', '20010db8000000000000000000000007', 51000],
    ['PROXY UNKNOWN\r\n', '', 0],
    [`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`, '', 0],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 70000 80\r\n', '', 0],
    ['PROXY TCP4 192.0.2.777 198.51.100.1 5 80\r\n', '', 5],
    ['PROXY TCP4 \r\n', '', 0],
    [v2(1, 0x11, INET), 'c0000207', 51000],
    [v2(1, 0x11, INET, 300), 'c0000207', 51000],
    [v2(1, 0x21, INET6), '20010db8000000000000000000000007', 51000],
    [v2(1, 0x31, 'x'.repeat(216)), '', 0],
    [v2(0, 0x00, ''), '', 0],
    [v2(0, 0x11, INET), '', 0],
    [v2(1, 0x11, 'short'), '', 0],
  ])('%j', (text, address, port) => {
    expect(headerBytes(text)).toBe(text.length);
    expect(headerBytes(`${text}GET`)).toBe(text.length);
    expect(clientOf(text)).toEqual({ address, port });
    for (let cut = 1; cut < text.length; cut++) {
      expect(headerBytes(text.slice(0, cut)), `cut at ${cut}`).toBe(PROXY_HEADER_CUT);
    }
  });

  it.each([
    ['PROXY TCP4 192.0.2.7 198.51.100.1 51000 80\r\n', 'c6336401', 80],
    [
      'PROXY TCP6 2001:db8::7 2001:db8::1 51000 65535\r\n',
      '20010db8000000000000000000000001',
      65535,
    ],
    ['PROXY UNKNOWN\r\n', '', 0],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 51000\r\n', '', 0],
    ['PROXY TCP4 192.0.2.7 198.51.100.1 51000 70000\r\n', '', 0],
    ['PROXY TCP4 192.0.2.777 198.51.100.1 5 80\r\n', '', 0],
    [v2(1, 0x11, INET), 'c6336401', 80],
    [v2(1, 0x11, INET, 300), 'c6336401', 80],
    [v2(1, 0x21, INET6), '0'.repeat(32), 80],
    [v2(0, 0x11, INET), '', 0],
  ])('%j names the address of the proxy', (text, address, port) => {
    expect(endsOf(text).server).toEqual({ address, port });
  });

  it.each([
    'PROXY /a HTTP/1.1\r\n',
    'PROXY TCP4 a\n',
    `PROXY UNKNOWN ${'f'.repeat(92)}\r\n`,
    `PROXY UNKNOWN ${'f'.repeat(93)}`,
    'PROPFIND / HTTP/1.1\r\n',
    `${SIGNATURE}\x11\x11\x00\x00`,
    '\r\n\r\n\0\r\nQUIT\r',
    'GET / HTTP/1.1\r\n',
  ])('%j is none', (text) => {
    expect(headerBytes(text)).toBe(0);
  });
});

describe('skipPreambles', () => {
  it.each([
    ['\r\nGET', 2],
    ['\nGET', 1],
    ['\n\r\n\r\n\nGET', 6],
    ['\r\n\r\n', 4],
    ['\r\n', 2],
    ['\r\r\nGET', 0],
    ['\rGET', 0],
    ['GET', 0],
    [`${v2(1, 0x11, INET)}\r\nGET`, 30],
    ['PROXY UNKNOWN\r\nPROXY UNKNOWN\r\nGET', 30],
    ['PROXY TCP4 192', 0],
    [v2(1, 0x11, INET).slice(0, 20), 0],
  ])('%j', (text, length) => {
    const { bytes, end } = guarded(text);
    expect(skipPreambles(bytes, AT, end) - AT).toBe(length);
  });
});

describe('isMessagePrefix', () => {
  it.each([
    ...['G', 'GE', 'GET', 'CONNECT', 'H', 'HT', 'HTTP/', 'HTTP/1', 'HTTP/1.', 'P', 'PROXY TCP4 1'],
    ...['\r', '\r\n\r', SIGNATURE.slice(0, 9)],
  ])('%j may become one', (text) => {
    const { bytes, end } = guarded(text);
    expect(isMessagePrefix(bytes, AT, end, methods)).toBe(true);
  });

  it.each(['GO', 'g', 'HTTP/x', 'HTTP/1.x', 'HTTPS', '\rG', ' ', '0', 'PROXY TCP5', '\n\n'])(
    '%j does not',
    (text) => {
      const { bytes, end } = guarded(text);
      expect(isMessagePrefix(bytes, AT, end, methods)).toBe(false);
    },
  );
});
