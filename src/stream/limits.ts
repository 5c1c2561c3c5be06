/** Bytes taken for a head that a feed cuts; most fit, others are doubled up to HEAD_BYTES_MAX. */
export const HELD_BYTES_MIN = 1024;

/**
 * Bytes that one direction of a connection may hold: a head of HEAD_BYTES_MAX and the byte that shows that it is
 * longer; and as many of a message: its head twice, and what is kept of its body.
 */
export const HELD_BYTES_OF_ONE_MAX = 512 * 1024;

/** Bytes that all connections may hold at once: a thousand heads of the longest kind, a million of the usual. */
export const HELD_BYTES_MAX = 64 * 1024 * 1024;

/** Bytes of each size that are kept for the next one when they are given back. */
export const SPARE_BYTES_MAX = 1024 * 1024;

/** Requests of one connection that wait for their responses, as many as where packets are read. */
export const STREAM_WAITING_MAX = 1024;

/** Of them the places that a connection begins with: clients that pipeline at all are few. */
export const STREAM_WAITING_MIN = 16;

/** Bytes of a chunk's line, its extensions included, or of a trailer section: what servers accept of a head. */
export const CHUNK_LINE_BYTES_MAX = 16 * 1024;

/** A chunk's size that has reached it takes no further digit: with one more it might not be exact. */
export const CHUNK_BYTES_MAX = 2 ** 49;

/** CR and LF before a start line; old clients send one pair behind a body. @see RFC 9112 section 2.2 */
export const EMPTY_LINE_BYTES_MAX = 64;

/** Bytes of the longest header of the PROXY protocol: those of version 2, and what their length field can say behind them. */
export const PROXY_HEADER_BYTES_MAX = 16 + 65_535;

/** Bytes looked through for the line that tells whether a request's body was left out. */
export const DOUBT_BYTES_MAX = 8 * 1024;

/** Bytes beside an exchange's messages for what redaction makes of their values. */
export const STREAM_REDACTION_BYTES_MAX = 256 * 1024;

/** Records of exchanges under way that are kept when they have ended, some 300 bytes each. */
export const SPARE_EXCHANGES_MAX = 4096;
