import {
  BYTE_AMPERSAND,
  BYTE_EQUALS,
  BYTE_HASH,
  BYTE_QUESTION_MARK,
  BYTE_SEMICOLON,
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

/**
 * A pass over a URL: values of its query's parameters are redacted, or parameters dropped, and all other
 * bytes stay as they are. A fragment is taken as one more query, because access tokens travel in them.
 *
 * @returns how many parameters were redacted or dropped
 */
export function redactQuery(draft: Draft, modes: NameModes): number {
  const { bytes, end } = draft;
  let count = 0;
  let at = draft.offset;
  while (at < end && bytes[at] !== BYTE_QUESTION_MARK && bytes[at] !== BYTE_HASH) {
    at++;
  }
  while (at < end) {
    const partEnd = findByte(bytes, at + 1, end, BYTE_HASH);
    count += redactParameters(draft, at, partEnd, modes);
    at = partEnd;
  }
  finishPass(draft);
  return count;
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
    const parameterEnd = findParameterEnd(bytes, nameEnd, end, mode);
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
      }
    }
    start = parameterEnd + 1;
  }
  if (!hasKept) {
    replaceRange(draft, mark, end, NOTHING);
  }
  return count;
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
  const mode = findEncodedMode(modes, bytes, start, nameEnd);
  if (mode === -1) {
    return modes.defaultMode;
  }
  const isBare = nameEnd === end || bytes[nameEnd] !== BYTE_EQUALS;
  return mode === MODE_REDACT && isBare ? MODE_KEEP : mode;
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
