import { BYTE_0, BYTE_9 } from './grammar.ts';
import type { HttpMessage } from './message.ts';

/** `HTTP/D.D` and a space: the status code's first digit. */
export const STATUS_CODE_AT = 9;
export const STATUS_CODE_DIGITS = 3;
/** Its three digits are not there, or are none. */
export const STATUS_CODE_UNKNOWN = -1;

/**
 * The three digits of a response's status line, or STATUS_CODE_UNKNOWN.
 *
 * @see RFC 9112 section 4
 */
export function readStatusCode(bytes: Uint8Array, response: HttpMessage): number {
  const offset = response.startLineOffset + STATUS_CODE_AT;
  if (response.startLineEnd < offset + STATUS_CODE_DIGITS) {
    return STATUS_CODE_UNKNOWN;
  }
  let value = 0;
  for (let index = 0; index < STATUS_CODE_DIGITS; index++) {
    const digit = bytes[offset + index];
    if (digit < BYTE_0 || digit > BYTE_9) {
      return STATUS_CODE_UNKNOWN;
    }
    value = value * 10 + digit - BYTE_0;
  }
  return value;
}
