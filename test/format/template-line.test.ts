import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createWriter } from '../../src/format/format-table.ts';
import { RECORD_FIELD_NAMES } from '../../src/format/record-fields.ts';
import type { RecordWriter } from '../../src/format/record-format.ts';
import { compileTemplate } from '../../src/format/template-compiler.ts';
import { type Exchange, INCOMPLETE_RESET } from '../../src/record/exchange.ts';
import { type ExchangeParts, makeExchange, makeMessage } from '../exchange/make-exchange.ts';
import {
  hostileValues,
  letters,
  linesOf,
  makeHostileExchange,
  NAMED,
  optionsFor,
  unescapeLetters,
} from './hostile-values.ts';

function formatOf(text: string): RecordWriter<Exchange> {
  const compiled = compileTemplate(text);
  if ('mistake' in compiled) {
    throw new Error(compiled.mistake);
  }
  return createWriter('template', 'exchange', optionsOf(text));
}

const optionsOf = (template: string) => ({
  ...optionsFor(makeExchange({ names: [NAMED] }), 3600),
  template,
});

function lineOf(text: string, parts: ExchangeParts = {}): string {
  const [line] = linesOf(formatOf(text), makeExchange({ names: [NAMED], ...parts }));
  return Buffer.from(line, 'latin1').toString();
}

const withAgent = (agent: string) => ({
  requestHead: `GET /a?b=c HTTP/1.1\r\nUser-Agent: ${agent}\r\n\r\n`,
});

