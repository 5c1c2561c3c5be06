import { isIP } from '../ip-address.ts';
import { PATTERN_LENGTH_MAX, PATTERN_STEPS_MAX } from '../limits.ts';
import { describeNearestName, findNearestName } from '../nearest-name.ts';
import { countPatternSteps } from '../pattern-steps.ts';
import { explainRegularExpression } from '../regular-expression.ts';
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
  for (const line of text.split('\n')) {
    const pattern = line.trim().replace(/^!\s*/, '');
    if (pattern.length > PATTERN_LENGTH_MAX) {
      return undefined;
    }
    const steps = countPatternSteps(pattern);
    if (steps > PATTERN_STEPS_MAX) {
      return `it has ${steps} steps, allowed are ${PATTERN_STEPS_MAX}: repeat less`;
    }
    const fault = explainRegularExpression(pattern);
    if (fault !== undefined) {
      const which = text.includes('\n') ? `of which ${quoteValue(pattern)}` : 'it';
      return `${which} is no regular expression of RE2: ${fault}`;
    }
  }
  return undefined;
}

/** One word of several that is written nearly right. */
export function explainWord(
  allowed: string,
  words: readonly string[],
): (text: string) => string | undefined {
  return (text) => {
    const nearest = findNearestName(text, words);
    return nearest === undefined
      ? undefined
      : `allowed is ${allowed}${describeNearestName(nearest)}`;
  };
}

/** The first word of a list that is none. */
export function explainWords(
  allowed: string,
  words: readonly string[],
): (text: string) => string | undefined {
  return (text) => {
    const wrong = splitValues(text).find((value) => !words.includes(value));
    const nearest = wrong === undefined ? undefined : findNearestName(wrong, words);
    return nearest === undefined
      ? undefined
      : `allowed is ${allowed}; for ${quoteValue(wrong ?? '')}${describeNearestName(nearest)}`;
  };
}

/** Ports by a name that stands for encrypted traffic, in which there is nothing to see. */
export function explainPorts(text: string): string | undefined {
  return /(^|,)\s*https\s*(,|$)/i.test(text)
    ? 'https is encrypted: name the port behind the proxy that ends TLS'
    : undefined;
}
