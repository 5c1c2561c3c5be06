import { PATTERN_STEPS_MAX } from '../limits.ts';
import { countPatternSteps } from '../pattern-steps.ts';
import { compileRegularExpression } from '../regular-expression.ts';

/** Says whether a text is a regular expression in the syntax of RE2, and not a huge one. */
export function isPattern(text: string): boolean {
  if (countPatternSteps(text) > PATTERN_STEPS_MAX) {
    return false;
  }
  try {
    compileRegularExpression(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * A test whether a part of `bytes[offset, end)` matches, in linear time. The bytes are read as UTF-8; each
 * one that is not part of a character counts as one U+FFFD.
 */
export function compilePattern(
  text: string,
): (bytes: Uint8Array, offset: number, end: number) => boolean {
  const pattern = compileRegularExpression(text);
  return (bytes, offset, end) => pattern.test(bytes.subarray(offset, end));
}
