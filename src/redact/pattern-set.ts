import { isDigit } from '../http/grammar.ts';
import { BYTE_AT, BYTE_DOT, BYTE_PERCENT } from './byte-classes.ts';
import type { Draft } from './draft.ts';
import { redactCards, redactIpv4, redactPhones, redactSocialSecurity } from './number-patterns.ts';
import { createOwnPattern } from './own-patterns.ts';
import { type BuiltInPattern, patternNames, type RedactionSettings } from './redaction-settings.ts';
import { redactBearers, redactEmails, redactJwts } from './text-patterns.ts';

/** Looks for all patterns in a value; `isProductText` is for User-Agent and Server. */
export type PatternPasses = (draft: Draft, isProductText: boolean) => void;

type PatternPass = (draft: Draft, mark: Uint8Array, isProductText: boolean) => number;

interface Pattern {
  pass: PatternPass;
  mark: Uint8Array;
  countIndex: number;
  /** Of these signs all must stand in a value that matches. */
  signs: number;
  /** Digits that a value which matches has at least. */
  digitsMin: number;
}

const SIGN_AT = 1;
const SIGN_DOT = 2;
const SIGN_B = 4;
const SIGN_CAPITAL_J = 8;

/** By byte: its sign. A `%` may be part of `%40`. */
const SIGNS = new Uint8Array(256);
SIGNS[BYTE_AT] = SIGN_AT;
SIGNS[BYTE_PERCENT] = SIGN_AT;
SIGNS[BYTE_DOT] = SIGN_DOT;
SIGNS[0x42] = SIGN_B;
SIGNS[0x62] = SIGN_B;
SIGNS[0x4a] = SIGN_CAPITAL_J;

/**
 * Tokens come first, because other things may stand in them, and telephones late, because most long numbers
 * look like one.
 */
const ORDER: readonly BuiltInPattern[] = [
  ...(['jwt', 'bearer', 'email', 'credit_card', 'ssn', 'ip_v4', 'phone'] as const),
];

const PASSES: Readonly<
  Record<BuiltInPattern, { pass: PatternPass; signs: number; digitsMin: number }>
> = {
  jwt: { pass: redactJwts, signs: SIGN_CAPITAL_J | SIGN_DOT, digitsMin: 0 },
  bearer: { pass: redactBearers, signs: SIGN_B, digitsMin: 0 },
  email: { pass: redactEmails, signs: SIGN_AT | SIGN_DOT, digitsMin: 0 },
  credit_card: { pass: redactCards, signs: 0, digitsMin: 13 },
  ssn: { pass: redactSocialSecurity, signs: 0, digitsMin: 9 },
  ip_v4: { pass: redactIpv4, signs: SIGN_DOT, digitsMin: 4 },
  phone: { pass: redactPhones, signs: 0, digitsMin: 7 },
};

/**
 * One pass for each pattern, of which those are run that the value's bytes leave possible.
 *
 * @param counts by index as `countNames` has them
 */
export function createPatternPasses(
  settings: RedactionSettings,
  counts: Float64Array,
  countNames: readonly string[] = patternNames(settings),
): PatternPasses {
  const patterns = createPatterns(settings, countNames);
  return (draft, isProductText) => {
    if (patterns.length === 0) {
      return;
    }
    let signs = 0;
    let digitsCount = 0;
    for (let at = draft.offset; at < draft.end; at++) {
      const byte = draft.bytes[at];
      signs |= SIGNS[byte];
      digitsCount += isDigit(byte) ? 1 : 0;
    }
    for (let index = 0; index < patterns.length; index++) {
      const pattern = patterns[index];
      if ((signs & pattern.signs) === pattern.signs && digitsCount >= pattern.digitsMin) {
        counts[pattern.countIndex] += pattern.pass(draft, pattern.mark, isProductText);
      }
    }
  };
}

function createPatterns(settings: RedactionSettings, countNames: readonly string[]): Pattern[] {
  const builtIn = ORDER.filter((name) => settings.patterns.includes(name)).map((name) => ({
    ...PASSES[name],
    mark: createMark(name),
    countIndex: countNames.indexOf(name),
  }));
  const own = settings.ownPatterns.map(({ name, pattern }) => ({
    pass: createOwnPattern(pattern),
    mark: createMark(name),
    countIndex: countNames.indexOf(name),
    signs: 0,
    digitsMin: 0,
  }));
  return [...builtIn, ...own];
}

/** `[REDACTED:email]`, which says what stood there. */
function createMark(name: string): Uint8Array {
  return new Uint8Array(Buffer.from(`[REDACTED:${name}]`, 'latin1'));
}
