import {
  beginChunks as beginReader,
  CHUNK_DATA,
  CHUNK_END,
  CHUNK_FAULTS_LENIENT,
  CHUNK_LOST,
  CHUNK_SIZE,
  createChunkReader,
  NO_SIZE,
  readChunkFraming,
} from '../http/chunk-reader.ts';
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

/** CR LF behind a chunk's data. */
const LINE_END_BYTES = 2;

/** In hand while a segment is read. A line's length is bound by the segment's, the body's by what numbers tell. */
const reader = createChunkReader(SEQUENCE_LEAP_MAX, Number.MAX_SAFE_INTEGER);

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
  const state = chunks.state[message];
  if (state === CHUNK_LOST || state === CHUNK_END) {
    return state === CHUNK_END;
  }
  const skipped = bytesBetween(sequence, chunks.sequence[message]);
  if (skipped < 0 || skipped >= end - offset) {
    return false;
  }
  reader.state = state;
  reader.size = chunks.size[message];
  reader.lineBytes = 0;
  let at = readChunkFraming(reader, bytes, offset + skipped, end);
  while (reader.state === CHUNK_DATA) {
    // The line end behind the data is leapt over with it: it may be lost, and tells nothing.
    at += reader.size + LINE_END_BYTES;
    beginReader(reader, CHUNK_FAULTS_LENIENT);
    at = readChunkFraming(reader, bytes, at, end);
  }
  chunks.state[message] = reader.state;
  chunks.size[message] = reader.size;
  chunks.sequence[message] = (sequence + at - offset) | 0;
  return reader.state === CHUNK_END;
}
