import {
  BYTE_0,
  BYTE_AT,
  BYTE_DASH,
  BYTE_DOT,
  BYTE_EQUALS,
  BYTE_PERCENT,
  BYTE_PLUS,
  BYTE_SLASH,
  BYTE_SPACE,
  BYTE_UNDERSCORE,
  bytesOf,
  ESCAPE_BYTES,
  findByte,
  isInWord,
  isLetter,
  isWordByte,
  readEscape,
  startsWithText,
} from './byte-classes.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';
import { REDACTED } from './name-modes.ts';

/** Patterns of words: addresses of electronic mail, and tokens. */

const BEARER = bytesOf('bearer');
/** `{"` in base64url: what every JSON Web Token begins with. @see RFC 7515 section 3.1 */
const JWT_START = bytesOf('eyJ');
const BYTE_TILDE = 0x7e;
const BYTE_HIGH = 0x80;

/**
 * `ann@example.com` and `ann%40example.com`: a word, the sign, and a name with a dot in it. Taken is rather
 * too much than too little.
 *
 * Bound: the words before and behind a sign end at the next sign.
 *
 * @returns how many were replaced
 */
export function redactEmails(draft: Draft, mark: Uint8Array): number {
  const { bytes, offset, end } = draft;
  let count = 0;
  let floor = offset;
  let at = offset;
  while (at < end) {
    const signBytes = atSignLength(bytes, at, end);
    if (signBytes === 0) {
      at++;
      continue;
    }
    let from = at;
    while (from > floor && isLocalByte(bytes[from - 1])) {
      from--;
    }
    at += signBytes;
    floor = at;
    const domainEnd = from === at - signBytes ? -1 : findDomainEnd(bytes, at, end);
    if (domainEnd !== -1) {
      replaceRange(draft, from, domainEnd, mark);
      count++;
      at = domainEnd;
      floor = domainEnd;
    }
  }
  finishPass(draft);
  return count;
}

function atSignLength(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === BYTE_AT) {
    return 1;
  }
  return bytes[at] === BYTE_PERCENT && readEscape(bytes, at, end) === BYTE_AT ? ESCAPE_BYTES : 0;
}

/** Of what RFC 5322 allows, what does not separate parameters in a URL; and `%`, for what is encoded. */
function isLocalByte(byte: number): boolean {
  return (
    isWordByte(byte) ||
    byte === BYTE_DOT ||
    byte === BYTE_DASH ||
    byte === BYTE_UNDERSCORE ||
    byte === BYTE_PLUS ||
    byte === BYTE_PERCENT ||
    byte >= BYTE_HIGH
  );
}

/** Where a name ends in which two letters follow a dot, or -1. */
function findDomainEnd(bytes: Uint8Array, at: number, end: number): number {
  const start = at;
  let hasDot = false;
  while (at < end && isDomainByte(bytes[at])) {
    hasDot ||=
      bytes[at] === BYTE_DOT &&
      at > start &&
      at + 2 < end &&
      isNameLetter(bytes[at + 1]) &&
      isNameLetter(bytes[at + 2]);
    at++;
  }
  while (at > start && (bytes[at - 1] === BYTE_DOT || bytes[at - 1] === BYTE_DASH)) {
    at--;
  }
  return hasDot ? at : -1;
}

function isDomainByte(byte: number): boolean {
  return isWordByte(byte) || byte === BYTE_DOT || byte === BYTE_DASH || byte >= BYTE_HIGH;
}

function isNameLetter(byte: number): boolean {
  return isLetter(byte) || byte >= BYTE_HIGH;
}

/**
 * A JSON Web Token, also one whose end was not captured: parts of base64url with dots between them, of which
 * the first begins a JSON object.
 *
 * Bound: what is no token is passed over whole.
 *
 * @returns how many were replaced
 * @see RFC 7519 section 3
 */
export function redactJwts(draft: Draft, mark: Uint8Array): number {
  const { bytes, offset, end } = draft;
  let count = 0;
  let at = offset;
  while (at < end) {
    if (!isJwtStart(bytes, at, end)) {
      at++;
      continue;
    }
    const headerEnd = skipTokenPart(bytes, at, end);
    if (headerEnd === end || bytes[headerEnd] !== BYTE_DOT) {
      at = headerEnd;
      continue;
    }
    let tokenEnd = headerEnd;
    while (tokenEnd < end && bytes[tokenEnd] === BYTE_DOT) {
      tokenEnd = skipTokenPart(bytes, tokenEnd + 1, end);
    }
    replaceRange(draft, at, tokenEnd, mark);
    count++;
    at = tokenEnd;
  }
  finishPass(draft);
  return count;
}

function isJwtStart(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    at + JWT_START.length <= end &&
    bytes[at] === JWT_START[0] &&
    bytes[at + 1] === JWT_START[1] &&
    bytes[at + 2] === JWT_START[2]
  );
}

function skipTokenPart(bytes: Uint8Array, at: number, end: number): number {
  while (
    at < end &&
    (isWordByte(bytes[at]) || bytes[at] === BYTE_DASH || bytes[at] === BYTE_UNDERSCORE)
  ) {
    at++;
  }
  return at;
}

/**
 * `Bearer TOKEN` anywhere: the word stays, the token is replaced.
 *
 * @returns how many were replaced
 * @see RFC 6750 section 2.1
 */
export function redactBearers(draft: Draft, mark: Uint8Array): number {
  const { bytes, offset, end } = draft;
  let count = 0;
  let at = offset;
  while (at < end) {
    if (!startsWithText(bytes, at, end, BEARER) || isInWord(bytes, offset, at)) {
      at++;
      continue;
    }
    const wordEnd = at + BEARER.length;
    const from = skipSpaces(bytes, wordEnd, end);
    const to = skipToken(bytes, from, end);
    at = to;
    if (from > wordEnd && to > from && !isRedacted(bytes, from, to)) {
      replaceRange(draft, from, to, mark);
      count++;
    }
  }
  finishPass(draft);
  return count;
}

function skipSpaces(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    if (bytes[at] === BYTE_SPACE || bytes[at] === BYTE_PLUS) {
      at++;
    } else if (readEscape(bytes, at, end) === BYTE_SPACE) {
      at += ESCAPE_BYTES;
    } else {
      return at;
    }
  }
  return at;
}

/** Bytes of a token68, and `%` for what is encoded. @see RFC 9110 section 11.2 */
function skipToken(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && isTokenByte(bytes[at])) {
    at++;
  }
  return at;
}

function isTokenByte(byte: number): boolean {
  return (
    isWordByte(byte) ||
    (byte >= BYTE_PLUS && byte <= BYTE_0 && byte !== BYTE_PLUS + 1) ||
    byte === BYTE_SLASH ||
    byte === BYTE_EQUALS ||
    byte === BYTE_UNDERSCORE ||
    byte === BYTE_TILDE ||
    byte === BYTE_PERCENT
  );
}

/** What took a credential's place in Authorization is no token. */
function isRedacted(bytes: Uint8Array, from: number, to: number): boolean {
  return to - from === REDACTED.length && findByte(bytes, from, to, REDACTED[0]) === from
    ? REDACTED.every((byte, index) => bytes[from + index] === byte)
    : false;
}
