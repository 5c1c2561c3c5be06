/** Milliseconds that a stop waits for the disk before it counts what is left as dropped. */
export const DRAIN_DEADLINE_MS = 5000;

/** Milliseconds between two looks at the host's interfaces and addresses. */
export const INTERFACE_WATCH_INTERVAL_MS = 1000;

/** Interfaces named in one message: a host of containers has thousands. */
export const INTERFACES_LISTED_MAX = 32;

/** Characters of httplog's own messages kept while the service log cannot be written. */
export const SERVICE_LOG_BACKLOG_MAX = 1024 * 1024;

/** Tries, 100 ms apart, to write one message to a standard error that takes nothing. */
export const SERVICE_LOG_TRIES_MAX = 10;

/** Threads that share a capture unasked: with more, the one that joins their lines is the limit. */
export const SHARING_THREADS_MAX = 4;

/**
 * Milliseconds that a stop waits for the decode workers: they empty a ring of any size in far less, unless
 * the machine is stuck.
 */
export const WORKERS_STOP_DEADLINE_MS = 10_000;

/** Milliseconds in which a decode worker must have taken a change; it hears of it some times a second. */
export const CONFIGURE_DEADLINE_MS = 20_000;

/** Milliseconds between two updates of the progress bar. */
export const PROGRESS_INTERVAL_MS = 200;

/**
 * Milliseconds after a SIGTERM or SIGINT in which another one is the same wish: a terminal sends it to the
 * whole group, and sudo or npm passes it on once more.
 */
export const REPEATED_SIGNAL_MS = 100;

/**
 * Failures of decode workers within the window that end httplog: one that fails at each packet would see
 * nothing and say that all is well.
 */
export const WORKER_FAILURES_MAX = 3;

/** Milliseconds in which the failures of decode workers are counted. */
export const WORKER_FAILURES_WINDOW_MS = 60_000;

/** Milliseconds between two states told to systemd; the watchdog of the unit wants to hear one in 30 s. */
export const SYSTEMD_NOTIFY_INTERVAL_MS = 10_000;

/**
 * Megabytes of V8's heap that a decode worker may take: tables of flows and batches lie outside of it, patterns
 * and their states within. V8's own limit is a share of the machine's memory, which is others' to use.
 */
export const WORKER_HEAP_MEGABYTES_MAX = 512;

/**
 * Descriptors that a start needs beside those of Node, threads and outputs: modules while they are loaded, looks
 * at interfaces and files, the service log.
 */
export const DESCRIPTORS_OF_START = 8;

/** Descriptors of a thread: five of Node's event loop, its ring or capture file, modules while they are loaded. */
export const DESCRIPTORS_PER_THREAD = 8;

/** Bytes of what a daemon leaves for `httplog status`: it has some hundred. */
export const STATE_FILE_BYTES_MAX = 4096;

/** Entries looked at where daemons leave that: a machine has some. */
export const STATE_FILES_MAX = 256;

/** Ports of which a survey counts the messages. */
export const SURVEY_PORTS_MAX = 1024;
