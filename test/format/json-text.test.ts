import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBasicUser } from '../../src/format/basic-user.ts';
import { closeObject, createKeyLabel, writeLabel } from '../../src/format/json-label.ts';
import {
  DECIMALS_MS,
  DECIMALS_SEC,
  JSON_BYTES_MAX,
  JSON_QUOTES_BYTES,
  writeJsonDecimal,
  writeJsonNumber,
  writeJsonString,
} from '../../src/format/json-text.ts';
import { hasControl, hostileBytes, parsedText } from './json-model.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The string of these bytes, written into exactly the room that it may need. */
function writeString(bytes: Uint8Array): string {
  const target = new Uint8Array(bytes.length * JSON_BYTES_MAX + JSON_QUOTES_BYTES);
  const end = writeJsonString(target, 0, bytes, 0, bytes.length);
  expect(end).toBeLessThanOrEqual(target.length);
  return utf8.decode(target.subarray(0, end));
}

function writeHex(hex: string): string {
  return writeString(new Uint8Array(Buffer.from(hex, 'hex')));
}

function written(write: (target: Uint8Array) => number): string {
  const target = new Uint8Array(64);
  return utf8.decode(target.subarray(0, write(target)));
}

describe('writeJsonString', () => {
  it('ASCII: quote and backslash get a backslash, controls and DEL are named, the rest is copied', () => {
    for (let byte = 0; byte < 0x80; byte++) {
      const letter = String.fromCharCode(byte);
      const isControl = byte < 0x20 || byte === 0x7f;
      const expected = isControl
        ? `\\u00${byte.toString(16).padStart(2, '0')}`
        : letter === '"' || letter === '\\'
          ? `\\${letter}`
          : letter;
      // Alone, and within a word of plain text at each place.
      for (const [before, behind] of [
        ['', ''],
        ['', 'abcd'],
        ['a', 'bcd'],
        ['abc', 'efgh'],
      ]) {
        expect(writeString(Buffer.from(before + letter + behind))).toBe(
          `"${before}${expected}${behind}"`,
        );
      }
    }
  });

  it.each([
    ['two bytes', 'c3a9', '"é"'],
    ['three bytes', 'e282ac', '"€"'],
    ['four bytes', 'f09f9880', '"😀"'],
    ['the last code point', 'f48fbfbf', '"\u{10ffff}"'],
    ['the first C1 control', 'c280', '"\\u0080"'],
    ['the last C1 control', 'c29f', '"\\u009f"'],
    ['behind the C1 controls', 'c2a0', '"\u00a0"'],
    ['before the line separator', 'e280a7', '"\u2027"'],
    ['the line separator', 'e280a8', '"\\u2028"'],
    ['the paragraph separator', 'e280a9', '"\\u2029"'],
    ['behind the paragraph separator', 'e280aa', '"\u202a"'],
  ])('well-formed UTF-8: %s', (_name, hex, expected) => {
    expect(writeHex(hex)).toBe(expected);
    expect(writeHex(`6162${hex}63`)).toBe(`"ab${expected.slice(1, -1)}c"`);
  });

  it.each([
    ['a stray continuation byte', '80', ['80']],
    ['a lead without its byte', 'c3', ['C3']],
    ['overlong, two bytes', 'c0af', ['C0', 'AF']],
    ['overlong, three bytes', 'e09fbf', ['E0', '9F', 'BF']],
    ['overlong, four bytes', 'f08fbfbf', ['F0', '8F', 'BF', 'BF']],
    ['a surrogate', 'eda080', ['ED', 'A0', '80']],
    ['above the last code point', 'f4908080', ['F4', '90', '80', '80']],
    ['no lead at all', 'ff', ['FF']],
    ['cut after three of four', 'f09f98', ['F0', '9F', '98']],
  ])('broken UTF-8: %s keeps each byte as text', (_name, hex, bytes) => {
    const text = bytes.map((byte) => `\\x${byte}`).join('');
    expect(JSON.parse(writeHex(hex))).toBe(text);
    expect(JSON.parse(writeHex(`${hex}41`))).toBe(`${text}A`);
  });

  it('any bytes: parsed back they are what went in, and no control character is in the line', () => {
    fc.assert(
      fc.property(hostileBytes, (bytes) => {
        const text = writeString(bytes);
        expect(hasControl(text)).toBe(false);
        expect(JSON.parse(text)).toBe(parsedText(bytes));
      }),
      { numRuns: 300 },
    );
  });
});

