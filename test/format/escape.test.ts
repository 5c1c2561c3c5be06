import { describe, expect, it } from 'vitest';
import {
  ESCAPED_BYTES_MAX,
  SPACE_ESCAPED,
  SPACE_KEPT,
  type SpaceMode,
  writeEscaped,
} from '../../src/format/escape.ts';
import { guardBytes } from '../decode/decode-guarded.ts';
import { createRandom } from '../decode/seeded-random.ts';
import { unescapeLine } from './unescape-line.ts';

const MODES: SpaceMode[] = [SPACE_KEPT, SPACE_ESCAPED];
const TARGET = new Uint8Array(4096);
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Writes the bytes at the start of TARGET; the result is valid until the next call. */
function escapeBytes(bytes: Uint8Array, spaceMode: SpaceMode = SPACE_KEPT): Uint8Array {
  return TARGET.subarray(0, writeEscaped(TARGET, 0, bytes, 0, bytes.length, spaceMode));
}

function escapeHex(hex: string, spaceMode: SpaceMode = SPACE_KEPT): string {
  const bytes = new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  return utf8.decode(escapeBytes(bytes, spaceMode));
}

/** Well-formed UTF-8 without C0 controls, DEL and C1 controls. */
function isSafeText(escaped: Uint8Array): boolean {
  try {
    return [...utf8.decode(escaped)].every(
      (letter) => letter >= '\u00a0' || (letter >= ' ' && letter <= '~'),
    );
  } catch {
    return false;
  }
}

function failEscape(bytes: Uint8Array, escaped: Uint8Array): never {
  const hex = Buffer.from(bytes).toString('hex');
  return expect.fail(`${hex} becomes ${Buffer.from(escaped).toString('latin1')}`);
}

/** What every result must be, whatever went in. */
function checkEscaped(bytes: Uint8Array, spaceMode: SpaceMode): void {
  const escaped = escapeBytes(bytes, spaceMode);
  if (
    escaped.length > bytes.length * ESCAPED_BYTES_MAX ||
    !isSafeText(escaped) ||
    (spaceMode === SPACE_ESCAPED && escaped.includes(0x20)) ||
    Buffer.compare(unescapeLine(escaped), bytes) !== 0
  ) {
    failEscape(bytes, escaped);
  }
}

