import { BODY_LENGTH_UNKNOWN } from '../http/body-length.ts';
import type { HttpMessage } from '../http/message.ts';
import type { Segment } from './segment.ts';

/**
 * Makes `segment` the rest of itself behind a message, as if the rest had come in a segment of its own.
 *
 * @param length of the message's body, or BODY_LENGTH_UNKNOWN
 * @returns false when nothing is left, or when the head does not tell where the next message begins
 */
export function goBehindMessage(
  { headEnd }: HttpMessage,
  segment: Segment,
  length: number,
): boolean {
  // Most segments end with the head: the first test is enough for them.
  if (headEnd === 0 || headEnd >= segment.payloadEnd) {
    return false;
  }
  const nextOffset = headEnd + length;
  if (length === BODY_LENGTH_UNKNOWN || nextOffset >= segment.payloadEnd) {
    return false;
  }
  segment.sequenceNumber = (segment.sequenceNumber + nextOffset - segment.payloadOffset) | 0;
  segment.payloadOffset = nextOffset;
  return true;
}
