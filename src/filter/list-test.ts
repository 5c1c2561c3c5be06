import type { Exchange } from '../record/exchange.ts';

/** Says something of an exchange. Hot: allocates nothing where no pattern is involved. */
export type ExchangeTest = (exchange: Exchange) => boolean;

/**
 * One list of rules as one test: a positive one must hold if there is any, and no negated one may.
 *
 * @param createTest makes the test of a rule, negation put aside
 */
export function createListTest<R extends { isNegated: boolean }>(
  rules: readonly R[],
  createTest: (rule: R) => ExchangeTest,
): ExchangeTest {
  const wanted = rules.filter(({ isNegated }) => !isNegated).map(createTest);
  const unwanted = rules.filter(({ isNegated }) => isNegated).map(createTest);
  return (exchange) =>
    (wanted.length === 0 || holdsAny(wanted, exchange)) && !holdsAny(unwanted, exchange);
}

function holdsAny(tests: readonly ExchangeTest[], exchange: Exchange): boolean {
  for (let index = 0; index < tests.length; index++) {
    if (tests[index](exchange)) {
      return true;
    }
  }
  return false;
}