describe('numbers', () => {
  it.each([0, 1, 9, 10, 65535, 999_999_999, 1_000_000_000, 1_000_000_001, 2 ** 53 - 1, 2 ** 53])(
    'writeJsonNumber: %d',
    (value) => {
      expect(written((target) => writeJsonNumber(target, 0, value))).toBe(String(value));
    },
  );

  it.each([
    [0, '0', '0'],
    [1, '0.000001', '0.000000001'],
    [999_999, '0.999999', '0.000999999'],
    [1_000_000, '1', '0.001'],
    [120_000, '0.12', '0.00012'],
    [10_000_000_000, '10000', '10'],
    [2 ** 53 - 1, '9007199254.740991', '9007199.254740991'],
  ])('writeJsonDecimal: %d ns in milliseconds and seconds', (value, inMs, inSec) => {
    expect(written((target) => writeJsonDecimal(target, 0, value, DECIMALS_MS))).toBe(inMs);
    expect(written((target) => writeJsonDecimal(target, 0, value, DECIMALS_SEC))).toBe(inSec);
  });

  it('any whole number: exact to the last digit', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const inMs = written((target) => writeJsonDecimal(target, 0, value, DECIMALS_MS));
        const [whole, fraction = ''] = inMs.split('.');
        expect(BigInt(whole + fraction.padEnd(6, '0'))).toBe(BigInt(value));
        expect(fraction.endsWith('0')).toBe(false);
        expect(written((target) => writeJsonNumber(target, 0, value))).toBe(String(value));
      }),
      { numRuns: 300 },
    );
  });
});

describe('labels', () => {
  it('a key of any length is written whole', () => {
    for (let length = 0; length < 20; length++) {
      const name = 'abcdefghijklmnopqrst'.slice(0, length);
      const label = createKeyLabel(name);
      expect(written((target) => writeLabel(target, 0, label))).toBe(`,"${name}":`);
    }
  });

  it('closeObject: braces around members, and an object without any is taken back', () => {
    const label = createKeyLabel('a');
    const full = written((target) => {
      const membersAt = writeLabel(target, 0, label);
      const end = writeJsonNumber(target, writeLabel(target, membersAt, label), 1);
      return closeObject(target, end, 0, membersAt);
    });
    expect(full).toBe(',"a":{"a":1}');
    const empty = written((target) => {
      const membersAt = writeLabel(target, 0, label);
      return closeObject(target, membersAt, 0, membersAt);
    });
    expect(empty).toBe('');
  });
});

describe('decodeBasicUser', () => {
  const scratch = new Uint8Array(256);
  const decode = (value: string): string | undefined => {
    const bytes = Buffer.from(`##${value}##`, 'latin1');
    const length = decodeBasicUser(bytes, 2, bytes.length - 2, scratch);
    return length === -1 ? undefined : Buffer.from(scratch.subarray(0, length)).toString('latin1');
  };
  const basic = (text: string) => `Basic ${Buffer.from(text, 'latin1').toString('base64')}`;

  it.each([
    ['RFC 7617 section 2', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==', 'Aladdin'],
    ['another case, several spaces', 'bASIC   QWxhZGRpbjpvcGVu', 'Aladdin'],
    ['no padding', basic('a:bc').replaceAll('=', ''), 'a'],
    ['an empty name', basic(':secret'), ''],
    ['an empty password', basic('ann:'), 'ann'],
    ['a colon in the password', basic('ann:b:c'), 'ann'],
    ['bytes above ASCII', basic('\xc3\xa9:x'), '\xc3\xa9'],
    ['cut behind the colon', basic('ann:secret').slice(0, 12), 'ann'],
    ['256 bytes', basic(`${'u'.repeat(256)}:x`), 'u'.repeat(256)],
    ['longer ones are cut', basic(`${'u'.repeat(300)}:x`), 'u'.repeat(256)],
  ])('%s', (_name, value, user) => {
    expect(decode(value)).toBe(user);
  });

  it.each([
    ['another scheme', 'Bearer QWxhZGRpbjpvcGVu'],
    ['the scheme alone', 'Basic'],
    ['no credentials', 'Basic '],
    ['no space', 'BasicQWxhZGRpbjpvcGVu'],
    ['no colon', basic('Aladdin')],
    ['redacted', 'Basic REDACTED'],
    ['a byte that is no base64', 'Basic QWx*ZGRpbjpvcGVu'],
    ['padding before the colon', 'Basic QWxh=ZGRpbjpvcGVu'],
  ])('none: %s', (_name, value) => {
    expect(decode(value)).toBeUndefined();
  });

  it('any name without a colon comes back', () => {
    const names = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.filter((b) => b !== 0x3a));
    fc.assert(
      fc.property(names, fc.uint8Array({ maxLength: 9 }), (name, password) => {
        const text = Buffer.from(name).toString('latin1');
        const value = basic(`${text}:${Buffer.from(password).toString('latin1')}`);
        expect(decode(value)).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});
