import { isBlank, isDigit } from '../http/grammar.ts';
import { IPV6_BYTES, readAddress } from '../http/read-address.ts';
import {
  BYTE_AT,
  BYTE_BACKSLASH,
  BYTE_BRACKET_OPEN,
  BYTE_COLON,
  BYTE_COMMA,
  BYTE_DASH,
  BYTE_DOT,
  BYTE_HASH,
  BYTE_PARENTHESIS_CLOSE,
  BYTE_PERCENT,
  BYTE_QUESTION_MARK,
  BYTE_QUOTE,
  BYTE_SLASH,
  BYTE_UNDERSCORE,
  findByte,
  isWordByte,
} from './byte-classes.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';
import { REDACTED } from './name-modes.ts';

const BYTE_LESS = 0x3c;
const BYTE_GREATER = 0x3e;

const PORT_DIGITS_MAX = 5;

const address = new Uint8Array(IPV6_BYTES);

/**
 * A pass over a value with URLs: `http://REDACTED@host/`. All of the user information goes, because in
 * `https://TOKEN@host/` the name is the secret. Where the capture cut a value before the `@`, what is no port says so.
 *
 * Bound: each byte is looked at twice.
 *
 * @param isAuthority the value may begin with an authority, as Host and the target of CONNECT do
 * @returns how many were replaced
 * @see RFC 3986 section 3.2.1
 */
export function redactUserinfo(draft: Draft, isAuthority: boolean): number {
  const { bytes, offset, end } = draft;
  let count = 0;
  let at = offset;
  if (isAuthority && bytes[offset] !== BYTE_SLASH) {
    while (at < end && !endsHost(bytes[at])) {
      at++;
    }
    count += redactAuthority(draft, offset, at, at === end);
  }
  while (at < end) {
    if (!isSlash(bytes[at])) {
      at++;
      continue;
    }
    const slashesAt = at;
    while (at < end && isSlash(bytes[at])) {
      at++;
    }
    if (beginsAuthority(bytes, offset, slashesAt, at)) {
      const authorityEnd = findAuthorityEnd(bytes, at, end);
      count += redactAuthority(draft, at, authorityEnd, authorityEnd === end);
      at = authorityEnd;
    }
  }
  finishPass(draft);
  return count;
}

/**
 * Behind a colon browsers take any number of slashes, and backslashes too. Without a scheme there are two, and
 * no path before them.
 */
function beginsAuthority(
  bytes: Uint8Array,
  offset: number,
  slashesAt: number,
  slashesEnd: number,
): boolean {
  if (slashesAt > offset && bytes[slashesAt - 1] === BYTE_COLON) {
    return true;
  }
  return slashesEnd - slashesAt >= 2 && (slashesAt === offset || !isPathByte(bytes[slashesAt - 1]));
}

function isPathByte(byte: number): boolean {
  return (
    isWordByte(byte) ||
    byte === BYTE_DOT ||
    byte === BYTE_DASH ||
    byte === BYTE_UNDERSCORE ||
    byte === BYTE_PERCENT ||
    byte === BYTE_PARENTHESIS_CLOSE
  );
}

function isSlash(byte: number): boolean {
  return byte === BYTE_SLASH || byte === BYTE_BACKSLASH;
}

function findAuthorityEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && !endsAuthority(bytes[at])) {
    at++;
  }
  return at;
}

function endsHost(byte: number): boolean {
  return isSlash(byte) || byte === BYTE_QUESTION_MARK || byte === BYTE_HASH;
}

/** Among other things, what can be no part of a URL ends it too. */
function endsAuthority(byte: number): boolean {
  return (
    endsHost(byte) ||
    byte === BYTE_QUOTE ||
    byte === BYTE_LESS ||
    byte === BYTE_GREATER ||
    isBlank(byte)
  );
}

/** What stands before the last `@`: in a password there may be one more. */
function redactAuthority(draft: Draft, from: number, to: number, mayBeCut: boolean): number {
  const { bytes } = draft;
  let at = to - 1;
  while (at > from && bytes[at] !== BYTE_AT) {
    at--;
  }
  if (at <= from) {
    const isCut = mayBeCut && from < to && bytes[from] !== BYTE_AT;
    at = isCut && hasPassword(bytes, from, to) ? to : from;
  }
  if (at === from) {
    return 0;
  }
  replaceRange(draft, from, at, REDACTED);
  return 1;
}

/** Whether a colon is followed by something else than a port; the colons of an address are no sign. */
function hasPassword(bytes: Uint8Array, from: number, to: number): boolean {
  const colon = findByte(bytes, from, to, BYTE_COLON);
  // Brackets are those of an address, or of a mark such as [REDACTED:email].
  const isBracketed = findByte(bytes, from, colon, BYTE_BRACKET_OPEN) < colon;
  if (isBracketed || colon === to || isIpv6(bytes, from, to)) {
    return false;
  }
  let at = colon + 1;
  while (at < to && isDigit(bytes[at])) {
    at++;
  }
  const hasPort = at === to || bytes[at] === BYTE_COMMA || isBlank(bytes[at]);
  return !hasPort || at - colon - 1 > PORT_DIGITS_MAX;
}

/** Without brackets, as it should not be. */
function isIpv6(bytes: Uint8Array, from: number, to: number): boolean {
  return readAddress(bytes, from, to, address) !== 0;
}