describe('format template: fields', () => {
  const WHOLE: ExchangeParts = {
    requestHead: [
      'GET http://a.example/p?q=1 HTTP/1.0',
      'Host: a.example',
      'User-Agent: ua',
      'Referer: r',
      'Content-Type: t/q',
      'Content-Length: 3',
      'Authorization: Basic YW5uOng=',
      'X-Forwarded-For: 192.0.2.1',
      'Forwarded: for=192.0.2.1',
      'X-Request-ID: rid',
      'X-Correlation-ID: cid',
      'traceparent: tp',
      `${NAMED}: red`,
      '\r\n',
    ].join('\r\n'),
    responseHead: [
      'HTTP/1.1 301 Moved',
      'Content-Type: t/r',
      'Content-Length: 7',
      'Location: /new',
      'Server: srv',
      `${NAMED}: blue`,
      '\r\n',
    ].join('\r\n'),
    vlanIds: [100, 5],
    incomplete: INCOMPLETE_RESET,
    requestNs: 20_000,
    requestBodyBytes: 3,
    retransmittedSegments: 2,
    responseHeadBytes: 90,
    requestHeadBytes: 80,
  };
  const EXPECTED: Record<string, string> = {
    time: '2019-09-01T14:16:51.002345Z',
    local_time: '2019-09-01 15:16:51.002',
    epoch: '1567347411.002345',
    record: 'exchange',
    id: '016cebc4-3c7a-7001-8002-030405060708',
    side: 'server',
    type: '-',
    client_ip: '203.0.113.9',
    client_port: '50905',
    server_ip: '10.0.0.2',
    server_port: '80',
    nat_client_ip: '-',
    nat_client_port: '-',
    nat_server_ip: '-',
    nat_server_port: '-',
    proxy_client_ip: '-',
    proxy_client_port: '-',
    proxy_server_ip: '-',
    proxy_server_port: '-',
    original_client_ip: '-',
    original_client_port: '-',
    client_from: '-',
    vlan: '100.5',
    method: 'GET',
    target: 'http://a.example/p?q=1',
    path: '/p',
    query: 'q=1',
    version: '1.0',
    target_cut: '-',
    host: 'a.example',
    user_agent: 'ua',
    referer: 'r',
    request_content_type: 't/q',
    request_content_length: '3',
    user: 'ann',
    forwarded_for: '192.0.2.1',
    forwarded: 'for=192.0.2.1',
    request_id: 'rid',
    correlation_id: 'cid',
    traceparent: 'tp',
    status: '301',
    reason: 'Moved',
    response_content_type: 't/r',
    content_length: '7',
    location: '/new',
    server: 'srv',
    connect_ms: '0.12',
    request_ms: '0.02',
    ttfb_ms: '5.25',
    response_ms: '1',
    duration_ms: '6.25',
    duration_us: '6250',
    duration_s: '0.006250',
    request_head_bytes: '80',
    request_body_bytes: '3',
    response_head_bytes: '90',
    response_body_bytes: '512',
    retransmitted_segments: '2',
    incomplete: 'reset',
  };

  it('each name gives its value, and no other name is known', () => {
    const given = RECORD_FIELD_NAMES.map((name) => [name, lineOf(`{${name}}`, WHOLE)]);
    expect(Object.fromEntries(given)).toEqual(EXPECTED);
  });

  it('a target that the capture cuts is marked', () => {
    expect(lineOf('{target_cut}', { isTargetCut: true })).toBe('true');
    expect(lineOf('{target_cut}', { requestHead: null, isTargetCut: true })).toBe('-');
  });

  it('header fields are those of the request or of the response', () => {
    const names = `{request.header.${NAMED}} {response.header.X-COLOR}`;
    expect(lineOf(names, WHOLE)).toBe('red blue');
    expect(lineOf(names)).toBe('- -');
  });

  it('what is not there is a dash', () => {
    const absent = RECORD_FIELD_NAMES.filter((name) => {
      const nothing: ExchangeParts = { requestHead: null, responseHead: null };
      for (const measure of ['connectNs', 'requestNs', 'firstByteNs', 'responseNs', 'totalNs']) {
        Object.assign(nothing, { [measure]: -1 });
      }
      return lineOf(`{${name}}`, nothing) === '-';
    });
    const always = ['time', 'local_time', 'epoch', 'record', 'id', 'side', 'client_ip'].concat(
      ['client_port', 'server_ip', 'server_port', 'retransmitted_segments'],
      RECORD_FIELD_NAMES.filter((name) => name.endsWith('_bytes')),
    );
    expect(absent).toEqual(RECORD_FIELD_NAMES.filter((name) => !always.includes(name)));
  });

  it('a message has a type and no side', () => {
    const template = '{record} {type} {side} {status}';
    const messages = createWriter('template', 'message', optionsOf(template));
    expect(linesOf(messages, makeMessage({ responseHead: null }))).toEqual(['message CQ - -']);
  });

  it('a correlation id that the response alone has is shown', () => {
    const responseHead = 'HTTP/1.1 200 OK\r\nX-Request-ID: of-response\r\n\r\n';
    expect(lineOf('{request_id}', { responseHead })).toBe('4bf92f35');
    expect(lineOf('{request_id}', { ...withAgent('a'), responseHead })).toBe('of-response');
  });

  it('the version is that of the response when the request line is cut', () => {
    expect(lineOf('{version}', { requestHead: 'GET /cut' })).toBe('1.1');
    expect(lineOf('{version}', { requestHead: 'GET /cut', responseHead: null })).toBe('-');
  });
});

describe('format template: text around the fields', () => {
  it('stands as it is, with braces, tabs and backslashes', () => {
    expect(lineOf('m={method} {{{status}}}\\t\\\\ \u20ac\t.')).toBe('m=GET {200}\t\\ \u20ac\t.');
  });

  it('a field may come several times, first, last, or beside another', () => {
    expect(lineOf('{method}{status}-{method}')).toBe('GET200-GET');
  });
});

