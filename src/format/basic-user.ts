import { decodeBase64 } from '../base64.ts';
import { BASIC_USER_BYTES_MAX } from './limits.ts';

/** The user name of Basic credentials. The password behind it is never decoded. */

const BYTE_SPACE = 0x20;
const BYTE_COLON = 0x3a;

/** Lower case, with bit 5 of every byte set. */
const SCHEME = new Uint8Array(Buffer.from('basic', 'latin1'));

/**
 * Decodes the user name of an Authorization value, which is all before the first colon.
 *
 * @param scratch gets the user name's bytes, as many as it and BASIC_USER_BYTES_MAX have room for
 * @returns length of the user name in `scratch`, which may be 0; -1 when the scheme is another, or when no
 * colon comes before the first byte that is not base64
 * @see RFC 7617 section 2
 */
export function decodeBasicUser(
  bytes: Uint8Array,
  offset: number,
  end: number,
  scratch: Uint8Array,
): number {
  const at = findCredentials(bytes, offset, end);
  if (at === -1) {
    return -1;
  }
  const length = decodeBase64(bytes, at, end, scratch, BYTE_COLON);
  return Math.min(length, scratch.length, BASIC_USER_BYTES_MAX);
}

/** Where the credentials begin behind `Basic`, in any case, and its spaces; -1 for another scheme. */
function findCredentials(bytes: Uint8Array, offset: number, end: number): number {
  const schemeEnd = offset + SCHEME.length;
  if (schemeEnd >= end || bytes[schemeEnd] !== BYTE_SPACE) {
    return -1;
  }
  for (let index = 0; index < SCHEME.length; index++) {
    if ((bytes[offset + index] | 0x20) !== SCHEME[index]) {
      return -1;
    }
  }
  let at = schemeEnd + 1;
  while (at < end && bytes[at] === BYTE_SPACE) {
    at++;
  }
  return at;
}
