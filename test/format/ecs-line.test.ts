import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWriter } from '../../src/format/format-table.ts';
import { findHostEnd, isAddressText, readPort } from '../../src/format/json-value-texts.ts';
import { INCOMPLETE_NONE, INCOMPLETE_RESET, UNKNOWN } from '../../src/record/exchange.ts';
import { TYPE_SQ } from '../../src/record/message-type.ts';
import { type ExchangeParts, makeExchange, makeMessage } from '../exchange/make-exchange.ts';
import { OPTIONS, parseLine } from './json-model.ts';

const format = createWriter('ecs', 'exchange', { ...OPTIONS, namedFields: [] });
const messages = createWriter('ecs', 'message', { ...OPTIONS, namedFields: [] });

function parse(parts: ExchangeParts = {}): Record<string, unknown> {
  return parseLine(format, makeExchange(parts));
}

function requestWith(...lines: string[]): string {
  return ['GET /a?b HTTP/1.1', ...lines, '', ''].join('\r\n');
}

describe('format ecs', () => {
  it('an exchange', () => {
    const client = { ip: '203.0.113.9', port: 50905, bytes: 147 };
    const server = { ip: '10.0.0.2', port: 80, bytes: 592 };
    expect(parse()).toEqual({
      '@timestamp': '2019-09-01T14:16:51.002345Z',
      ecs: { version: '8.17.0' },
      event: {
        kind: 'event',
        category: ['network', 'web'],
        type: ['connection', 'protocol'],
        module: 'httplog',
        dataset: 'httplog.exchange',
        id: '016cebc4-3c7a-7001-8002-030405060708',
        outcome: 'success',
        start: '2019-09-01T14:16:51.002345Z',
        end: '2019-09-01T14:16:51.008595Z',
        duration: 6_250_000,
      },
      source: client,
      destination: server,
      client,
      server,
      network: { type: 'ipv4', transport: 'tcp', protocol: 'http', direction: 'inbound' },
      http: {
        version: '1.1',
        request: {
          id: '4bf92f35',
          method: 'GET',
          referrer: 'http://shop.example/start',
          bytes: 147,
          body: { bytes: 0 },
        },
        response: { status_code: 200, bytes: 592, body: { bytes: 512 } },
      },
      url: {
        scheme: 'http',
        original: '/shop/cart?item=7&user=ann',
        full: 'http://shop.example/shop/cart?item=7&user=ann',
        domain: 'shop.example',
        path: '/shop/cart',
        query: 'item=7&user=ann',
      },
      user_agent: { original: 'curl/8.5.0' },
      observer: { type: 'sensor', product: 'httplog', hostname: 'sensor-1 "é"' },
      httplog: {
        connect_ns: 120_000,
        request_ns: 0,
        ttfb_ns: 5_250_000,
        response_ns: 1_000_000,
        response: { reason: 'OK', content_type: 'text/html', server: 'nginx' },
      },
    });
  });

  it('over IPv6, by a client on this host, in nested VLANs, with credentials and a trace', () => {
    const exchange = makeExchange({
      ...{ type: TYPE_SQ, clientAddress: '2001:db8::1', serverAddress: '2001:db8::2' },
      ...{ vlanIds: [100, 5, 6], totalNs: 1_000_000_000 },
      requestHead: requestWith(
        'Host: [2001:db8::2]:8080',
        'Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==',
        'X-Forwarded-For: 192.0.2.43 , 10.1.1.1',
        'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      ),
    });
    expect(parseLine(format, exchange)).toMatchObject({
      event: { end: '2019-09-01T14:16:52.002345Z', duration: 1_000_000_000 },
      network: {
        type: 'ipv6',
        direction: 'outbound',
        forwarded_ip: '192.0.2.43',
        vlan: { id: '100' },
        inner: { vlan: { id: '5' } },
      },
      client: { ip: '2001:db8::1' },
      url: { domain: '[2001:db8::2]', port: 8080, full: 'http://[2001:db8::2]:8080/a?b' },
      user: { name: 'Aladdin' },
      trace: { id: '4bf92f3577b34da6a3ce929d0e0e4736' },
    });
  });

  it('one VLAN tag has no inner one', () => {
    const exchange = makeExchange({ vlanIds: [7] });
    const { network } = parseLine(format, exchange);
    expect(network).toMatchObject({ vlan: { id: '7' } });
    expect(network).not.toHaveProperty('inner');
  });

  it.each([
    ['399', INCOMPLETE_NONE, 'success'],
    ['400', INCOMPLETE_NONE, 'failure'],
    ['503', INCOMPLETE_RESET, 'failure'],
    ['200', INCOMPLETE_RESET, 'unknown'],
    ['2x0', INCOMPLETE_NONE, 'unknown'],
  ])('outcome: status %s, reason %i is %s', (status, incomplete, outcome) => {
    const line = parse({ responseHead: `HTTP/1.1 ${status} X\r\n\r\n`, incomplete });
    expect(line).toMatchObject({ event: { outcome } });
    expect(line.labels).toEqual(
      incomplete === INCOMPLETE_NONE ? undefined : { incomplete: 'reset' },
    );
  });

  it('a message: its dataset, and no objects that would be empty', () => {
    const line = parseLine(
      messages,
      makeMessage({ responseHead: null, requestHead: requestWith() }),
    );
    expect(line).toMatchObject({ event: { dataset: 'httplog.message', outcome: 'unknown' } });
    expect(line.http).toEqual({ version: '1.1', request: { method: 'GET' } });
    expect(line.url).toEqual({ scheme: 'http', original: '/a?b', path: '/a', query: 'b' });
    for (const key of ['user', 'user_agent', 'trace', 'labels', 'httplog']) {
      expect(line).not.toHaveProperty(key);
    }
    expect(line.event).not.toHaveProperty('end');
  });

  it.each(['unknown', '_hidden', '192.0.2.256', '192.0.2.1:80', '', '1.2.3', '::1%eth0'])(
    'forwarded_ip: not of "%s"',
    (value) => {
      const { network } = parse({ requestHead: requestWith(`X-Forwarded-For: ${value}`) });
      expect(network).not.toHaveProperty('forwarded_ip');
    },
  );

  it.each([
    ['zeros', '00-00000000000000000000000000000000-00f067aa0ba902b7-01'],
    ['version ff', 'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'],
    ['capitals', '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01'],
    ['version 00 with more', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x'],
    ['cut', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0'],
    ['another letter', '00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01'],
  ])('trace: not of a traceparent with %s', (_name, value) => {
    expect(parse({ requestHead: requestWith(`traceparent: ${value}`) })).not.toHaveProperty(
      'trace',
    );
  });

  it('trace: a later version may go on behind a dash', () => {
    const value = 'cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what';
    expect(parse({ requestHead: requestWith(`traceparent: ${value}`) })).toHaveProperty('trace');
    const glued = value.replace('-what', 'what');
    expect(parse({ requestHead: requestWith(`traceparent: ${glued}`) })).not.toHaveProperty(
      'trace',
    );
  });
});

describe('addresses and hosts in values', () => {
  const isAddress = (text: string): boolean => {
    const bytes = Buffer.from(`1${text}1`, 'latin1');
    return isAddressText(bytes, 1, bytes.length - 1);
  };

  it('isAddressText is what the system takes for an address', () => {
    const groups = fc.constantFrom('', '0', 'f', 'Ab1', 'ffff', '12345', '1.2.3.4', '255', '01');
    const joints = fc.constantFrom(':', '::', '.', ':', ':');
    const texts = fc.oneof(
      fc.array(fc.tuple(groups, joints), { maxLength: 9 }).map((pairs) => pairs.flat().join('')),
      fc
        .array(fc.tuple(groups, joints), { maxLength: 8 })
        .map((pairs) => `${pairs.flat().join('')}1`),
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV6().chain((text) => fc.nat(text.length).map((at) => text.slice(at))),
    );
    fc.assert(
      fc.property(texts, (text) => {
        expect(isAddress(text)).toBe(isIP(text) !== 0);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a.example', 'a.example', UNKNOWN],
    ['a.example:80', 'a.example', 80],
    ['a.example:65535', 'a.example', 65535],
    ['a.example:65536', 'a.example:65536', UNKNOWN],
    ['a.example:', 'a.example:', UNKNOWN],
    ['a:80:81', 'a:80:81', UNKNOWN],
    ['::1', '::1', UNKNOWN],
    ['[::1]', '[::1]', UNKNOWN],
    ['[::1]:8080', '[::1]', 8080],
    ['[::1', '[::1', UNKNOWN],
    ['', '', UNKNOWN],
  ])('Host "%s"', (text, name, port) => {
    const bytes = Buffer.from(text);
    const end = findHostEnd(bytes, 0, bytes.length);
    expect(text.slice(0, end)).toBe(name);
    expect(readPort(bytes, end, bytes.length)).toBe(port);
  });
});
