import { EXIT_RUNTIME, type ExitCode, escapeCharacter, HttplogError } from '../errors.ts';

/** What no line on a terminal may hold: names come from others. A line feed stands between sentences. */
const UNPRINTABLE = /(?!\n)[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** What went wrong in one or more sentences, and what to do about it. A bug of ours shows its stack. */
export function describeError(error: unknown): string {
  if (error instanceof HttplogError) {
    const hint = error.hint === undefined ? '' : `\n  ${error.hint}`;
    return escapeControls(`httplog: ${error.message}${hint}\n`);
  }
  const stack = error instanceof Error ? error.stack : String(error);
  return escapeControls(`httplog: This is a bug of httplog, please report it\n${stack}\n`);
}

/** Names of files and values of a configuration may be anybody's: none of them plays with the terminal. */
export function escapeControls(text: string): string {
  return text.replace(UNPRINTABLE, escapeCharacter);
}

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof HttplogError ? error.exitCode : EXIT_RUNTIME;
}
