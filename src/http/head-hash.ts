import { createWordView, viewWords, WORD_BYTES } from '../words.ts';

/** Two factors, odd and unforeseeable. */
export interface HeadHashKey {
  readonly first: number;
  readonly second: number;
}

const hashedWords = createWordView();

/** Bits that the sum is turned by at each word, so that it tells in which order they came. */
const TURN_BITS = 7;
const WORD_BITS = 32;
/** Fewer words than bring the sum round (32): then a word could take back what another one did to it. */
const BLOCK_BYTES = 28 * WORD_BYTES;
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
 * Cost: 0.7 ns a word of four bytes, as much as any loop that reads it.
 */
export function hashHead(
  bytes: Uint8Array,
  offset: number,
  end: number,
  { first, second }: HeadHashKey,
): number {
  let sum = Math.imul(end - offset, second);
  let at = offset;
  if (end - offset >= WORD_BYTES) {
    const view = viewWords(hashedWords, bytes);
    const lastWord = end - WORD_BYTES;
    while (at < lastWord) {
      for (const blockEnd = Math.min(at + BLOCK_BYTES, lastWord); at < blockEnd; at += WORD_BYTES) {
        sum = (turn(sum) + Math.imul(view.getInt32(at, true), first)) | 0;
      }
      sum = Math.imul(sum ^ (sum >>> HALF_WORD_BITS), second);
    }
    // The last word takes in again what the one before it had.
    sum = (turn(sum) + Math.imul(view.getInt32(lastWord, true), second)) | 0;
  } else {
    for (; at < end; at++) {
      sum = (turn(sum) + Math.imul(bytes[at], first)) | 0;
    }
  }
  sum = Math.imul(sum ^ (sum >>> HALF_WORD_BITS), second);
  return sum ^ (sum >>> HALF_WORD_BITS);
}

function turn(sum: number): number {
  return (sum << TURN_BITS) | (sum >>> (WORD_BITS - TURN_BITS));
}
