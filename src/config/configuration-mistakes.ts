import { METHODS_REGISTERED } from '../http/grammar.ts';
import type { LayeredValues } from './configuration-layers.ts';
import { type Mistake, quoteValue, refusedValueMistake } from './mistakes.ts';
import type { Settings } from './settings.ts';

/** A field name: tchar of RFC 9110 section 5.6.2. */
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Values that are right by themselves, and with which nothing could ever match. */
export function findContradictions(settings: Settings, layered: LayeredValues): Mistake[] {
  return [
    refuse(layered, 'methodFilter', '--method', explainMethods(settings)),
    refuse(layered, 'headerModes', '--header-mode', explainHeaderModes(settings)),
  ].flat();
}

function refuse(
  layered: LayeredValues,
  key: keyof Settings,
  flag: string,
  reason: string | undefined,
): Mistake[] {
  const option = layered.get(key);
  return option === undefined || reason === undefined
    ? []
    : [refusedValueMistake(flag, option.value, option.origin, reason)];
}

function explainMethods({ methods, methodFilter }: Settings): string | undefined {
  const known = [...methods, ...METHODS_REGISTERED];
  for (const { method } of methodFilter) {
    const meant = findOtherCase(method, known);
    if (meant !== undefined && !methods.includes(method)) {
      return `methods are case-sensitive, did you mean ${meant}`;
    }
  }
  return undefined;
}

function explainHeaderModes({ headerModes }: Settings): string | undefined {
  const wrong = headerModes.byName.find(([name]) => !FIELD_NAME.test(name));
  return wrong === undefined ? undefined : `${quoteValue(wrong[0])} is no name of a header field`;
}

/** The method that differs in nothing but its case; undefined: the method itself is known, or none is near. */
export function findOtherCase(method: string, known: readonly string[]): string | undefined {
  return known.includes(method)
    ? undefined
    : known.find((candidate) => candidate.toLowerCase() === method.toLowerCase());
}
