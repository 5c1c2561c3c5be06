import { EXIT_USAGE, type ExitCode, HttplogError } from '../errors.ts';
import type { CommandName } from './command-names.ts';
import { QUOTED_VALUE_LENGTH_MAX } from './limits.ts';

/** One thing that the operator wrote and that cannot be taken, in a sentence of its own. */
export interface Mistake {
  /** With the option's name, its value, where that came from, and what is allowed. */
  message: string;
  exitCode: ExitCode;
}

/** Where a value was written: `option -p`, `environment HTTPLOG_PORT`, `FILE line 7` or `default`. */
export type Origin = string;

export const ORIGIN_DEFAULT: Origin = 'default';

export function usageMistake(message: string): Mistake {
  return { message, exitCode: EXIT_USAGE };
}

/** A value that its option does not allow. */
export function valueMistake(
  flag: string,
  value: string,
  origin: Origin,
  allowed: string,
): Mistake {
  return refusedValueMistake(flag, value, origin, `allowed is ${allowed}`);
}

/** As {@link valueMistake}, with what is wrong in words of its own. */
export function refusedValueMistake(
  flag: string,
  value: string,
  origin: Origin,
  reason: string,
): Mistake {
  return usageMistake(`Option ${flag} cannot be ${quoteValue(value)} (from ${origin}), ${reason}`);
}

/**
 * All mistakes as one error, each on a line of the message.
 *
 * Its exit code is that of the mistakes if they agree on one, else that of wrong usage.
 */
export function configurationError(
  mistakes: readonly Mistake[],
  command: CommandName,
): HttplogError {
  const codes = new Set(mistakes.map(({ exitCode }) => exitCode));
  const [exitCode] = codes;
  return new HttplogError(mistakes.map(({ message }) => message).join('\n'), {
    code: 'HTTPLOG_CONFIGURATION',
    exitCode: codes.size === 1 ? exitCode : EXIT_USAGE,
    hint: `Run httplog ${command === 'run' ? '--help' : `${command} -h`} for what is allowed`,
  });
}

/** The value in quotes, without a control character that could play with the terminal, and not endless. */
export function quoteValue(value: string): string {
  const isLong = value.length > QUOTED_VALUE_LENGTH_MAX;
  const shown = isLong ? `${value.slice(0, QUOTED_VALUE_LENGTH_MAX)}...` : value;
  return JSON.stringify(shown).replace(
    /[\x7f-\x9f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
