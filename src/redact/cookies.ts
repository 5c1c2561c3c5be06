import {
  BYTE_EQUALS,
  BYTE_SEMICOLON,
  bytesOf,
  findByte,
  skipBlanks,
  startsWithText,
  trimBlanks,
} from './byte-classes.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';
import {
  findMode,
  MODE_DROP,
  MODE_KEEP,
  MODE_REDACT,
  type Mode,
  type NameModes,
  NOTHING,
  REDACTED,
} from './name-modes.ts';

/** Attributes of Set-Cookie that hold nothing of the session. @see RFC 6265 section 5.2 */
const ATTRIBUTES = [
  ...['expires', 'max-age', 'domain', 'path', 'secure', 'httponly', 'samesite'],
  ...['partitioned', 'priority', 'version', 'comment'],
].map(bytesOf);

/**
 * A pass over a Cookie field: `sid=REDACTED; theme=REDACTED`. What has no name is all value.
 *
 * @returns how many cookies were redacted or dropped
 */
export function redactCookies(draft: Draft, modes: NameModes): number {
  const { bytes, offset, end } = draft;
  let count = 0;
  let hasKept = false;
  let start = offset;
  let previousEnd = offset;
  while (start < end) {
    const semicolon = findByte(bytes, start, end, BYTE_SEMICOLON);
    const from = skipBlanks(bytes, start, semicolon);
    const to = trimBlanks(bytes, from, semicolon);
    start = semicolon + 1;
    if (from === to) {
      continue;
    }
    const mode = findCookieMode(modes, bytes, from, to);
    if (mode === MODE_DROP) {
      count++;
      if (hasKept) {
        replaceRange(draft, previousEnd, to, NOTHING);
      }
    } else {
      if (!hasKept && count > 0) {
        replaceRange(draft, offset, from, NOTHING);
      }
      hasKept = true;
      if (mode === MODE_REDACT && redactPair(draft, from, to)) {
        count++;
      }
    }
    previousEnd = to;
  }
  if (!hasKept && count > 0) {
    replaceRange(draft, offset, end, NOTHING);
  }
  finishPass(draft);
  return count;
}

/**
 * A pass over a Set-Cookie field: `sid=REDACTED; Path=/; HttpOnly`. Of what follows the cookie only the
 * known attributes stay, and none with an `=` in it: a proxy may have put several cookies into one field.
 *
 * @returns 1 when the cookie was redacted or dropped
 */
export function redactSetCookie(draft: Draft, modes: NameModes): number {
  const { bytes, offset, end } = draft;
  const cookieEnd = findByte(bytes, offset, end, BYTE_SEMICOLON);
  const mode = findCookieMode(modes, bytes, offset, trimBlanks(bytes, offset, cookieEnd));
  if (mode === MODE_DROP) {
    replaceRange(draft, offset, end, NOTHING);
    finishPass(draft);
    return 1;
  }
  const isRedacted =
    mode === MODE_REDACT && redactPair(draft, offset, trimBlanks(bytes, offset, cookieEnd));
  if (modes.defaultMode !== MODE_KEEP) {
    redactAttributes(draft, cookieEnd + 1);
  }
  finishPass(draft);
  return isRedacted ? 1 : 0;
}

function redactAttributes(draft: Draft, start: number): void {
  const { bytes, end } = draft;
  while (start < end) {
    const semicolon = findByte(bytes, start, end, BYTE_SEMICOLON);
    const from = skipBlanks(bytes, start, semicolon);
    const to = trimBlanks(bytes, from, semicolon);
    if (from < to && !isAttribute(bytes, from, to)) {
      redactPair(draft, from, to);
    }
    start = semicolon + 1;
  }
}

function isAttribute(bytes: Uint8Array, from: number, to: number): boolean {
  const equals = findByte(bytes, from, to, BYTE_EQUALS);
  const nameEnd = trimBlanks(bytes, from, equals);
  const hasEquals = equals < to && findByte(bytes, equals + 1, to, BYTE_EQUALS) < to;
  return (
    !hasEquals &&
    ATTRIBUTES.some(
      (name) => name.length === nameEnd - from && startsWithText(bytes, from, to, name),
    )
  );
}

function findCookieMode(modes: NameModes, bytes: Uint8Array, from: number, to: number): Mode {
  const equals = findByte(bytes, from, to, BYTE_EQUALS);
  const mode = equals < to ? findMode(modes, bytes, from, trimBlanks(bytes, from, equals)) : -1;
  return mode === -1 ? modes.defaultMode : mode;
}

/** Redacts the value of `NAME=VALUE`, or all of what has no name; says whether there was one. */
function redactPair(draft: Draft, from: number, to: number): boolean {
  const equals = findByte(draft.bytes, from, to, BYTE_EQUALS);
  const valueOffset = equals < to ? equals + 1 : from;
  if (valueOffset === to) {
    return false;
  }
  replaceRange(draft, valueOffset, to, REDACTED);
  return true;
}
