import { describe, expect, it } from 'vitest';
import { goBehindMessage } from '../../src/decode/go-behind-message.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { BODY_LENGTH_UNKNOWN, bodyLength } from '../../src/http/body-length.ts';
import { classifySegment } from '../../src/http/classify.ts';
import { createMethodTable, METHODS_DEFAULT, TEXT_FIELD_TABLES } from '../../src/http/grammar.ts';
import {
  createHttpMessage,
  type HttpMessage,
  MESSAGE_NONE,
  MESSAGE_REQUEST,
} from '../../src/http/message.ts';
import { scanHead } from '../../src/http/scan-head.ts';
import { guardBytes } from '../decode/decode-guarded.ts';
import { bytesOf } from '../fixtures/build-packets.ts';

/** A field may not be found at offset 0, as in no packet. */
const PAYLOAD_AT = 54;
const methods = createMethodTable(METHODS_DEFAULT);

function read(text: string): { bytes: Uint8Array; end: number; message: HttpMessage } {
  const end = PAYLOAD_AT + text.length;
  const padded = bytesOf('\n'.repeat(PAYLOAD_AT) + text);
  const bytes = guardBytes(padded, PAYLOAD_AT, end);
  const message = createHttpMessage();
  const kind = classifySegment(bytes, PAYLOAD_AT, end, methods, message);
  expect(kind).not.toBe(MESSAGE_NONE);
  scanHead(
    bytes,
    end,
    kind === MESSAGE_REQUEST ? TEXT_FIELD_TABLES.request : TEXT_FIELD_TABLES.response,
    message,
  );
  return { bytes, end, message };
}

function lengthOf(...lines: string[]): number {
  const { bytes, message } = read(`${lines.join('\r\n')}\r\n\r\n`);
  return bodyLength(bytes, message);
}

const POST = 'POST / HTTP/1.1';
const OK = 'HTTP/1.1 200 OK';
const UNKNOWN = BODY_LENGTH_UNKNOWN;

describe('bodyLength', () => {
  it.each(METHODS_DEFAULT)('a %s request without Content-Length has no body', (method) => {
    expect(lengthOf(`${method} / HTTP/1.1`, 'Host: a')).toBe(0);
  });

  it('a response without Content-Length has a body that ends with the connection', () => {
    expect(lengthOf(OK)).toBe(UNKNOWN);
    expect(lengthOf(OK, 'Content-Type: a/b')).toBe(UNKNOWN);
  });

  it.each([POST, OK])('Content-Length is the length: %s', (startLine) => {
    for (const value of ['0', '1', '42', '65535', '4294967296']) {
      expect(lengthOf(startLine, `Content-Length: ${value}`)).toBe(Number(value));
    }
  });

  it.each([
    [99, UNKNOWN],
    [100, 0],
    [102, 0],
    [103, 0],
    [199, 0],
    [200, UNKNOWN],
    [203, UNKNOWN],
    [204, 0],
    [205, UNKNOWN],
    [303, UNKNOWN],
    [304, 0],
    [305, UNKNOWN],
  ])('status %i alone says %i', (status, expected) => {
    expect(lengthOf(`HTTP/1.1 ${String(status).padStart(3, '0')} X`)).toBe(expected);
  });

  it.each([100, 103, 204, 304])('status %i has no body whatever its fields say', (status) => {
    expect(lengthOf(`HTTP/1.1 ${status} X`, 'Content-Length: 7')).toBe(0);
    expect(lengthOf(`HTTP/1.1 ${status} X`, 'Transfer-Encoding: chunked')).toBe(0);
    expect(lengthOf(`HTTP/1.1 ${status} X`, 'Content-Length: 7', 'Content-Length: 8')).toBe(0);
  });

  it('behind status 101 another protocol follows, whatever its fields say', () => {
    expect(lengthOf('HTTP/1.1 101 Switching Protocols')).toBe(UNKNOWN);
    expect(lengthOf('HTTP/1.1 101 Switching Protocols', 'Content-Length: 0')).toBe(UNKNOWN);
  });

  it.each(['HTTP/1.1', 'HTTP/1.1 ', 'HTTP/1.1 2', 'HTTP/1.1 20', 'HTTP/1.1 2x4', 'HTTP/1.1 abc'])(
    'a status line without three digits has only its fields: %j',
    (startLine) => {
      expect(lengthOf(startLine)).toBe(UNKNOWN);
      expect(lengthOf(startLine, 'Content-Length: 3')).toBe(3);
    },
  );

  it.each([POST, OK])('Transfer-Encoding makes it unknown, of any value: %s', (startLine) => {
    for (const value of ['chunked', 'gzip, chunked', 'identity', '']) {
      expect(lengthOf(startLine, `Transfer-Encoding: ${value}`)).toBe(UNKNOWN);
    }
  });

  it('Transfer-Encoding counts before Content-Length, in either order', () => {
    const fields = ['Content-Length: 5', 'transfer-encoding: chunked'];
    expect(lengthOf(POST, ...fields)).toBe(UNKNOWN);
    expect(lengthOf(POST, ...fields.reverse())).toBe(UNKNOWN);
  });

  it.each(['', '+5', '-5', '5 5', '5,5', '5.0', '0x5', '5a', 'a5', '5\x00', '\u00b2'])(
    'a Content-Length that is not digits makes it unknown: %j',
    (value) => {
      expect(lengthOf(POST, `Content-Length: ${value}`)).toBe(UNKNOWN);
      expect(lengthOf(OK, `Content-Length: ${value}`)).toBe(UNKNOWN);
    },
  );

  it('equal Content-Length fields are one', () => {
    const field = 'Content-Length: 5';
    expect(lengthOf(POST, field, field)).toBe(5);
    expect(lengthOf(POST, field, 'Host: a', 'content-length:5', field)).toBe(5);
  });

  it('Content-Length fields that contradict each other make it unknown', () => {
    expect(lengthOf(POST, 'Content-Length: 5', 'Content-Length: 6')).toBe(UNKNOWN);
    expect(lengthOf(POST, 'Content-Length: 6', 'Content-Length: 5')).toBe(UNKNOWN);
    expect(lengthOf(OK, 'Content-Length: 0', 'Content-Length: 0', 'Content-Length: 1')).toBe(
      UNKNOWN,
    );
    expect(lengthOf(POST, 'Content-Length: 5', 'Content-Length:')).toBe(UNKNOWN);
  });

  it('leading zeros change nothing, as many as they are', () => {
    expect(lengthOf(POST, 'Content-Length: 007')).toBe(7);
    expect(lengthOf(POST, `Content-Length: ${'0'.repeat(1000)}7`)).toBe(7);
    expect(lengthOf(POST, `Content-Length: ${'0'.repeat(1000)}`)).toBe(0);
  });

  it.each([16, 20, 309, 1000])(
    'a length of %i digits is long, finite and no other number',
    (digits) => {
      const length = lengthOf(POST, `Content-Length: ${'9'.repeat(digits)}`);
      expect(length).toBeGreaterThan(2 ** 32);
      expect(Number.isSafeInteger(length)).toBe(true);
    },
  );
});

