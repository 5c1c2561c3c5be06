/** Kinds of frames that are not read of which each has a number of its own; networks show a handful. */
export const UNREAD_KINDS_MAX = 16;

/**
 * Routes, hosts and clients that the report of the traffic tells apart, those that come first; the exchanges of later
 * ones are counted together. A route takes 1.5 KB, the others some 200 bytes each: 4 MB at most.
 */
export const REPORT_ROUTES_MAX = 1000;
export const REPORT_HOSTS_MAX = 1000;
export const REPORT_CLIENTS_MAX = 10_000;

/** Seconds of which the busiest is looked for at once: exchanges come in the order in which they end. */
export const REPORT_SECONDS_MAX = 128;
