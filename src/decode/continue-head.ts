import { copyBytes } from '../bytes.ts';
import { findLineEnd } from '../http/classify.ts';
import { BYTE_CR, BYTE_LF } from '../http/grammar.ts';
import { HELD_HEAD_BYTES_MAX } from '../limits.ts';
import {
  HEAD_AT,
  type HeldHeads,
  hashFlow,
  linkHead,
  PLACE_BYTES,
  TARGET_ADDRESS_AT,
} from './held-heads.ts';
import type { Segment } from './segment.ts';

/** The segment was taken in (or had nothing new); the head still waits. */
export const HEAD_WAITS = 0;

/** Write what is known: the empty line is there, what is missing will not come, or no room is left. */
export const HEAD_ENDED = 1;

/** What was held is not the beginning of a message. */
export const HEAD_NONE = 2;

/** What was held belongs to no message, as a whole. */
export const HEAD_PREAMBLE = 3;

export type HeadState =
  | typeof HEAD_WAITS
  | typeof HEAD_ENDED
  | typeof HEAD_NONE
  | typeof HEAD_PREAMBLE;

/** An empty line and the line end before it: CR LF CR LF, of which all but one byte may be known already. */
const HEAD_END_BYTES = 4;

export function canHold(held: HeldHeads, segment: Segment): boolean {
  return (
    held.headsMax !== 0 &&
    !segment.isPayloadCut &&
    segment.payloadEnd - segment.payloadOffset < HELD_HEAD_BYTES_MAX
  );
}

/**
 * Holds the head that a segment begins. **The caller has checked that a place is free**, that the segment's
 * payload was captured whole, and that it fits (`canHold`).
 *
 * @param isSure the bytes are a message's; else they may become one
 */
export function holdHead(
  held: HeldHeads,
  bytes: Uint8Array,
  segment: Segment,
  timestampSec: number,
  timestampSubsecNs: number,
  isSure: boolean,
): void {
  const index = held.firstFree;
  const head = held.heads[index];
  const place = index * PLACE_BYTES;
  const { addressLength, sourceAddressOffset, targetAddressOffset, payloadOffset } = segment;
  held.firstFree = head.nextInChain;
  held.heldCount++;
  copyBytes(held.bytes, place, bytes, sourceAddressOffset, sourceAddressOffset + addressLength);
  copyBytes(
    held.bytes,
    place + TARGET_ADDRESS_AT,
    bytes,
    targetAddressOffset,
    targetAddressOffset + addressLength,
  );
  copyBytes(held.bytes, place + HEAD_AT, bytes, payloadOffset, segment.payloadEnd);
  head.addressLength = addressLength;
  head.sourcePort = segment.sourcePort;
  head.targetPort = segment.targetPort;
  head.startSequence = segment.sequenceNumber;
  head.acknowledgmentNumber = segment.acknowledgmentNumber;
  head.flags = segment.flags;
  head.length = segment.payloadEnd - payloadOffset;
  head.earlyOffset = 0;
  head.earlyEnd = 0;
  head.timestampSec = timestampSec;
  head.timestampSubsecNs = timestampSubsecNs;
  head.untilSec = timestampSec;
  head.untilSubsecNs = timestampSubsecNs;
  head.isSure = isSure;
  head.vlanTagsCount = segment.vlanTagsCount;
  head.vlanIds.set(segment.vlanIds);
  linkHead(held, index, hashFlow(bytes, segment));
}

/**
 * Says whether the whole segment stands before the head: an earlier message that came late, or a new
 * connection between the same ports. Nothing of it belongs to the head.
 */
export function isBeforeHead(held: HeldHeads, index: number, segment: Segment): boolean {
  const offset = (segment.sequenceNumber - held.heads[index].startSequence) | 0;
  return offset + segment.payloadEnd - segment.payloadOffset <= 0;
}

/** Says whether the segment begins behind what is known of the head: bytes between them are missing. */
export function isBehindGap(held: HeldHeads, index: number, segment: Segment): boolean {
  const head = held.heads[index];
  return ((segment.sequenceNumber - head.startSequence) | 0) > head.length;
}

/** Says whether the segment has other bytes under sequence numbers of which the head's are known. */
export function contradictsHead(
  held: HeldHeads,
  index: number,
  bytes: Uint8Array,
  segment: Segment,
): boolean {
  const { startSequence, length } = held.heads[index];
  const offset = (segment.sequenceNumber - startSequence) | 0;
  const end = Math.min(length, offset + segment.payloadEnd - segment.payloadOffset);
  const place = index * PLACE_BYTES + HEAD_AT;
  const source = segment.payloadOffset - offset;
  let at = Math.max(0, offset);
  while (at < end && held.bytes[place + at] === bytes[source + at]) {
    at++;
  }
  return at < end;
}

