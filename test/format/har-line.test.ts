import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWriter, FORMATS } from '../../src/format/format-table.ts';
import { HAR_PAIRS_MAX } from '../../src/format/limits.ts';
import { FORMAT_OPTIONS_DEFAULT } from '../../src/format/record-format.ts';
import { createRecordFieldTables } from '../../src/http/grammar.ts';
import { INCOMPLETE_NO_REQUEST, INCOMPLETE_NO_RESPONSE } from '../../src/record/exchange.ts';
import {
  type ExchangeParts,
  makeExchange,
  REQUEST_HEAD,
  RESPONSE_HEAD,
} from '../exchange/make-exchange.ts';
import { type HarEntry, readArchive, readEntry } from './har-model.ts';
import { hostileValues, linesOf, makeHostileExchange, optionsFor } from './hostile-values.ts';

const COOKIES = ['cookie', 'set-cookie'];

function lineOf(parts: ExchangeParts): string {
  const { namedFields } = createRecordFieldTables(parts.names ?? []);
  const writer = createWriter('har', 'exchange', { ...FORMAT_OPTIONS_DEFAULT, namedFields });
  return linesOf(writer, makeExchange(parts))[0];
}

const entryOf = (parts: ExchangeParts): HarEntry => readEntry(lineOf(parts));
const urlOf = (requestHead: string, parts: ExchangeParts = {}): string =>
  entryOf({ requestHead: `${requestHead}\r\n\r\n`, ...parts }).request.url;

describe('har: an entry', () => {
  it('is a line', () => {
    expect(lineOf({})).toBe(
      ',{"startedDateTime":"2019-09-01T14:16:51.002225Z","time":6.37,' +
        '"request":{"method":"GET","url":"http://shop.example/shop/cart?item=7&user=ann",' +
        '"httpVersion":"HTTP/1.1","headers":[{"name":"host","value":"shop.example"},' +
        '{"name":"user-agent","value":"curl/8.5.0"},' +
        '{"name":"referer","value":"http://shop.example/start"},' +
        '{"name":"x-request-id","value":"4bf92f35"}],"cookies":[],' +
        '"queryString":[{"name":"item","value":"7"},{"name":"user","value":"ann"}],' +
        `"headersSize":${REQUEST_HEAD.length},` +
        '"bodySize":0},' +
        '"response":{"status":200,"statusText":"OK","httpVersion":"HTTP/1.1",' +
        '"headers":[{"name":"server","value":"nginx"},{"name":"content-type","value":"text/html"},' +
        '{"name":"content-length","value":"512"}],"cookies":[],"redirectURL":"",' +
        '"content":{"size":512,"mimeType":"text/html"},"headersSize":' +
        `${RESPONSE_HEAD.length},"bodySize":512},` +
        '"cache":{},"timings":{"blocked":-1,"dns":-1,"ssl":-1,"connect":0.12,"send":0,"wait":5.25,' +
        '"receive":1},"serverIPAddress":"10.0.0.2","connection":"203.0.113.9#50905",' +
        '"_id":"016cebc4-3c7a-7001-8002-030405060708"}',
    );
  });

  it('begins where the connection does, in the second before too', () => {
    const parts = { timestampSec: 1567347411, timestampSubsecNs: 1000, connectNs: 3000 };
    expect(entryOf(parts).startedDateTime).toBe('2019-09-01T14:16:50.999998Z');
    expect(entryOf({ ...parts, connectNs: -1 }).startedDateTime).toBe(
      '2019-09-01T14:16:51.000001Z',
    );
  });

  it('waits until the end where no response came, and for nothing where one came early', () => {
    const silent = { responseHead: null, firstByteNs: -1, responseNs: -1, responseBodyBytes: -1 };
    const none = entryOf({ ...silent, requestNs: 1e6, incomplete: INCOMPLETE_NO_RESPONSE });
    expect(none.timings).toMatchObject({ send: 1, wait: 5.25, receive: 0 });
    expect(none).toMatchObject({
      _incomplete: 'no_response',
      response: { status: 0, headers: [] },
    });
    expect(entryOf({ requestNs: 6e6, firstByteNs: 5e6 }).timings).toMatchObject({
      send: 6,
      wait: 0,
    });
  });

  it('of a response alone has the URL of the server', () => {
    const entry = entryOf({
      requestHead: null,
      incomplete: INCOMPLETE_NO_REQUEST,
      ...{ requestHeadBytes: -1, requestBodyBytes: -1, requestNs: -1, firstByteNs: -1 },
    });
    expect(entry).toMatchObject({
      _incomplete: 'no_request',
      request: { method: '', url: 'http://10.0.0.2/', headersSize: -1, bodySize: -1, headers: [] },
      timings: { send: 0, wait: 0, receive: 1 },
    });
  });
});