describe('format template: escapes', () => {
  it('spaces are escaped, but kept between double quotes', () => {
    expect(lineOf('{user_agent} "{user_agent}" {user_agent}', withAgent('a b'))).toBe(
      'a\\x20b "a b" a\\x20b',
    );
  });

  it('double quotes are escaped everywhere when the template has any', () => {
    expect(lineOf('"{user_agent}" {user_agent}', withAgent('a"b'))).toBe('"a\\x22b" a\\x22b');
    expect(lineOf('{user_agent}', withAgent('a"b'))).toBe('a"b');
  });

  it('what follows the field is escaped in its value', () => {
    expect(lineOf('{user_agent}|{user_agent};{method}', withAgent('a|b;c'))).toBe(
      'a\\x7Cb;c|a\\x7Cb\\x3Bc;GET',
    );
    expect(lineOf('"{user_agent} {method}"', withAgent('a b'))).toBe('"a\\x20b GET"');
  });

  it('so is what stands between the fields before, but not between quotes', () => {
    expect(lineOf('{method}|{status}|{user_agent}', withAgent('a|b'))).toBe('GET|200|a\\x7Cb');
    expect(lineOf('{method}|{status}|"{user_agent}"', withAgent('a|b'))).toBe('GET|200|"a|b"');
  });

  it('letters, digits and backslashes that follow are not, since escapes have them', () => {
    expect(lineOf('{user_agent}x {user_agent}\\\\', withAgent('x2'))).toBe('x2x x2\\');
  });

  it('a value that is a dash is not the dash for none, an empty one is', () => {
    expect(lineOf('{user_agent} {host}', withAgent('-'))).toBe('\\x2D -');
    expect(lineOf('"{user_agent}"', withAgent(''))).toBe('"-"');
  });

  it('values of hostile exchanges cannot shift columns, and are given back', () => {
    const format = formatOf(
      '{id}|{method},{target};{path}\\t{user} {host} "{user_agent}" ' +
        '"{referer} and {reason}!" {location} {request.header.x-color}:{response.header.x-color}',
    );
    const LINE =
      /^[0-9a-f-]{36}\|([^,]*),([^;]*);([^\t]*)\t([^ ]*) ([^ ]*) "([^"]*)" "([^ ]*) and ([^!]*)!" ([^ ]*) ([^:]*):([^ ]*)$/;
    fc.assert(
      fc.property(hostileValues, (given) => {
        const exchange = makeHostileExchange(given);
        const [line] = linesOf(format, exchange);
        const columns = LINE.exec(line)?.slice(1) ?? [];
        const path = exchange.bytes.slice(exchange.pathOffset, exchange.pathEnd);
        const { method, target, user, host, userAgent, referer, reason, location } = given;
        const requestValues = [method, target, path, user, host, userAgent, referer];
        const expected = [
          ...requestValues.map((value) => (given.hasRequest ? value : null)),
          ...[reason, location].map((value) => (given.hasResponse ? value : null)),
          given.hasRequest ? given.named : null,
          given.hasResponse ? given.responseNamed : null,
        ];
        expect(columns).toHaveLength(expected.length);
        columns.forEach((shown, index) => {
          const value = expected[index];
          const isShown = value !== null && value.length > 0;
          expect(shown === '-').toBe(!isShown);
          expect(isShown ? unescapeLetters(shown) : '').toBe(isShown ? letters(value) : '');
        });
      }),
      { numRuns: 300 },
    );
  });

  it('lines of one separator split into as many columns as there are fields', () => {
    const names = ['method', 'target', 'query', 'host', 'user_agent', 'reason', 'location', 'user'];
    for (const separator of [' ', '\t', ',', '|', ';']) {
      const format = formatOf(names.map((name) => `{${name}}`).join(separator));
      fc.assert(
        fc.property(hostileValues, (given) => {
          const [line] = linesOf(format, makeHostileExchange(given));
          expect(line.split(separator)).toHaveLength(names.length);
        }),
        { numRuns: 60 },
      );
    }
  });

  it('a field that was not asked for by name is a mistake of the program', () => {
    expect(() => formatOf('{request.header.x-other}')).toThrow(/x-other/);
  });
});
