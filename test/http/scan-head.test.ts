import { describe, expect, it } from 'vitest';
import {
  createRecordFieldTables,
  FIELD_CONTENT_LENGTH,
  FIELD_CONTENT_TYPE,
  FIELD_FORWARDED,
  FIELD_FORWARDED_BETWEEN,
  FIELD_FORWARDED_LAST,
  FIELD_HOST,
  FIELD_TRANSFER_ENCODING,
  FIELD_USER_AGENT,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_FOR_LAST,
  FIELDS_COUNT,
  TEXT_FIELD_TABLES,
} from '../../src/http/grammar.ts';
import { createHttpMessage, type HttpMessage } from '../../src/http/message.ts';
import { scanHead } from '../../src/http/scan-head.ts';
import { guardBytes } from '../decode/decode-guarded.ts';
import { bytesOf } from '../fixtures/build-packets.ts';

const START_LINE = 'GET / HTTP/1.1';

function scan(
  text: string,
  fields = TEXT_FIELD_TABLES.request,
  message = createHttpMessage(),
): HttpMessage {
  const bytes = bytesOf(text);
  message.startLineEnd = START_LINE.length;
  scanHead(guardBytes(bytes, 0, bytes.length), bytes.length, fields, message);
  return message;
}

function fieldText(text: string, message: HttpMessage, slot: number): string | undefined {
  const offset = message.fieldOffsets[slot];
  return offset === 0 ? undefined : text.slice(offset, message.fieldEnds[slot]);
}

