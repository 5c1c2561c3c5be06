import { SEQUENCE_LEAP_MAX } from './limits.ts';
import { bytesBetween } from './sequence.ts';

/**
 * Follows the framing of a chunked response by sequence numbers: of its body only the lines with sizes are
 * looked at, and only when the segment that they stand in passes. By exchange, in flat memory.
 *
 *     5 CR LF | hello | CR LF | 0 CR LF | CR LF
 *     read    | leapt over    | read    | read: the end
 *
 * @rule chunks-tell-the-end
 * @see RFC 9112 section 7.1
 */
export interface ChunkFraming {
  /** CHUNK_*: what stands at `sequence`. */
  readonly state: Uint8Array;
  /** What is known of the size that is being read; NO_SIZE before its first digit. */
  readonly size: Float64Array;
  /** Where the framing goes on; behind the last byte of the body when the state is CHUNK_END. */
  readonly sequence: Int32Array;
}

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

export function createChunkFraming(exchangesMax: number): ChunkFraming {
  return {
    state: new Uint8Array(exchangesMax),
    size: new Float64Array(exchangesMax),
    sequence: new Int32Array(exchangesMax),
  };
}

/** The framing begins at this sequence number, behind the head. */
export function beginChunks(chunks: ChunkFraming, exchange: number, sequence: number): void {
  chunks.state[exchange] = CHUNK_SIZE;
  chunks.size[exchange] = NO_SIZE;
  chunks.sequence[exchange] = sequence;
}

/** Sequence number behind the body's last byte; **it has ended**. */
export function chunksEndOf(chunks: ChunkFraming, exchange: number): number {
  return chunks.sequence[exchange];
}

/**
 * Says whether the framing cannot be followed any more, now that bytes up to `nextSequence` have passed: there
 * was none, or the line that had to be read is among them.
 */
export function areChunksLost(
  chunks: ChunkFraming,
  exchange: number,
  nextSequence: number,
): boolean {
  const state = chunks.state[exchange];
  return (
    state === CHUNK_LOST ||
    (state !== CHUNK_END && bytesBetween(chunks.sequence[exchange], nextSequence) > 0)
  );
}

/**
 * Reads what framing a segment has.
 *
 * @param offset its first payload byte, whose sequence number is `sequence`
 * @param end one past its last captured payload byte
 * @returns true when the body has ended: `chunksEndOf` tells where
 */
export function followChunks(
  chunks: ChunkFraming,
  exchange: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  sequence: number,
): boolean {
  let state = chunks.state[exchange];
  if (state === CHUNK_LOST || state === CHUNK_END) {
    return state === CHUNK_END;
  }
  let size = chunks.size[exchange];
  const skipped = bytesBetween(sequence, chunks.sequence[exchange]);
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
  chunks.state[exchange] = state;
  chunks.size[exchange] = size;
  chunks.sequence[exchange] = (sequence + at - offset) | 0;
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
