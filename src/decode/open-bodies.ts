import { FRAMING_CHUNKED } from '../http/body-framing.ts';
import {
  CHUNK_DATA,
  CHUNK_END,
  CHUNK_LOST,
  type ChunkReader,
  NO_SIZE,
  passChunkData,
  readChunkFraming,
} from '../http/chunk-reader.ts';
import {
  ALL_OF_HEAD,
  BODY_HAS_HEAD,
  BODY_HAS_OPEN_HEAD,
  BODY_IS_CHUNKED,
  BODY_IS_HEAD_ASKED,
  BODY_IS_OPEN,
  BODY_IS_UNSURE,
  CHUNK_SIZE_AT,
  CHUNK_STATE_MASK,
  CHUNK_STATE_SHIFT,
  dropHead,
  endOf,
  FLAGS_MASK,
  FROM_AT,
  familyOf,
  HEAD_RECEIVED_AT,
  HIGH_AT,
  isInOrder,
  isRow,
  LINE_BYTES_SHIFT,
  type OpenBodies,
  overlapsHead,
  placeOf,
  ROW_WORDS,
  raise,
  rowOf,
  START_AT,
  STATE_AT,
  TO_AT,
  takeHead,
  writeState,
} from './body-rows.ts';
import { OPEN_BODY_BYTES_MAX } from './limits.ts';
import type { Segment } from './segment.ts';

/** What a segment tells of bodies, and what is known of one by its direction's row. */

/** The segment begins in no body. */
export const NO_BODY = -1;

/** A client's SYN: what its ports have sent before is another connection's. */
export function beginBodies(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const { rows } = bodies;
  const { sequenceNumber } = segment;
  const wasKnown = isRow(rows, placeOf(bodies, bytes, segment, false), bytes, segment, false);
  const row = rowOf(bodies, bytes, segment);
  if (wasKnown && rows[row + HIGH_AT] === sequenceNumber) {
    return; // The same once more, of another device or sent again.
  }
  writeState(bodies, row, familyOf(segment) | (wasKnown ? BODY_IS_UNSURE : 0));
  rows[row + HIGH_AT] = sequenceNumber;
  const other = placeOf(bodies, bytes, segment, true);
  if (isRow(rows, other, bytes, segment, true)) {
    writeState(bodies, other, 0);
  }
}

/**
 * Takes a segment that begins no message.
 *
 * @param segment with payload
 * @param isThorough also when no body is open: a message in pieces that look like none is under its number then. Who
 *   does not put pieces together has no line of such a message anyway, and need not know
 */
export function passBytes(
  bodies: OpenBodies,
  bytes: Uint8Array,
  segment: Segment,
  isThorough: boolean,
): void {
  const { rows, isOpen } = bodies;
  const row = placeOf(bodies, bytes, segment, false);
  if ((!isThorough && isOpen[row / ROW_WORDS] === 0) || !isRow(rows, row, bytes, segment, false)) {
    return;
  }
  const end = endOf(segment);
  if (overlapsHead(rows, row, segment.sequenceNumber, end)) {
    dropHead(bodies, row);
  } else if ((rows[row + STATE_AT] & BODY_IS_CHUNKED) !== 0) {
    followChunks(bodies, row, bytes, segment);
  }
  raise(rows, row, end);
}

/**
 * Says where the body ends in which the segment begins, which looks like a message: an offset, at most the payload's
 * end. NO_BODY: it is one, as far as is known.
 */
export function findBodyEnd(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): number {
  const row = rowOf(bodies, bytes, segment);
  bodies.row = row;
  return (bodies.rows[row + STATE_AT] & BODY_IS_OPEN) === 0
    ? NO_BODY
    : findOpenBodyEnd(bodies, row, bytes, segment);
}

function findOpenBodyEnd(
  bodies: OpenBodies,
  row: number,
  bytes: Uint8Array,
  segment: Segment,
): number {
  const { rows } = bodies;
  const { sequenceNumber, payloadOffset, payloadEnd } = segment;
  if (((sequenceNumber - rows[row + FROM_AT]) | 0) < 0) {
    return NO_BODY;
  }
  if ((rows[row + STATE_AT] & BODY_IS_CHUNKED) !== 0) {
    followChunks(bodies, row, bytes, segment);
    if ((rows[row + STATE_AT] & BODY_IS_OPEN) === 0) {
      return NO_BODY;
    }
    if ((rows[row + STATE_AT] & BODY_IS_CHUNKED) !== 0) {
      raise(rows, row, endOf(segment));
      return payloadEnd;
    }
  }
  const left = (rows[row + TO_AT] - sequenceNumber) | 0;
  if (left <= 0) {
    return NO_BODY;
  }
  raise(rows, row, endOf(segment));
  return Math.min(payloadEnd, payloadOffset + left);
}

/** Takes a message whose head does not end in the segment: it may come whole. */
export function noteOpenHead(bodies: OpenBodies, segment: Segment): void {
  const { rows, row } = bodies;
  const end = endOf(segment);
  if (isInOrder(rows, row, segment.sequenceNumber)) {
    takeHead(bodies, row, segment.sequenceNumber, end, BODY_HAS_OPEN_HEAD);
  } else if (overlapsHead(rows, row, segment.sequenceNumber, end)) {
    dropHead(bodies, row);
  }
  raise(rows, row, end);
}

