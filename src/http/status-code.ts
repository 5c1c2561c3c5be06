import { BYTE_0, BYTE_9, BYTE_DOT, isBlank } from './grammar.ts';
import { HTTP_VERSION_BYTES, SHORT_VERSION_BYTES } from './http-version.ts';
import type { HttpMessage } from './message.ts';

export const STATUS_CODE_DIGITS = 3;
/** Its three digits are not there, or are none. */
export const STATUS_CODE_UNKNOWN = -1;

/**
 * The three digits of a response's status line, or STATUS_CODE_UNKNOWN.
 *
 * @see RFC 9112 section 4
 */
export function readStatusCode(bytes: Uint8Array, response: HttpMessage): number {
  const offset = statusCodeOffset(bytes, response);
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

/** Behind the version and the blanks that follow it; past the line's end where it has nothing more. */
export function statusCodeOffset(bytes: Uint8Array, response: HttpMessage): number {
  const { startLineEnd } = response;
  let offset = versionEndOf(bytes, response) + 1;
  while (offset < startLineEnd && isBlank(bytes[offset])) {
    offset++;
  }
  return offset;
}

/** One past the status line's `HTTP/1.1` or `HTTP/2`. */
export function versionEndOf(
  bytes: Uint8Array,
  { startLineOffset, startLineEnd }: HttpMessage,
): number {
  const shortEnd = startLineOffset + SHORT_VERSION_BYTES;
  return shortEnd < startLineEnd && bytes[shortEnd] === BYTE_DOT
    ? startLineOffset + HTTP_VERSION_BYTES
    : shortEnd;
}
