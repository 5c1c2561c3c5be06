import { expect, test } from 'vitest';
import { HASH_KEY_BYTES, hashWithKey } from '../src/keyed-hash.ts';

const KEY = Uint8Array.from({ length: HASH_KEY_BYTES }, (_, index) => index);

function hashOf(byteLength: number, key = KEY): string {
  const bytes = Uint8Array.from({ length: byteLength + 3 }, (_, index) => index - 3);
  const hash = new Int32Array(2);
  hashWithKey(key, bytes, 3, bytes.length, hash);
  return [...hash].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

// The authors' vectors: the bytes 0, 1, 2 and so on. OpenSSL's `mac ... SIPHASH` gives them too, lowest byte first.
test.each([
  [0, '726fdb47dd0e0e31'],
  [1, '74f839c593dc67fd'],
  [4, 'cf2794e0277187b7'],
  [7, 'ab0200f58b01d137'],
  [8, '93f5f5799a932462'],
  [15, 'a129ca6149be45e5'],
  [16, '3f2acc7f57c29bdb'],
  [63, '958a324ceb064572'],
])('SipHash-2-4 of %d bytes is %s', (byteLength, hash) => {
  expect(hashOf(byteLength)).toBe(hash);
  expect(hashOf(byteLength, KEY.toReversed())).not.toBe(hash);
});
