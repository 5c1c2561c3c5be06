import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWriter } from '../../src/format/format-table.ts';
import {
  FIELD_CONTENT_LENGTH,
  FIELD_CONTENT_TYPE,
  FIELD_FORWARDED,
  FIELD_HOST,
  FIELD_LOCATION,
  FIELD_REFERER,
  FIELD_SERVER,
  FIELD_TRACEPARENT,
  FIELD_USER_AGENT,
  FIELD_X_CORRELATION_ID,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_REQUEST_ID,
} from '../../src/http/grammar.ts';
import { type Exchange, INCOMPLETE_NAMES } from '../../src/record/exchange.ts';
import { TYPE_CQ, TYPE_CR } from '../../src/record/message-type.ts';
import {
  asMessage,
  attributesOf,
  fieldText,
  type HostileParts,
  hostileParts,
  logRecordOf,
  makeHostile,
  methodText,
  OPTIONS,
  parseLine,
  partText,
  queryText,
  reasonText,
  SLOTS_COUNT,
  versionText,
  withoutAbsent,
  withoutMeasures,
} from './json-model.ts';

/** Of both kinds. */
function writersOf(format: 'json' | 'ecs' | 'otel') {
  return {
    exchange: createWriter(format, 'exchange', OPTIONS),
    message: createWriter(format, 'message', OPTIONS),
  };
}

/** The line of a record, and an exchange with what is known of that record. */
function parseHostile(
  writers: ReturnType<typeof writersOf>,
  parts: HostileParts,
  retransmittedSegments = 0,
) {
  const exchange = makeHostile(parts);
  exchange.wire.retransmittedSegments = retransmittedSegments;
  return parts.isMessage
    ? {
        exchange: withoutMeasures(exchange),
        line: parseLine(writers.message, asMessage(exchange, parts.type)),
      }
    : { exchange, line: parseLine(writers.exchange, exchange) };
}

const json = writersOf('json');
const ecs = writersOf('ecs');
const otel = writersOf('otel');
const RUNS = { numRuns: 300 };

/** The objects of an ECS document that values of strangers are in. */
type EcsObjects = Record<string, Record<string, unknown> | undefined>;

const known = (value: number) => (value < 0 ? undefined : value);
const sum = (head: number, body: number) => (head < 0 || body < 0 ? undefined : head + body);
/** Nanoseconds as the nearest double of the exact decimal number. */
const scaled = (valueNs: number, decimals: number) =>
  valueNs < 0 ? undefined : Number(`${valueNs}e-${decimals}`);
const digits = (text: string | undefined) =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

const requestText = (exchange: Exchange, slot: number) =>
  fieldText(exchange, exchange.request, slot);
const responseText = (exchange: Exchange, slot: number) =>
  fieldText(exchange, exchange.response, slot);
const eitherText = (exchange: Exchange, slot: number) =>
  requestText(exchange, slot) ?? responseText(exchange, slot);

function named(exchange: Exchange, text: (exchange: Exchange, slot: number) => string | undefined) {
  return Object.fromEntries(
    OPTIONS.namedFields.map(({ name, slot }) => [name, text(exchange, slot)]),
  );
}

