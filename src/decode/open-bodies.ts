import { FRAMING_CHUNKED } from '../http/body-framing.ts';
import { CHUNK_SIZE, NO_SIZE } from '../http/chunk-reader.ts';
import {
  BODY_HAS_HEAD,
  BODY_HAS_OPEN_HEAD,
  BODY_IS_CHUNKED,
  BODY_IS_HEAD_ASKED,
  BODY_IS_OPEN,
  BODY_IS_UNSURE,
  CHUNK_SIZE_AT,
  CHUNK_STATE_AT,
  dropHead,
  endOf,
  FROM_AT,
  findPlace,
  forgetOpposite,
  HEAD_RECEIVED_AT,
  highOf,
  isOwnHead,
  NO_PLACE,
  type OpenBodies,
  ROW_WORDS,
  raiseHigh,
  START_AT,
  setHigh,
  TO_AT,
  takeHead,
  takeOpposite,
  takePlace,
} from './body-rows.ts';
import { followChunks } from './follow-body-chunks.ts';
import { OPEN_BODY_BYTES_MAX } from './limits.ts';
import type { Segment } from './segment.ts';

/** What a segment tells of bodies, and what is known of one by its direction's place. */

/** The segment begins in no body. */
export const NO_BODY = -1;

/** A client's SYN: what its ports have sent before is another connection's. */
export function beginBodies(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const wasKnown = takePlace(bodies, bytes, segment);
  const { flags, place } = bodies;
  if (wasKnown && highOf(bodies, place) === segment.sequenceNumber) {
    return; // The same once more, of another device or sent again.
  }
  flags[place] = wasKnown ? BODY_IS_UNSURE : 0;
  setHigh(bodies, place, segment.sequenceNumber);
  forgetOpposite(bodies, bytes, segment);
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
  if (isThorough) {
    takePlace(bodies, bytes, segment);
  } else {
    const place = findPlace(bodies, bytes, segment, false, BODY_HAS_HEAD);
    if (place === NO_PLACE) {
      return;
    }
    bodies.place = place;
  }
  const { flags, place } = bodies;
  const end = endOf(segment);
  if (overlapsHead(bodies, segment.sequenceNumber, end)) {
    dropHead(bodies, place);
  } else if ((flags[place] & BODY_IS_CHUNKED) !== 0) {
    followChunks(bodies, bytes, segment);
  }
  raiseHigh(bodies, place, end);
}

/**
 * Says where the body ends in which the segment begins, which looks like a message: an offset, at most the payload's
 * end. NO_BODY: it is one, as far as is known.
 */
export function findBodyEnd(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): number {
  takePlace(bodies, bytes, segment);
  return (bodies.flags[bodies.place] & BODY_IS_OPEN) !== 0 && isOwnHead(bodies, bytes, segment)
    ? findOpenBodyEnd(bodies, bytes, segment)
    : NO_BODY;
}

function findOpenBodyEnd(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): number {
  const { rows, flags, place } = bodies;
  const { sequenceNumber, payloadOffset, payloadEnd } = segment;
  const row = place * ROW_WORDS;
  if (((sequenceNumber - rows[row + FROM_AT]) | 0) < 0) {
    return NO_BODY;
  }
  if ((flags[place] & BODY_IS_CHUNKED) !== 0) {
    followChunks(bodies, bytes, segment);
    if ((flags[place] & BODY_IS_OPEN) === 0) {
      return NO_BODY;
    }
    if ((flags[place] & BODY_IS_CHUNKED) !== 0) {
      raiseHigh(bodies, place, endOf(segment));
      return payloadEnd;
    }
  }
  const left = (rows[row + TO_AT] - sequenceNumber) | 0;
  if (left <= 0) {
    return NO_BODY;
  }
  raiseHigh(bodies, place, endOf(segment));
  return Math.min(payloadEnd, payloadOffset + left);
}

/** Nothing is known of the segment's direction but what it has sent. **Its place is taken.** */
export function hasNothingOpen({ flags, place }: OpenBodies): boolean {
  return flags[place] === 0;
}

/** Takes a message without a body where nothing is open, as most are. **Its place is taken.** */
export function passMessage(bodies: OpenBodies, segment: Segment): void {
  raiseHigh(bodies, bodies.place, endOf(segment));
}

/** Takes a message whose head does not end in the segment: it may come whole. **Its place is taken.** */
export function noteOpenHead(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const { place } = bodies;
  const end = endOf(segment);
  if (isInOrder(bodies, segment.sequenceNumber)) {
    takeHead(bodies, bytes, segment, end, BODY_HAS_OPEN_HEAD);
  } else if (overlapsHead(bodies, segment.sequenceNumber, end)) {
    dropHead(bodies, place);
  }
  raiseHigh(bodies, place, end);
}