describe('goBehindMessage', () => {
  /** What is left behind the first message of a text, and its sequence number; undefined: nothing. */
  function restOf(text: string, sequenceNumber = 1000): [string, number] | undefined {
    const { bytes, end, message } = read(text);
    const segment = createSegment();
    segment.payloadOffset = PAYLOAD_AT;
    segment.payloadEnd = end;
    segment.sequenceNumber = sequenceNumber;
    if (!goBehindMessage(bytes, message, segment)) {
      return undefined;
    }
    expect(segment.payloadEnd).toBe(end);
    return [text.slice(segment.payloadOffset - PAYLOAD_AT), segment.sequenceNumber];
  }
  const head = 'GET / HTTP/1.1\r\n\r\n';
  const headOfFive = 'POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n';

  it('goes behind head and body, the sequence number with it', () => {
    expect(restOf(`${head}X`)).toEqual(['X', 1000 + head.length]);
    expect(restOf(`${headOfFive}12345X`)).toEqual(['X', 1005 + headOfFive.length]);
  });

  it('nothing is left behind a head or a body that fills the segment, or goes beyond it', () => {
    expect(restOf(head)).toBeUndefined();
    for (const body of ['', '1', '1234', '12345']) {
      expect(restOf(headOfFive + body)).toBeUndefined();
    }
    expect(
      restOf(`POST / HTTP/1.1\r\nContent-Length: ${'9'.repeat(400)}\r\n\r\nX`),
    ).toBeUndefined();
  });

  it('nothing is known behind a head without its end, or without its body\u2019s length', () => {
    expect(restOf('GET / HTTP/1.1\r\nHost: a\r\n')).toBeUndefined();
    expect(restOf(`HTTP/1.1 200 OK\r\n\r\n${head}`)).toBeUndefined();
    expect(restOf(`POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${head}`)).toBeUndefined();
  });

  it('the sequence number wraps at 2^32, and stays one of 32 bits', () => {
    expect(restOf(`${head}X`, -1)).toEqual(['X', head.length - 1]);
    expect(restOf(`${head}X`, 0x7fffffff)).toEqual(['X', (0x7fffffff + head.length) | 0]);
  });
});
