import { createWordView, viewWords, WORD_BYTES } from '../words.ts';

/** Two factors, odd and unforeseeable. */
export interface HeadHashKey {
  readonly first: number;
  readonly second: number;
}

const hashedWords = createWordView();

/** The bits of `hashHead` that are the start line's. */
export const HASH_OF_LINE = 0xffff0000 | 0;

/** Nothing was there but the start line, and perhaps a piece of a field that is not shown. */
export const HASH_IS_LINE_ALONE = 1;

/** Those of the bytes behind the start line. */
const HASH_OF_REST = ~(HASH_OF_LINE | HASH_IS_LINE_ALONE);

/** Bits that a sum is turned by at each word, so that it tells in which order they came. */
const TURN_BITS = 7;
const WORD_BITS = 32;
/** Two sums, one a word: neither waits for the other. */
const PAIR_BYTES = 2 * WORD_BYTES;
/** Fewer pairs than bring the sums round (32): then a word could take back what another one did to it. */
const BLOCK_BYTES = 28 * PAIR_BYTES;
const HALF_WORD_BITS = 16;
/** Knuth's multiplier (golden ratio), and another one: they make two factors of one seed. */
const FIRST_OF_SEED = 0x9e3779b1 | 0;
const SECOND_OF_SEED = 0x85ebca6b | 0;

/** @param seed random, 32 bits */
export function createHeadHashKey(seed: number): HeadHashKey {
  const first = Math.imul(seed ^ (seed >>> HALF_WORD_BITS), FIRST_OF_SEED);
  const second = Math.imul(first ^ (first >>> HALF_WORD_BITS), SECOND_OF_SEED);
  return { first: first | 1, second: second | 1 };
}

/**
 * A hash of the bytes of a head: who does not know the key cannot choose two heads that have the same. For nothing
 * that is shown: who sees hashes can work out the key.
 *
 * @param lineEnd where its start line ends
 * @returns HASH_OF_LINE and HASH_IS_LINE_ALONE have a meaning of their own
 */
export function hashHead(
  bytes: Uint8Array,
  offset: number,
  lineEnd: number,
  end: number,
  isLineAlone: boolean,
  key: HeadHashKey,
): number {
  const line = hashBytes(bytes, offset, lineEnd, key) & HASH_OF_LINE;
  return isLineAlone
    ? line | HASH_IS_LINE_ALONE
    : line | (hashBytes(bytes, lineEnd, end, key) & HASH_OF_REST);
}

/** Cost: 0.4 ns a word of four bytes, as much as any loop that reads it. */
function hashBytes(
  bytes: Uint8Array,
  offset: number,
  end: number,
  { first, second }: HeadHashKey,
): number {
  let even = Math.imul(end - offset, second);
  let odd = first;
  let at = offset;
  if (end - offset >= PAIR_BYTES) {
    const view = viewWords(hashedWords, bytes);
    const lastPair = end - PAIR_BYTES;
    while (at < lastPair) {
      for (const blockEnd = Math.min(at + BLOCK_BYTES, lastPair); at < blockEnd; at += PAIR_BYTES) {
        even = (turn(even) + Math.imul(view.getInt32(at, true), first)) | 0;
        odd = (turn(odd) + Math.imul(view.getInt32(at + WORD_BYTES, true), second)) | 0;
      }
      even = Math.imul(even ^ (even >>> HALF_WORD_BITS), second);
      odd = Math.imul(odd ^ (odd >>> HALF_WORD_BITS), first);
    }
    // The last pair takes in again what the one before it had.
    even = (turn(even) + Math.imul(view.getInt32(lastPair, true), second)) | 0;
    odd = (turn(odd) + Math.imul(view.getInt32(lastPair + WORD_BYTES, true), first)) | 0;
  } else {
    for (; at < end; at++) {
      even = (turn(even) + Math.imul(bytes[at], first)) | 0;
    }
  }
  even = Math.imul(even ^ (even >>> HALF_WORD_BITS), second);
  odd = Math.imul(odd ^ (odd >>> HALF_WORD_BITS), first);
  const sum = Math.imul(turn(even) ^ odd, second);
  return sum ^ (sum >>> HALF_WORD_BITS);
}

function turn(sum: number): number {
  return (sum << TURN_BITS) | (sum >>> (WORD_BITS - TURN_BITS));
}