/** The object that a `json` line must be, made of the record in another way. */
function jsonModel(exchange: Exchange, { isMessage, type }: HostileParts): unknown {
  const isExchange = !isMessage;
  const isServer = type === TYPE_CQ || type === TYPE_CR;
  const isWhole = exchange.incomplete === 0;
  const isIpv6 = exchange.client.addressLength === 16;
  return withoutAbsent({
    record: isExchange ? 'exchange' : 'message',
    time: '2019-09-01T14:16:51.002345Z',
    id: '016cebc4-3c7a-7001-8002-030405060708',
    side: isExchange ? (isServer ? 'server' : 'client') : undefined,
    type: isExchange ? undefined : ['', 'CQ', 'CR', 'SQ', 'SR'][type],
    client_ip: isIpv6 ? '2001:db8::7' : '203.0.113.9',
    client_port: 50905,
    server_ip: isIpv6 ? 'fe80::1' : '10.0.0.2',
    server_port: 80,
    vlan:
      exchange.wire.vlanTagsCount === 0
        ? undefined
        : [4094, 7, 1, 4095].slice(0, exchange.wire.vlanTagsCount),
    method: methodText(exchange),
    target: partText(exchange, exchange.targetOffset, exchange.targetEnd),
    path: partText(exchange, exchange.pathOffset, exchange.pathEnd),
    query: queryText(exchange),
    version: versionText(exchange),
    host: requestText(exchange, FIELD_HOST),
    user_agent: requestText(exchange, FIELD_USER_AGENT),
    referer: requestText(exchange, FIELD_REFERER),
    request_content_type: requestText(exchange, FIELD_CONTENT_TYPE),
    request_content_length: isExchange
      ? undefined
      : digits(requestText(exchange, FIELD_CONTENT_LENGTH)),
    forwarded_for: requestText(exchange, FIELD_X_FORWARDED_FOR),
    forwarded: requestText(exchange, FIELD_FORWARDED),
    request_id: eitherText(exchange, FIELD_X_REQUEST_ID),
    correlation_id: eitherText(exchange, FIELD_X_CORRELATION_ID),
    traceparent: eitherText(exchange, FIELD_TRACEPARENT),
    status: exchange.hasResponse ? 503 : undefined,
    reason: reasonText(exchange),
    response_content_type: responseText(exchange, FIELD_CONTENT_TYPE),
    content_length: digits(responseText(exchange, FIELD_CONTENT_LENGTH)),
    location: responseText(exchange, FIELD_LOCATION),
    server: responseText(exchange, FIELD_SERVER),
    connect_ms: scaled(exchange.connectNs, 6),
    request_ms: scaled(exchange.requestNs, 6),
    ttfb_ms: scaled(exchange.firstByteNs, 6),
    response_ms: scaled(exchange.responseNs, 6),
    duration_ms: scaled(exchange.totalNs, 6),
    request_head_bytes: known(exchange.requestHeadBytes),
    request_body_bytes: known(exchange.requestBodyBytes),
    response_head_bytes: known(exchange.responseHeadBytes),
    response_body_bytes: known(exchange.responseBodyBytes),
    complete: isExchange ? isWhole : undefined,
    incomplete: isExchange && !isWhole ? INCOMPLETE_NAMES[exchange.incomplete] : undefined,
    request_headers: named(exchange, requestText),
    response_headers: named(exchange, responseText),
  });
}

/** What an ECS document must say of the strangers' values; addresses and times are looked at elsewhere. */
function ecsModel(exchange: Exchange): unknown {
  const host = requestText(exchange, FIELD_HOST);
  return withoutAbsent({
    http: {
      version: versionText(exchange),
      request: {
        id:
          eitherText(exchange, FIELD_X_REQUEST_ID) ?? eitherText(exchange, FIELD_X_CORRELATION_ID),
        method: methodText(exchange),
        referrer: requestText(exchange, FIELD_REFERER),
        bytes: sum(exchange.requestHeadBytes, exchange.requestBodyBytes),
        body: { bytes: known(exchange.requestBodyBytes) },
      },
      response: {
        status_code: exchange.hasResponse ? 503 : undefined,
        bytes: sum(exchange.responseHeadBytes, exchange.responseBodyBytes),
        body: { bytes: known(exchange.responseBodyBytes) },
      },
    },
    url: exchange.hasRequest
      ? {
          scheme: 'http',
          original: partText(exchange, exchange.targetOffset, exchange.targetEnd),
          path: partText(exchange, exchange.pathOffset, exchange.pathEnd),
          query: queryText(exchange),
          domain:
            host === '' ? undefined : host?.replace(/^(\[[^\]]*\]?[^:]*|[^:]*):\d{1,5}$/s, '$1'),
        }
      : undefined,
    user_agent: { original: requestText(exchange, FIELD_USER_AGENT) },
    httplog: {
      connect_ns: known(exchange.connectNs),
      request_ns: known(exchange.requestNs),
      ttfb_ns: known(exchange.firstByteNs),
      response_ns: known(exchange.responseNs),
      request: {
        content_type: requestText(exchange, FIELD_CONTENT_TYPE),
        headers: named(exchange, requestText),
      },
      response: {
        reason: reasonText(exchange),
        content_type: responseText(exchange, FIELD_CONTENT_TYPE),
        location: responseText(exchange, FIELD_LOCATION),
        server: responseText(exchange, FIELD_SERVER),
        headers: named(exchange, responseText),
      },
    },
  });
}

