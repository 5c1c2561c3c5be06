import { isDigit } from '../http/grammar.ts';
import { readIpv4 } from '../http/read-address.ts';
import {
  BYTE_0,
  BYTE_DASH,
  BYTE_DOT,
  BYTE_PARENTHESIS_CLOSE,
  BYTE_PARENTHESIS_OPEN,
  BYTE_PLUS,
  BYTE_SLASH,
  BYTE_SPACE,
  ESCAPE_BYTES,
  isInWord,
  isWordByte,
  readEscape,
} from './byte-classes.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';

/**
 * Patterns of numbers: payment cards, social security numbers, telephones, IPv4 addresses. None begins or
 * ends within a word, so that identifiers of letters and digits are left alone.
 */

const CARD_DIGITS_MIN = 13;
const CARD_DIGITS_MAX = 19;
const PHONE_DIGITS_MIN = 7;
/** @see ITU-T E.164 section 6 */
const PHONE_DIGITS_MAX = 15;
/** `) ` is the longest run of signs within a telephone number. */
const PHONE_SEPARATORS_MAX = 2;

const cardDigits = new Uint8Array(CARD_DIGITS_MAX);
const ipv4 = new Uint8Array(4);

/** Where the number that begins at `at` ends, or -1; the value begins at `offset`. */
type NumberEnd = (bytes: Uint8Array, at: number, end: number, offset: number) => number;

/** 13 to 19 digits, in groups or not, whose check digit is right. @returns how many were replaced */
export function redactCards(draft: Draft, mark: Uint8Array): number {
  return redactNumbers(draft, mark, findCardEnd);
}

/** `078-05-1120`, with dashes or spaces. @returns how many were replaced */
export function redactSocialSecurity(draft: Draft, mark: Uint8Array): number {
  return redactNumbers(draft, mark, findSocialSecurityEnd);
}

/** `+49 30 1234567`, `(212) 555-0123`, `212.555.0123`. @returns how many were replaced */
export function redactPhones(draft: Draft, mark: Uint8Array): number {
  return redactNumbers(draft, mark, findPhoneEnd);
}

/**
 * @param isProductText the value is a list of products: what follows a slash is a version, `Chrome/120.0.0.0`
 * @returns how many were replaced
 */
export function redactIpv4(draft: Draft, mark: Uint8Array, isProductText: boolean): number {
  return redactNumbers(draft, mark, isProductText ? findIpv4EndNoVersion : findIpv4End);
}

/** Bound: each byte begins at most one look ahead, and that is a few dozen bytes long. */
function redactNumbers(draft: Draft, mark: Uint8Array, findEnd: NumberEnd): number {
  const { bytes, offset, end } = draft;
  let count = 0;
  let at = offset;
  while (at < end) {
    const byte = bytes[at];
    const escaped = readEscape(bytes, at, end);
    const isStart =
      escaped !== -1
        ? escaped === BYTE_PLUS || escaped === BYTE_PARENTHESIS_OPEN
        : byte === BYTE_PLUS || byte === BYTE_PARENTHESIS_OPEN || isDigit(byte);
    const isNumber = isStart && !(isDigit(byte) && isInWord(bytes, offset, at));
    const numberEnd = isNumber ? findEnd(bytes, at, end, offset) : -1;
    if (numberEnd !== -1) {
      replaceRange(draft, at, numberEnd, mark);
      count++;
      at = numberEnd;
    } else {
      at += escaped === -1 ? 1 : ESCAPE_BYTES;
    }
  }
  finishPass(draft);
  return count;
}

function findCardEnd(bytes: Uint8Array, at: number, end: number): number {
  if (!isDigit(bytes[at]) || bytes[at] === BYTE_0) {
    return -1;
  }
  let found = -1;
  let count = 0;
  while (true) {
    while (at < end && isDigit(bytes[at])) {
      if (count === CARD_DIGITS_MAX) {
        return found;
      }
      cardDigits[count++] = bytes[at++] - BYTE_0;
    }
    if (count >= CARD_DIGITS_MIN && isWordEnd(bytes, at, end) && isCheckDigitRight(count)) {
      found = at;
    }
    const length = separatorLength(bytes, at, end);
    if (length === 0 || at + length >= end || !isDigit(bytes[at + length])) {
      return found;
    }
    at += length;
  }
}

/** Luhn's formula over `cardDigits[0, count)`. @see ISO/IEC 7812-1 annex B */
function isCheckDigitRight(count: number): boolean {
  let sum = 0;
  for (let index = 0; index < count; index++) {
    const digit = cardDigits[index];
    const isDoubled = (count - index) % 2 === 0;
    sum += isDoubled ? digit * 2 - (digit > 4 ? 9 : 0) : digit;
  }
  return sum % 10 === 0;
}

/** The groups that are never given out are none. @see https://www.ssa.gov/employer/randomization.html */
function findSocialSecurityEnd(bytes: Uint8Array, at: number, end: number): number {
  const areaEnd = readDigits(bytes, at, end, 3);
  const first = areaEnd === -1 ? 0 : dashLength(bytes, areaEnd, end);
  if (first === 0) {
    return -1;
  }
  const groupEnd = readDigits(bytes, areaEnd + first, end, 2);
  const second = groupEnd === -1 ? 0 : dashLength(bytes, groupEnd, end);
  if (second === 0 || bytes[areaEnd] !== bytes[groupEnd]) {
    return -1;
  }
  const serialEnd = readDigits(bytes, groupEnd + second, end, 4);
  const area = digitsValue(bytes, at, areaEnd);
  const isGiven =
    area !== 0 &&
    area !== 666 &&
    area < 900 &&
    digitsValue(bytes, areaEnd + first, groupEnd) !== 0 &&
    serialEnd !== -1 &&
    digitsValue(bytes, groupEnd + second, serialEnd) !== 0;
  return isGiven && isWordEnd(bytes, serialEnd, end) ? serialEnd : -1;
}

