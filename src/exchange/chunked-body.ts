import { SEQUENCE_LEAP_MAX } from '../limits.ts';
import type { ExchangeSlots } from './exchange-slots.ts';

/**
 * Follows the framing of a chunked response by sequence numbers: of its body only the lines with sizes are
 * looked at, and only when the segment that they stand in passes.
 *
 * @see RFC 9112 section 7.1
 */

/** In a chunk's size. */
const CHUNK_SIZE = 0;
/** Behind the size, up to the line's end: white space and extensions. */
const CHUNK_EXTENSION = 1;
/** At the beginning of a line of the trailer section. */
const CHUNK_TRAILER_START = 2;
/** Behind a trailer line's first byte. */
const CHUNK_TRAILER = 3;
/** Behind the CR of what may be the trailer section's empty line. */
const CHUNK_TRAILER_CR = 4;
/** The size of a chunk that has no digits: what is there is no framing. */
const CHUNK_LOST = 5;
const CHUNK_END = 6;

const BYTE_LF = 0x0a;
const BYTE_CR = 0x0d;
/** CR LF behind a chunk's data. */
const LINE_END_BYTES = 2;
/** No size read yet. */
const NO_SIZE = -1;

export function beginChunks(slots: ExchangeSlots, index: number, sequence: number): void {
  slots.chunkState[index] = CHUNK_SIZE;
  slots.chunkBytes[index] = NO_SIZE;
  slots.chunkSequence[index] = sequence;
}

/** Gives the framing up: the response ends with the next one. */
export function loseChunks(slots: ExchangeSlots, index: number): void {
  slots.chunkState[index] = CHUNK_LOST;
}

/** Says whether the framing cannot be followed any more, now that bytes up to `nextSequence` have passed. */
export function areChunksLost(slots: ExchangeSlots, index: number, nextSequence: number): boolean {
  return (
    slots.chunkState[index] === CHUNK_LOST ||
    (slots.chunkState[index] !== CHUNK_END && ((nextSequence - slots.chunkSequence[index]) | 0) > 0)
  );
}

/**
 * Reads what framing a segment has.
 *
 * @param offset its first payload byte, whose sequence number is `sequence`
 * @param end one past its last captured payload byte
 * @returns true when the body ended in it: `chunkSequence` is the number behind its last byte then
 */
export function followChunks(
  slots: ExchangeSlots,
  index: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  sequence: number,
): boolean {
  let state = slots.chunkState[index];
  if (state === CHUNK_LOST || state === CHUNK_END) {
    return state === CHUNK_END;
  }
  let size = slots.chunkBytes[index];
  const skipped = (slots.chunkSequence[index] - sequence) | 0;
  if (skipped < 0 || skipped >= end - offset) {
    return false;
  }
  let at = offset + skipped;
  while (at < end && state !== CHUNK_LOST && state !== CHUNK_END) {
    const byte = bytes[at++];
    switch (state) {
      case CHUNK_SIZE: {
        const digit = hexDigit(byte);
        if (digit >= 0 && size < SEQUENCE_LEAP_MAX) {
          size = (size === NO_SIZE ? 0 : size * 16) + digit;
          break;
        }
        // No digit at all, or so many that sequence numbers could not tell where the chunk ends.
        state = size === NO_SIZE || digit >= 0 ? CHUNK_LOST : CHUNK_EXTENSION;
        at--;
        break;
      }
      case CHUNK_EXTENSION:
        if (byte === BYTE_LF) {
          at += size === 0 ? 0 : size + LINE_END_BYTES;
          state = size === 0 ? CHUNK_TRAILER_START : CHUNK_SIZE;
          size = NO_SIZE;
        }
        break;
      case CHUNK_TRAILER_START:
        state = byte === BYTE_LF ? CHUNK_END : byte === BYTE_CR ? CHUNK_TRAILER_CR : CHUNK_TRAILER;
        break;
      case CHUNK_TRAILER_CR:
        state = byte === BYTE_LF ? CHUNK_END : CHUNK_TRAILER;
        break;
      default:
        state = byte === BYTE_LF ? CHUNK_TRAILER_START : CHUNK_TRAILER;
    }
  }
  slots.chunkState[index] = state;
  slots.chunkBytes[index] = size;
  slots.chunkSequence[index] = (sequence + at - offset) | 0;
  return state === CHUNK_END;
}

/** Value of a hexadecimal digit, or -1. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) {
    return byte - 0x30;
  }
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
