import { describe, expect, it } from 'vitest';
import {
  beginChunks,
  CHUNK_DATA,
  CHUNK_END,
  CHUNK_FAULT_BARE_CR,
  CHUNK_FAULT_BARE_LF,
  CHUNK_FAULT_DATA_END,
  CHUNK_FAULT_JUNK,
  CHUNK_FAULT_LONG,
  CHUNK_FAULT_PADDING,
  CHUNK_FAULT_SIZE,
  CHUNK_FAULTS_LENIENT,
  CHUNK_FAULTS_STRICT,
  CHUNK_LOST,
  createChunkReader,
  passChunkData,
  readChunkFraming,
} from '../../src/http/chunk-reader.ts';
import { bytesOf } from '../fixtures/build-packets.ts';

const SIZE_MAX = 2 ** 49;
const LINE_MAX = 64;

interface Read {
  data: string;
  /** Bytes behind the body's end. */
  rest: string;
  state: 'end' | 'lost' | 'more';
  faults: number;
}

function read(text: string, step = text.length, fatalFaults = CHUNK_FAULTS_LENIENT): Read {
  const bytes = bytesOf(text);
  const reader = createChunkReader(SIZE_MAX, LINE_MAX);
  beginChunks(reader, fatalFaults);
  let data = '';
  let at = 0;
  for (let from = 0; from < bytes.length; from += step) {
    const end = Math.min(bytes.length, from + step);
    at = from;
    while (at < end && reader.state !== CHUNK_END && reader.state !== CHUNK_LOST) {
      if (reader.state === CHUNK_DATA) {
        const stop = Math.min(end, at + reader.size);
        data += text.slice(at, stop);
        passChunkData(reader, stop - at);
        at = stop;
      } else {
        at = readChunkFraming(reader, bytes, at, end);
      }
    }
    if (reader.state >= CHUNK_END) {
      break;
    }
  }
  const state = reader.state === CHUNK_END ? 'end' : reader.state === CHUNK_LOST ? 'lost' : 'more';
  return { data, rest: state === 'end' ? text.slice(at) : '', state, faults: reader.faults };
}

const ended = (data: string, faults = 0, rest = ''): Read => ({ data, rest, state: 'end', faults });
const lost = (data: string, faults: number): Read => ({ data, rest: '', state: 'lost', faults });

/** What is read, what comes of it by a lenient reader, and whether a strict one is lost. */
const CASES: [string, string, Read][] = [
  ['one chunk', '5\r\nhello\r\n0\r\n\r\n', ended('hello')],
  ['nothing but the end', '0\r\n\r\n', ended('')],
  ['a message behind it', '1\r\na\r\n0\r\n\r\nGET /', ended('a', 0, 'GET /')],
  [
    'digits of both cases',
    'a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n',
    ended('0123456789'.repeat(2)),
  ],
  ['leading zeros', '0005\r\nhello\r\n000\r\n\r\n', ended('hello')],
  ['extensions', '1;a;b=c;d="e f"\r\nx\r\n0;last\r\n\r\n', ended('x')],
  ['an extension that holds a size', '1;\t5\r\nx\r\n0\r\n\r\n', ended('x')],
  ['trailers', '0\r\nX-Sum: 1\r\nY: 2\r\n\r\nrest', ended('', 0, 'rest')],
  ['data that looks like framing', '7\r\n0\r\n\r\n0\r\r\n0\r\n\r\n', ended('0\r\n\r\n0\r')],
  ['padding behind the size', '1  \r\nx\r\n0\r\n\r\n', ended('x', CHUNK_FAULT_PADDING)],
  ['junk behind the size', '1x\r\ny\r\n0\r\n\r\n', ended('y', CHUNK_FAULT_JUNK)],
  ['a size line that ends in LF', '1\nx\r\n0\r\n\r\n', ended('x', CHUNK_FAULT_BARE_LF)],
  ['data that LF ends', '1\r\nx\n0\r\n\r\n', ended('x', CHUNK_FAULT_BARE_LF)],
  ['a trailer that LF ends', '0\r\nX: 1\n\r\n', ended('', CHUNK_FAULT_BARE_LF)],
  ['an end of LF', '0\r\n\n', ended('', CHUNK_FAULT_BARE_LF)],
  ['CR within an extension', '1;\rx\r\ny\r\n0\r\n\r\n', ended('y', CHUNK_FAULT_BARE_CR)],
  ['CR before a trailer', '0\r\n\rX: 1\r\n\r\n', ended('', CHUNK_FAULT_BARE_CR)],
  ['CR within a trailer', '0\r\nX\r: 1\r\n\r\n', ended('', CHUNK_FAULT_BARE_CR)],
  ['two CR before the LF of a trailer', '0\r\nX: 1\r\r\n\r\n', ended('', CHUNK_FAULT_BARE_CR)],
  ['no digit', 'hello\r\n', lost('', CHUNK_FAULT_SIZE)],
  ['an empty size', '\r\n', lost('', CHUNK_FAULT_SIZE)],
  ['a sign', '-1\r\n', lost('', CHUNK_FAULT_SIZE)],
  ['a prefix of C', '0x5\r\nhello\r\n\r\n', ended('', CHUNK_FAULT_JUNK)],
  ['too many digits', 'ffffffffffffff\r\n', lost('', CHUNK_FAULT_SIZE)],
  ['data longer than it says', '1\r\nxy\r\n0\r\n\r\n', lost('x', CHUNK_FAULT_DATA_END)],
  ['CR alone behind data', '1\r\nx\r0\r\n\r\n', lost('x', CHUNK_FAULT_DATA_END)],
  ['a line beyond the limit', `1;${'e'.repeat(LINE_MAX)}\r\n`, lost('', CHUNK_FAULT_LONG)],
  ['trailers beyond the limit', `0\r\n${'a: b\r\n'.repeat(LINE_MAX)}`, lost('', CHUNK_FAULT_LONG)],
];

describe('readChunkFraming', () => {
  it.each(CASES)('%s', (_title, text, expected) => {
    for (let step = 1; step <= text.length; step++) {
      expect(read(text, step), `${step} bytes at a time`).toEqual(expected);
    }
  });

  it.each(CASES)('%s: a strict reader is lost at its fault', (_title, text, { faults, data }) => {
    for (const step of [1, 3, text.length]) {
      const strict = read(text, step, CHUNK_FAULTS_STRICT);
      expect(strict.state).toBe(faults === 0 ? 'end' : 'lost');
      expect(strict.faults === 0).toBe(faults === 0);
      expect(data.startsWith(strict.data)).toBe(true);
    }
  });

  it('asks for more where a body is cut', () => {
    const text = '5;x\r\nhello\r\n0\r\nX: 1\r\n\r\n';
    for (let length = 0; length < text.length; length++) {
      expect(read(text.slice(0, length), 1 + (length % 3)).state).toBe('more');
    }
  });

  it('knows sizes up to 2^53', () => {
    const reader = createChunkReader(SIZE_MAX, LINE_MAX);
    const bytes = bytesOf('1ffffffffffff0\r\n1');
    expect(readChunkFraming(reader, bytes, 0, bytes.length)).toBe(bytes.length - 1);
    expect(reader.state).toBe(CHUNK_DATA);
    expect(reader.size).toBe(0x1ffffffffffff0);
    passChunkData(reader, reader.size - 1);
    expect(reader.state).toBe(CHUNK_DATA);
  });
});