function findPhoneEnd(bytes: Uint8Array, at: number, end: number): number {
  const plus = signLength(bytes, at, end, BYTE_PLUS);
  const international = plus === 0 ? -1 : findInternationalEnd(bytes, at + plus, end);
  return international === -1 ? findNorthAmericanEnd(bytes, at, end) : international;
}

/** A plus behind digits enough for a number begins the next one; before that it may stand for a space. */
function findInternationalEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end || bytes[at] === BYTE_0) {
    return -1;
  }
  let count = 0;
  let found = -1;
  while (at < end && isDigit(bytes[at])) {
    while (at < end && isDigit(bytes[at])) {
      count++;
      at++;
    }
    if (count > PHONE_DIGITS_MAX || !isWordEnd(bytes, at, end)) {
      return found;
    }
    found = count >= PHONE_DIGITS_MIN ? at : -1;
    const next = skipPhoneSeparators(bytes, at, end);
    const hasPlus =
      bytes[next - 1] === BYTE_PLUS || readEscape(bytes, next - ESCAPE_BYTES, next) === BYTE_PLUS;
    if (next === at || (hasPlus && found !== -1)) {
      return found;
    }
    at = next;
  }
  return found;
}

/** Three, three and four digits; without signs between them they could be any number. */
function findNorthAmericanEnd(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] === BYTE_0 + 1) {
    const areaAt = skipPhoneSeparators(bytes, at + 1, end);
    at = areaAt > at + 1 ? areaAt : at;
  }
  at += signLength(bytes, at, end, BYTE_PARENTHESIS_OPEN);
  const areaEnd = readDigits(bytes, at, end, 3);
  if (areaEnd === -1 || bytes[at] < BYTE_0 + 2) {
    return -1;
  }
  const exchangeAt = skipPhoneSeparators(bytes, areaEnd, end);
  const exchangeEnd = readDigits(bytes, exchangeAt, end, 3);
  if (exchangeAt === areaEnd || exchangeEnd === -1) {
    return -1;
  }
  const lineAt = skipPhoneSeparators(bytes, exchangeEnd, end);
  const lineEnd = readDigits(bytes, lineAt, end, 4);
  return lineAt > exchangeEnd && lineEnd !== -1 && isWordEnd(bytes, lineEnd, end) ? lineEnd : -1;
}

function findIpv4EndNoVersion(bytes: Uint8Array, at: number, end: number, offset: number): number {
  return at > offset && bytes[at - 1] === BYTE_SLASH ? -1 : findIpv4End(bytes, at, end, offset);
}

/** A number of more than four parts is none. */
function findIpv4End(bytes: Uint8Array, at: number, end: number, offset: number): number {
  const isBehindDot = at > offset + 1 && bytes[at - 1] === BYTE_DOT && isDigit(bytes[at - 2]);
  if (isBehindDot || !isDigit(bytes[at])) {
    return -1;
  }
  const found = readIpv4(bytes, at, end, ipv4);
  const isLonger =
    found !== -1 && found + 1 < end && bytes[found] === BYTE_DOT && isDigit(bytes[found + 1]);
  return found !== -1 && !isLonger && isWordEnd(bytes, found, end) ? found : -1;
}

function isWordEnd(bytes: Uint8Array, at: number, end: number): boolean {
  return at >= end || !isWordByte(bytes[at]);
}

/** Where exactly `count` digits end, or -1. */
function readDigits(bytes: Uint8Array, at: number, end: number, count: number): number {
  const digitsEnd = at + count;
  for (; at < digitsEnd; at++) {
    if (at >= end || !isDigit(bytes[at])) {
      return -1;
    }
  }
  return at < end && isDigit(bytes[at]) ? -1 : at;
}

function digitsValue(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) {
    value = value * 10 + bytes[at] - BYTE_0;
  }
  return value;
}

/** Length of `sign`, as it is or as `%XX`, or 0 when it does not stand here. */
function signLength(bytes: Uint8Array, at: number, end: number, sign: number): number {
  if (at < end && bytes[at] === sign) {
    return 1;
  }
  return readEscape(bytes, at, end) === sign ? ESCAPE_BYTES : 0;
}

/** Length of one dash or space, in the ways that URLs have for them, or 0. */
function dashLength(bytes: Uint8Array, at: number, end: number): number {
  const escaped = readEscape(bytes, at, end);
  const byte = escaped === -1 && at < end ? bytes[at] : escaped;
  const isDash =
    byte === BYTE_DASH || byte === BYTE_SPACE || (byte === BYTE_PLUS && escaped === -1);
  return !isDash ? 0 : escaped === -1 ? 1 : ESCAPE_BYTES;
}

function separatorLength(bytes: Uint8Array, at: number, end: number): number {
  return dashLength(bytes, at, end) || signLength(bytes, at, end, BYTE_DOT);
}

function skipPhoneSeparators(bytes: Uint8Array, at: number, end: number): number {
  for (let count = 0; count < PHONE_SEPARATORS_MAX; count++) {
    const length =
      separatorLength(bytes, at, end) ||
      signLength(bytes, at, end, BYTE_PARENTHESIS_OPEN) ||
      signLength(bytes, at, end, BYTE_PARENTHESIS_CLOSE) ||
      signLength(bytes, at, end, BYTE_SLASH);
    at += length;
  }
  return at;
}
