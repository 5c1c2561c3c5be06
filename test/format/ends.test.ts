import { describe, expect, it } from 'vitest';
import {
  createWriter,
  FORMAT_NAMES,
  hasWriterOf,
  type RecordFormatName,
} from '../../src/format/format-table.ts';
import { FORMAT_OPTIONS_DEFAULT } from '../../src/format/record-format.ts';
import { RECORDS_NAMES } from '../../src/record/record-kinds.ts';
import { type ExchangeParts, makeExchange, makeMessage } from '../exchange/make-exchange.ts';
import { linesOf } from './hostile-values.ts';
import { attributesOf, type LogRecord, logRecordOf } from './json-model.ts';

/** What each format makes of ends that are no pair of the same family. */
const PROXY: ExchangeParts = { clientAddress: '2001:db8::7', serverAddress: '10.0.0.2' };
const NO_ENDS: ExchangeParts = { clientAddress: null, serverAddress: null };
const NO_CLIENT: ExchangeParts = { clientAddress: null };
const CASES = { 'IPv6 to IPv4': PROXY, 'no ends': NO_ENDS, 'no client': NO_CLIENT };
/** Host would take the server's place in otel. */
const HOSTLESS = 'GET /a HTTP/1.1\r\n\r\n';

const OPTIONS = {
  ...FORMAT_OPTIONS_DEFAULT,
  template: '{client_ip} {client_port} {server_ip} {server_port}',
};

/** The record's lines, of an exchange where the format has any. */
function write(format: RecordFormatName, parts: ExchangeParts): string[] {
  const whole = { requestHead: HOSTLESS, ...parts };
  return hasWriterOf(format, 'exchanges')
    ? linesOf(createWriter(format, 'exchange', OPTIONS), makeExchange(whole))
    : linesOf(createWriter(format, 'message', OPTIONS), makeMessage(whole));
}

function ecs(parts: ExchangeParts) {
  return JSON.parse(write('ecs', parts)[0]);
}

function otel(parts: ExchangeParts): Record<string, unknown> {
  const record: LogRecord = logRecordOf(JSON.parse(write('otel', parts)[0]));
  const ends = [...attributesOf(record)].filter(([name]) => /address|port|network/.test(name));
  return Object.fromEntries(ends.filter(([name]) => !/protocol/.test(name)));
}

const TIME = '2019-09-01 14:16:51.002';
const APACHE_TIME = '[01/Sep/2019:14:16:51 +0000]';
const ID = '016cebc4-3c7a-7001-8002-030405060708';

