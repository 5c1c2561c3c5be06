/** Milliseconds that a finished command waits for what it still has to write to a pipe. */
export const EXIT_DEADLINE_MS = 1000;