/**
 * Takes a message whose head is whole.
 *
 * @param segment begins with it
 * @param headBytes its length
 * @param framing FRAMING_*, or the body's length in bytes
 */
export function noteBody(
  bodies: OpenBodies,
  bytes: Uint8Array,
  segment: Segment,
  headBytes: number,
  framing: number,
): void {
  const { rows, row } = bodies;
  const { sequenceNumber, payloadOffset, payloadEnd } = segment;
  const end = endOf(segment);
  const from = (sequenceNumber + headBytes) | 0;
  const state = rows[row + STATE_AT];
  const isAgain = (state & BODY_HAS_HEAD) !== 0 && rows[row + START_AT] === sequenceNumber;
  if (isAgain && (state & BODY_HAS_OPEN_HEAD) === 0) {
    if (rows[row + FROM_AT] !== from) {
      dropHead(bodies, row);
    }
  } else if (isAgain || isInOrder(rows, row, sequenceNumber)) {
    if (framing === FRAMING_CHUNKED && payloadOffset + headBytes <= payloadEnd) {
      takeHead(bodies, row, sequenceNumber, from, BODY_IS_OPEN | BODY_IS_CHUNKED);
      rows[row + CHUNK_SIZE_AT] = NO_SIZE;
      followChunks(bodies, row, bytes, segment);
    } else if (((from + Math.min(framing, OPEN_BODY_BYTES_MAX) - end) | 0) > 0) {
      takeHead(bodies, row, sequenceNumber, from, BODY_IS_OPEN);
      rows[row + TO_AT] = (from + Math.min(framing, OPEN_BODY_BYTES_MAX)) | 0;
    } else if ((state & ALL_OF_HEAD) !== 0) {
      dropHead(bodies, row);
    }
  } else if (overlapsHead(rows, row, sequenceNumber, end)) {
    dropHead(bodies, row);
  }
  raise(rows, row, end);
}

/** Notes that the segment asks with HEAD: what answers it has no body, whatever its head says. */
export function noteHeadAsked(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const { rows } = bodies;
  const row = rowOf(bodies, bytes, segment, true);
  bodies.hasHeads = true;
  rows[row + STATE_AT] |= BODY_IS_HEAD_ASKED;
  rows[row + HEAD_RECEIVED_AT] = segment.acknowledgmentNumber;
}

/** The same of another method: when its client has received more since, what it asked with HEAD is answered. */
export function noteOtherAsked(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const { rows } = bodies;
  const row = placeOf(bodies, bytes, segment, true);
  if (
    (rows[row + STATE_AT] & BODY_IS_HEAD_ASKED) !== 0 &&
    rows[row + HEAD_RECEIVED_AT] !== segment.acknowledgmentNumber &&
    isRow(rows, row, bytes, segment, true)
  ) {
    rows[row + STATE_AT] &= ~BODY_IS_HEAD_ASKED;
  }
}

/** Says whether the segment's response may answer HEAD. */
export function mayAnswerHead(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): boolean {
  const { rows } = bodies;
  const row = placeOf(bodies, bytes, segment, false);
  return (
    (rows[row + STATE_AT] & BODY_IS_HEAD_ASKED) !== 0 && isRow(rows, row, bytes, segment, false)
  );
}

/** The segment begins a final response: before the end of the request's body it says that no more of it has to come. */
export function noteAnswer(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const { rows, isOpen } = bodies;
  const row = placeOf(bodies, bytes, segment, true);
  if (isOpen[row / ROW_WORDS] === 0 || !isRow(rows, row, bytes, segment, true)) {
    return;
  }
  const state = rows[row + STATE_AT];
  const received = segment.acknowledgmentNumber;
  if ((state & BODY_IS_UNSURE) !== 0) {
    // Nothing that a client sends makes its server say so.
    writeState(bodies, row, state & ~BODY_IS_UNSURE & ~ALL_OF_HEAD & FLAGS_MASK);
    raise(rows, row, received);
  } else if ((state & BODY_IS_CHUNKED) !== 0 || ((received - rows[row + TO_AT]) | 0) < 0) {
    dropHead(bodies, row);
  }
}

/** Reads what framing the segment has, and turns a body that has ended into one of known length. */
function followChunks(bodies: OpenBodies, row: number, bytes: Uint8Array, segment: Segment): void {
  const { rows, reader } = bodies;
  const { payloadOffset, payloadEnd, sequenceNumber } = segment;
  const state = rows[row + STATE_AT];
  reader.state = (state >> CHUNK_STATE_SHIFT) & CHUNK_STATE_MASK;
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
    dropHead(bodies, row);
    return;
  }
  rows[row + TO_AT] = (sequenceNumber + offset - payloadOffset) | 0;
  rows[row + CHUNK_SIZE_AT] = reader.size;
  rows[row + STATE_AT] =
    reader.state === CHUNK_END
      ? state & FLAGS_MASK & ~BODY_IS_CHUNKED
      : (state & FLAGS_MASK) |
        (reader.state << CHUNK_STATE_SHIFT) |
        (reader.lineBytes << LINE_BYTES_SHIFT);
}

function passData(reader: ChunkReader, byteLength: number): boolean {
  if (reader.state !== CHUNK_DATA || byteLength > reader.size) {
    return false;
  }
  passChunkData(reader, byteLength);
  return true;
}
