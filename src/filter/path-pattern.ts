import { RE2JS } from 're2js';

/**
 * Says whether a text is a regular expression in the syntax of RE2, which has no back references and no
 * look-around: so every pattern takes time in proportion to what it looks at.
 */
export function isPattern(text: string): boolean {
  try {
    RE2JS.compile(text);
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
  const pattern = RE2JS.compile(text);
  return (bytes, offset, end) => pattern.test(bytes.subarray(offset, end));
}
