/**
 * Milliseconds after which a batch that is not full is handed over, so that `tail -f` keeps up: with what the kernel
 * holds back, and a worker's wait for more, a line is there within a second.
 */
export const BATCH_FLUSH_INTERVAL_MS = 400;

/**
 * Bytes of a capture that a worker decodes at a time, where several share one: some 8 ms of work, beside which
 * handing it over costs little, and few enough that all end at about the same time.
 */
export const PART_BYTES = 8 * 1024 * 1024;

/** Bytes of a capture from which on several workers share it: less is decoded before a thread has begun. */
export const SHARED_CAPTURE_BYTES_MIN = 128 * 1024 * 1024;

/**
 * The same where nobody has asked for several: what a thread costs until it is as fast as the first one, half a second of
 * CPU, is a quarter of one worker's time here. On a machine with other work more threads gain nothing at any size.
 */
export const SHARED_UNASKED_BYTES_MIN = 1024 * 1024 * 1024;

/**
 * Parts that each thread beside the first may have before it: one in hand, and some to go on with while who
 * hands them out is busy with a part of its own.
 */
export const PARTS_PER_THREAD_MAX = 4;

/**
 * Parts, for each worker, that may be decoded or being so while an earlier one is not. Their lines are a
 * megabyte each as a rule; heads of some bytes each, all escaped, make four times the part's.
 */
export const PARTS_AHEAD_MAX = 8;

/** Milliseconds between two beats of a decode worker: each is one number written. */
export const HEARTBEAT_INTERVAL_MS = 1000;

/**
 * Milliseconds without a beat after which a decode worker counts as stuck: a turn of its loop takes some ten,
 * and a ring of 8 MB has overflowed long before.
 */
export const HEARTBEAT_SILENCE_MAX_MS = 10_000;
