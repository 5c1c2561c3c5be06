import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWriter } from '../../src/format/format-table.ts';
import { INCOMPLETE_NO_RESPONSE, INCOMPLETE_NONE } from '../../src/record/exchange.ts';
import { TYPE_SQ } from '../../src/record/message-type.ts';
import { type ExchangeParts, makeExchange, makeMessage } from '../exchange/make-exchange.ts';
import {
  attributesOf,
  hostileParts,
  type LogRecord,
  logRecordOf,
  makeHostile,
  OPTIONS,
  parseLine,
} from './json-model.ts';

const format = createWriter('otel', 'exchange', { ...OPTIONS, namedFields: [] });
const messages = createWriter('otel', 'message', { ...OPTIONS, namedFields: [] });

function parse(parts: ExchangeParts = {}): LogRecord {
  return logRecordOf(parseLine(format, makeExchange(parts)));
}

function attributes(parts: ExchangeParts = {}): Map<string, unknown> {
  return attributesOf(parse(parts));
}

/** A check of one JSON value; throws by an expectation. */
type Check = (value: unknown) => void;

const isText: Check = (value) => expect(value).toBeTypeOf('string');
const isDouble: Check = (value) => expect(value).toBeTypeOf('number');
const isInt64: Check = (value) => expect(value).toMatch(/^(0|[1-9]\d*)$/);
const isHex =
  (digits: number): Check =>
  (value) =>
    expect(value).toMatch(new RegExp(`^[0-9a-f]{${digits}}$`));

/** An object of these members, none of which is required, and of no others. */
function message(members: Record<string, Check>): Check {
  return (value) => {
    expect(value).toBeTypeOf('object');
    for (const [key, member] of Object.entries(value as object)) {
      expect(Object.keys(members)).toContain(key);
      members[key](member);
    }
  };
}

function repeated(check: Check): Check {
  return (value) => {
    expect(Array.isArray(value)).toBe(true);
    (value as unknown[]).forEach(check);
  };
}

/** Exactly one member: what is `oneof` in the protocol. */
function oneOf(members: Record<string, Check>): Check {
  return (value) => {
    message(members)(value);
    expect(Object.keys(value as object)).toHaveLength(1);
  };
}

/**
 * The messages of opentelemetry-proto v1 in their JSON form.
 *
 * @see https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/logs/v1/logs.proto
 */
const anyValue: Check = (value) =>
  oneOf({
    stringValue: isText,
    boolValue: (flag) => expect(flag).toBeTypeOf('boolean'),
    intValue: isInt64,
    doubleValue: isDouble,
    arrayValue: message({ values: repeated(anyValue) }),
    kvlistValue: message({ values: repeated(keyValue) }),
    bytesValue: isText,
  })(value);
const keyValue: Check = message({ key: isText, value: anyValue });
const resource = message({ attributes: repeated(keyValue), droppedAttributesCount: isDouble });
const scope = message({
  name: isText,
  version: isText,
  attributes: repeated(keyValue),
  droppedAttributesCount: isDouble,
});
const logRecord = message({
  timeUnixNano: isInt64,
  observedTimeUnixNano: isInt64,
  severityNumber: (value) => expect([9, 13, 17]).toContain(value),
  severityText: (value) => expect(['INFO', 'WARN', 'ERROR']).toContain(value),
  body: anyValue,
  attributes: repeated(keyValue),
  droppedAttributesCount: isDouble,
  flags: isDouble,
  traceId: isHex(32),
  spanId: isHex(16),
  eventName: isText,
});
const scopeLogs = message({ scope, logRecords: repeated(logRecord), schemaUrl: isText });
const resourceLogs = message({ resource, scopeLogs: repeated(scopeLogs), schemaUrl: isText });
const exportLogsServiceRequest = message({ resourceLogs: repeated(resourceLogs) });

