import { hexDigit } from '../http/grammar.ts';
import { SEQUENCE_LEAP_MAX } from './limits.ts';
import { bytesBetween } from './sequence.ts';

/**
 * Follows the framing of a chunked body by sequence numbers: of its body only the lines with sizes are
 * looked at, and only when the segment that they stand in passes. By message, in flat memory.
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

export function createChunkFraming(messagesMax: number): ChunkFraming {
  return {
    state: new Uint8Array(messagesMax),
    size: new Float64Array(messagesMax),
    sequence: new Int32Array(messagesMax),
  };
}

/** The framing begins at this sequence number, behind the head. */
export function beginChunks(chunks: ChunkFraming, message: number, sequence: number): void {
  chunks.state[message] = CHUNK_SIZE;
  chunks.size[message] = NO_SIZE;
  chunks.sequence[message] = sequence;
}

/** Sequence number behind the body's last byte; **it has ended**. */
export function chunksEndOf(chunks: ChunkFraming, message: number): number {
  return chunks.sequence[message];
}

/**
 * Says whether the framing cannot be followed any more, now that bytes up to `nextSequence` have passed: there
 * was none, or the line that had to be read is among them.
 */
export function areChunksLost(
  chunks: ChunkFraming,
  message: number,
  nextSequence: number,
): boolean {
  const state = chunks.state[message];
  return (
    state === CHUNK_LOST ||
    (state !== CHUNK_END && bytesBetween(chunks.sequence[message], nextSequence) > 0)
  );
}

/** Where the framing goes on. */
export function framingSequenceOf(chunks: ChunkFraming, message: number): number {
  return chunks.sequence[message];
}

/** Says whether framing that is still to come may stand at this sequence number or behind it. */
export function isFramingAhead(chunks: ChunkFraming, message: number, sequence: number): boolean {
  return chunks.state[message] !== CHUNK_END && !areChunksLost(chunks, message, sequence);
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
  message: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  sequence: number,
): boolean {
  let state = chunks.state[message];
  if (state === CHUNK_LOST || state === CHUNK_END) {
    return state === CHUNK_END;
  }
  let size = chunks.size[message];
  const skipped = bytesBetween(sequence, chunks.sequence[message]);
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
  chunks.state[message] = state;
  chunks.size[message] = size;
  chunks.sequence[message] = (sequence + at - offset) | 0;
  return state === CHUNK_END;
}
