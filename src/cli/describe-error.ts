import { EXIT_RUNTIME, type ExitCode, HttplogError } from '../errors.ts';

/** What went wrong in one or more sentences, and what to do about it. A bug of ours shows its stack. */
export function describeError(error: unknown): string {
  if (error instanceof HttplogError) {
    const hint = error.hint === undefined ? '' : `\n  ${error.hint}`;
    return `httplog: ${error.message}${hint}\n`;
  }
  const stack = error instanceof Error ? error.stack : String(error);
  return `httplog: This is a bug of httplog, please report it\n${stack}\n`;
}

export function exitCodeOf(error: unknown): ExitCode {
  return error instanceof HttplogError ? error.exitCode : EXIT_RUNTIME;
}