describe('format otel', () => {
  it('the schema check tells wrong lines', () => {
    const wrong = [
      { resourceLog: [] },
      { resourceLogs: {} },
      { resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: 5 }] }] }] },
      { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: 'text' }] }] }] },
      { resourceLogs: [{ resource: { attributes: [{ key: 'a', value: { intValue: 5 } }] } }] },
      { resourceLogs: [{ resource: { attributes: [{ key: 'a', value: {} }] } }] },
    ];
    for (const line of wrong) {
      expect(() => exportLogsServiceRequest(line)).toThrow();
    }
  });

  it('any record keeps to the schema', () => {
    const named = createWriter('otel', 'exchange', OPTIONS);
    fc.assert(
      fc.property(hostileParts, (parts) => {
        exportLogsServiceRequest(parseLine(named, makeHostile(parts)));
      }),
      { numRuns: 200 },
    );
  });

  it('an exchange', () => {
    const line = parseLine(format, makeExchange());
    const { resourceLogs: logs } = line as { resourceLogs: Record<string, unknown>[] };
    expect(logs[0].resource).toEqual({
      attributes: [
        { key: 'service.name', value: { stringValue: 'httplog' } },
        { key: 'host.name', value: { stringValue: 'sensor-1 "é"' } },
      ],
    });
    const { attributes: listed, ...record } = logRecordOf(line);
    expect(record).toEqual({
      timeUnixNano: '1567347411002345678',
      observedTimeUnixNano: '1567347411008595678',
      severityNumber: 9,
      severityText: 'INFO',
      eventName: 'http.exchange',
      body: { stringValue: 'GET /shop/cart 200' },
    });
    expect(listed.map(({ key, value }) => [key, ...Object.entries(value)[0]].join(' '))).toEqual([
      'network.protocol.name stringValue http',
      'network.transport stringValue tcp',
      'url.scheme stringValue http',
      'network.protocol.version stringValue 1.1',
      'http.request.method stringValue GET',
      'url.path stringValue /shop/cart',
      'url.query stringValue item=7&user=ann',
      'user_agent.original stringValue curl/8.5.0',
      'server.address stringValue shop.example',
      'server.port intValue 80',
      'client.address stringValue 203.0.113.9',
      'client.port intValue 50905',
      'network.peer.address stringValue 203.0.113.9',
      'network.peer.port intValue 50905',
      'network.local.address stringValue 10.0.0.2',
      'network.local.port intValue 80',
      'network.type stringValue ipv4',
      'http.response.status_code intValue 200',
      'http.request.body.size intValue 0',
      'http.response.body.size intValue 512',
      'http.server.request.duration doubleValue 0.00625',
      'httplog.connect.duration doubleValue 0.00012',
      'httplog.request.duration doubleValue 0',
      'httplog.time_to_first_byte doubleValue 0.00525',
      'httplog.response.duration doubleValue 0.001',
      'httplog.request.head.size intValue 147',
      'httplog.response.head.size intValue 80',
      'log.record.uid stringValue 016cebc4-3c7a-7001-8002-030405060708',
    ]);
  });

  it('by a client on this host the server is the peer, and the duration a client’s', () => {
    const exchange = makeExchange({
      ...{ type: TYPE_SQ, vlanIds: [100, 5], retransmittedSegments: 3 },
      requestHead:
        'GET / HTTP/1.1\r\nHost: a.example:8080\r\nAuthorization: Basic QWxhZGRpbjpvcGVu\r\n' +
        'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n',
    });
    const record = logRecordOf(parseLine(format, exchange));
    const found = attributesOf(record);
    expect(record.traceId).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(record.spanId).toBe('00f067aa0ba902b7');
    expect(found.get('network.peer.address')).toBe('10.0.0.2');
    expect(found.get('network.local.port')).toBe('50905');
    expect(found.get('server.address')).toBe('a.example');
    expect(found.get('server.port')).toBe('8080');
    expect(found.get('user.name')).toBe('Aladdin');
    expect(found.get('http.client.request.duration')).toBe(0.00625);
    expect(found.has('http.server.request.duration')).toBe(false);
    expect(found.get('httplog.retransmitted_segments')).toBe('3');
    expect(found.get('httplog.vlan')).toEqual({
      values: [{ intValue: '100' }, { intValue: '5' }],
    });
  });

  it.each([
    ['200', INCOMPLETE_NONE, 'INFO', 9, undefined],
    ['399', INCOMPLETE_NONE, 'INFO', 9, undefined],
    ['400', INCOMPLETE_NONE, 'WARN', 13, undefined],
    ['500', INCOMPLETE_NONE, 'ERROR', 17, '500'],
    ['200', INCOMPLETE_NO_RESPONSE, 'WARN', 13, 'no_response'],
    ['503', INCOMPLETE_NO_RESPONSE, 'ERROR', 17, '503'],
  ])('status %s, reason %i is %s', (status, incomplete, text, number, errorType) => {
    const record = parse({ responseHead: `HTTP/1.1 ${status} X\r\n\r\n`, incomplete });
    expect([record.severityText, record.severityNumber]).toEqual([text, number]);
    const found = attributesOf(record);
    expect(found.get('error.type')).toBe(errorType);
    expect(found.get('httplog.incomplete')).toBe(
      incomplete === INCOMPLETE_NONE ? undefined : 'no_response',
    );
  });

  it.each([
    ['PATCH', 'PATCH', undefined],
    ['PROPFIND', '_OTHER', 'PROPFIND'],
    ['get', '_OTHER', 'get'],
    ['GETS', '_OTHER', 'GETS'],
  ])('method %s is written %s', (method, written, original) => {
    const found = attributes({ requestHead: `${method} / HTTP/1.1\r\n\r\n` });
    expect(found.get('http.request.method')).toBe(written);
    expect(found.get('http.request.method_original')).toBe(original);
  });

  it('without a Host the server is its address', () => {
    const found = attributes({ requestHead: 'GET / HTTP/1.1\r\n\r\n' });
    expect(found.get('server.address')).toBe('10.0.0.2');
    expect(found.get('server.port')).toBe('80');
  });

  it('a message: its event, its body, and times that are one', () => {
    const request = logRecordOf(parseLine(messages, makeMessage({ responseHead: null })));
    expect(request.eventName).toBe('http.message');
    expect(request.body.stringValue).toBe('GET /shop/cart');
    expect(request.observedTimeUnixNano).toBe(request.timeUnixNano);
    expect(attributesOf(request).has('http.server.request.duration')).toBe(false);
    const response = logRecordOf(parseLine(messages, makeMessage({ requestHead: null })));
    expect(response.body.stringValue).toBe('200');
    expect(attributesOf(response).has('http.request.method')).toBe(false);
    expect(attributesOf(response).get('server.address')).toBe('10.0.0.2');
  });
});
