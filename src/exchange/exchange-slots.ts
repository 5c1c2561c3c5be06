import { EXCHANGES_MAX, SEQUENCE_LEAP_MAX, VLAN_TAGS_MAX } from '../limits.ts';
import { NO_BLOCK } from './byte-store.ts';
import { UNKNOWN } from './exchange.ts';
import { NO_EXCHANGE } from './flow-table.ts';

/**
 * The exchanges under way. Flat memory: an exchange is an index, its properties are columns.
 *
 * Times are nanoseconds since the tracker's base second, exact to a few nanoseconds over years.
 */
export interface ExchangeSlots {
  readonly flow: Int32Array;
  /** The next that waits in its flow, or the next free one. */
  readonly next: Int32Array;
  /** EXCHANGE_* bits. */
  readonly flags: Uint16Array;
  /** Message type of the request, or that the request would have had. */
  readonly type: Uint8Array;
  /** Sequence number of the request's first byte. */
  readonly requestSequence: Int32Array;
  /** What the client had received when it sent the request. */
  readonly acknowledgment: Int32Array;
  /** Sequence number behind the response's last byte, once its length is known. */
  readonly responseEnd: Int32Array;
  /** Kept messages, chains of the byte store. */
  readonly requestChain: Int32Array;
  readonly responseChain: Int32Array;
  /** 0: the head did not end in its first segment. */
  readonly requestHeadBytes: Int32Array;
  readonly responseHeadBytes: Int32Array;
  /** Bytes that passed so far, head included, and all that will as the head tells it; UNKNOWN. */
  readonly requestBytes: Float64Array;
  readonly requestTotal: Float64Array;
  readonly responseBytes: Float64Array;
  readonly responseTotal: Float64Array;
  /** Packet time of the first byte, as the frame had it. */
  readonly startSec: Float64Array;
  readonly startSubsecNs: Int32Array;
  readonly startNs: Float64Array;
  readonly requestLastNs: Float64Array;
  readonly responseFirstNs: Float64Array;
  readonly responseLastNs: Float64Array;
  readonly connectNs: Float64Array;
  readonly retransmitted: Int32Array;
  readonly vlanTagsCount: Uint8Array;
  /** VLAN_TAGS_MAX each. */
  readonly vlanIds: Uint16Array;
  /** Of a chunked response: CHUNK_*, what is known of a chunk's size, and where the framing goes on. */
  readonly chunkState: Uint8Array;
  readonly chunkBytes: Float64Array;
  readonly chunkSequence: Int32Array;
  firstFree: number;
}

export const EXCHANGE_REQUEST = 1;
export const EXCHANGE_RESPONSE = 2;
/** The request's method is HEAD: its response has no body, whatever its head says. */
export const EXCHANGE_HEAD = 4;
/** The request's method is CONNECT: after its success the flow is another protocol's. */
export const EXCHANGE_CONNECT = 8;
/** Bytes of another request stand before it, for which nothing had come back when it was sent. */
export const EXCHANGE_CROWDED = 16;
/** The response's last byte was seen. */
export const EXCHANGE_ENDED = 32;
/** The response's end is that of the connection. */
export const EXCHANGE_UNTIL_CLOSE = 64;
export const EXCHANGE_CHUNKED = 128;

const LINE_END_BYTES = 2;

export function createExchangeSlots(): ExchangeSlots {
  const integers = (): Int32Array => new Int32Array(EXCHANGES_MAX);
  const doubles = (): Float64Array => new Float64Array(EXCHANGES_MAX);
  const next = integers();
  for (let exchange = 0; exchange < EXCHANGES_MAX; exchange++) {
    next[exchange] = exchange + 1;
  }
  next[EXCHANGES_MAX - 1] = NO_EXCHANGE;
  return {
    flow: integers(),
    next,
    flags: new Uint16Array(EXCHANGES_MAX),
    type: new Uint8Array(EXCHANGES_MAX),
    requestSequence: integers(),
    acknowledgment: integers(),
    responseEnd: integers(),
    requestChain: integers(),
    responseChain: integers(),
    requestHeadBytes: integers(),
    responseHeadBytes: integers(),
    requestBytes: doubles(),
    requestTotal: doubles(),
    responseBytes: doubles(),
    responseTotal: doubles(),
    startSec: doubles(),
    startSubsecNs: integers(),
    startNs: doubles(),
    requestLastNs: doubles(),
    responseFirstNs: doubles(),
    responseLastNs: doubles(),
    connectNs: doubles(),
    retransmitted: integers(),
    vlanTagsCount: new Uint8Array(EXCHANGES_MAX),
    vlanIds: new Uint16Array(EXCHANGES_MAX * VLAN_TAGS_MAX),
    chunkState: new Uint8Array(EXCHANGES_MAX),
    chunkBytes: doubles(),
    chunkSequence: integers(),
    firstFree: 0,
  };
}

/** Takes a slot for an exchange of the flow; **the caller has checked that one is free**. */
export function takeSlot(slots: ExchangeSlots, flow: number): number {
  const index = slots.firstFree;
  slots.firstFree = slots.next[index];
  slots.flow[index] = flow;
  slots.next[index] = NO_EXCHANGE;
  slots.flags[index] = 0;
  slots.requestChain[index] = NO_BLOCK;
  slots.responseChain[index] = NO_BLOCK;
  slots.requestHeadBytes[index] = 0;
  slots.responseHeadBytes[index] = 0;
  slots.requestBytes[index] = 0;
  slots.requestTotal[index] = UNKNOWN;
  slots.responseBytes[index] = 0;
  slots.responseTotal[index] = UNKNOWN;
  slots.connectNs[index] = UNKNOWN;
  slots.retransmitted[index] = 0;
  return index;
}

export function releaseSlot(slots: ExchangeSlots, index: number): void {
  slots.next[index] = slots.firstFree;
  slots.firstFree = index;
}

/** Sequence number behind a request's last byte; **its length is known**. */
export function requestEndOf(slots: ExchangeSlots, index: number): number {
  return (slots.requestSequence[index] + (slots.requestTotal[index] % 2 ** 32)) | 0;
}

/**
 * Says whether a client's bytes up to this sequence number go beyond a request whose length is known: a line
 * end that some old clients send behind a body does not.
 *
 * @see RFC 9112 section 2.2
 */
export function isBeyond(slots: ExchangeSlots, index: number, sequence: number): boolean {
  return (
    slots.requestTotal[index] <= SEQUENCE_LEAP_MAX &&
    ((sequence - requestEndOf(slots, index)) | 0) > LINE_END_BYTES
  );
}
