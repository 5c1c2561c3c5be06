import { describe, expect, it } from 'vitest';
import { classifySegment } from '../../src/http/classify.ts';
import { createMethodTable, FIELDS_COUNT, METHODS_DEFAULT } from '../../src/http/grammar.ts';
import { MESSAGE_REQUEST, MESSAGE_RESPONSE } from '../../src/http/message.ts';
import { createExchange, type Exchange, isWhole } from '../../src/record/exchange.ts';
import { splitRequestLine, splitStatusLine } from '../../src/record/start-line.ts';
import { bytesOf } from '../fixtures/build-packets.ts';

const methods = createMethodTable(METHODS_DEFAULT);

function textAt({ bytes }: Exchange, offset: number, end: number): string {
  return Buffer.from(bytes.subarray(offset, end)).toString('latin1');
}

function request(text: string) {
  const exchange = createExchange(FIELDS_COUNT);
  exchange.bytes = bytesOf(text);
  exchange.hasRequest = true;
  const end = exchange.bytes.length;
  expect(classifySegment(exchange.bytes, 0, end, methods, exchange.request)).toBe(MESSAGE_REQUEST);
  splitRequestLine(exchange);
  return {
    method: textAt(exchange, 0, exchange.methodEnd),
    target: textAt(exchange, exchange.targetOffset, exchange.targetEnd),
    path: textAt(exchange, exchange.pathOffset, exchange.pathEnd),
    version: textAt(exchange, exchange.requestVersionOffset, exchange.request.startLineEnd),
    isCut: exchange.isTargetCut,
    isWhole: isWhole(exchange),
  };
}

function response(text: string) {
  const exchange = createExchange(FIELDS_COUNT);
  exchange.bytes = bytesOf(text);
  exchange.hasResponse = true;
  const end = exchange.bytes.length;
  const kind = classifySegment(exchange.bytes, 0, end, methods, exchange.response);
  expect(kind).toBe(MESSAGE_RESPONSE);
  splitStatusLine(exchange);
  return {
    status: exchange.statusCode,
    reason: textAt(exchange, exchange.reasonOffset, exchange.response.startLineEnd),
    isWhole: isWhole(exchange),
  };
}

describe('splitRequestLine', () => {
  it.each([
    ['GET /a?b HTTP/1.1\r\n', 'GET', '/a?b', 'HTTP/1.1'],
    ['GET   /a?b  HTTP/1.1\r\n', 'GET', '/a?b', 'HTTP/1.1'],
    ['GET\t/a?b\tHTTP/1.1\r\n', 'GET', '/a?b', 'HTTP/1.1'],
    ['HEAD \t /a?b \t http/1.0 \t\r\n', 'HEAD', '/a?b', 'http/1.0'],
    ['GET /a b  c HTTP/1.1\n', 'GET', '/a b  c', 'HTTP/1.1'],
    ['GET  HTTP/1.1\r\n', 'GET', '', 'HTTP/1.1'],
    ['GET HTTP/1.1\r\n', 'GET', 'HTTP/1.1', ''],
  ])('%j has no blanks around its parts', (text, method, target, version) => {
    expect(request(text)).toMatchObject({ method, target, version, isCut: false, isWhole: true });
  });

  it('a line that the capture cuts within its version ends with the target, and says that it is cut', () => {
    const line = 'GET /ng1 HTTP/1.1';
    for (let end = 'GET /ng1'.length; end < line.length; end++) {
      expect([end, request(line.slice(0, end))]).toEqual([
        end,
        {
          method: 'GET',
          target: '/ng1',
          path: '/ng1',
          version: '',
          isCut: true,
          isWhole: false,
        },
      ]);
    }
    expect(request(line)).toMatchObject({ target: '/ng1', version: 'HTTP/1.1', isCut: false });
    expect(request('GET /n')).toMatchObject({ target: '/n', isCut: true });
    expect(request('GET ')).toMatchObject({ target: '', isCut: true });
    expect(request('GET\t/ng1\t\thtt')).toMatchObject({ target: '/ng1', isCut: true });
  });

  it('takes nothing for a piece of a version that is none', () => {
    for (const target of ['/a HTX', '/a HTTP/1x', 'HTTP', '/aHTT', '/a HTTP/1.1/']) {
      expect(request(`GET ${target}`)).toMatchObject({ target, isCut: true });
    }
  });
});

describe('splitStatusLine', () => {
  it.each([
    ['HTTP/1.1 200 OK\r\n', 200, 'OK'],
    ['HTTP/1.1  200  Not  so\r\n', 200, 'Not  so'],
    ['HTTP/1.1\t200\tOK\r\n', 200, 'OK'],
    ['HTTP/2 200\r\n', 200, ''],
    ['HTTP/2  404 \t No\r\n', 404, 'No'],
    ['HTTP/1.1 204\r\n', 204, ''],
    ['HTTP/1.1 2x\r\n', -1, ''],
    ['HTTP/2\r\n', -1, ''],
  ])('%j has its status wherever it stands', (text, status, reason) => {
    expect(response(text)).toEqual({ status, reason, isWhole: true });
  });

  it('is not whole where the capture ends before the status does', () => {
    expect(response('HTTP/1.1 20')).toEqual({ status: -1, reason: '', isWhole: false });
    expect(response('HTTP/1.1')).toEqual({ status: -1, reason: '', isWhole: false });
    expect(response('HTTP/1.1 200')).toEqual({ status: 200, reason: '', isWhole: true });
  });
});
