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

/** Makes it as it was when it was made. */
export function forgetTwins({ arrivals, translations }: Twins): void {
  arrivals.rows.fill(0);
  if (translations.count > 0) {
    translations.rows.fill(0);
    translations.next.fill(0);
    translations.count = 0;
  }
}
