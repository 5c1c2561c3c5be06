/**
 * Limits that several rooms share, each with its unit and its reason; a room's own are in its limits.ts. A loop or
 * a table without a bound from one of these files is a mistake.
 */

/**
 * Bytes of one line batch: some 8,000 lines. Handing one over, looking for its file, writing it and giving it back
 * costs the main thread some 400 us, whatever is in it.
 */
export const BATCH_BYTES = 1024 * 1024;

/**
 * Batches that may wait for the disk, over all workers: 64 MiB, some 500,000 lines. Past it lines are
 * dropped and counted, so that a stuck disk can never take the machine's memory.
 */
export const BATCHES_MAX = 64;

/** Daily files open at once: today's and yesterday's of four types, and room for a clock that jumps. */
export const OPEN_FILES_MAX = 16;

/** VLAN tags of one frame, the one out of band included; real networks stack two or three. */
export const VLAN_TAGS_MAX = 4;

/**
 * Bytes of one captured packet that a file may claim. libpcap's own limit is 262,144; the rest is room
 * for captures of merged segments, and a bound for damaged files.
 */
export const FRAME_BYTES_MAX = 16 * 1024 * 1024;

/** Snap length that keeps every packet whole. */
export const SNAPLEN_MAX = 65535;

/**
 * Bytes of one message head that a line is made of, start line and fields together. A line is at most four
 * times that (every byte escaped) and so always fits into an empty batch.
 */
export const HEAD_BYTES_MAX = 64 * 1024;

/**
 * Port ranges of the kernel's filter. Older kernels (6.1) grant a socket 20 KiB for a filter that they have
 * translated, and refuse it past that: 480 ranges were the last to fit, and the rest is room.
 */
export const PORT_RANGES_MAX = 450;

/** Batches that one capture's replay may have in flight: it waits for the disk, so few are enough. */
export const REPLAY_BATCHES_MAX = 8;

/** Bytes of one head that is put together from several segments: what common servers accept at most. */
export const HELD_HEAD_BYTES_MAX = 16 * 1024;

/** UDP ports of VXLAN besides the usual ones. */
export const VXLAN_PORTS_MAX = 16;

/** Reasons for redaction that are counted apart: classes, patterns built in, and the operator's own. */
export const REDACTION_COUNTS_MAX = 64;

/** Outputs of one run: each has a share of the buffers, and more would leave each too little. */
export const OUTPUTS_MAX = 8;

/** Outputs besides, which nobody names: the report of the traffic. */
export const INNER_OUTPUTS_MAX = 1;

/** Fields named by `--header` and by templates, and those that filters look at. */
export const HEADER_NAMES_MAX = 32;

/** Databases open at once: today's and yesterday's. Each has its cache, and opening one is quick. */
export const SQLITE_DATABASES_MAX = 2;

/** Characters of a pattern: those that people write are far shorter. */
export const PATTERN_LENGTH_MAX = 1000;

/**
 * Steps of a pattern's program, as they are counted before it is made: compiling 10,000 takes some 0.2 seconds
 * in each thread, and what a thousand characters can ask for is millions, which take minutes and gigabytes.
 */
export const PATTERN_STEPS_MAX = 10_000;

/** Bytes of a key: fewer can be guessed (RFC 2104 section 3 advises the length of the hash, which is 32). */
export const KEY_BYTES_MIN = 16;

/**
 * Connections to the admin server at once: a scraper, a load balancer and some people need a few. Each may cost its
 * head, its answer and a read of 64 KiB.
 */
export const ADMIN_CONNECTIONS_MAX = 16;

/** Milliseconds of capture without a message after which what to try is told, once: a busy server's take some. */
export const SILENCE_NOTICE_MS = 20_000;

/** Characters of a mistyped name for which the nearest known name is looked up. */
export const NEAREST_NAME_LENGTH_MAX = 64;
