/** Milliseconds that a finished command waits for what it still has to write to a pipe. */
export const EXIT_DEADLINE_MS = 1000;

/** Milliseconds that the doctor looks at the network: keep-alive connections and health checks say something meanwhile. */
export const DOCTOR_LOOK_MS = 5000;

/** Ports that the doctor names. */
export const DOCTOR_PORTS_MAX = 8;

/** The screen of a terminal that does not tell its size. */
export const SCREEN_COLUMNS_USUAL = 80;
export const SCREEN_ROWS_USUAL = 24;