describe('har: the URL', () => {
  it.each([
    ['GET /a?b HTTP/1.1\r\nHost: a.example:8080', 'http://a.example:8080/a?b'],
    ['GET http://b.example/c HTTP/1.1\r\nHost: a.example', 'http://b.example/c'],
    ['CONNECT c.example:443 HTTP/1.1\r\nHost: c.example', 'http://c.example:443/'],
    ['OPTIONS * HTTP/1.1\r\nHost: a.example', 'http://a.example/*'],
    ['GET /a HTTP/1.1\r\nHost: a/../b c', 'http://10.0.0.2/a'],
    ['GET /a HTTP/1.1\r\nHost:', 'http://10.0.0.2/a'],
    ['GET /a"b HTTP/1.1\r\nHost: [2001:db8::1]', 'http://[2001:db8::1]/a"b'],
  ])('%j is %s', (requestHead, url) => {
    expect(urlOf(requestHead)).toBe(url);
  });

  it('without Host is that of the server, with its port', () => {
    const exchange = { serverAddress: '2001:db8::2' };
    expect(urlOf('GET /a HTTP/1.1', exchange)).toBe('http://[2001:db8::2]/a');
    const server = { addressOffset: 5, addressLength: 4 as const, port: 8080 };
    expect(urlOf('GET /a HTTP/1.1', { server })).toMatch(/^http:\/\/[0-9.]+:8080\/a$/);
  });
});

describe('har: lists', () => {
  it('have cookies where they are asked for', () => {
    const { request, response } = entryOf({
      names: COOKIES,
      requestHead: 'GET / HTTP/1.1\r\nCookie: a=1; b=x=y;c ; ;=d\r\n\r\n',
      responseHead: 'HTTP/1.1 200 OK\r\nSet-Cookie: sid=7; Path=/; Secure\r\n\r\n',
    });
    expect(request.cookies).toEqual([
      { name: 'a', value: '1' },
      { name: 'b', value: 'x=y' },
      { name: 'c ', value: '' },
      { name: '', value: 'd' },
    ]);
    expect(response.cookies).toEqual([{ name: 'sid', value: '7' }]);
    expect(request.headers).toEqual([{ name: 'cookie', value: 'a=1; b=x=y;c ; ;=d' }]);
  });

  it('have as many parameters as the limit, and the URL has all', () => {
    const query = Array.from({ length: HAR_PAIRS_MAX + 3 }, (_, index) => `${index}`).join('&');
    const { request } = entryOf({ requestHead: `GET /?${query} HTTP/1.1\r\n\r\n` });
    expect(request.queryString).toHaveLength(HAR_PAIRS_MAX);
    expect(request.url.endsWith(query)).toBe(true);
    const empty = entryOf({ requestHead: 'GET /?&&=&a= HTTP/1.1\r\n\r\n' }).request.queryString;
    expect(empty).toEqual([
      { name: '', value: '' },
      { name: 'a', value: '' },
    ]);
  });

  it('show no line of X-Forwarded-For behind the first', () => {
    const requestHead =
      'GET / HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2\r\n\r\n';
    expect(entryOf({ requestHead }).request.headers).toEqual([
      { name: 'x-forwarded-for', value: '192.0.2.1' },
    ]);
  });
});

it('har: what a stranger sends makes no other entry', () => {
  fc.assert(
    fc.property(hostileValues, (given) => {
      const exchange = makeHostileExchange(given);
      const writer = createWriter('har', 'exchange', optionsFor(exchange));
      const [line] = linesOf(writer, exchange);
      const entry = readEntry(Buffer.from(line, 'latin1').toString());
      expect(Object.keys(entry).slice(0, 6)).toEqual([
        ...['startedDateTime', 'time', 'request', 'response', 'cache', 'timings'],
      ]);
      expect(entry.response.status).toBe(given.hasResponse ? 404 : 0);
    }),
  );
});

it('har: the document of no entries is an archive', () => {
  const { opening, closing } = FORMATS.har.createDocument?.('1.2.3') ?? {
    opening: [],
    closing: [],
  };
  const text = `${Buffer.from(opening)}[]${Buffer.from(closing)}`;
  expect(readArchive(text)).toEqual([]);
  expect(JSON.parse(text).log.creator).toEqual({ name: 'httplog', version: '1.2.3' });
});
