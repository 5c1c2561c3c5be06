import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';

const require = createRequire(import.meta.url);

/**
 * Compiles a regular expression in the syntax of RE2, which has no back references and no look-around: so
 * every one takes time in proportion to what it looks at.
 *
 * The library is loaded with the first expression: it is the largest one that httplog has, and most runs need
 * none.
 *
 * @throws Error when the text is no expression
 */
export function compileRegularExpression(text: string): RE2JS {
  const library: typeof import('re2js') = require('re2js');
  return library.RE2JS.compile(text);
}
