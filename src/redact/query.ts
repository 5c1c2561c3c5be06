import {
  BYTE_AMPERSAND,
  BYTE_EQUALS,
  BYTE_HASH,
  BYTE_QUESTION_MARK,
  BYTE_SEMICOLON,
  BYTE_SLASH,
  findByte,
} from './byte-classes.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';
import {
  findEncodedMode,
  MODE_DROP,
  MODE_KEEP,
  MODE_REDACT,
  type Mode,
  type NameModes,
  NOTHING,
  REDACTED,
} from './name-modes.ts';
import { deepByte, deepLength, findHiddenMode, readDeep } from './nested-names.ts';

/** How the parameters of a path (`;v=1`) are treated that no mode was given to. */
export type PathDefault = Mode;

/**
 * A pass over a URL: values of its query's parameters and of its path's are redacted, or parameters dropped,
 * and all other bytes stay as they are. A fragment is taken as one more query, because access tokens travel
 * in them.
 *
 * Bound: each byte is looked at a few times, and once more for each name that has a mode.
 *
 * @returns how many parameters were redacted or dropped
 */
export function redactQuery(draft: Draft, modes: NameModes, pathDefault: PathDefault): number {
  const { bytes, end } = draft;
  let at = draft.offset;
  while (at < end && bytes[at] !== BYTE_QUESTION_MARK && bytes[at] !== BYTE_HASH) {
    at++;
  }
  let count = redactPath(draft, at, modes, pathDefault);
  while (at < end) {
    const partEnd = findByte(bytes, at + 1, end, BYTE_HASH);
    count += redactParameters(draft, at, partEnd, modes);
    at = partEnd;
  }
  finishPass(draft);
  return count;
}

/** Parameters of the path, each up to the next `;` or `/`. @see RFC 3986 section 3.3 */
function redactPath(draft: Draft, end: number, modes: NameModes, pathDefault: PathDefault): number {
  const { bytes } = draft;
  let count = 0;
  let at = draft.offset;
  while (at < end) {
    const read = readDeep(bytes, at, end);
    const start = at + deepLength(read);
    if (deepByte(read) !== BYTE_SEMICOLON) {
      at = start;
      continue;
    }
    const parameterEnd = findPathParameterEnd(bytes, start, end);
    const nameEnd = findByte(bytes, start, parameterEnd, BYTE_EQUALS);
    const own = findOwnMode(modes, bytes, start, nameEnd);
    const mode = own === -1 ? pathDefault : own;
    if (mode === MODE_DROP) {
      replaceRange(draft, at, parameterEnd, NOTHING);
      count++;
    } else if (mode === MODE_REDACT) {
      const isKnownName = own !== -1 && nameEnd === parameterEnd;
      count += !isKnownName && redactValue(draft, start, nameEnd, parameterEnd) ? 1 : 0;
    }
    at = parameterEnd;
  }
  return count;
}

function findPathParameterEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== BYTE_SLASH && bytes[at] !== BYTE_SEMICOLON) {
    at++;
  }
  return at;
}

/** @param mark where the `?` or `#` stands, which goes with the last parameter */
function redactParameters(draft: Draft, mark: number, end: number, modes: NameModes): number {
  const { bytes } = draft;
  let count = 0;
  let hasKept = false;
  let start = mark + 1;
  while (start <= end) {
    const nameEnd = findNameEnd(bytes, start, end);
    const mode = findParameterMode(modes, bytes, start, nameEnd, end);
    let parameterEnd = findParameterEnd(bytes, nameEnd, end, mode);
    if (mode === MODE_DROP) {
      count++;
      if (hasKept) {
        replaceRange(draft, start - 1, parameterEnd, NOTHING);
      }
    } else {
      if (!hasKept && start > mark + 1) {
        replaceRange(draft, mark + 1, start, NOTHING);
      }
      hasKept = true;
      if (mode === MODE_REDACT && redactValue(draft, start, nameEnd, parameterEnd)) {
        count++;
      } else if (mode === MODE_KEEP) {
        const hiddenEnd = redactNested(draft, start, parameterEnd, end, modes);
        count += hiddenEnd === NOT_HIDDEN ? 0 : 1;
        parameterEnd = Math.max(parameterEnd, hiddenEnd);
      }
    }
    start = parameterEnd + 1;
  }
  if (!hasKept) {
    replaceRange(draft, mark, end, NOTHING);
  }
  return count;
}