describe('no value of a stranger changes more than its own place', () => {
  it('json: the whole object, its keys in the documented order', () => {
    fc.assert(
      fc.property(hostileParts, (parts) => {
        const { exchange, line } = parseHostile(json, parts);
        const model = jsonModel(exchange, parts) as object;
        expect(line).toEqual(model);
        expect(Object.keys(line)).toEqual(Object.keys(model));
      }),
      RUNS,
    );
  });

  it('ecs: the objects with values of strangers, and no other keys', () => {
    const fixed = ['@timestamp', 'ecs', 'event', 'source', 'destination', 'client', 'server'];
    fc.assert(
      fc.property(hostileParts, (parts) => {
        const { exchange, line } = parseHostile(ecs, parts);
        const { http, url, user_agent, httplog } = line as EcsObjects;
        if (url !== undefined) {
          delete url.full;
          delete url.port;
        }
        expect(withoutAbsent({ http, url, user_agent, httplog })).toEqual(ecsModel(exchange));
        const others = ['http', 'url', 'user_agent', 'httplog', 'network', 'observer', 'labels'];
        expect([...fixed, ...others]).toEqual(expect.arrayContaining(Object.keys(line)));
      }),
      RUNS,
    );
  });

  it('otel: the attributes with values of strangers, each name once', () => {
    fc.assert(
      fc.property(hostileParts, (parts) => {
        const { exchange, line } = parseHostile(otel, parts);
        const record = logRecordOf(line);
        const attributes = attributesOf(record);
        expect(record.attributes).toHaveLength(attributes.size);
        const method = methodText(exchange);
        const path = partText(exchange, exchange.pathOffset, exchange.pathEnd);
        const parts503 = exchange.hasResponse ? ['503'] : [];
        expect(record.body.stringValue).toBe(
          (exchange.hasRequest ? [method, path, ...parts503] : parts503).join(' '),
        );
        expect(attributes.get('url.path')).toBe(path);
        expect(attributes.get('url.query')).toBe(queryText(exchange));
        expect(attributes.get('network.protocol.version')).toBe(versionText(exchange));
        expect(attributes.get('user_agent.original')).toBe(requestText(exchange, FIELD_USER_AGENT));
        const original = attributes.get('http.request.method_original');
        expect(original ?? attributes.get('http.request.method')).toBe(method);
        expect(
          attributes.get('http.server.request.duration') ??
            attributes.get('http.client.request.duration'),
        ).toBe(scaled(exchange.totalNs, 9));
        for (const { name, slot } of OPTIONS.namedFields) {
          for (const [side, text] of [
            ['request', requestText(exchange, slot)],
            ['response', responseText(exchange, slot)],
          ]) {
            const expected = text === undefined ? undefined : { values: [{ stringValue: text }] };
            expect(attributes.get(`http.${side}.header.${name}`)).toEqual(expected);
          }
        }
      }),
      RUNS,
    );
  });
});

describe('bytesMax holds, whichever value is the long one', () => {
  const LONG = new Uint8Array(5000).fill(0x01);
  const SHORT = Uint8Array.of(0x61);
  const slots = [...new Array(SLOTS_COUNT).keys()];
  /** Everything there, each number as long as can be. */
  const usual: HostileParts = {
    ...{
      method: SHORT,
      target: Uint8Array.of(0x2f),
      reason: SHORT,
      isVersionCut: false,
      isIpv6: true,
    },
    ...{ requestFields: slots.map(() => SHORT), responseFields: slots.map(() => SHORT) },
    ...{ hasRequest: true, hasResponse: true, isMessage: false, type: TYPE_CQ },
    ...{ incomplete: 1, vlanTagsCount: 4, numbers: new Array(9).fill(Number.MAX_SAFE_INTEGER) },
  };
  const withLong = (fields: (Uint8Array | null)[], slot: number) => fields.with(slot, LONG);
  const cases: [string, HostileParts][] = [
    ['none', usual],
    ['method', { ...usual, method: LONG }],
    ['path', { ...usual, target: new Uint8Array(Buffer.concat([Buffer.from('/'), LONG])) }],
    ['target', { ...usual, target: LONG }],
    ['query', { ...usual, target: new Uint8Array(Buffer.concat([Buffer.from('/?'), LONG])) }],
    ['reason', { ...usual, reason: LONG }],
    ...slots.flatMap((slot): [string, HostileParts][] => [
      [`request ${slot}`, { ...usual, requestFields: withLong(usual.requestFields, slot) }],
      [`response ${slot}`, { ...usual, responseFields: withLong(usual.responseFields, slot) }],
    ]),
  ];

  it.each(cases)('%s', (_name, parts) => {
    for (const isMessage of [false, true]) {
      for (const writers of [json, ecs, otel]) {
        const { line } = parseHostile(writers, { ...parts, isMessage }, Number.MAX_SAFE_INTEGER);
        expect(Object.keys(line).length).toBeGreaterThan(0);
      }
    }
  });
});
