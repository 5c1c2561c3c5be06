import {
  CHUNK_DATA,
  CHUNK_END,
  CHUNK_LOST,
  passChunkData,
  readChunkFraming,
} from '../http/chunk-reader.ts';
import { endMessage, loseSide } from './end-message.ts';
import { FROM_CLIENT, LOST_CHUNKS } from './http-events.ts';
import { type StreamSide, type StreamState, touch } from './stream-state.ts';

/** Reads a body of known length; gives where it stopped. */
export function readLength(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  const stop = Math.min(end, offset + side.remainingBytes);
  tellData(stream, side, bytes, offset, stop);
  side.remainingBytes -= stop - offset;
  if (side.remainingBytes === 0) {
    endMessage(stream, side);
  }
  return stop;
}

/** Reads the next framing or data of a chunked body; gives where it stopped. */
export function readChunked(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  const { chunks } = side;
  if (chunks.state === CHUNK_DATA) {
    const stop = Math.min(end, offset + chunks.size);
    tellData(stream, side, bytes, offset, stop);
    passChunkData(chunks, stop - offset);
    return stop;
  }
  const stop = readChunkFraming(chunks, bytes, offset, end);
  side.bodyBytes += stop - offset;
  touch(stream, side);
  if (chunks.state === CHUNK_END) {
    endMessage(stream, side);
  } else if (chunks.state === CHUNK_LOST) {
    loseSide(stream, side, LOST_CHUNKS);
    return end;
  }
  return stop;
}

/** Tells bytes of the body. */
export function tellData(
  stream: StreamState,
  side: StreamSide,
  bytes: Uint8Array,
  offset: number,
  end: number,
): void {
  side.bodyBytes += end - offset;
  touch(stream, side);
  if (side.direction === FROM_CLIENT) {
    stream.events.requestData(bytes, offset, end);
  } else {
    stream.events.responseData(bytes, offset, end);
  }
}
