/**
 * Packets within packets of one frame. A mirror of a cloud network shows three; each costs its headers, so
 * a sender who nests more gains nothing.
 */
export const TUNNELS_MAX = 8;

/** Entries of one MPLS label stack; networks use up to five. */
export const MPLS_LABELS_MAX = 16;

/** Extension headers of one GTP-U packet; 3GPP names a handful. */
export const GTP_EXTENSION_HEADERS_MAX = 8;

/** Attributes before the packet in an NFLOG frame; the kernel writes some fifteen. */
export const NFLOG_ATTRIBUTES_MAX = 32;

/** IPv6 extension headers of one packet: RFC 8200 names six, each at most once or twice. */
export const IPV6_EXTENSION_HEADERS_MAX = 8;

/**
 * Datagrams of which fragments have come and others have not, in a worker: 4.5 MiB, taken with the first fragment. They
 * wait for the time between two packets of a sender, so this is many. When all are held, the oldest is read as far as
 * it goes.
 */
export const DATAGRAMS_HELD_MAX = 64;

/** Seconds of packet time after which a datagram of which fragments are missing is read as far as it goes. */
export const FRAGMENTS_HELD_SEC_MAX = 2;

/** Messages remembered to recognise them when they come again: a power of two; 2 MiB of memory, of IPv6 3.5. */
export const SEEN_MESSAGES_MAX = 65_536;

/** Connections of which the beginning is remembered: a power of two; 1 MiB of memory. */
export const CONNECTIONS_MAX = 16_384;

/**
 * Milliseconds between two sendings of a segment that are one message: no retransmission timer waits longer.
 * Behind it the same bytes are another connection's whose SYN was not seen.
 *
 * @see RFC 6298 section 2.5, and the kernel's TCP_RTO_MAX
 */
export const REPEAT_GAP_MS_MAX = 120_000;

/**
 * Milliseconds within which the same bytes are those of another device of the host: the way through a host takes some
 * tens of microseconds, and no sender repeats itself as soon (RFC 6298, RFC 8985).
 */
export const COPY_MS_MAX = 2;

/**
 * Milliseconds behind a message that is not answered within which a SYN of its connection's number is that SYN once
 * more: a copy that took another way, or was sent again after a second (RFC 6298 section 2.1).
 */
export const SYN_COPY_MS_MAX = 1000;

/** Bytes from the first response that may answer a HEAD on in which the others stand: what was sent behind is of later requests. */
export const HEAD_ANSWERS_BYTES_MAX = 2 ** 20;

/**
 * Heads held at once by a worker; 4 MiB. A head waits for one round trip at most, so this is many thousand
 * incomplete heads a second. When all are held, the oldest is written as it is.
 */
export const HEADS_HELD_MAX = 256;

/** Seconds of packet time after which a head is written with what is known of it. */
export const HEAD_HELD_SEC_MAX = 2;

/**
 * Heads held in one hash chain; there are four times as many chains as heads. Flows that a sender has chosen
 * for their equal hash cost no more than this, and get only in each other's way.
 */
export const HEADS_PER_CHAIN_MAX = 8;

/**
 * Directions of connections of which it is known where a body ends: a power of two; 256 KiB, which stay in the cache. Of
 * two that meet in one place the older is forgotten.
 */
export const OPEN_BODIES_MAX = 4096;

/** Bytes of a body, or of one chunk, up to which segments are known to be within it: a quarter of all sequence numbers. */
export const OPEN_BODY_BYTES_MAX = 2 ** 30;

/** Bytes of a chunk's line with its extensions, or of a trailer section: more than any is, and what the row has room for. */
export const OPEN_BODY_LINE_BYTES_MAX = 64 * 1024;
