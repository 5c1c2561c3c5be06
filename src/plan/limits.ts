/**
 * Bytes that `--tunnels` adds to the snap length: VXLAN over IPv6 within VXLAN over IPv6 takes 168, a cloud's
 * Geneve with its options some 100.
 */
export const TUNNEL_HEADERS_BYTES = 256;

/**
 * Times that a pattern may take as long as a plain one before it is told: some 0.1 ms for a path of 128 bytes,
 * which leaves a worker 10,000 exchanges a second at most.
 */
export const PATTERN_COST_FACTOR_MAX = 50;

/** Milliseconds in which the cost of one pattern is measured at the start; a plain one takes less than one. */
export const PATTERN_MEASURE_MS = 500;

/** Milliseconds for all patterns: some four costly ones, after which the operator knows enough. */
export const PATTERNS_MEASURE_MS = 2000;

/** Bytes of a file of patterns: a hundred long ones are 100 KB; more is a wrong path. */
export const PATTERNS_FILE_BYTES_MAX = 256 * 1024;

/** Patterns of one's own: each is looked for in every value, and may keep some megabytes of states. */
export const OWN_PATTERNS_MAX = 32;

/** Bytes of a key file: more is a wrong path. */
export const KEY_BYTES_MAX = 4096;
