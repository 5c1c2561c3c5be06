import { type Arrivals, createArrivals } from '../decode/arrivals.ts';
import { createTranslations, type Translations } from '../decode/translations.ts';

/** Connections that the host passes on with other addresses are one: what is kept to know them. */
export interface Twins {
  readonly arrivals: Arrivals;
  readonly translations: Translations;
}

export function createTwins(): Twins {
  return { arrivals: createArrivals(), translations: createTranslations() };
}
