import type { HttpMessage } from '../http/message.ts';
import { UNKNOWN } from '../record/exchange.ts';
import { packedBytesMax, packMessage } from '../record/pack-message.ts';
import { type BytePool, giveBytes, growBytes, takeBytes } from './byte-pool.ts';
import { SPARE_EXCHANGES_MAX } from './limits.ts';
import type { StreamSide } from './stream-state.ts';

/** One message of an exchange under way: what is kept of it, its times and its sizes. */
export interface OpenMessage {
  isSeen: boolean;
  /** Its last byte has passed, or nobody can tell any more where that is. */
  isEnded: boolean;
  /** Into the exchange's bytes: where it is packed. */
  packedAt: number;
  firstSec: number;
  firstNs: number;
  lastSec: number;
  lastNs: number;
  headBytes: number;
  /** UNKNOWN when its end is. */
  bodyBytes: number;
}

/** An exchange under way. */
export interface OpenExchange {
  bytes: Uint8Array | null;
  bytesEnd: number;
  readonly request: OpenMessage;
  readonly response: OpenMessage;
  /** Of a connection: the first has 0. */
  ordinal: number;
  /** The one that waits behind it. */
  next: OpenExchange | null;
}

/** Those that are under way in no connection: kept, so that none is made for each request. */
export interface ExchangeSpares {
  first: OpenExchange | null;
  count: number;
}

export function takeOpenExchange(spares: ExchangeSpares, ordinal: number): OpenExchange {
  const spare = spares.first;
  if (spare === null) {
    return {
      bytes: null,
      bytesEnd: 0,
      request: createMessage(),
      response: createMessage(),
      ordinal,
      next: null,
    };
  }
  spares.first = spare.next;
  spares.count--;
  spare.next = null;
  spare.ordinal = ordinal;
  spare.bytesEnd = 0;
  spare.request.isSeen = false;
  spare.request.isEnded = false;
  spare.response.isSeen = false;
  spare.response.isEnded = false;
  return spare;
}

export function giveOpenExchange(
  spares: ExchangeSpares,
  pool: BytePool,
  exchange: OpenExchange,
): void {
  if (exchange.bytes !== null) {
    giveBytes(pool, exchange.bytes);
    exchange.bytes = null;
  }
  if (spares.count < SPARE_EXCHANGES_MAX) {
    exchange.next = spares.first;
    spares.first = exchange;
    spares.count++;
  }
}

/** Keeps what is shown of the head in hand; without room for it the message counts as not seen. */
export function keepHead(
  pool: BytePool,
  exchange: OpenExchange,
  message: OpenMessage,
  side: StreamSide,
  bytes: Uint8Array,
  head: HttpMessage,
): void {
  message.firstSec = side.startSec;
  message.firstNs = side.startNs;
  message.isEnded = false;
  message.isSeen = false;
  const byteLength = exchange.bytesEnd + packedBytesMax(head);
  const target =
    exchange.bytes === null
      ? takeBytes(pool, byteLength)
      : growBytes(pool, exchange.bytes, exchange.bytesEnd, byteLength);
  if (target !== null) {
    exchange.bytes = target;
    message.packedAt = exchange.bytesEnd;
    exchange.bytesEnd = packMessage(target, exchange.bytesEnd, bytes, head);
    message.isSeen = true;
  }
}

/** Takes over what the side knows of the message that passes in it. */
export function noteProgress(message: OpenMessage, side: StreamSide): void {
  message.lastSec = side.lastSec;
  message.lastNs = side.lastNs;
  message.headBytes = side.headBytes;
  message.bodyBytes = side.bodyBytes;
}

function createMessage(): OpenMessage {
  return {
    isSeen: false,
    isEnded: false,
    packedAt: 0,
    firstSec: 0,
    firstNs: 0,
    lastSec: 0,
    lastNs: 0,
    headBytes: 0,
    bodyBytes: UNKNOWN,
  };
}