const NOT_HIDDEN = -1;

/**
 * Looks in a parameter that is kept for another URL or query that was encoded to stand in it, and redacts the
 * first of its parameters that is to be hidden, with all that follows it there.
 *
 * @returns where that ends, or NOT_HIDDEN
 */
function redactNested(
  draft: Draft,
  start: number,
  parameterEnd: number,
  end: number,
  modes: NameModes,
): number {
  const { bytes } = draft;
  let at = start;
  let separatorAt = start;
  let nameAt = start;
  let isName = true;
  while (at < parameterEnd) {
    const read = readDeep(bytes, at, parameterEnd);
    const byte = deepByte(read);
    const next = at + deepLength(read);
    const isEncoded = next > at + 1;
    if (isEncoded && (isSeparator(byte) || byte === BYTE_HASH)) {
      separatorAt = at;
      nameAt = next;
      isName = true;
    } else if (byte === BYTE_EQUALS && isName) {
      isName = false;
      const mode =
        isEncoded || nameAt > start ? findOwnOrDefault(modes, bytes, nameAt, at) : MODE_KEEP;
      const valueEnd = findByte(bytes, next, end, BYTE_AMPERSAND);
      if (mode !== MODE_KEEP && next < valueEnd) {
        const isDropped = mode === MODE_DROP && nameAt > start;
        const hidden = isDropped || mode === MODE_DROP ? NOTHING : REDACTED;
        replaceRange(draft, isDropped ? separatorAt : next, valueEnd, hidden);
        return valueEnd;
      }
    }
    at = next;
  }
  return NOT_HIDDEN;
}

/** What has no `=` is all value. */
function redactValue(draft: Draft, start: number, nameEnd: number, end: number): boolean {
  const hasName = nameEnd < end && draft.bytes[nameEnd] === BYTE_EQUALS;
  const valueOffset = hasName ? nameEnd + 1 : start;
  if (valueOffset === end) {
    return false;
  }
  replaceRange(draft, valueOffset, end, REDACTED);
  return true;
}

/** The mode of the parameter's name, or the default; a bare name that is known holds nothing to redact. */
function findParameterMode(
  modes: NameModes,
  bytes: Uint8Array,
  start: number,
  nameEnd: number,
  end: number,
): Mode {
  if (start === nameEnd && (start === end || bytes[start] !== BYTE_EQUALS)) {
    return MODE_KEEP;
  }
  const mode = findOwnMode(modes, bytes, start, nameEnd);
  if (mode === -1) {
    return modes.defaultMode;
  }
  const isBare = nameEnd === end || bytes[nameEnd] !== BYTE_EQUALS;
  return mode === MODE_REDACT && isBare ? MODE_KEEP : mode;
}

/** The name itself counts before a name that is a part of it. */
function findOwnMode(
  modes: NameModes,
  bytes: Uint8Array,
  start: number,
  nameEnd: number,
): Mode | -1 {
  const mode = findEncodedMode(modes, bytes, start, nameEnd);
  return mode === -1 ? findHiddenMode(modes, bytes, start, nameEnd) : mode;
}

function findOwnOrDefault(
  modes: NameModes,
  bytes: Uint8Array,
  start: number,
  nameEnd: number,
): Mode {
  const mode = findOwnMode(modes, bytes, start, nameEnd);
  return mode === -1 ? modes.defaultMode : mode;
}

function findNameEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== BYTE_EQUALS && !isSeparator(bytes[at])) {
    at++;
  }
  return at;
}

/**
 * Servers do not agree whether `;` separates, and URLs stand in URLs: a name is found behind each possible
 * separator, and a value that is redacted goes on to the one that all agree on.
 */
function findParameterEnd(bytes: Uint8Array, at: number, end: number, mode: Mode): number {
  if (mode !== MODE_KEEP) {
    return findByte(bytes, at, end, BYTE_AMPERSAND);
  }
  while (at < end && !isSeparator(bytes[at])) {
    at++;
  }
  return at;
}

function isSeparator(byte: number): boolean {
  return byte === BYTE_AMPERSAND || byte === BYTE_SEMICOLON || byte === BYTE_QUESTION_MARK;
}
