import { describe, expect, it } from 'vitest';
import {
  createWordView,
  findLineFeeds,
  findWordByte,
  firstByteFound,
  hasHidingSign,
  isPlainText,
  isPlainToken,
  lowerCaseWord,
  viewWords,
} from '../src/words.ts';

/** Bytes where a carry, a borrow or a sign could go wrong, and their neighbours. */
const EDGE_BYTES = [
  0x00, 0x01, 0x09, 0x0a, 0x0b, 0x1f, 0x20, 0x21, 0x5b, 0x5c, 0x5d, 0x7e, 0x7f, 0x80, 0x81, 0x8a,
  0x9f, 0xa0, 0xdc, 0xfe, 0xff,
];

/** Every word of four edge bytes, and every byte at every place among equal ones. */
function* words(): Generator<Uint8Array> {
  for (const one of EDGE_BYTES) {
    for (const two of EDGE_BYTES) {
      for (const three of EDGE_BYTES) {
        for (const four of EDGE_BYTES) {
          yield Uint8Array.of(one, two, three, four);
        }
      }
    }
  }
  for (let byte = 0; byte < 256; byte++) {
    for (const other of [0x00, 0x20, 0x41, 0x7e, 0xff]) {
      for (let at = 0; at < 4; at++) {
        const bytes = new Uint8Array(4).fill(other);
        bytes[at] = byte;
        yield bytes;
      }
    }
  }
}

function wordOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
}

describe('findLineFeeds', () => {
  it('finds the first line feed of four bytes, and nothing where there is none', () => {
    for (const bytes of words()) {
      const found = findLineFeeds(wordOf(bytes));
      const index = found === 0 ? -1 : firstByteFound(found);
      if (index !== bytes.indexOf(0x0a)) {
        expect.fail(`${bytes}: ${index}`);
      }
    }
  });
});

describe('isPlainText', () => {
  it('is never true when a byte is a control, a backslash or not ASCII', () => {
    for (const bytes of words()) {
      const isPlain = bytes.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x5c);
      if (isPlainText(wordOf(bytes)) && !isPlain) {
        expect.fail(`${bytes}`);
      }
    }
  });

  it('is true for nearly all words of printable ASCII, so that it saves work', () => {
    const text = Buffer.from(
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ',
    );
    let plainCount = 0;
    for (let offset = 0; offset + 4 <= text.length; offset++) {
      plainCount += isPlainText(text.readInt32LE(offset)) ? 1 : 0;
    }
    expect(plainCount).toBe(text.length - 3);
  });
});

describe('isPlainToken', () => {
  it('is never true when a byte is a control, a space, a backslash or not ASCII', () => {
    for (const bytes of words()) {
      const isPlain = bytes.every((byte) => byte > 0x20 && byte < 0x7f && byte !== 0x5c);
      if (isPlainToken(wordOf(bytes)) && !isPlain) {
        expect.fail(`${bytes}`);
      }
    }
    expect(isPlainToken(wordOf(Buffer.from('a.bc')))).toBe(true);
    expect(isPlainToken(wordOf(Buffer.from('80:1')))).toBe(true);
  });
});

describe('lowerCaseWord', () => {
  it('sets bit 5 of every byte, and is 0 where one is a control character', () => {
    for (const bytes of words()) {
      const isControl = bytes.some((byte) => byte < 0x20);
      const expected = isControl ? 0 : wordOf(bytes.map((byte) => byte | 0x20));
      if (lowerCaseWord(wordOf(bytes)) !== expected) {
        expect.fail(`${bytes}`);
      }
    }
  });
});

describe('viewWords', () => {
  it('gives a view with the offsets of the bytes, also when they are a part of a buffer', () => {
    const buffer = Uint8Array.from({ length: 16 }, (_, index) => index);
    const part = buffer.subarray(5, 13);
    const view = viewWords(createWordView(), part);
    expect(view.byteLength).toBe(8);
    expect(view.getInt32(1, true)).toBe(0x09080706);
  });

  it('keeps the view while the bytes are the same, and makes one for others', () => {
    const kept = createWordView();
    const bytes = new Uint8Array(8);
    const view = viewWords(kept, bytes);
    expect(viewWords(kept, bytes)).toBe(view);
    const other = viewWords(kept, Uint8Array.of(1, 0, 0, 0));
    expect(other).not.toBe(view);
    expect(other.getInt32(0, true)).toBe(1);
  });
});

/** Every length up to three words, at every place of a word, with one byte at every place among others. */
function* ranges(sought: number): Generator<{ bytes: Uint8Array; at: number; end: number }> {
  for (const other of [0x00, 0x0c, 0x0e, 0x3a, 0x3c, 0x3f, 0x41, 0x80, 0xc0, 0xff]) {
    for (let at = 0; at < 4; at++) {
      for (let length = 0; length <= 13; length++) {
        for (let place = at - 1; place <= at + length; place++) {
          const bytes = new Uint8Array(at + length + 1).fill(other);
          bytes[place] = sought;
          yield { bytes, at, end: at + length };
        }
      }
    }
  }
}

describe('findWordByte', () => {
  it.each([0x0d, 0x3b, 0x40])('finds the first %d within its range, and none beyond', (sought) => {
    for (const { bytes, at, end } of ranges(sought)) {
      const index = bytes.subarray(0, end).indexOf(sought, at);
      expect(findWordByte(bytes, at, end, sought)).toBe(index === -1 ? end : index);
    }
  });
});

describe('hasHidingSign', () => {
  it.each(['@', ';', '\r'])('finds %j within its range, and none beyond', (sign) => {
    for (const { bytes, at, end } of ranges(sign.charCodeAt(0))) {
      const expected = [...bytes.subarray(at, end)].some((byte) =>
        [0x40, 0x3b, 0x0d].includes(byte),
      );
      if (hasHidingSign(bytes, at, end) !== expected) {
        expect({ bytes, at, end, expected }).toBeUndefined();
      }
    }
  });

  it('finds none in any word of other bytes', () => {
    for (const bytes of words()) {
      const expected = [...bytes].some((byte) => [0x40, 0x3b, 0x0d].includes(byte));
      if (hasHidingSign(bytes, 0, 4) !== expected) {
        expect({ bytes, expected }).toBeUndefined();
      }
    }
  });
});