describe('writeEscaped: each byte alone', () => {
  it.each(MODES)('printable ASCII is copied, the rest is written in hex (mode %i)', (spaceMode) => {
    for (let byte = 0; byte < 256; byte++) {
      const hex = `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
      let expected = byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : hex;
      if (byte === 0x5c) {
        expected = '\\\\';
      } else if (byte === 0x20 && spaceMode === SPACE_KEPT) {
        expected = ' ';
      }
      expect(utf8.decode(escapeBytes(Uint8Array.of(byte), spaceMode))).toBe(expected);
    }
  });

  it('each byte becomes the same at every place among letters, and leaves them as they are', () => {
    for (const spaceMode of MODES) {
      for (let byte = 0; byte < 256; byte++) {
        const alone = utf8.decode(escapeBytes(Uint8Array.of(byte), spaceMode));
        for (let at = 0; at < 12; at++) {
          const bytes = new Uint8Array(12).fill(0x61);
          bytes[at] = byte;
          const expected = 'a'.repeat(at) + alone + 'a'.repeat(11 - at);
          expect(utf8.decode(escapeBytes(bytes, spaceMode))).toBe(expected);
        }
      }
    }
  });
});

describe('writeEscaped: UTF-8', () => {
  it.each([
    ['U+00A0, the first behind the C1 controls', 'c2a0'],
    ['U+00FC', 'c3bc'],
    ['U+07FF, the last of two bytes', 'dfbf'],
    ['U+0800, the first of three', 'e0a080'],
    ['U+20AC', 'e282ac'],
    ['U+D7FF, the last before the surrogates', 'ed9fbf'],
    ['U+E000, the first behind them', 'ee8080'],
    ['U+FFFD', 'efbfbd'],
    ['U+FFFF', 'efbfbf'],
    ['U+10000, the first of four bytes', 'f0908080'],
    ['U+1F600', 'f09f9880'],
    ['U+10FFFF, the last', 'f48fbfbf'],
  ])('%s is copied', (_name, hex) => {
    const bytes = new Uint8Array(Buffer.from(hex, 'hex'));
    for (const spaceMode of MODES) {
      expect(Buffer.from(escapeBytes(bytes, spaceMode)).toString('hex')).toBe(hex);
    }
  });

  it.each([
    ['the C1 control U+0080', 'c280', '\\xC2\\x80'],
    ['the C1 control U+009B, which starts terminal sequences', 'c29b', '\\xC2\\x9B'],
    ['the C1 control U+009F', 'c29f', '\\xC2\\x9F'],
    ['a slash in two bytes', 'c0af', '\\xC0\\xAF'],
    ['U+007F in two bytes', 'c1bf', '\\xC1\\xBF'],
    ['a slash in three bytes', 'e080af', '\\xE0\\x80\\xAF'],
    ['U+07FF in three bytes', 'e09fbf', '\\xE0\\x9F\\xBF'],
    ['a slash in four bytes', 'f08080af', '\\xF0\\x80\\x80\\xAF'],
    ['U+FFFF in four bytes', 'f08fbfbf', '\\xF0\\x8F\\xBF\\xBF'],
    ['the surrogate U+D800', 'eda080', '\\xED\\xA0\\x80'],
    ['the surrogate U+DFFF', 'edbfbf', '\\xED\\xBF\\xBF'],
    ['U+110000', 'f4908080', '\\xF4\\x90\\x80\\x80'],
    ['a lead byte of five', 'f888808080', '\\xF8\\x88\\x80\\x80\\x80'],
    ['a lead byte of six', 'fc8480808080', '\\xFC\\x84\\x80\\x80\\x80\\x80'],
    ['FE and FF', 'feff', '\\xFE\\xFF'],
    ['a continuation byte alone', '80', '\\x80'],
    ['three bytes, cut after one', 'e2', '\\xE2'],
    ['three bytes, cut after two', 'e282', '\\xE2\\x82'],
    ['four bytes, cut after three', 'f09f98', '\\xF0\\x9F\\x98'],
    ['a sequence that a letter interrupts', 'e28261', '\\xE2\\x82a'],
    ['a sequence that another one interrupts', 'e282c3bc', '\\xE2\\x82\u00fc'],
    ['a sequence that a control interrupts', 'e2820a', '\\xE2\\x82\\x0A'],
    ['a sequence with one continuation byte too many', 'c3bcbc', '\u00fc\\xBC'],
  ])('%s is written in hex', (_name, hex, expected) => {
    expect(escapeHex(hex)).toBe(expected);
    expect(escapeHex(hex, SPACE_ESCAPED)).toBe(expected);
  });

  it('a sequence that goes on behind the end is cut there', () => {
    const bytes = guardBytes(Uint8Array.of(0x61, 0xe2, 0x82, 0xac), 1, 3);
    const end = writeEscaped(TARGET, 0, bytes, 1, 3, SPACE_KEPT);
    expect(utf8.decode(TARGET.subarray(0, end))).toBe('\\xE2\\x82');
  });
});

describe('writeEscaped: backslashes and spaces', () => {
  it('a backslash is doubled, so that no text looks like an escape', () => {
    expect(escapeHex('5c 78 34 31')).toBe('\\\\x41');
    expect(escapeHex('5c 5c')).toBe('\\\\\\\\');
    expect(escapeHex('5c 0a')).toBe('\\\\\\x0A');
  });

  it('a space is kept, or written in hex where it would split a column', () => {
    expect(escapeHex('61 20 62')).toBe('a b');
    expect(escapeHex('61 20 20 62 20', SPACE_ESCAPED)).toBe('a\\x20\\x20b\\x20');
  });
});

describe('writeEscaped: everything', () => {
  it.each(MODES)('all pairs of bytes give safe text that can be undone (mode %i)', (spaceMode) => {
    const bytes = new Uint8Array(2);
    for (let pair = 0; pair < 65536; pair++) {
      bytes[0] = pair >> 8;
      bytes[1] = pair & 0xff;
      checkEscaped(bytes, spaceMode);
    }
  });

  it('all fours of bytes at the borders of UTF-8 give safe text that can be undone', () => {
    const borders = [
      ...[0x1b, 0x20, 0x41, 0x5c, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf],
      ...[0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5],
    ];
    for (const one of borders) {
      for (const two of borders) {
        for (const three of borders) {
          for (const four of borders) {
            checkEscaped(Uint8Array.of(one, two, three, four), SPACE_KEPT);
          }
        }
      }
    }
  });

  it('every code point is copied when it is no control and no backslash', () => {
    for (let codePoint = 0xa0; codePoint <= 0x10ffff; codePoint += codePoint < 0x3000 ? 1 : 61) {
      if (codePoint < 0xd800 || codePoint > 0xdfff) {
        const bytes = Buffer.from(String.fromCodePoint(codePoint), 'utf8');
        if (Buffer.compare(escapeBytes(bytes), bytes) !== 0) {
          failEscape(bytes, escapeBytes(bytes));
        }
      }
    }
  });

  it('random bytes of many lengths give safe text that can be undone', () => {
    const random = createRandom(3629);
    for (let round = 0; round < 20_000; round++) {
      const isMostlyText = random(2) === 0;
      const bytes = Uint8Array.from({ length: random(40) }, () =>
        isMostlyText && random(8) > 0 ? 0x20 + random(0x60) : random(256),
      );
      checkEscaped(bytes, MODES[random(2)]);
    }
  });

  it('reads only the bytes that it is given, and writes from where it is told', () => {
    const text = Buffer.from('xxUser Agent/1.0 \\ \u00fc\u20ac\u{1f600}\x00xx', 'utf8');
    for (let end = 2; end <= text.length - 2; end++) {
      TARGET.fill(0x2e, 0, 200);
      const guarded = guardBytes(text, 2, end);
      const at = writeEscaped(TARGET, 10, guarded, 2, end, SPACE_KEPT);
      expect(Buffer.compare(unescapeLine(TARGET.subarray(10, at)), text.subarray(2, end))).toBe(0);
      expect(TARGET.subarray(0, 10).every((byte) => byte === 0x2e)).toBe(true);
      expect(TARGET[at]).toBe(0x2e);
    }
  });

  it('nothing becomes nothing', () => {
    for (const spaceMode of MODES) {
      expect(writeEscaped(TARGET, 7, new Uint8Array(0), 0, 0, spaceMode)).toBe(7);
    }
  });
});
