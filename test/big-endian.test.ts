import { describe, expect, it } from 'vitest';
import { readInt32BE, readUint16BE } from '../src/big-endian.ts';
import { guardBytes } from './decode/decode-guarded.ts';

const bytes = Uint8Array.of(0xaa, 0x01, 0x02, 0xfe, 0xff, 0xaa);

describe('readUint16BE', () => {
  it('reads two bytes, the upper one first, at any offset', () => {
    expect(readUint16BE(bytes, 1)).toBe(0x0102);
    expect(readUint16BE(bytes, 3)).toBe(0xfeff);
  });

  it('reads the two bytes and no other', () => {
    expect(readUint16BE(guardBytes(bytes, 1, 3), 1)).toBe(0x0102);
  });
});

describe('readInt32BE', () => {
  it('reads four bytes, the uppermost first, as a signed number', () => {
    expect(readInt32BE(bytes, 1)).toBe(0x0102feff);
    expect(readInt32BE(Uint8Array.of(0x7f, 0xff, 0xff, 0xff), 0)).toBe(2 ** 31 - 1);
    expect(readInt32BE(Uint8Array.of(0x80, 0, 0, 0), 0)).toBe(-(2 ** 31));
    expect(readInt32BE(Uint8Array.of(0xff, 0xff, 0xff, 0xff), 0)).toBe(-1);
  });

  it('reads the four bytes and no other', () => {
    expect(readInt32BE(guardBytes(bytes, 1, 5), 1)).toBe(0x0102feff);
  });
});
