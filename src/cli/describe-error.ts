import { EXIT_RUNTIME, type ExitCode, HttplogError } from '../errors.ts';

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
  return text.replace(/[^\P{Cc}\n\t]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof HttplogError ? error.exitCode : EXIT_RUNTIME;
}
