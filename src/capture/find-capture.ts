import { accessSync, constants } from 'node:fs';
import type { HttplogError } from '../errors.ts';
import { openFailure } from './capture-errors.ts';

/**
 * Why a capture file cannot be opened, as far as that shows without opening it: a pipe that is opened would wait for
 * its writer. Undefined: it is there; `-` is, always.
 */
export function findCaptureFault(path: string): HttplogError | undefined {
  if (path === '-') {
    return undefined;
  }
  try {
    accessSync(path, constants.R_OK);
    return undefined;
  } catch (error) {
    return openFailure(path, error);
  }
}
