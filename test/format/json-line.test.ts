import { describe, expect, it } from 'vitest';
import { createWriter } from '../../src/format/format-table.ts';
import { createRecordFieldTables } from '../../src/http/grammar.ts';
import {
  INCOMPLETE_NO_REQUEST,
  INCOMPLETE_NO_RESPONSE,
  UNKNOWN,
} from '../../src/record/exchange.ts';
import { TYPE_SQ } from '../../src/record/message-type.ts';
import { type ExchangeParts, makeExchange, makeMessage } from '../exchange/make-exchange.ts';
import { lineOf, OPTIONS, parseLine } from './json-model.ts';

const format = createWriter('json', 'exchange', { ...OPTIONS, namedFields: [] });
const messages = createWriter('json', 'message', { ...OPTIONS, namedFields: [] });

/** What a message has not. */
const NOTHING_MEASURED = {
  connectNs: UNKNOWN,
  requestNs: UNKNOWN,
  firstByteNs: UNKNOWN,
  responseNs: UNKNOWN,
  totalNs: UNKNOWN,
  requestBodyBytes: UNKNOWN,
  responseBodyBytes: UNKNOWN,
};

function parse(parts: ExchangeParts): Record<string, unknown> {
  return parseLine(format, makeExchange(parts));
}

describe('format json', () => {
  it('one line a record', () => {
    expect(format.linesPerRecord).toBe(1);
  });

  it('an exchange', () => {
    expect(lineOf(format, makeExchange())).toBe(
      '{"record":"exchange","time":"2019-09-01T14:16:51.002345Z",' +
        '"id":"016cebc4-3c7a-7001-8002-030405060708","side":"server",' +
        '"client_ip":"203.0.113.9","client_port":50905,"server_ip":"10.0.0.2","server_port":80,' +
        '"method":"GET","target":"/shop/cart?item=7&user=ann","path":"/shop/cart",' +
        '"query":"item=7&user=ann","version":"1.1","host":"shop.example",' +
        '"user_agent":"curl/8.5.0","referer":"http://shop.example/start",' +
        '"request_id":"4bf92f35","status":200,"reason":"OK",' +
        '"response_content_type":"text/html","content_length":512,"server":"nginx",' +
        '"connect_ms":0.12,"request_ms":0,"ttfb_ms":5.25,"response_ms":1,"duration_ms":6.25,' +
        '"request_head_bytes":147,"request_body_bytes":0,"response_head_bytes":80,' +
        '"response_body_bytes":512,"complete":true}',
    );
  });

  it('the request alone, by a client on this host, with what is seldom there', () => {
    const head =
      'POST http://a.example:8080/p HTTP/1.1\r\nHost: a.example:8080\r\n' +
      'Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\nX-Forwarded-For: 192.0.2.1, 10.1.1.1\r\n' +
      'Forwarded: for=192.0.2.1\r\nX-Correlation-ID: c-1\r\nContent-Type: text/plain\r\n' +
      'Content-Length: 3\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n\r\n';
    const exchange = makeExchange({
      ...NOTHING_MEASURED,
      ...{ requestHead: head, responseHead: null, responseHeadBytes: UNKNOWN, type: TYPE_SQ },
      ...{ incomplete: INCOMPLETE_NO_RESPONSE, retransmittedSegments: 2, vlanIds: [100, 5] },
    });
    expect(lineOf(format, exchange)).toBe(
      '{"record":"exchange","time":"2019-09-01T14:16:51.002345Z",' +
        '"id":"016cebc4-3c7a-7001-8002-030405060708","side":"client",' +
        '"client_ip":"203.0.113.9","client_port":50905,"server_ip":"10.0.0.2","server_port":80,' +
        '"vlan":[100,5],"method":"POST","target":"http://a.example:8080/p","path":"/p",' +
        '"version":"1.1","host":"a.example:8080","request_content_type":"text/plain",' +
        '"user":"Aladdin","forwarded_for":"192.0.2.1, 10.1.1.1","forwarded":"for=192.0.2.1",' +
        '"correlation_id":"c-1",' +
        '"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",' +
        `"request_head_bytes":${head.length},"retransmitted_segments":2,` +
        '"complete":false,"incomplete":"no_response"}',
    );
  });

  it('the response alone has its own version and correlation', () => {
    const line = parse({
      ...{ requestHead: null, incomplete: INCOMPLETE_NO_REQUEST },
      responseHead: 'HTTP/1.0 302 \r\nX-Request-ID: r-9\r\nLocation: /x\r\n\r\n',
    });
    expect(line).toMatchObject({
      ...{ version: '1.0', request_id: 'r-9', status: 302, location: '/x' },
      ...{ complete: false, incomplete: 'no_request' },
    });
    for (const key of ['method', 'target', 'path', 'query', 'host', 'reason', 'content_length']) {
      expect(line).not.toHaveProperty(key);
    }
  });

  it('the request goes before the response where both have a correlation id', () => {
    const responseHead = 'HTTP/1.1 200 OK\r\nX-Request-ID: other\r\nX-Correlation-ID: c\r\n\r\n';
    expect(parse({ responseHead })).toMatchObject({ request_id: '4bf92f35', correlation_id: 'c' });
  });

  it('messages: their type in place of the side, and neither complete nor durations', () => {
    const requestHead = 'PUT /a HTTP/1.1\r\nContent-Length: 007\r\n\r\n';
    const request = parseLine(messages, makeMessage({ requestHead, responseHead: null }));
    expect(request).toMatchObject({ record: 'message', type: 'CQ', request_content_length: 7 });
    const response = parseLine(messages, makeMessage({ requestHead: null }));
    expect(response).toMatchObject({ record: 'message', type: 'CR', content_length: 512 });
    for (const key of ['side', 'complete', 'duration_ms', 'request_body_bytes', 'user']) {
      expect(request).not.toHaveProperty(key);
      expect(response).not.toHaveProperty(key);
    }
  });

  it.each(['', '-1', '+5', '5, 5', '0x10', '1e3', '1234567890123456', '5.0'])(
    'a Content-Length that is no plain number is left out: "%s"',
    (value) => {
      const responseHead = `HTTP/1.1 200 OK\r\nContent-Length: ${value}\r\n\r\n`;
      expect(parse({ responseHead })).not.toHaveProperty('content_length');
    },
  );

  it('a field without a value is there, an absent one is not', () => {
    const line = parse({ requestHead: 'GET /? HTTP/1.1\r\nHost:\r\n\r\n' });
    expect(line).toMatchObject({ host: '', query: '', path: '/' });
    expect(line).not.toHaveProperty('user_agent');
  });

  it('a request line that the capture cut has no version of its own', () => {
    const requestHead = 'GET /a/very/long';
    expect(parse({ requestHead, responseHead: null })).not.toHaveProperty('version');
    expect(parse({ requestHead })).toMatchObject({ version: '1.1', target: '/a/very/long' });
  });

  it('named fields: of each message that has them', () => {
    const names = ['x-a', 'x.b_c', 'server'];
    const { namedFields } = createRecordFieldTables(names);
    const named = createWriter('json', 'exchange', { ...OPTIONS, namedFields });
    const requestHead = 'GET / HTTP/1.1\r\nX-A: 1\r\nX.B_C: "2"\r\n\r\n';
    expect(parseLine(named, makeExchange({ names, requestHead }))).toMatchObject({
      request_headers: { 'x-a': '1', 'x.b_c': '"2"' },
      response_headers: { server: 'nginx' },
      server: 'nginx',
    });
    const none = parseLine(named, makeExchange({ names, responseHead: 'HTTP/1.1 204 No\r\n\r\n' }));
    expect(none).not.toHaveProperty('request_headers');
    expect(none).not.toHaveProperty('response_headers');
  });
});
