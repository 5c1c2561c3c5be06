/** Arbitrary valid HTTP messages, pipelined, with the columns that their lines must show. */
import fc from 'fast-check';
import { METHODS_DEFAULT } from '../../src/http/grammar.ts';
import { bytesOf, joinBytes } from '../fixtures/build-packets.ts';

export interface HttpText {
  bytes: Uint8Array;
  /** From the type on: `CQ GET / HTTP/1.1 host agent`; one character a byte. */
  columns: string;
}

export interface HttpTexts {
  bytes: Uint8Array;
  texts: HttpText[];
}

/** Line ends, `;` and `@`: with the latter two, what looks like user information or a session is hidden. */
const LEFT_OUT = [0x0a, 0x0d, 0x3b, 0x40];

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The contract's escaping, written a second time and slowly: whatever is not a printable character is hex. */
export function escapeText(bytes: Uint8Array, isSpaceKept: boolean): string {
  let text = '';
  for (let offset = 0; offset < bytes.length; ) {
    const character = characterAt(bytes, offset);
    const length = Math.max(character.length, 1);
    const raw = Buffer.from(bytes.subarray(offset, offset + length)).toString('latin1');
    if (character === '' || (character === ' ' && !isSpaceKept)) {
      text += `\\x${bytes[offset].toString(16).toUpperCase().padStart(2, '0')}`;
    } else {
      text += raw === '\\' ? '\\\\' : raw;
    }
    offset += length;
  }
  return text;
}

/** The bytes of the printable character that begins here, one character a byte, or nothing. */
function characterAt(bytes: Uint8Array, offset: number): string {
  for (let length = 1; length <= 4 && offset + length <= bytes.length; length++) {
    const part = bytes.subarray(offset, offset + length);
    try {
      const text = decoder.decode(part);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      return /[\x00-\x1f\x7f-\x9f]/.test(text) ? '' : Buffer.from(part).toString('latin1');
    } catch {
      // Not a whole character yet, or none at all.
    }
  }
  return '';
}

/** Printable, broken and hostile bytes, but none that is left out. */
const valueBytes = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }).map((code) => [code]) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((code) => [code]) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom('é', '€', '😀', '\u009b', '\u2028', '\\', ':', 'Host: x', 'GET / HTTP/1.1')
          .map((text) => [...Buffer.from(text)]),
      },
    ),
    { maxLength: 30 },
  )
  .map((parts) => Uint8Array.from(parts.flat().filter((code) => !LEFT_OUT.includes(code))));

const whiteSpace = fc.constantFrom('', ' ', '\t', '  ', ' \t ');
const lineEnd = fc.constantFrom('\r\n', '\n');

interface Field {
  name: string;
  value: Uint8Array;
  before: string;
  after: string;
  end: string;
}

function field(name: fc.Arbitrary<string>): fc.Arbitrary<Field> {
  return fc.record({
    name,
    value: valueBytes,
    before: whiteSpace,
    after: whiteSpace,
    end: lineEnd,
  });
}

/** A name in upper and lower case at random. */
const inAnyCase = (name: string) =>
  fc
    .array(fc.boolean(), { minLength: name.length, maxLength: name.length })
    .map((upper) =>
      [...name].map((letter, at) => (upper[at] ? letter.toUpperCase() : letter)).join(''),
    );

const otherName = fc.stringMatching(/^[a-z0-9-]{0,80}$/).map((name) => `x${name}`);
const REQUEST_NAMES = ['host', 'user-agent'];
const RESPONSE_NAMES = ['content-type'];

const wantedFields = (names: readonly string[]) =>
  fc.array(fc.oneof(field(otherName), field(fc.constantFrom(...names).chain(inAnyCase))), {
    maxLength: 8,
  });

const fieldBytes = ({ name, value, before, after, end }: Field) =>
  joinBytes(bytesOf(`${name}:${before}`), value, bytesOf(`${after}${end}`));

/** Without the optional white space around it. */
function trim(value: Uint8Array): Uint8Array {
  return bytesOf(
    Buffer.from(value)
      .toString('latin1')
      .replace(/^[ \t]+|[ \t]+$/g, ''),
  );
}

function shown(fields: readonly Field[], name: string, isSpaceKept: boolean): string {
  const first = fields.find((one) => one.name.toLowerCase() === name);
  const text = first === undefined ? '' : escapeText(trim(first.value), isSpaceKept);
  return text === '' ? '-' : text;
}

/** A body that looks like messages, for a parser that loses count. */
const body = fc
  .array(fc.constantFrom('GET / HTTP/1.1\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\n', 'a', '\n'), {
    maxLength: 4,
  })
  .map((parts) => parts.join(''));

const head = (startLine: string, fields: readonly Field[], end: string, text: string) =>
  joinBytes(
    bytesOf(startLine),
    bytesOf(end),
    ...fields.map(fieldBytes),
    ...(text === '' ? [] : [bytesOf(`Content-Length: ${text.length}\r\n`)]),
    bytesOf(`${end}${text}`),
  );

const request: fc.Arbitrary<HttpText> = fc
  .record({
    method: fc.constantFrom(...METHODS_DEFAULT),
    target: valueBytes,
    version: fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9'),
    fields: wantedFields(REQUEST_NAMES),
    end: lineEnd,
    text: body,
  })
  .map(({ method, target, version, fields, end, text }) => {
    const startLine = `${method} ${Buffer.from(target).toString('latin1')} ${version}`;
    const shownLine = escapeText(bytesOf(startLine), true);
    const columns = `${shown(fields, 'host', false)} ${shown(fields, 'user-agent', true)}`;
    const bytes = head(startLine, fields, end, text);
    return { bytes, columns: `CQ ${shownLine} ${columns}` };
  });

const response: fc.Arbitrary<HttpText> = fc
  .record({
    status: fc.constantFrom('200 OK', '404', '500 ', '204 x', '304 Not Modified', '100 Continue'),
    fields: wantedFields(RESPONSE_NAMES),
    end: lineEnd,
    text: body,
  })
  .map(({ status, fields, end, text }) => {
    const startLine = `HTTP/1.1 ${status}`;
    const hasBody = /^[245]0[04]/.test(status) && !status.startsWith('204');
    const kept = hasBody ? text : '';
    // A response without a length has a body of unknown length: zero is a length.
    const length = kept === '' ? '0' : `${kept.length}`;
    const all = kept === '' ? bytesOf('Content-Length: 0\r\n') : new Uint8Array(0);
    const bytes = joinBytes(
      bytesOf(startLine + end),
      all,
      head('', fields, '', kept).subarray(0, -kept.length || undefined),
      bytesOf(end + kept),
    );
    const columns = `${length} ${shown(fields, 'content-type', true)}`;
    return { bytes, columns: `CR ${startLine.trimEnd()} ${columns}` };
  });

/** One to four messages in a segment, each of known length. */
export const httpMessages: fc.Arbitrary<HttpTexts> = fc
  .array(fc.oneof(request, response), { minLength: 1, maxLength: 4 })
  .map((texts) => ({ texts, bytes: joinBytes(...texts.map(({ bytes }) => bytes)) }));
