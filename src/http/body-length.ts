import { BYTE_0, BYTE_9, FIELD_CONTENT_LENGTH, FIELD_TRANSFER_ENCODING } from './grammar.ts';
import { type HttpMessage, MESSAGE_REQUEST } from './message.ts';
import { readStatusCode } from './status-code.ts';

/** The head does not tell, or not without doubt: what follows it in the segment is body. */
export const BODY_LENGTH_UNKNOWN = -1;

/** Past it the value grows no more: any segment is shorter, and leading zeros are as long as they like. */
const LENGTH_MAX = 1e15;

/**
 * Length of a message's body in bytes, as its head tells it; never a guess.
 *
 * Of the answer to a HEAD request, which has a Content-Length and no body, the caller has to know: otherwise
 * the next message is taken for body and is not seen, but no body is taken for a message.
 *
 * @param message scanned, its head is complete
 * @see RFC 9112 section 6.3
 */
export function bodyLength(bytes: Uint8Array, message: HttpMessage): number {
  if (message.kind !== MESSAGE_REQUEST) {
    const statusCode = readStatusCode(bytes, message);
    if (statusCode === 101) {
      return BODY_LENGTH_UNKNOWN; // Another protocol follows.
    }
    if ((statusCode >= 100 && statusCode < 200) || statusCode === 204 || statusCode === 304) {
      return 0;
    }
  }
  if (message.fieldOffsets[FIELD_TRANSFER_ENCODING] !== 0 || message.isLengthContradicted) {
    return BODY_LENGTH_UNKNOWN;
  }
  if (message.fieldOffsets[FIELD_CONTENT_LENGTH] !== 0) {
    return readDigits(
      bytes,
      message.fieldOffsets[FIELD_CONTENT_LENGTH],
      message.fieldEnds[FIELD_CONTENT_LENGTH],
    );
  }
  return message.kind === MESSAGE_REQUEST ? 0 : BODY_LENGTH_UNKNOWN;
}

/** Content-Length = 1*DIGIT (RFC 9110 section 8.6); BODY_LENGTH_UNKNOWN for anything else. */
function readDigits(bytes: Uint8Array, offset: number, end: number): number {
  if (end === offset) {
    return BODY_LENGTH_UNKNOWN;
  }
  let value = 0;
  for (; offset < end; offset++) {
    const byte = bytes[offset];
    if (byte < BYTE_0 || byte > BYTE_9) {
      return BODY_LENGTH_UNKNOWN;
    }
    value = Math.min(value * 10 + (byte - BYTE_0), LENGTH_MAX);
  }
  return value;
}
