/** Decode workers: more than the cores of the machines in reach, fewer than a fanout group's 256. */
export const WORKERS_MAX = 64;

/** Addresses and networks given as local: each is compared with the addresses of every message. */
export const LOCAL_NETWORKS_MAX = 256;

/** Megabytes of one packet ring: memory that the kernel locks; more is a slip of the finger. */
export const RING_MEGABYTES_MAX = 4096;

/** Bytes of a configuration file: the documented sample is some 6 KB; more is a wrong path. */
export const CONFIGURATION_FILE_BYTES_MAX = 1024 * 1024;

/** Characters of a wrong value that a message repeats. */
export const QUOTED_VALUE_LENGTH_MAX = 120;

/** Methods of one table: IANA's registry has some forty. */
export const METHODS_MAX = 128;

/** Values of one filter: each is compared with every exchange. */
export const FILTER_VALUES_MAX = 256;

/** Path patterns of one filter: each may keep some megabytes of states. */
export const PATH_PATTERNS_MAX = 32;

/** Names with a mode of their own in one class. */
export const FIELD_MODES_MAX = 256;

/** The smallest file that is followed by another one, in bytes: 9999 of them are a day's at least 10 MB. */
export const ROTATE_BYTES_MIN = 1024;

/** Days or files that may be asked for to be kept: more is a slip. */
export const KEEP_COUNT_MAX = 1_000_000;

/** Names by which the admin server may be asked: more is a slip. */
export const ADMIN_HOSTS_MAX = 32;

/** Milliseconds between two pictures: more often nobody can read them, more seldom nobody waits for the next. */
export const INTERVAL_MS_MIN = 100;
export const INTERVAL_MS_MAX = 3_600_000;
