import { isatty } from 'node:tty';
import type { Settings } from '../config/settings.ts';
import { DISPLAY_DEFAULT, type LineDisplay } from '../format/colors.ts';

/** What is known of who looks at standard output. */
export interface Terminal {
  isTerminal: boolean;
  /** Of the terminal, where it is one. */
  columns: number | undefined;
  environment: Readonly<Record<string, string | undefined>>;
}

const STANDARD_OUTPUT_FD = 1;
const STANDARD_ERROR_FD = 2;

export function findTerminal(): Terminal {
  const isTerminal = isatty(STANDARD_OUTPUT_FD);
  // Not asked for where it is none: a stream would be made for the file or pipe that it is.
  const columns = isTerminal ? process.stdout.columns : undefined;
  return { isTerminal, columns, environment: process.env };
}

/**
 * How lines on standard output are shown. `--color always` is somebody's own word and counts before NO_COLOR.
 *
 * @see https://no-color.org
 */
export function planDisplay(
  { color }: Pick<Settings, 'color'>,
  { isTerminal, columns, environment }: Terminal,
): LineDisplay {
  const isRefused = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return {
    columns: findColumns(environment.COLUMNS) ?? columns ?? DISPLAY_DEFAULT.columns,
    isColored: color === 'always' || (color === 'auto' && isTerminal && !isRefused),
  };
}

/** A shell that exports COLUMNS, or somebody who wants another width; 0 is a terminal that does not know. */
function findColumns(text: string | undefined): number | undefined {
  const columns = /^[1-9]\d{0,4}$/.test(text ?? '') ? Number(text) : 0;
  return columns > 0 ? columns : undefined;
}

/** Whether somebody looks at what is told on standard error. */
export function isLookedAt(): boolean {
  return isatty(STANDARD_ERROR_FD);
}
