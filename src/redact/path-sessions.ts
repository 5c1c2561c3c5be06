import { isBlank } from '../http/grammar.ts';
import {
  BYTE_AMPERSAND,
  BYTE_EQUALS,
  BYTE_HASH,
  BYTE_QUESTION_MARK,
  BYTE_QUOTE,
  BYTE_SEMICOLON,
  BYTE_SLASH,
  bytesOf,
  findByte,
  startsWithText,
} from './byte-classes.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';
import { MODE_KEEP, type NameModes, REDACTED } from './name-modes.ts';

const BYTE_GREATER = 0x3e;

/** Sessions that servers put into the path for clients without cookies. */
const SESSION_NAMES = [
  ...['jsessionid', 'phpsessid', 'sessionid', 'session_id', 'sid', 'cfid', 'cftoken'],
  ...['aspsessionid', 'sessid', 'osessionid', 'zenid'],
];

/**
 * Makes a pass over a URL: `/cart;jsessionid=REDACTED?x=1`. It is a cookie in another place.
 *
 * @param modes a name that the operator keeps is left out
 * @returns a function that tells how many were replaced
 */
export function createSessionsPass(modes: NameModes): (draft: Draft) => number {
  const kept = modes.names.filter(({ mode }) => mode === MODE_KEEP);
  const keptNames = new Set(
    kept.map(({ bytes }) => Buffer.from(bytes).toString('latin1').toLowerCase()),
  );
  const names = SESSION_NAMES.filter((name) => !keptNames.has(name)).map(bytesOf);
  return (draft) => {
    const { bytes, offset, end } = draft;
    let count = 0;
    let at = findByte(bytes, offset, end, BYTE_SEMICOLON);
    while (at < end) {
      const valueOffset = findValue(bytes, at + 1, end, names);
      at = valueOffset;
      if (valueOffset < end && bytes[valueOffset - 1] === BYTE_EQUALS) {
        at = findValueEnd(bytes, valueOffset, end);
        if (at > valueOffset) {
          replaceRange(draft, valueOffset, at, REDACTED);
          count++;
        }
      }
      at = findByte(bytes, at, end, BYTE_SEMICOLON);
    }
    finishPass(draft);
    return count;
  };
}

/** Behind the `=` of a name that begins here; else here. */
function findValue(
  bytes: Uint8Array,
  at: number,
  end: number,
  names: readonly Uint8Array[],
): number {
  for (let index = 0; index < names.length; index++) {
    const nameEnd = at + names[index].length;
    if (
      nameEnd < end &&
      bytes[nameEnd] === BYTE_EQUALS &&
      startsWithText(bytes, at, end, names[index])
    ) {
      return nameEnd + 1;
    }
  }
  return at;
}

function findValueEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && !endsValue(bytes[at])) {
    at++;
  }
  return at;
}

function endsValue(byte: number): boolean {
  return (
    byte === BYTE_SLASH ||
    byte === BYTE_SEMICOLON ||
    byte === BYTE_QUESTION_MARK ||
    byte === BYTE_HASH ||
    byte === BYTE_AMPERSAND ||
    byte === BYTE_QUOTE ||
    byte === BYTE_GREATER ||
    isBlank(byte)
  );
}
