/**
 * Flows followed at once by a worker, a power of two: 14 MiB when all are in use. A server with more open
 * connections loses sight of those that are silent longest.
 */
export const FLOWS_MAX = 131_072;

/** Flows in one hash chain; the hash is seeded, so that only a replayed capture could be made to fill one. */
export const FLOWS_PER_CHAIN_MAX = 16;

/** Exchanges under way at once in a worker: 10 MiB when all are in use. */
export const EXCHANGES_MAX = 65_536;

/** Requests of one flow that may wait for their responses; clients that pipeline at all send some tens. */
export const REQUESTS_WAITING_MAX = 1024;

/**
 * Bytes of a block of the store that keeps what is shown of messages until their exchange has ended. Most
 * heads fit into one, and then nothing is copied twice.
 */
export const STORE_BLOCK_BYTES = 512;

/** Blocks of that store: 32 MiB, of which the machine gives only what was ever in use at once. */
export const STORE_BLOCKS_MAX = 65_536;

/** Seconds that a request waits for its response: what proxies and servers wait at most by default, and more. */
export const RESPONSE_AWAITED_SEC_MAX = 600;

/**
 * Seconds of silence after which a response of unknown end counts as complete; a flow that has no exchange
 * under way is forgotten after the same time as one that waits.
 */
export const RESPONSE_SILENT_SEC_MAX = 10;

/** Requests of one flow looked through for the place of one that came late; real clients swap neighbours. */
export const LATE_REQUEST_STEPS_MAX = 16;

/** Bytes that a segment may be ahead of its flow: the largest window there is. @see RFC 7323 section 2.3 */
export const SEQUENCE_LEAP_MAX = 2 ** 30;

/** Bytes beside an exchange's messages for what redaction makes of their values. */
export const REDACTION_BYTES_MAX = 256 * 1024;

/** Bytes of a client that may be seen before its SYN is: some segments. */
export const LATE_SYN_BYTES_MAX = 64 * 1024;

/** Segments that wait for their turn at once in a worker: at 1 % loss some hundred do, of a thousand connections. */
export const EARLY_SEGMENTS_MAX = 1024;

/** The same in one connection: what is behind a lost segment in a window of today's first round trips. */
export const EARLY_SEGMENTS_PER_FLOW_MAX = 64;

/** Bytes of one of them: segments that the network card has merged. */
export const EARLY_PAYLOAD_BYTES_MAX = 64 * 1024;

/** Blocks of the store that keeps them: 4 MiB, of which the machine gives only what was ever in use at once. */
export const EARLY_BLOCKS_MAX = 8192;

/** Seconds of packet time that one waits at most: the time in which a lost segment is sent again as a rule. */
export const EARLY_SEC_MAX = 2;

/** Bytes that a segment may be ahead for others to be waited for: past it the capture has lost more than that. */
export const EARLY_LEAP_MAX = 1024 * 1024;
