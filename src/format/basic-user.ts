import { BASIC_USER_BYTES_MAX } from '../limits.ts';

/** The user name of Basic credentials. The password behind it is never decoded. */

const BYTE_SPACE = 0x20;
const BYTE_EQUALS = 0x3d;
const BYTE_COLON = 0x3a;

/** Lower case, with bit 5 of every byte set. */
const SCHEME = new Uint8Array(Buffer.from('basic', 'latin1'));

/** By byte: its six bits, or -1. @see RFC 4648 section 4 */
const BASE64_VALUES = new Int8Array(256).fill(-1);
for (let value = 0; value < 64; value++) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  BASE64_VALUES[letters.charCodeAt(value)] = value;
}

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
  let at = findCredentials(bytes, offset, end);
  if (at === -1) {
    return -1;
  }
  const lengthMax = Math.min(scratch.length, BASIC_USER_BYTES_MAX);
  let length = 0;
  let bits = 0;
  let bitsCount = 0;
  for (; at < end && bytes[at] !== BYTE_EQUALS; at++) {
    const value = BASE64_VALUES[bytes[at]];
    if (value === -1) {
      return -1;
    }
    bits = ((bits << 6) | value) & 0xfff;
    bitsCount += 6;
    if (bitsCount < 8) {
      continue;
    }
    bitsCount -= 8;
    const byte = (bits >> bitsCount) & 0xff;
    if (byte === BYTE_COLON) {
      return length;
    }
    if (length < lengthMax) {
      scratch[length++] = byte;
    }
  }
  return -1;
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
