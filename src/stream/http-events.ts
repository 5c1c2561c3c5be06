/** Which end sent the bytes. */
export const FROM_CLIENT = 0;
export const FROM_SERVER = 1;

export type Direction = typeof FROM_CLIENT | typeof FROM_SERVER;

/** How a direction ends. In order: a FIN, or the end of a file. */
export const CLOSE_IN_ORDER = 0;
/** Torn down; it ends both directions. */
export const CLOSE_RESET = 1;
/** Nobody looks any more, whatever the connection does; it ends both directions. */
export const CLOSE_UNSEEN = 2;

export type Close = typeof CLOSE_IN_ORDER | typeof CLOSE_RESET | typeof CLOSE_UNSEEN;

/** Why a direction is read no more. */
/** Bytes are missing where a head, or the framing of a chunked body, would be. It may be found again. */
export const LOST_GAP = 0;
/** No start line of HTTP/1: another protocol, or bytes that belong to something else. */
export const LOST_NOT_HTTP = 1;
/** Two readers may see two different bodies. */
export const LOST_AMBIGUOUS = 2;
/** The framing of a chunked body is none. */
export const LOST_CHUNKS = 3;
/** A head, or what waits for a decision, is longer than may be held. */
export const LOST_TOO_LONG = 4;
/** More requests wait than may. */
export const LOST_TOO_MANY = 5;
/** All connections together hold as much as they may. */
export const LOST_NO_ROOM = 6;
/** A response, and its request is in what was lost of the other direction. */
export const LOST_NO_REQUEST = 7;

/** By reason; names of a metric's label. */
export const LOST_NAMES = [
  'gap',
  'not_http',
  'ambiguous',
  'chunks',
  'too_long',
  'too_many',
  'no_room',
  'no_request',
] as const;

/** What a connection carries from here on. */
export const PROTOCOL_OTHER = 0;
/** Behind a successful CONNECT. */
export const PROTOCOL_TUNNEL = 1;
export const PROTOCOL_WEBSOCKET = 2;
/** By its preface, or by `Upgrade: h2c`. */
export const PROTOCOL_HTTP2 = 3;

/**
 * What a connection's bytes say. Spans are of the bytes in hand and valid until the call returns; of a head that
 * came in pieces they are of a copy. While a head's event lasts, the stream has it scanned (`request`,
 * `response` of its parts) and its faults.
 *
 * Balanced in each direction: a head, data as it comes, an end; or, in place of the end, `lost` or `closed`.
 * Responses come in the order of their requests. An interim response is a head alone. Behind `upgraded` there is
 * only `upgradedData`; data that has been told never changes.
 */
export interface HttpEvents {
  /** Before anything else of the client: a header of the PROXY protocol, version 1 or 2, whole. */
  proxied(bytes: Uint8Array, offset: number, end: number): void;
  requestHead(bytes: Uint8Array, offset: number, end: number): void;
  /** Of the body without its chunk framing. */
  requestData(bytes: Uint8Array, offset: number, end: number): void;
  requestEnd(): void;
  /** 100, 102, 103 and the like: the final response is still to come. */
  interimHead(bytes: Uint8Array, offset: number, end: number): void;
  responseHead(bytes: Uint8Array, offset: number, end: number): void;
  responseData(bytes: Uint8Array, offset: number, end: number): void;
  responseEnd(): void;
  /** Of a body, or of another protocol: so many bytes were never seen. */
  missing(direction: Direction, bytesCount: number): void;
  /** @param protocol PROTOCOL_* */
  upgraded(protocol: number): void;
  upgradedData(direction: Direction, bytes: Uint8Array, offset: number, end: number): void;
  /** @param reason LOST_* */
  lost(direction: Direction, reason: number): void;
  /** No more bytes of this direction; of both unless it is in order. */
  closed(direction: Direction, how: Close): void;
}