/**
 * Takes a message whose head is whole. **Its place is taken.**
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
  const { rows, flags, place } = bodies;
  const { sequenceNumber } = segment;
  const row = place * ROW_WORDS;
  const end = endOf(segment);
  const from = (sequenceNumber + headBytes) | 0;
  const state = flags[place];
  const isAgain = (state & BODY_HAS_HEAD) !== 0 && rows[row + START_AT] === sequenceNumber;
  if (isAgain && (state & BODY_HAS_OPEN_HEAD) === 0) {
    if (rows[row + FROM_AT] !== from) {
      dropHead(bodies, place);
    }
  } else if (isAgain || isInOrder(bodies, sequenceNumber)) {
    openBody(bodies, bytes, segment, from, framing);
  } else if (overlapsHead(bodies, sequenceNumber, end)) {
    dropHead(bodies, place);
  }
  raiseHigh(bodies, place, end);
}

function openBody(
  bodies: OpenBodies,
  bytes: Uint8Array,
  segment: Segment,
  from: number,
  framing: number,
): void {
  const { rows, flags, place } = bodies;
  const row = place * ROW_WORDS;
  const bodyBytes = Math.min(framing, OPEN_BODY_BYTES_MAX);
  if (framing === FRAMING_CHUNKED) {
    takeHead(bodies, bytes, segment, from, BODY_IS_OPEN | BODY_IS_CHUNKED);
    rows[row + CHUNK_SIZE_AT] = NO_SIZE;
    rows[row + CHUNK_STATE_AT] = CHUNK_SIZE;
    followChunks(bodies, bytes, segment);
  } else if (bodyBytes > 0 && ((from + bodyBytes - endOf(segment)) | 0) > 0) {
    takeHead(bodies, bytes, segment, from, BODY_IS_OPEN);
    rows[row + TO_AT] = (from + bodyBytes) | 0;
  } else if ((flags[place] & BODY_HAS_HEAD) !== 0) {
    dropHead(bodies, place);
  }
}

/** Notes that the segment asks with HEAD: what answers it has no body, whatever its head says. */
export function noteHeadAsked(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const place = takeOpposite(bodies, bytes, segment);
  bodies.hasHeads = true;
  bodies.flags[place] |= BODY_IS_HEAD_ASKED;
  bodies.rows[place * ROW_WORDS + HEAD_RECEIVED_AT] = segment.acknowledgmentNumber;
}

/** The same of another method: when its client has received more since, what it asked with HEAD is answered. */
export function noteOtherAsked(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): void {
  const { rows, flags } = bodies;
  const place = findPlace(bodies, bytes, segment, true, BODY_IS_HEAD_ASKED);
  if (
    place !== NO_PLACE &&
    rows[place * ROW_WORDS + HEAD_RECEIVED_AT] !== segment.acknowledgmentNumber
  ) {
    flags[place] &= ~BODY_IS_HEAD_ASKED;
  }
}

/** Says whether the segment's response may answer HEAD. */
export function mayAnswerHead(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): boolean {
  return findPlace(bodies, bytes, segment, false, BODY_IS_HEAD_ASKED) !== NO_PLACE;
}

/** Where the client of the segment's response stands if it has something to be told by one; else NO_PLACE. */
export function findAnswered(bodies: OpenBodies, bytes: Uint8Array, segment: Segment): number {
  return findPlace(bodies, bytes, segment, true, BODY_IS_OPEN | BODY_IS_UNSURE);
}

/** A final response has come: before the end of the request's body it says that no more of it has to come. */
export function noteAnswer(bodies: OpenBodies, place: number, received: number): void {
  const { rows, flags } = bodies;
  if ((flags[place] & BODY_IS_UNSURE) !== 0) {
    // Nothing that a client sends makes its server say so.
    flags[place] &= ~BODY_IS_UNSURE;
    dropHead(bodies, place);
    raiseHigh(bodies, place, received);
  } else if (
    (flags[place] & BODY_IS_CHUNKED) !== 0 ||
    ((received - rows[place * ROW_WORDS + TO_AT]) | 0) < 0
  ) {
    dropHead(bodies, place);
  }
}

/** Nothing was seen that stands at this number or behind it. */
function isInOrder(bodies: OpenBodies, sequence: number): boolean {
  const { flags, place } = bodies;
  return (flags[place] & BODY_IS_UNSURE) === 0 && ((sequence - highOf(bodies, place)) | 0) >= 0;
}

function overlapsHead({ rows, flags, place }: OpenBodies, start: number, end: number): boolean {
  const row = place * ROW_WORDS;
  return (
    (flags[place] & BODY_HAS_HEAD) !== 0 &&
    ((start - rows[row + FROM_AT]) | 0) < 0 &&
    ((end - rows[row + START_AT]) | 0) > 0
  );
}
