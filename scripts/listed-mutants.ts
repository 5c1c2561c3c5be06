import type { ListedMutant } from './mutants.ts';

export const LISTED_MUTANTS: readonly ListedMutant[] = [];
