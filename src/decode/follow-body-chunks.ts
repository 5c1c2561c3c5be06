import {
  CHUNK_DATA,
  CHUNK_END,
  CHUNK_LOST,
  type ChunkReader,
  passChunkData,
  readChunkFraming,
} from '../http/chunk-reader.ts';
import {
  BODY_IS_CHUNKED,
  CHUNK_SIZE_AT,
  CHUNK_STATE_AT,
  dropHead,
  endOf,
  type OpenBodies,
  ROW_WORDS,
  TO_AT,
} from './body-rows.ts';
import type { Segment } from './segment.ts';

const CHUNK_STATE_MASK = 0x0f;
const LINE_BYTES_SHIFT = 4;

/** Reads what framing the segment has, and turns a body that has ended into one of known length. */
export function followChunks(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const { rows, flags, place, reader } = bodies;
  const { payloadOffset, payloadEnd, sequenceNumber } = segment;
  const row = place * ROW_WORDS;
  const state = rows[row + CHUNK_STATE_AT];
  reader.state = state & CHUNK_STATE_MASK;
  reader.lineBytes = state >>> LINE_BYTES_SHIFT;
  reader.size = rows[row + CHUNK_SIZE_AT];
  let offset = payloadOffset + ((rows[row + TO_AT] - sequenceNumber) | 0);
  const wireEnd = payloadOffset + ((endOf(segment) - sequenceNumber) | 0);
  if (offset >= wireEnd) {
    return; // All of it was read before.
  }
  // Data may be lost, framing may not.
  if (offset < payloadOffset && !passData(reader, payloadOffset - offset)) {
    reader.state = CHUNK_LOST;
  }
  offset = Math.max(offset, payloadOffset);
  while (offset < wireEnd && reader.state < CHUNK_END) {
    if (reader.state === CHUNK_DATA) {
      const passed = Math.min(reader.size, wireEnd - offset);
      passChunkData(reader, passed);
      offset += passed;
    } else if (offset >= payloadEnd) {
      reader.state = CHUNK_LOST;
    } else {
      offset = readChunkFraming(reader, bytes, offset, payloadEnd);
    }
  }
  if (reader.state === CHUNK_LOST) {
    dropHead(bodies, place);
    return;
  }
  rows[row + TO_AT] = (sequenceNumber + offset - payloadOffset) | 0;
  rows[row + CHUNK_SIZE_AT] = reader.size;
  rows[row + CHUNK_STATE_AT] = reader.state | (reader.lineBytes << LINE_BYTES_SHIFT);
  if (reader.state === CHUNK_END) {
    flags[place] &= ~BODY_IS_CHUNKED;
  }
}

function passData(reader: ChunkReader, byteLength: number): boolean {
  if (reader.state !== CHUNK_DATA || byteLength > reader.size) {
    return false;
  }
  passChunkData(reader, byteLength);
  return true;
}
