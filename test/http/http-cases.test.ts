import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classifySegment } from '../../src/http/classify.ts';
import {
  createMethodTable,
  FIELD_CONTENT_LENGTH,
  FIELD_CONTENT_TYPE,
  FIELD_HOST,
  FIELD_USER_AGENT,
  METHODS_DEFAULT,
  TEXT_FIELD_TABLES,
} from '../../src/http/grammar.ts';
import {
  createHttpMessage,
  type HttpMessage,
  MESSAGE_NONE,
  MESSAGE_REQUEST,
} from '../../src/http/message.ts';
import { scanHead } from '../../src/http/scan-head.ts';
import { guardBytes } from '../decode/decode-guarded.ts';

const CASES_URL = new URL('http-cases/', import.meta.url);
const methods = createMethodTable(METHODS_DEFAULT);

interface HttpCase {
  /** The path of headings. */
  title: string;
  /** By the word behind the fence. */
  blocks: Map<string, string>;
}

interface Part {
  name: string;
  /** In the payload. */
  offset: number;
  byteLength: number;
}

/** What the classifier and the scan found: start line first, then the fields. */
interface Found {
  kind: 'none' | 'request' | 'response';
  parts: Part[];
}

function readCases(file: string): HttpCase[] {
  const text = readFileSync(new URL(file, CASES_URL), 'utf8');
  const [head, ...sections] = text.split(/^## /m);
  const theme = /^# (.*)$/m.exec(head)?.[1];
  return sections.map((section) => ({
    title: `${theme} > ${section.slice(0, section.indexOf('\n'))}`,
    blocks: new Map(
      [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, word, body]) => [word, body]),
    ),
  }));
}

/** The bytes that an `http` block stands for. */
function readPayload(block: string): Uint8Array {
  const written = repeatText(
    block
      .split('\n')
      .map((line) => line.trimStart())
      .join(''),
  );
  const bytes: number[] = [];
  for (const [part, hex] of written.matchAll(/\\x([0-9a-f]{2})|\\.|[^\\]+/gi)) {
    if (hex !== undefined) {
      bytes.push(Number.parseInt(hex, 16));
    } else if (part.startsWith('\\')) {
      bytes.push(byteOfEscape(part));
    } else {
      bytes.push(...Buffer.from(part, 'utf8'));
    }
  }
  return Uint8Array.from(bytes);
}

function byteOfEscape(written: string): number {
  const bytes: Record<string, number> = { r: 13, n: 10, t: 9, 0: 0, '\\': 92 };
  const byte = bytes[written[1]];
  if (byte === undefined) {
    throw new Error(`No escape: ${written}`);
  }
  return byte;
}

function repeatText(text: string): string {
  return text.replaceAll(/\\\{(\d+):([^}]*)\}/g, (_, count, part) => part.repeat(Number(count)));
}

