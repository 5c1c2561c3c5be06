import { isBlank, isDigit, skipBlanks, trimBlanks } from '../http/grammar.ts';
import {
  BYTE_COLON,
  BYTE_COMMA,
  BYTE_DASH,
  BYTE_DOT,
  BYTE_EQUALS,
  BYTE_PLUS,
  BYTE_SEMICOLON,
  BYTE_SLASH,
  bytesOf,
  findByte,
  isWordByte,
  lowerByte,
  startsWithText,
} from './byte-classes.ts';
import { findCookieMode, findKeptEnd, redactPair } from './cookies.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';
import {
  MODE_DROP,
  MODE_KEEP,
  MODE_REDACT,
  type Mode,
  type NameMode,
  type NameModes,
  NOTHING,
} from './name-modes.ts';

/** What an attribute's value may be made of, so that nothing else can stand in its place. */
type IsAttributeValue = (bytes: Uint8Array, from: number, to: number) => boolean;

/** Longest `Expires` in use, with the day's full name: `Wednesday, 21-Oct-2026 07:28:00 GMT`. */
const DATE_BYTES_MAX = 40;
/** Ten digits, which are 300 years in seconds, and a sign. */
const NUMBER_BYTES_MAX = 11;

/** Attributes that hold nothing of the session. @see RFC 6265 section 5.2 */
const ATTRIBUTES: readonly (readonly [Uint8Array, IsAttributeValue])[] = [
  [bytesOf('expires'), isDate],
  [bytesOf('max-age'), isNumber],
  [bytesOf('version'), isNumber],
  [bytesOf('domain'), isHost],
  [bytesOf('path'), (bytes, from) => bytes[from] === BYTE_SLASH],
  [bytesOf('secure'), () => false],
  [bytesOf('httponly'), () => false],
  [bytesOf('partitioned'), () => false],
  [bytesOf('samesite'), isOneOf('lax', 'strict', 'none')],
  [bytesOf('priority'), isOneOf('low', 'medium', 'high')],
];

/**
 * A pass over a Set-Cookie field: `sid=REDACTED; Path=/; HttpOnly`. Of what follows the cookie only the
 * known attributes stay, with the values that they can have: a proxy may have put several cookies into one
 * field, and Comment may hold anything.
 *
 * @param attributeMode of attributes whose name has no mode of its own
 * @returns 1 when the cookie was redacted or dropped
 */
export function redactSetCookie(draft: Draft, modes: NameModes, attributeMode: Mode): number {
  const { bytes, offset, end } = draft;
  const semicolon = findByte(bytes, offset, end, BYTE_SEMICOLON);
  const mode = findCookieMode(modes, bytes, offset, trimBlanks(bytes, offset, semicolon));
  if (mode === MODE_DROP) {
    replaceRange(draft, offset, end, NOTHING);
    finishPass(draft);
    return 1;
  }
  const cookieEnd = mode === MODE_KEEP ? findKeptEnd(bytes, offset, semicolon) : semicolon;
  const isRedacted =
    mode === MODE_REDACT && redactPair(draft, offset, trimBlanks(bytes, offset, cookieEnd));
  redactAttributes(draft, cookieEnd, modes, attributeMode);
  finishPass(draft);
  return isRedacted ? 1 : 0;
}

/** @param start where the `;` before the first one stands */
function redactAttributes(draft: Draft, start: number, modes: NameModes, fallback: Mode): void {
  const { bytes, end } = draft;
  while (start < end) {
    const semicolon = findByte(bytes, start + 1, end, BYTE_SEMICOLON);
    const from = skipBlanks(bytes, start + 1, semicolon);
    const to = trimBlanks(bytes, from, semicolon);
    const mode = from === to ? MODE_KEEP : findAttributeMode(modes, bytes, from, to, fallback);
    if (mode === MODE_DROP) {
      replaceRange(draft, start, semicolon, NOTHING);
    } else if (mode === MODE_REDACT) {
      redactPair(draft, from, to);
    } else if (modes.names.length > 0) {
      redactJoined(draft, from, to, modes);
    }
    start = semicolon;
  }
}

function findAttributeMode(
  modes: NameModes,
  bytes: Uint8Array,
  from: number,
  to: number,
  fallback: Mode,
): Mode {
  const equals = findByte(bytes, from, to, BYTE_EQUALS);
  const nameEnd = trimBlanks(bytes, from, equals);
  const own = modes.names.find((name) => isAttributeName(name, bytes, from, nameEnd));
  if (own !== undefined) {
    return own.mode;
  }
  if (isAttribute(bytes, from, nameEnd, equals, to)) {
    // A bare name says nothing that could be hidden.
    return equals === to ? MODE_KEEP : fallback;
  }
  return modes.defaultMode;
}

/** Attributes are named without regard to case. */
function isAttributeName(
  { bytes: name }: NameMode,
  bytes: Uint8Array,
  from: number,
  nameEnd: number,
): boolean {
  return (
    name.length === nameEnd - from &&
    name.every((byte, index) => lowerByte(byte) === lowerByte(bytes[from + index]))
  );
}

function isAttribute(
  bytes: Uint8Array,
  from: number,
  nameEnd: number,
  equals: number,
  to: number,
): boolean {
  const valueOffset = skipBlanks(bytes, Math.min(equals + 1, to), to);
  return ATTRIBUTES.some(
    ([name, isValue]) =>
      name.length === nameEnd - from &&
      startsWithText(bytes, from, nameEnd, name) &&
      (valueOffset === to ||
        (findByte(bytes, valueOffset, to, BYTE_EQUALS) === to && isValue(bytes, valueOffset, to))),
  );
}

/** Behind a comma in an attribute that stays there may be another cookie, which has a mode of its own. */
function redactJoined(draft: Draft, from: number, to: number, modes: NameModes): void {
  const { bytes } = draft;
  const comma = findKeptEnd(bytes, from, to);
  const cookieFrom = skipBlanks(bytes, Math.min(comma + 1, to), to);
  if (cookieFrom < to && findCookieMode(modes, bytes, cookieFrom, to) !== MODE_KEEP) {
    redactPair(draft, cookieFrom, to);
  }
}

function isDate(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    const isSign =
      byte === BYTE_COMMA || byte === BYTE_COLON || byte === BYTE_DASH || byte === BYTE_PLUS;
    if (!isWordByte(byte) && !isBlank(byte) && !isSign) {
      return false;
    }
  }
  // Without two colons there is no time, and then it is a word.
  const colon = findByte(bytes, from, to, BYTE_COLON);
  return to - from <= DATE_BYTES_MAX && findByte(bytes, colon + 1, to, BYTE_COLON) < to;
}

function isNumber(bytes: Uint8Array, from: number, to: number): boolean {
  let at = bytes[from] === BYTE_DASH ? from + 1 : from;
  while (at < to && isDigit(bytes[at])) {
    at++;
  }
  return at === to && to - from <= NUMBER_BYTES_MAX;
}

/** Names that resolve: letters, digits, dots and dashes. */
function isHost(bytes: Uint8Array, from: number, to: number): boolean {
  let at = from;
  while (at < to && (isWordByte(bytes[at]) || bytes[at] === BYTE_DOT || bytes[at] === BYTE_DASH)) {
    at++;
  }
  return at === to;
}

function isOneOf(...words: readonly string[]): IsAttributeValue {
  const texts = words.map(bytesOf);
  return (bytes, from, to) =>
    texts.some((text) => text.length === to - from && startsWithText(bytes, from, to, text));
}
