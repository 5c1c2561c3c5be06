/** Bytes of the head of a request to the admin server: browsers send some hundred. */
export const ADMIN_HEAD_BYTES_MAX = 8 * 1024;

/** Milliseconds in which a request to the admin server has to arrive, and then again its answer. */
export const ADMIN_TIMEOUT_MS = 5000;

/** Bytes behind a request to the admin server that are read and dropped: a body that is refused, at most. */
export const ADMIN_DISCARDED_BYTES_MAX = 64 * 1024;

/**
 * Milliseconds for which an answer of the admin server is given again: rendering one takes some hundred microseconds
 * of the thread that writes the lines, which is thus 1 % of it, however often is asked.
 */
export const ADMIN_ANSWER_AGE_MS = 100;

/** Bytes of a status that are read: it has some hundred, and the paths of failing files. */
export const ADMIN_ANSWER_BYTES_MAX = 64 * 1024;

/** Milliseconds between two looks at the loss counters. */
export const LOSS_WATCH_INTERVAL_MS = 1000;

/** Milliseconds without a loss after which httplog counts as keeping up again. */
export const LOSS_INTERVAL_MS = 10_000;

/** Bytes of another process's command line that are looked at: those of daemons have some hundred. */
export const COMMAND_LINE_BYTES_MAX = 16 * 1024;

/** Columns of the report of the traffic, and rows of each of its tables: it fits a terminal of 80 by 24. */
export const REPORT_COLUMNS = 80;
export const REPORT_ROWS_MAX = 5;