// What heads look like is in http-cases/*.md.
describe('scanHead', () => {
  it('forgets the fields of the message before', () => {
    const message = createHttpMessage();
    scan(`${START_LINE}\r\nHost: a\r\nUser-Agent: b\r\n\r\n`, TEXT_FIELD_TABLES.request, message);
    expect(message.fieldOffsets[FIELD_HOST]).not.toBe(0);
    scan(`${START_LINE}\r\n\r\n`, TEXT_FIELD_TABLES.request, message);
    expect([...message.fieldOffsets]).toEqual(new Array(FIELDS_COUNT).fill(0));
  });

  it('keeps the first and the last of the lines that proxies add, and that there are some between', () => {
    const tables = createRecordFieldTables([]);
    const slots = [
      ...[FIELD_X_FORWARDED_FOR, FIELD_X_FORWARDED_FOR_LAST, FIELD_FORWARDED_BETWEEN],
      ...[FIELD_FORWARDED, FIELD_FORWARDED_LAST],
    ];
    const valuesOf = (...lines: string[]) => {
      const text = `${START_LINE}\r\n${lines.join('\r\n')}\r\n\r\n`;
      const message = scan(text, tables.request, createHttpMessage(tables.fieldsCount));
      expect(message.foundCount).toBe(message.fieldOffsets.filter((offset) => offset !== 0).length);
      return slots.map((slot) => fieldText(text, message, slot));
    };
    const [one, two, three] = ['a', 'b', 'c'].map((value) => `X-Forwarded-For: ${value}`);
    const none = undefined;
    expect(valuesOf(one)).toEqual(['a', none, none, none, none]);
    expect(valuesOf(one, two)).toEqual(['a', 'b', none, none, none]);
    expect(valuesOf(one, two, three, two)).toEqual(['a', 'b', '', none, none]);
    expect(valuesOf(one, 'Forwarded: x', 'forwarded: y')).toEqual(['a', none, none, 'x', 'y']);
  });

  it('looks for the fields of its table only', () => {
    const text = `${START_LINE}\r\nHost: a\r\nContent-Length: 1\r\nUser-Agent: b\r\nContent-Type: c\r\nTransfer-Encoding: d\r\n`;
    const request = scan(text, TEXT_FIELD_TABLES.request);
    const response = scan(text, TEXT_FIELD_TABLES.response);
    const slots = [
      FIELD_HOST,
      FIELD_USER_AGENT,
      FIELD_CONTENT_LENGTH,
      FIELD_CONTENT_TYPE,
      FIELD_TRANSFER_ENCODING,
    ];
    // What tells the body's length is looked for in both.
    expect(slots.map((slot) => fieldText(text, request, slot))).toEqual([
      'a',
      'b',
      '1',
      undefined,
      'd',
    ]);
    expect(slots.map((slot) => fieldText(text, response, slot))).toEqual([
      undefined,
      undefined,
      '1',
      'c',
      'd',
    ]);
  });

  it.each([0, 1, 999, 1_000, 1_001, 10_000])('finds a field behind %i lines', (lines) => {
    const text = `${START_LINE}\n${'a: b\n'.repeat(lines)}Host: found\n\n`;
    expect(fieldText(text, scan(text), FIELD_HOST)).toBe('found');
  });

  it('ends at the empty line though fields are missing: what follows is not a field', () => {
    const head = `${START_LINE}\r\nHost: a\r\n\r\n`;
    const text = `${head}User-Agent: b\r\n\r\n`;
    const message = scan(text);
    expect(message.headEnd).toBe(head.length);
    expect(fieldText(text, message, FIELD_USER_AGENT)).toBeUndefined();
  });

  it('looks for the empty line though all fields were found, and reads nothing behind it', () => {
    const head = `${START_LINE}\r\nHost: a\r\nUser-Agent: b\r\nX: y\r\n\r\n`;
    const bytes = bytesOf(head);
    const message = createHttpMessage();
    message.startLineEnd = START_LINE.length;
    scanHead(guardBytes(bytes, 0, bytes.length), bytes.length, TEXT_FIELD_TABLES.request, message);
    expect(message.headEnd).toBe(head.length);
    expect(fieldText(head, message, FIELD_USER_AGENT)).toBe('b');
  });

  it.each([
    ['CR LF', '\r\n\r\n', 4],
    ['LF alone', '\n\n', 2],
    ['CR LF and LF', '\r\n\n', 3],
    ['LF and CR LF', '\n\r\n', 3],
    ['no line end', '', 0],
    ['a line end', '\r\n', 0],
    ['a CR that may be half a line end', '\r\n\r', 0],
    ['a line of two CR', '\r\n\r\r\n', 0],
    ['a line of a space', '\r\n \r\n', 0],
  ])('the head ends behind the empty line: %s', (_name, ending, endingBytes) => {
    const text = `${START_LINE}\r\nHost: a${ending}`;
    const expected = endingBytes === 0 ? 0 : text.length;
    expect(scan(text).headEnd).toBe(expected);
  });

  it.each([
    [['5'], false],
    [['5', '5'], false],
    [['5', '5', '5'], false],
    [['5', ' 5\t'], false],
    [['5', '6'], true],
    [['5', '5', '6'], true],
    [['5', '05'], true],
    [['5', ''], true],
    [['', '5'], true],
  ])('Content-Length fields %j contradict each other: %s', (values, isContradicted) => {
    const text = `${START_LINE}\r\n${values.map((value) => `Content-Length:${value}\r\n`).join('')}\r\n`;
    const message = scan(text);
    expect(message.isLengthContradicted).toBe(isContradicted);
    expect(
      scan(`${START_LINE}\r\n\r\n`, TEXT_FIELD_TABLES.request, message).isLengthContradicted,
    ).toBe(false);
  });

  it('finds a field behind a line of any first byte and any length', () => {
    for (let first = 0; first < 256; first++) {
      for (const rest of [
        '',
        'o',
        'os',
        'ost',
        'ost:',
        'ost: x',
        'ser-agent',
        'content-type: abc',
      ]) {
        if (first === 0x0a || (first === 0x0d && rest === '')) {
          continue; // ends the head
        }
        const line = String.fromCharCode(first) + rest;
        const text = `${START_LINE}\r\n${line}\r\nX: y\r\nHost: found\r\n\r\n`;
        const isHost = /^host:/i.test(line);
        const expected = isHost ? line.slice(5).trim() : 'found';
        expect(fieldText(text, scan(text), FIELD_HOST), JSON.stringify(line)).toBe(expected);
      }
    }
  });

  it('a name matches in every mixture of cases, and in no other spelling', () => {
    const name = 'user-agent';
    for (let at = 0; at < name.length; at++) {
      for (let byte = 0; byte < 256; byte++) {
        const spelled = name.slice(0, at) + String.fromCharCode(byte) + name.slice(at + 1);
        const text = `${START_LINE}\n${spelled}: a\n\n`;
        // No `toLowerCase`: it would make letters outside ASCII those of a name.
        const isName =
          byte === name.charCodeAt(at) ||
          (name[at] !== '-' && byte === (name.charCodeAt(at) ^ 0x20));
        const isFound = fieldText(text, scan(text), FIELD_USER_AGENT) !== undefined;
        expect(isFound, JSON.stringify(spelled)).toBe(isName);
      }
    }
  });
});