/**
 * Takes a segment of the head's flow in: the next bytes, a retransmission, an overlap, or the neighbour that
 * came too early. One run beyond a gap is kept until the gap is closed; a second gap ends the head.
 */
export function continueHead(
  held: HeldHeads,
  index: number,
  bytes: Uint8Array,
  segment: Segment,
): HeadState {
  const head = held.heads[index];
  const offset = (segment.sequenceNumber - head.startSequence) | 0;
  const end = offset + segment.payloadEnd - segment.payloadOffset;
  if (end <= head.length) {
    return HEAD_WAITS;
  }
  if (offset > head.length) {
    return keepEarly(held, index, bytes, segment, offset, end);
  }
  const searchFrom = Math.max(0, head.length - HEAD_END_BYTES + 1);
  const known = head.length;
  head.length = Math.min(end, HELD_HEAD_BYTES_MAX);
  writeHeadBytes(held, index, bytes, segment.payloadOffset + known - offset, known, head.length);
  if (head.earlyEnd > head.length && head.earlyOffset <= head.length) {
    head.length = head.earlyEnd;
  }
  const isEnded =
    head.length === HELD_HEAD_BYTES_MAX ||
    segment.isPayloadCut ||
    hasHeadEnd(held, index, searchFrom);
  return isEnded ? HEAD_ENDED : HEAD_WAITS;
}

/** Makes `segment` what the head would be in one segment; its offsets are those of `held.bytes`. */
export function readHead(held: HeldHeads, index: number, segment: Segment): void {
  const head = held.heads[index];
  const place = index * PLACE_BYTES;
  segment.addressLength = head.addressLength;
  segment.sourceAddressOffset = place;
  segment.targetAddressOffset = place + TARGET_ADDRESS_AT;
  segment.sourcePort = head.sourcePort;
  segment.targetPort = head.targetPort;
  segment.sequenceNumber = head.startSequence;
  segment.acknowledgmentNumber = head.acknowledgmentNumber;
  segment.flags = head.flags;
  segment.payloadOffset = place + HEAD_AT;
  segment.payloadEnd = place + HEAD_AT + head.length;
  segment.isPayloadCut = false;
  segment.vlanTagsCount = head.vlanTagsCount;
  segment.vlanIds.set(head.vlanIds);
}

function keepEarly(
  held: HeldHeads,
  index: number,
  bytes: Uint8Array,
  segment: Segment,
  offset: number,
  end: number,
): HeadState {
  const head = held.heads[index];
  const isFirst = head.earlyEnd === 0;
  const isNext = offset <= head.earlyEnd && offset >= head.earlyOffset;
  if (end > HELD_HEAD_BYTES_MAX || segment.isPayloadCut || !(isFirst || isNext)) {
    return HEAD_ENDED;
  }
  writeHeadBytes(held, index, bytes, segment.payloadOffset, offset, end);
  head.earlyOffset = isFirst ? offset : head.earlyOffset;
  head.earlyEnd = Math.max(head.earlyEnd, end);
  return HEAD_WAITS;
}

/** Copies bytes of a segment to their place in the head, `[from, to)` from its start. */
function writeHeadBytes(
  held: HeldHeads,
  index: number,
  bytes: Uint8Array,
  sourceOffset: number,
  from: number,
  to: number,
): void {
  const at = index * PLACE_BYTES + HEAD_AT + from;
  copyBytes(held.bytes, at, bytes, sourceOffset, sourceOffset + to - from);
}

/** Looks for a line end with an empty line behind it. */
function hasHeadEnd({ bytes, heads }: HeldHeads, index: number, from: number): boolean {
  const start = index * PLACE_BYTES + HEAD_AT;
  const end = start + heads[index].length;
  for (
    let lineEnd = findLineEnd(bytes, start + from, end);
    lineEnd + 1 < end;
    lineEnd = findLineEnd(bytes, lineEnd + 1, end)
  ) {
    const next = bytes[lineEnd + 1];
    if (
      next === BYTE_LF ||
      (next === BYTE_CR && lineEnd + 2 < end && bytes[lineEnd + 2] === BYTE_LF)
    ) {
      return true;
    }
  }
  return false;
}
