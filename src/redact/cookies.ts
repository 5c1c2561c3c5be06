import { skipBlanks, trimBlanks } from '../http/grammar.ts';
import { BYTE_COMMA, BYTE_EQUALS, BYTE_SEMICOLON, findByte } from './byte-classes.ts';
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
    const mode = findCookieMode(modes, bytes, from, trimBlanks(bytes, from, semicolon));
    const pairEnd = mode === MODE_KEEP ? findKeptEnd(bytes, from, semicolon) : semicolon;
    const to = trimBlanks(bytes, from, pairEnd);
    start = pairEnd + 1;
    if (from === to) {
      continue;
    }
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

export function findCookieMode(
  modes: NameModes,
  bytes: Uint8Array,
  from: number,
  to: number,
): Mode {
  const equals = findByte(bytes, from, to, BYTE_EQUALS);
  const mode = equals < to ? findMode(modes, bytes, from, trimBlanks(bytes, from, equals)) : -1;
  return mode === -1 ? modes.defaultMode : mode;
}

/**
 * Where a cookie that is kept ends: some clients put commas between cookies, and servers that join fields do.
 * What follows a comma and has a name is a cookie of its own.
 */
export function findKeptEnd(bytes: Uint8Array, from: number, end: number): number {
  let comma = findByte(bytes, from, end, BYTE_COMMA);
  while (comma < end) {
    const next = findByte(bytes, comma + 1, end, BYTE_COMMA);
    if (findByte(bytes, comma + 1, next, BYTE_EQUALS) < next) {
      return comma;
    }
    comma = next;
  }
  return end;
}

/** Redacts the value of `NAME=VALUE`, or all of what has no name; says whether there was one. */
export function redactPair(draft: Draft, from: number, to: number): boolean {
  const equals = findByte(draft.bytes, from, to, BYTE_EQUALS);
  const valueOffset = equals < to ? equals + 1 : from;
  if (valueOffset === to) {
    return false;
  }
  replaceRange(draft, valueOffset, to, REDACTED);
  return true;
}
