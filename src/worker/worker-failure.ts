import { EXIT_RUNTIME, type ExitCode, HttplogError } from '../errors.ts';

/** An error as it crosses between threads: a class would arrive without its fields. */
export interface WorkerFailure {
  message: string;
  code: string;
  exitCode: ExitCode;
  hint: string | undefined;
  stack: string | undefined;
}

export function describeFailure(error: unknown): WorkerFailure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  if (error instanceof HttplogError) {
    return { message, code: error.code, exitCode: error.exitCode, hint: error.hint, stack };
  }
  return { message, code: 'HTTPLOG_WORKER', exitCode: EXIT_RUNTIME, hint: undefined, stack };
}

export function restoreFailure(failure: WorkerFailure): HttplogError {
  const { message, code, exitCode, hint, stack } = failure;
  const error = new HttplogError(message, {
    code,
    exitCode,
    ...(hint === undefined ? {} : { hint }),
  });
  if (stack !== undefined) {
    error.stack = stack;
  }
  return error;
}
