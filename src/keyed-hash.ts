/**
 * SipHash-2-4: what it gives of bytes tells nothing about them, or about another hash, to who has no key. It
 * needs no allocation and a fraction of a microsecond, where an HMAC of Node's needs several.
 *
 * @see https://www.aumasson.jp/siphash/siphash.pdf
 */

/** Bytes of a key. */
export const HASH_KEY_BYTES = 16;

const BLOCK_BYTES = 8;
const ROUNDS_PER_BLOCK = 2;
const ROUNDS_AT_END = 4;

/** v0 to v3, each as upper and lower word. */
const state = new Int32Array(8);

/** The hash of `bytes[offset, end)` as two words, the upper one first. */
export function hashWithKey(
  key: Uint8Array,
  bytes: Uint8Array,
  offset: number,
  end: number,
  hash: Int32Array,
): void {
  const key0Upper = readWord(key, 4);
  const key0Lower = readWord(key, 0);
  const key1Upper = readWord(key, 12);
  const key1Lower = readWord(key, 8);
  state[0] = key0Upper ^ 0x736f6d65;
  state[1] = key0Lower ^ 0x70736575;
  state[2] = key1Upper ^ 0x646f7261;
  state[3] = key1Lower ^ 0x6e646f6d;
  state[4] = key0Upper ^ 0x6c796765;
  state[5] = key0Lower ^ 0x6e657261;
  state[6] = key1Upper ^ 0x74656462;
  state[7] = key1Lower ^ 0x79746573;
  const byteLength = end - offset;
  for (; offset + BLOCK_BYTES <= end; offset += BLOCK_BYTES) {
    mixBlock(readWord(bytes, offset + 4), readWord(bytes, offset));
  }
  let upper = byteLength << 24;
  let lower = 0;
  for (let index = 0; offset + index < end; index++) {
    if (index < 4) {
      lower |= bytes[offset + index] << (8 * index);
    } else {
      upper |= bytes[offset + index] << (8 * (index - 4));
    }
  }
  mixBlock(upper, lower);
  state[5] ^= 0xff;
  mixRounds(ROUNDS_AT_END);
  hash[0] = state[0] ^ state[2] ^ state[4] ^ state[6];
  hash[1] = state[1] ^ state[3] ^ state[5] ^ state[7];
}

function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

function mixBlock(upper: number, lower: number): void {
  state[6] ^= upper;
  state[7] ^= lower;
  mixRounds(ROUNDS_PER_BLOCK);
  state[0] ^= upper;
  state[1] ^= lower;
}

function mixRounds(count: number): void {
  for (let round = 0; round < count; round++) {
    mixHalf(0, 2, 13, 4, 6, 16);
    swapWords(0);
    mixHalf(4, 2, 17, 0, 6, 21);
    swapWords(4);
  }
}

/** a += b, b <<<= bitsB, b ^= a, and the same of c and d. */
function mixHalf(a: number, b: number, bitsB: number, c: number, d: number, bitsD: number): void {
  add(a, b);
  rotate(b, bitsB);
  state[b] ^= state[a];
  state[b + 1] ^= state[a + 1];
  add(c, d);
  rotate(d, bitsD);
  state[d] ^= state[c];
  state[d + 1] ^= state[c + 1];
}

function add(a: number, b: number): void {
  const lower = (state[a + 1] >>> 0) + (state[b + 1] >>> 0);
  state[a] = state[a] + state[b] + (lower > 0xffffffff ? 1 : 0);
  state[a + 1] = lower;
}

/** To the left, by 1 to 31 bits. */
function rotate(at: number, bits: number): void {
  const upper = state[at];
  const lower = state[at + 1];
  state[at] = (upper << bits) | (lower >>> (32 - bits));
  state[at + 1] = (lower << bits) | (upper >>> (32 - bits));
}

/** To the left by 32 bits. */
function swapWords(at: number): void {
  const upper = state[at];
  state[at] = state[at + 1];
  state[at + 1] = upper;
}