function writeBytes(bytes: Uint8Array): string {
  const escapes: Record<number, string> = { 13: '\\r', 10: '\\n', 9: '\\t', 0: '\\0', 92: '\\\\' };
  return [...bytes]
    .map((byte) => {
      const isPrintable = byte >= 0x20 && byte < 0x7f;
      const hex = `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      return escapes[byte] ?? (isPrintable ? String.fromCharCode(byte) : hex);
    })
    .join('');
}

/** Classifies the payload at `offset` of a larger buffer, whose other bytes cannot be read. */
function findMessage(payload: Uint8Array, offset: number, byteLength: number): Found {
  const buffer = new Uint8Array(offset + payload.length).fill(0x0a);
  buffer.set(payload, offset);
  const end = offset + byteLength;
  const message = createHttpMessage();
  // What a message before left.
  message.fieldOffsets.fill(3);
  message.foundSlots.set([...message.foundSlots.keys()]);
  message.foundCount = message.foundSlots.length;
  const bytes = guardBytes(buffer, offset, end);
  const kind = classifySegment(bytes, offset, end, methods, message);
  if (kind === MESSAGE_NONE) {
    return { kind: 'none', parts: [] };
  }
  expect(message.kind).toBe(kind);
  const isRequest = kind === MESSAGE_REQUEST;
  scanHead(bytes, end, isRequest ? TEXT_FIELD_TABLES.request : TEXT_FIELD_TABLES.response, message);
  return { kind: isRequest ? 'request' : 'response', parts: listParts(message, isRequest, offset) };
}

function listParts(message: HttpMessage, isRequest: boolean, payloadAt: number): Part[] {
  const { startLineOffset, startLineEnd, fieldOffsets, fieldEnds } = message;
  const slots = isRequest
    ? { host: FIELD_HOST, 'user-agent': FIELD_USER_AGENT }
    : { 'content-length': FIELD_CONTENT_LENGTH, 'content-type': FIELD_CONTENT_TYPE };
  const startLine = {
    name: 'start-line',
    offset: startLineOffset - payloadAt,
    byteLength: startLineEnd - startLineOffset,
  };
  const fields = Object.entries(slots)
    .filter(([, slot]) => fieldOffsets[slot] !== 0)
    .map(([name, slot]) => ({
      name,
      offset: fieldOffsets[slot] - payloadAt,
      byteLength: fieldEnds[slot] - fieldOffsets[slot],
    }));
  return [startLine, ...fields];
}

function describeFound({ kind, parts }: Found, payload: Uint8Array): string {
  const lines = parts.map(({ name, offset, byteLength }) => {
    const value = writeBytes(payload.subarray(offset, offset + byteLength));
    return `off=${offset} len=${byteLength} ${name} "${value}"`;
  });
  return `${[kind, ...lines].join('\n')}\n`;
}

/** `request start-line=whole host=cut` */
function describeCut({ kind, parts }: Found, whole: Map<string, number>): string {
  const states = parts.map(({ name, byteLength }) => {
    const state = byteLength === 0 ? 'empty' : 'cut';
    return ` ${name}=${byteLength === whole.get(name) ? 'whole' : state}`;
  });
  return kind + states.join('');
}

function describeCuts(payload: Uint8Array): string {
  // The longest that any cut has: the whole payload may be no message.
  const whole = new Map<string, number>();
  const cuts = Array.from(payload, (_, index) => findMessage(payload, 5, index + 1));
  for (const { name, byteLength } of cuts.flatMap(({ parts }) => parts)) {
    whole.set(name, Math.max(byteLength, whole.get(name) ?? 0));
  }
  const runs: { first: number; last: number; text: string }[] = [];
  cuts.forEach((found, index) => {
    const text = describeCut(found, whole);
    const run = runs.at(-1);
    if (run?.text === text) {
      run.last = index + 1;
    } else {
      runs.push({ first: index + 1, last: index + 1, text });
    }
  });
  return runs.map(({ first, last, text }) => `${first}-${last} ${text}\n`).join('');
}

const files = readdirSync(CASES_URL).filter((file) => file !== 'README.md');
const allCases = files.flatMap(readCases);

describe('HTTP cases', () => {
  it.each(allCases.map((one) => [one.title, one] as const))('%s', (_title, { blocks }) => {
    const payload = readPayload(blocks.get('http') as string);
    const cuts = blocks.get('cuts');
    if (cuts !== undefined) {
      expect(describeCuts(payload)).toBe(cuts);
      return;
    }
    const expected = repeatText(blocks.get('expect') as string);
    // At every alignment: heads are read by words.
    for (const offset of [1, 2, 3, 4, 54, 66]) {
      const found = findMessage(payload, offset, payload.length);
      expect(describeFound(found, payload)).toBe(expected);
    }
  });

  it('every file is of a theme, and every case has a payload, one result and a name of its own', () => {
    expect(files.sort()).toEqual([
      'cut.md',
      'header-fields.md',
      'loose-start-lines.md',
      'not-http.md',
      'requests.md',
      'responses.md',
    ]);
    for (const { title, blocks } of allCases) {
      expect(title).not.toMatch(/^undefined/);
      expect([...blocks.keys()].sort().join(), title).toMatch(/^(expect,http|cuts,http)$/);
    }
    expect(new Set(allCases.map(({ title }) => title)).size).toBe(allCases.length);
  });
});
