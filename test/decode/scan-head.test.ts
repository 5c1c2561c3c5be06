import { describe, expect, it } from 'vitest';
import {
  FIELD_CONTENT_LENGTH,
  FIELD_CONTENT_TYPE,
  FIELD_HOST,
  FIELD_USER_AGENT,
  REQUEST_FIELD_TABLE,
  RESPONSE_FIELD_TABLE,
} from '../../src/decode/http-grammar.ts';
import { createHttpMessage, type HttpMessage } from '../../src/decode/http-message.ts';
import { scanHead } from '../../src/decode/scan-head.ts';
import { HEADER_LINES_MAX } from '../../src/limits.ts';
import { bytesOf } from '../fixtures/build-packets.ts';
import { guardBytes } from './decode-guarded.ts';

const START_LINE = 'GET / HTTP/1.1';

function scan(
  text: string,
  fields = REQUEST_FIELD_TABLE,
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
    scan(`${START_LINE}\r\nHost: a\r\nUser-Agent: b\r\n\r\n`, REQUEST_FIELD_TABLE, message);
    expect(message.fieldOffsets[FIELD_HOST]).not.toBe(0);
    scan(`${START_LINE}\r\n\r\n`, REQUEST_FIELD_TABLE, message);
    expect([...message.fieldOffsets]).toEqual([0, 0, 0, 0]);
  });

  it('looks for the fields of its table only', () => {
    const text = `${START_LINE}\r\nHost: a\r\nContent-Length: 1\r\nUser-Agent: b\r\nContent-Type: c\r\n`;
    const request = scan(text, REQUEST_FIELD_TABLE);
    const response = scan(text, RESPONSE_FIELD_TABLE);
    const slots = [FIELD_HOST, FIELD_USER_AGENT, FIELD_CONTENT_LENGTH, FIELD_CONTENT_TYPE];
    expect(slots.map((slot) => fieldText(text, request, slot))).toEqual([
      'a',
      'b',
      undefined,
      undefined,
    ]);
    expect(slots.map((slot) => fieldText(text, response, slot))).toEqual([
      undefined,
      undefined,
      '1',
      'c',
    ]);
  });

  it('looks at so many lines and no more', () => {
    const textOf = (lines: number) => `${START_LINE}\n${'a: b\n'.repeat(lines)}Host: found\n\n`;
    const found = (lines: number) => fieldText(textOf(lines), scan(textOf(lines)), FIELD_HOST);
    expect(found(HEADER_LINES_MAX - 2)).toBe('found');
    expect(found(HEADER_LINES_MAX - 1)).toBe('found');
    expect(found(HEADER_LINES_MAX)).toBeUndefined();
  });

  it('ends as soon as all fields were found: what follows is not read', () => {
    const head = `${START_LINE}\r\nHost: a\r\nUser-Agent: b\r\n`;
    const bytes = bytesOf(`${head}X: y\r\n\r\n`);
    const message = createHttpMessage();
    message.startLineEnd = START_LINE.length;
    // The guard's buffer ends with these two lines, the scan's `end` does not.
    const guarded = guardBytes(bytes, 0, head.length);
    scanHead(guarded, head.length, REQUEST_FIELD_TABLE, message);
    expect(message.fieldEnds[FIELD_USER_AGENT]).toBe(head.length - 2);
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
