/** Milliseconds between two tries to write when a file cannot be written. */
export const WRITE_RETRY_INTERVAL_MS = 1000;

/** Waiting batches of one file written with one system call: 8 MiB, past which larger writes gain nothing. */
export const WRITE_BATCHES_MAX = 8;

/** Milliseconds after which a file of a past day that got nothing more is closed. */
export const IDLE_FILE_CLOSE_MS = 60_000;

/** Milliseconds between two looks whether the open log file still is the one of that name. */
export const LOG_FILE_CHECK_INTERVAL_MS = 200;

/** Symbolic links on the way to a file, as many as Linux itself follows. */
export const PATH_LINKS_MAX = 40;

/** Tries to lock a file that whoever ends is just deleting: each needs another daemon that ends. */
export const OUTPUT_LOCK_TRIES_MAX = 10;

/** Milliseconds between two messages about the same fault while it lasts. */
export const FAULT_REPORT_INTERVAL_MS = 60_000;

/** Milliseconds waited at most for a pipe that is full: short beside a line's delay, long beside a poll. */
export const FULL_PIPE_WAIT_MAX_MS = 20;

/** Milliseconds that one write may take before its disk counts as hanging: busy ones take some hundred. */
export const WRITE_STALL_MS = 5000;

/** Milliseconds that a write under way gets to end after the deadline of a stop. */
export const WRITE_GRACE_MS = 100;

/** Milliseconds that a stop waits for the last checkpoint: of some megabytes, on a slow disk. */
export const SQLITE_CLOSE_MS = 2000;

/** Milliseconds that SQLite waits for a lock of another program before the batch is tried again later. */
export const SQLITE_BUSY_TIMEOUT_MS = 1000;

/**
 * Milliseconds that the last checkpoint waits for readers: it only makes one file of two, and what it leaves
 * is read from the write-ahead log.
 */
export const SQLITE_CHECKPOINT_WAIT_MS = 100;

/**
 * Bytes that the write-ahead log shrinks to after a checkpoint: it grows past that only while a reader holds
 * an old view, and would keep that size else.
 */
export const SQLITE_WAL_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Pages of the write-ahead log, of 4 KiB, at which they are brought into the file: 64 MiB. One batch changes
 * more index pages than SQLite's own 1000, and the same ones again and again (measured with random addresses:
 * 9 KB written a row instead of 13).
 */
export const SQLITE_CHECKPOINT_PAGES = 16_384;

/** KiB of pages that one database keeps in memory, most of all the indexes' that every batch changes. */
export const SQLITE_CACHE_KIB = 32 * 1024;

/** Bytes read, compressed and written at once when a closed file is compressed: long runs, little memory. */
export const COMPRESS_CHUNK_BYTES = 256 * 1024;

/** Entries of a directory read with one turn of the thread pool: a turn of some 0.1 ms. */
export const DIRECTORY_READ_ENTRIES = 256;

/** Milliseconds between two looks whether files have to go. */
export const UPKEEP_INTERVAL_MS = 60_000;

/** Descriptors of one output of lines beside its open daily files: looks at its end, compression, its directory. */
export const DESCRIPTORS_PER_FILE_OUTPUT = 4;
