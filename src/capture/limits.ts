/** Bytes read from a capture file at once. */
export const READ_CHUNK_BYTES = 1024 * 1024;

/**
 * Bytes of one block of the packet ring, the unit that the kernel hands over. Each wakes the worker, and on a
 * core that was idle a wake costs as much as some 200 packets: fewer and larger ones, as far as a ring of 8 MB
 * still has some to fill while one is read.
 */
export const RING_BLOCK_BYTES = 1024 * 1024;

/**
 * Milliseconds after which the kernel hands over a block that is not full: the ring's part of a line's delay. At
 * little traffic each takes a whole block, however empty: the 8 blocks of an 8 MB ring bridge 1.3 seconds.
 */
export const RING_RETIRE_TIMEOUT_MS = 160;

/** Milliseconds that one wait for a block of the ring lasts at most, so that a stop is seen soon. */
export const RING_WAIT_MAX_MS = 300;

/** Milliseconds after a stop in which the kernel hands over the block that it was filling, its timer's delay included. */
export const RING_DRAIN_MS = 240;

/** Milliseconds that one wait for packets of another source lasts at most, so that a stop is seen soon. */
export const POLL_TIMEOUT_MS = 100;

/** Ring blocks decoded before anything else has its turn: what waits in a ring of 8 MB, some 10 ms of work. */
export const BLOCKS_PER_FILL_MAX = 8;

/**
 * Milliseconds between two turns of a live worker's event loop, in which buffers come back and a stop is heard. One
 * costs as much as some 100 packets, and at full load five batches are made between two.
 */
export const LOOP_TURN_INTERVAL_MS = 100;

/**
 * Bytes of a capture file's buffer in front of each chunk, for the incomplete record of the chunk before:
 * libpcap's largest packet and its header. A larger record makes the buffers grow.
 */
export const READ_HEAD_ROOM_BYTES = 256 * 1024 + 64;

/** Bytes of a pcapng block beside its packet (header, options), as libpcap and Wireshark bound it. */
export const PCAPNG_BLOCK_OVERHEAD_MAX = 128 * 1024;

/** Interfaces of one pcapng section: all that the 16 bits of an obsolete Packet Block can name. */
export const PCAPNG_INTERFACES_MAX = 65536;

/** Options of one pcapng block; real interface descriptions have fewer than twenty. */
export const PCAPNG_OPTIONS_MAX = 1024;

/** Bytes that a decompressor or a pipe may be ahead of the reader, so that both cores work. */
export const READ_AHEAD_BYTES = 2 * 1024 * 1024;

/** Bytes that a decompressor gives at once; what a damaged stream may lose before the damage. */
export const DECOMPRESS_CHUNK_BYTES = 64 * 1024;

/** Bytes of a capture that a part is read in at once: small enough to stay in a core's own cache. */
export const PART_READ_BYTES = 512 * 1024;

/** Bytes of the longest packet that programs capture as a rule; a record of more is no place to begin at. */
export const USUAL_FRAME_BYTES_MAX = 256 * 1024;

/**
 * Record headers looked at to find where a part's first record begins: real captures take some thousand, in a
 * packet of the longest some 260,000. Bytes that were made to look like records end the search.
 */
export const RECORD_STEPS_MAX = 1_000_000;

/** Bytes that libpcap writes into at once: some 160 packets a call into C, and they stay in the cache. */
export const LIBPCAP_BATCH_BYTES = 256 * 1024;
