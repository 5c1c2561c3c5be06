import { describe, expect, it } from 'vitest';
import { classifySegment, findLineEnd } from '../../src/http/classify.ts';
import { createMethodTable, METHODS_DEFAULT } from '../../src/http/grammar.ts';
import {
  createHttpMessage,
  MESSAGE_NONE,
  MESSAGE_REQUEST,
  MESSAGE_RESPONSE,
} from '../../src/http/message.ts';
import { guardBytes } from '../decode/decode-guarded.ts';
import { createRandom } from '../decode/seeded-random.ts';
import { bytesOf } from '../fixtures/build-packets.ts';

const methodsDefault = createMethodTable(METHODS_DEFAULT);

function classify(text: string, methods = methodsDefault): number {
  const bytes = bytesOf(text);
  return classifySegment(bytes, 0, bytes.length, methods, createHttpMessage());
}

/** The contract of ARCHITECTURE's log line, written once more with regular expressions. */
function classifyByContract(text: string): number {
  const lineFeedAt = text.indexOf('\n');
  const line = lineFeedAt === -1 ? text : text.slice(0, lineFeedAt).replace(/[ \t\r\v\f]+$/, '');
  if (/^HTTP\/(?:\d\.\d(?:[ \t\r\n]|$(?!\n))|\d[ \t\r\n])/.test(text)) {
    return MESSAGE_RESPONSE;
  }
  const hasMethod = METHODS_DEFAULT.some(
    (method) => text.startsWith(method) && /[ \t]/.test(text[method.length] ?? ''),
  );
  const isWhole = lineFeedAt === -1 || /[ \t]HTTP\/\d\.\d$/is.test(line);
  return hasMethod && isWhole ? MESSAGE_REQUEST : MESSAGE_NONE;
}

// What messages must and must not look like is in http-cases/*.md.
describe('classifySegment', () => {
  it.each(METHODS_DEFAULT)('%s is a request, and no other case of it is', (method) => {
    expect(classify(`${method} / HTTP/1.1\r\n`)).toBe(MESSAGE_REQUEST);
    expect(classify(`${method.toLowerCase()} / HTTP/1.1\r\n`)).toBe(MESSAGE_NONE);
    expect(classify(`${method}X / HTTP/1.1\r\n`)).toBe(MESSAGE_NONE);
    expect(classify(`${method.slice(0, -1)} / HTTP/1.1\r\n`)).toBe(MESSAGE_NONE);
  });

  it('methods are those that it is given', () => {
    const methods = createMethodTable(['PROPFIND', 'M-SEARCH', 'PROP']);
    expect(classify('PROPFIND / HTTP/1.1\r\n', methods)).toBe(MESSAGE_REQUEST);
    expect(classify('PROP / HTTP/1.1\r\n', methods)).toBe(MESSAGE_REQUEST);
    expect(classify('M-SEARCH * HTTP/1.1\r\n', methods)).toBe(MESSAGE_REQUEST);
    expect(classify('PROPF / HTTP/1.1\r\n', methods)).toBe(MESSAGE_NONE);
    expect(classify('GET / HTTP/1.1\r\n', methods)).toBe(MESSAGE_NONE);
    expect(classify('HTTP/1.1 200 OK\r\n', methods)).toBe(MESSAGE_RESPONSE);
    expect(classify('GET / HTTP/1.1\r\n', createMethodTable([]))).toBe(MESSAGE_NONE);
  });

  it('a method that begins with H is not taken for a status line, nor the other way round', () => {
    expect(classify('HEAD / HTTP/1.1\r\n')).toBe(MESSAGE_REQUEST);
    expect(classify('HEAD', createMethodTable(['HEAD']))).toBe(MESSAGE_NONE);
    const methods = createMethodTable(['HTTP/1.1']);
    expect(classify('HTTP/1.1 200 OK\r\n', methods)).toBe(MESSAGE_RESPONSE);
  });

  it('reads nothing outside the payload, at every length of every beginning', () => {
    for (const text of ['OPTIONS / HTTP/1.1\r\n', 'HTTP/1.1 200 OK\r\n', 'CONNECT', 'HEAD\n']) {
      const bytes = bytesOf(`\n\n\n${text}`);
      for (let end = 4; end <= bytes.length; end++) {
        const guarded = guardBytes(bytes, 3, end);
        const kind = classifySegment(guarded, 3, end, methodsDefault, createHttpMessage());
        expect(kind).toBe(classifyByContract(text.slice(0, end - 3)));
      }
    }
  });

  it('gives what the contract says for 100,000 mixtures of its own words', () => {
    const words = [
      ...METHODS_DEFAULT,
      ...[
        'get',
        'GE',
        'PRI',
        'HTTP/1.1',
        'HTTP/1.0',
        'HTTP/2.0',
        'HTTP/1.12',
        'HTTP/1',
        'http/1.1',
      ],
      ...[
        ' ',
        ' ',
        ' ',
        '\r\n',
        '\n',
        '\r',
        '\t',
        '\v',
        '\0',
        '/',
        '/a',
        '*',
        'it',
        '200',
        'OK',
        '',
      ],
    ];
    const random = createRandom(9112);
    const kinds = [0, 0, 0];
    for (let round = 0; round < 100_000; round++) {
      const count = 1 + random(8);
      const text = Array.from({ length: count }, () => words[random(words.length)]).join('');
      const start = random(2) === 0 ? `${METHODS_DEFAULT[random(9)]} ` : '';
      const payload = start + text;
      if (payload !== '') {
        const kind = classify(payload);
        kinds[kind]++;
        if (kind !== classifyByContract(payload)) {
          expect.fail(`${JSON.stringify(payload)} gives ${kind}`);
        }
      }
    }
    expect(Math.min(...kinds)).toBeGreaterThan(1000);
  });
});

describe('findLineEnd', () => {
  it('finds the first line feed at every place and alignment', () => {
    for (let length = 0; length <= 20; length++) {
      for (let offset = 0; offset < 4; offset++) {
        for (let at = 0; at < length; at++) {
          const bytes = new Uint8Array(offset + length + 4).fill(0x0a);
          bytes.fill(0x61, offset, offset + length);
          bytes[offset + at] = 0x0a;
          bytes[offset + length - 1] = 0x0a;
          expect(findLineEnd(bytes, offset, offset + length)).toBe(offset + at);
        }
      }
    }
  });

  it('gives the end where there is none, and looks no further', () => {
    for (let length = 0; length <= 20; length++) {
      const bytes = new Uint8Array(length + 8).fill(0x0a);
      bytes.fill(0x61, 3, 3 + length);
      expect(findLineEnd(bytes, 3, 3 + length)).toBe(3 + length);
      expect(findLineEnd(guardBytes(bytes, 3, 3 + length), 3, 3 + length)).toBe(3 + length);
    }
  });

  it('takes no other byte for a line feed, whatever its neighbours are', () => {
    for (let byte = 0; byte < 256; byte++) {
      for (const neighbour of [0x00, 0x09, 0x0b, 0x0d, 0x8a, 0xff]) {
        const bytes = Uint8Array.of(neighbour, byte, neighbour, byte, byte, neighbour, 0x0a, 0x0a);
        expect(findLineEnd(bytes, 0, 8)).toBe(byte === 0x0a ? 1 : 6);
      }
    }
  });
});
