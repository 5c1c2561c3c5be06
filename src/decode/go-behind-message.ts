import { BODY_LENGTH_UNKNOWN, bodyLength } from '../http/body-length.ts';
import type { HttpMessage } from '../http/message.ts';
import type { Segment } from './segment.ts';

/**
 * Makes `segment` the rest of itself behind a message, as if the rest had come in a segment of its own.
 *
 * @param hasNoBody the request says so, whatever the response's head does
 * @returns false when nothing is left, or when the head does not tell where the next message begins
 */
export function goBehindMessage(
  bytes: Uint8Array,
  message: HttpMessage,
  segment: Segment,
  hasNoBody = false,
): boolean {
  const { headEnd } = message;
  // Most segments end with the head: the first test is enough for them.
  if (headEnd === 0 || headEnd >= segment.payloadEnd) {
    return false;
  }
  const length = hasNoBody ? 0 : bodyLength(bytes, message);
  const nextOffset = headEnd + length;
  if (length === BODY_LENGTH_UNKNOWN || nextOffset >= segment.payloadEnd) {
    return false;
  }
  segment.sequenceNumber = (segment.sequenceNumber + nextOffset - segment.payloadOffset) | 0;
  segment.payloadOffset = nextOffset;
  return true;
}