describe('ends of different families, or without an address', () => {
  it.each([
    ['IPv6 to IPv4', `${TIME} 2001:db8::7#50905 10.0.0.2#80 CQ GET /a HTTP/1.1 - -`],
    ['no ends', `${TIME} - - CQ GET /a HTTP/1.1 - -`],
    ['no client', `${TIME} - 10.0.0.2#80 CQ GET /a HTTP/1.1 - -`],
  ] as const)('text: %s', (name, line) => {
    expect(write('text', CASES[name])).toEqual([line]);
  });

  it.each([
    ['IPv6 to IPv4', '2001:db8::7 50905 10.0.0.2 80'],
    ['no ends', '- - - -'],
    ['no client', '- - 10.0.0.2 80'],
  ] as const)('template and tsv: %s', (name, columns) => {
    expect(write('template', CASES[name])).toEqual([columns]);
    expect(write('tsv', CASES[name])[0].split('\t').slice(3, 7).join(' ')).toBe(columns);
  });

  it.each([
    ['IPv6 to IPv4', '2001:db8::7'],
    ['no ends', '-'],
    ['no client', '-'],
  ] as const)('short, Apache and audit: %s', (name, client) => {
    for (const format of ['common', 'combined', 'combined-timed'] as const) {
      expect(write(format, CASES[name])[0]).toMatch(
        `${client} - - ${APACHE_TIME} "GET /a HTTP/1.1"`,
      );
    }
    const short = Buffer.from(write('short', CASES[name])[0], 'latin1').toString();
    expect(short).toMatch(
      new RegExp(`^14:16:51\\.002 ${client} +GET {5}/a +200 +6\\.2 ms +512 B$`),
    );
    expect(write('audit', CASES[name])[0]).toBe(
      `${TIME} ID: ${ID} User: anonymous Path: /a Query: None Method: GET Source: ${client} Agent: -`,
    );
  });

  it.each([
    [
      'IPv6 to IPv4',
      { client_ip: '2001:db8::7', client_port: 50905, server_ip: '10.0.0.2', server_port: 80 },
    ],
    ['no ends', {}],
    ['no client', { server_ip: '10.0.0.2', server_port: 80 }],
  ] as const)('json: %s', (name, ends) => {
    const line = JSON.parse(write('json', CASES[name])[0]);
    const found = Object.entries(line).filter(([key]) => /^(client|server)_/.test(key));
    expect(Object.fromEntries(found)).toEqual(ends);
  });

  it('ecs: what has no address has neither port nor network type', () => {
    const server = { ip: '10.0.0.2', port: 80 };
    const proxy = ecs(PROXY);
    expect(proxy.client).toMatchObject({ ip: '2001:db8::7', port: 50905 });
    expect(proxy.destination).toMatchObject(server);
    expect(proxy.network).toEqual({ transport: 'tcp', protocol: 'http', direction: 'inbound' });
    const none = ecs(NO_ENDS);
    expect(none.source).toEqual({ bytes: HOSTLESS.length });
    expect(none.network).toEqual({ protocol: 'http', direction: 'inbound' });
    expect(ecs({ ...NO_ENDS, requestBodyBytes: -1 })).not.toHaveProperty('client');
    expect(ecs(NO_CLIENT).server).toMatchObject(server);
    expect(ecs(NO_CLIENT).network).toMatchObject({ type: 'ipv4', transport: 'tcp' });
  });

  it('otel: the same', () => {
    const transport = { 'network.transport': 'tcp' };
    const server = { 'server.address': '10.0.0.2', 'server.port': '80' };
    const local = { 'network.local.address': '10.0.0.2', 'network.local.port': '80' };
    expect(otel(PROXY)).toEqual({
      ...{ ...transport, ...server, ...local },
      ...{ 'client.address': '2001:db8::7', 'client.port': '50905' },
      ...{ 'network.peer.address': '2001:db8::7', 'network.peer.port': '50905' },
    });
    expect(otel(NO_ENDS)).toEqual({});
    expect(otel(NO_CLIENT)).toEqual({
      ...{ ...transport, ...server, ...local },
      'network.type': 'ipv4',
    });
    const host = { requestHead: 'GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n' };
    expect(otel({ ...NO_ENDS, ...host })).toEqual({ 'server.address': 'a.example' });
  });

  it('har: an absolute URL, and nothing of what has no address', () => {
    const har = (parts: ExchangeParts) => JSON.parse(write('har', parts)[0].slice(1));
    expect(har(PROXY)).toMatchObject({
      serverIPAddress: '10.0.0.2',
      connection: '2001:db8::7#50905',
      request: { url: 'http://10.0.0.2/a' },
    });
    expect(har(NO_ENDS).request.url).toBe('http://unknown.invalid/a');
    expect(har(NO_ENDS)).not.toHaveProperty('serverIPAddress');
    expect(har(NO_CLIENT)).not.toHaveProperty('connection');
    expect(har(NO_CLIENT)).toHaveProperty('serverIPAddress', '10.0.0.2');
  });

  it('every format was looked at above', () => {
    const seen = ['text', 'json', 'ecs', 'otel', 'common', 'combined', 'combined-timed', 'audit'];
    expect(FORMAT_NAMES.toSorted()).toEqual(
      [...seen, 'tsv', 'short', 'har', 'template'].toSorted(),
    );
    expect(RECORDS_NAMES).toEqual(['messages', 'exchanges']);
  });
});
