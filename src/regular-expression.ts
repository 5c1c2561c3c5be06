import type { RE2JS } from 're2js';
import { lateRe2js } from './late-packages.ts';

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
  return lateRe2js().RE2JS.compile(text);
}

/** What re2js throws: its reason, and the piece of the expression that it is about. */
interface SyntaxFault extends Error {
  error?: string;
  input?: string | null;
}

/** What is wrong with a text as an expression, and where, for the end of a sentence; undefined: nothing. */
export function explainRegularExpression(text: string): string | undefined {
  try {
    compileRegularExpression(text);
    return undefined;
  } catch (fault) {
    const { message, error = message, input } = fault as SyntaxFault;
    return `${error}${describePlace(text, input ?? '')}${describeRe2(error)}`;
  }
}

/** Of some faults the whole expression is the piece: then no place in it is told. */
function describePlace(text: string, piece: string): string {
  const at = piece === '' || piece === text ? -1 : text.indexOf(piece);
  return at === -1 ? '' : `, ${piece} at character ${at + 1}`;
}

function describeRe2(error: string): string {
  return /Perl syntax|escape/.test(error)
    ? ' (RE2 has neither look-around nor back references)'
    : '';
}
