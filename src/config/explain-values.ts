import { isIP } from '../ip-address.ts';
import { PATTERN_LENGTH_MAX, PATTERN_STEPS_MAX } from '../limits.ts';
import { countPatternSteps } from '../pattern-steps.ts';
import { quoteValue } from './mistakes.ts';

/** Slips that people make with values, in words; undefined: the value is wrong in another way. */

/** Values of a list without the `!` that negates one. */
function splitValues(text: string): string[] {
  return text.split(/[,\n]/).map((value) => value.trim().replace(/^!\s*/, ''));
}

export function explainHosts(text: string): string | undefined {
  return splitValues(text).some((value) => value.includes('/'))
    ? 'neither a scheme nor a path belong to a host, which is as in shop.example or *.example'
    : undefined;
}

export function explainAddresses(text: string): string | undefined {
  const isName = (value: string) => /[g-z]/i.test(value) && isIP(value.split(/[/%]/)[0]) === 0;
  const name = splitValues(text)
    .flatMap((value) => value.split(/\s+/))
    .find(isName);
  return name === undefined
    ? undefined
    : `${quoteValue(name)} is no address, and names are not looked up`;
}

export function explainMilliseconds(text: string): string | undefined {
  return /^\d+(\.\d+)?\s*[a-zµ]+$/i.test(text.trim())
    ? 'it is a number of milliseconds and has no unit, as in 500'
    : undefined;
}

export function explainFieldNames(text: string): string | undefined {
  const names = splitValues(text);
  if (names.some((name) => /\s/.test(name))) {
    return 'a field name holds no space, and names stand apart by commas';
  }
  return names.some((name) => name.endsWith(':'))
    ? 'the colon behind it is not part of a field name'
    : undefined;
}

export function explainPatterns(text: string): string | undefined {
  const steps = text
    .split('\n')
    .map((pattern) => (pattern.length > PATTERN_LENGTH_MAX ? 0 : countPatternSteps(pattern)))
    .find((count) => count > PATTERN_STEPS_MAX);
  return steps === undefined
    ? undefined
    : `it has ${steps} steps, allowed are ${PATTERN_STEPS_MAX}: repeat less`;
}
