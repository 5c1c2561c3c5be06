/**
 * Exit codes of every command.
 *
 * 1 something failed at run time, 2 wrong usage or configuration, 3 a named thing does not exist,
 * 4 a permission is missing.
 */
export const EXIT_OK = 0;
export const EXIT_RUNTIME = 1;
export const EXIT_USAGE = 2;
export const EXIT_NOT_FOUND = 3;
export const EXIT_PERMISSION = 4;

export type ExitCode = 0 | 1 | 2 | 3 | 4;

export interface HttplogErrorOptions {
  /** Stable name for scripts and searches, `HTTPLOG_` first: `HTTPLOG_RING_PERMISSION`. */
  code: string;
  exitCode: ExitCode;
  /** What to do about it, a sentence without a final period. */
  hint?: string;
  cause?: unknown;
}

/**
 * A mistake of the operator or a fault of the machine. Bad packets are never one: they are counted.
 *
 * `message` is one sentence in sentence case with the numbers in it and no final period.
 */
export class HttplogError extends Error {
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(message: string, { code, exitCode, hint, cause }: HttplogErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'HttplogError';
    this.code = code;
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** The `errno` name of a Node system error (`ENOSPC`), or an empty string. */
export function systemErrorName(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    return error.code;
  }
  return '';
}

/** `\u000a` of a line feed: what a name from outside must not do to a line or a terminal. */
export function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
