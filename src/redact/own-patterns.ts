import { PATTERN_STEPS_MAX } from '../limits.ts';
import { countPatternSteps } from '../pattern-steps.ts';
import { compileRegularExpression } from '../regular-expression.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';
import { MATCHES_PER_VALUE_MAX } from './limits.ts';

/**
 * Says whether a text is a regular expression that can be redacted by: in RE2's syntax, and not one that
 * nothing matches, such as `x*`, nor a huge one.
 */
export function isRedactionPattern(text: string): boolean {
  if (countPatternSteps(text) > PATTERN_STEPS_MAX) {
    return false;
  }
  try {
    return !compileRegularExpression(text).test('');
  } catch {
    return false;
  }
}

/**
 * A pass that replaces what a pattern of the operator's own matches. The bytes are read as UTF-8.
 *
 * @returns a function that tells how many were replaced
 */
export function createOwnPattern(text: string): (draft: Draft, mark: Uint8Array) => number {
  const pattern = compileRegularExpression(text);
  return (draft, mark) => {
    const value = draft.bytes.subarray(draft.offset, draft.end);
    // The test alone is much faster than to ask where the match is, and most values have none.
    if (!pattern.test(value)) {
      return 0;
    }
    const matcher = pattern.matcher(value);
    let count = 0;
    let tries = 0;
    while (matcher.find()) {
      const from = draft.offset + matcher.start();
      const isLast = ++tries === MATCHES_PER_VALUE_MAX;
      const to = isLast ? draft.end : draft.offset + matcher.end();
      if (from < to) {
        replaceRange(draft, from, to, mark);
        count++;
      }
      if (isLast) {
        break;
      }
    }
    finishPass(draft);
    return count;
  };
}
