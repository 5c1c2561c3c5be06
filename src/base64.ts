/** Base64 as Basic credentials have it. @see RFC 4648 section 4 */

const DIGITS = new Uint8Array(
  Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', 'latin1'),
);
const PADDING = 0x3d;

/** By byte: the value of a digit, or -1. */
const VALUES = new Int8Array(256).fill(-1);
DIGITS.forEach((digit, value) => {
  VALUES[digit] = value;
});

/**
 * Decodes up to the padding or the end, or before that up to `stopByte`.
 *
 * @param target gets as many bytes as it has room for
 * @param stopByte a decoded byte that must come; undefined: all is decoded
 * @returns bytes decoded, those included that found no room; -1 at a byte that is no digit, or when
 * `stopByte` did not come
 */
export function decodeBase64(
  bytes: Uint8Array,
  offset: number,
  end: number,
  target: Uint8Array,
  stopByte?: number,
): number {
  let length = 0;
  let bits = 0;
  let bitsCount = 0;
  for (let at = offset; at < end && bytes[at] !== PADDING; at++) {
    const value = VALUES[bytes[at]];
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
    if (byte === stopByte) {
      return length;
    }
    if (length < target.length) {
      target[length] = byte;
    }
    length++;
  }
  return stopByte === undefined ? length : -1;
}

/** @returns bytes written to `target`, which has room for 4 bytes for each 3 */
export function encodeBase64(bytes: Uint8Array, length: number, target: Uint8Array): number {
  let at = 0;
  for (let offset = 0; offset < length; offset += 3) {
    const second = offset + 1 < length ? bytes[offset + 1] : 0;
    const third = offset + 2 < length ? bytes[offset + 2] : 0;
    const bits = (bytes[offset] << 16) | (second << 8) | third;
    target[at++] = DIGITS[bits >> 18];
    target[at++] = DIGITS[(bits >> 12) & 63];
    target[at++] = offset + 1 < length ? DIGITS[(bits >> 6) & 63] : PADDING;
    target[at++] = offset + 2 < length ? DIGITS[bits & 63] : PADDING;
  }
  return at;
}
