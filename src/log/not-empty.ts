import { EXIT_USAGE, HttplogError } from '../errors.ts';

/** A document that is there has its end: nothing can follow it. */
export function createNotEmptyError(path: string, option = '-o'): HttplogError {
  return new HttplogError(
    `File ${path} has something in it, and a HAR document is a file of its own`,
    {
      code: 'HTTPLOG_OUTPUT_NOT_EMPTY',
      exitCode: EXIT_USAGE,
      hint: `Delete ${path}, or name another file with ${option}`,
    },
  );
}
