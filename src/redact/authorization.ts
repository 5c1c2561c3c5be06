import { copyBytes } from '../bytes.ts';
import {
  BYTE_COLON,
  BYTE_DASH,
  BYTE_SPACE,
  bytesOf,
  isDigit,
  isLetter,
  skipBlanks,
  startsWithText,
} from './byte-classes.ts';
import { createDraft, type Draft, finishPass, openDraft, replaceRange } from './draft.ts';
import { REDACTED } from './name-modes.ts';

/** Bytes of an authentication scheme's name: the longest in use has 16. A longer word may be a secret. */
const SCHEME_BYTES_MAX = 20;

/** Bytes of a user name that is kept: an address of electronic mail has up to 254. */
const USER_BYTES_MAX = 256;

const BASIC = bytesOf('basic');
const PASSWORD_REDACTED = bytesOf(':REDACTED');
const BASE64_DIGITS = bytesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const BASE64_PADDING = 0x3d;

/** By byte: the value of a base64 digit, or -1. */
const BASE64_VALUES = new Int8Array(256).fill(-1);
BASE64_DIGITS.forEach((digit, value) => {
  BASE64_VALUES[digit] = value;
});

/**
 * A pass over Authorization or Proxy-Authorization: the scheme stays, `Bearer REDACTED`. Basic credentials
 * become those of the same user with another password, so that formats find the user name where it always is.
 *
 * @param redactUser a user name is a value as any other: patterns are looked for in it
 * @see RFC 9110 section 11.4, RFC 7617 section 2
 */
export function createCredentialsPass(redactUser: (user: Draft) => void): (draft: Draft) => void {
  const user = createDraft(USER_BYTES_MAX * 8);
  const decoded = new Uint8Array(USER_BYTES_MAX);
  const credentials = new Uint8Array(USER_BYTES_MAX + PASSWORD_REDACTED.length);
  const encoded = new Uint8Array(Math.ceil(credentials.length / 3) * 4);
  return (draft) => {
    const { bytes, offset, end } = draft;
    const schemeEnd = findSchemeEnd(bytes, offset, end);
    const start = schemeEnd === -1 ? offset : skipBlanks(bytes, schemeEnd, end);
    const isBasic =
      schemeEnd - offset === BASIC.length && startsWithText(bytes, offset, end, BASIC);
    const userLength = isBasic ? decodeUser(bytes, start, end, decoded) : -1;
    if (userLength === -1) {
      replaceRange(draft, start, end, REDACTED);
    } else {
      openDraft(user, decoded, 0, userLength);
      redactUser(user);
      // A mark would bring a colon, which ends a user name.
      let length = user.isChanged
        ? copyBytes(credentials, 0, REDACTED, 0, REDACTED.length)
        : copyBytes(credentials, 0, decoded, 0, userLength);
      length = copyBytes(credentials, length, PASSWORD_REDACTED, 0, PASSWORD_REDACTED.length);
      replaceRange(draft, start, end, encoded, encodeBase64(credentials, length, encoded));
    }
    finishPass(draft);
  };
}

/** Where the space behind a scheme stands, or -1 when the value does not begin with what can be one. */
function findSchemeEnd(bytes: Uint8Array, offset: number, end: number): number {
  let at = offset;
  while (at < end && (isLetter(bytes[at]) || isDigit(bytes[at]) || bytes[at] === BYTE_DASH)) {
    at++;
  }
  const isScheme =
    at < end &&
    bytes[at] === BYTE_SPACE &&
    isLetter(bytes[offset]) &&
    at - offset <= SCHEME_BYTES_MAX;
  return isScheme ? at : -1;
}

/** Decodes up to the first colon. @returns bytes of the user name, or -1 when there is none to be had */
function decodeUser(bytes: Uint8Array, offset: number, end: number, target: Uint8Array): number {
  let length = 0;
  let bits = 0;
  let bitsCount = 0;
  for (let at = offset; at < end; at++) {
    const value = BASE64_VALUES[bytes[at]];
    if (value === -1) {
      return -1;
    }
    bits = ((bits << 6) | value) & 0x3fff;
    bitsCount += 6;
    if (bitsCount < 8) {
      continue;
    }
    bitsCount -= 8;
    const byte = (bits >> bitsCount) & 0xff;
    if (byte === BYTE_COLON) {
      return length;
    }
    if (length === target.length) {
      return -1;
    }
    target[length++] = byte;
  }
  return -1;
}

/** @returns bytes written to `target`, which has room for 4 bytes for each 3 */
function encodeBase64(bytes: Uint8Array, length: number, target: Uint8Array): number {
  let at = 0;
  for (let offset = 0; offset < length; offset += 3) {
    const second = offset + 1 < length ? bytes[offset + 1] : 0;
    const third = offset + 2 < length ? bytes[offset + 2] : 0;
    const bits = (bytes[offset] << 16) | (second << 8) | third;
    target[at++] = BASE64_DIGITS[bits >> 18];
    target[at++] = BASE64_DIGITS[(bits >> 12) & 63];
    target[at++] = offset + 1 < length ? BASE64_DIGITS[(bits >> 6) & 63] : BASE64_PADDING;
    target[at++] = offset + 2 < length ? BASE64_DIGITS[bits & 63] : BASE64_PADDING;
  }
  return at;
}
