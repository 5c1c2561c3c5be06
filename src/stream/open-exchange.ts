import type { HttpMessage } from '../http/message.ts';
import { UNKNOWN } from '../record/exchange.ts';
import { packedBytesMax, packMessage } from '../record/pack-message.ts';
import { type BytePool, giveBytes, growBytes, putBytes, takeBytes } from './byte-pool.ts';
import { SPARE_EXCHANGES_MAX } from './limits.ts';
import type { StreamSide } from './stream-state.ts';

/** What is kept of messages beside what records show of their heads. */
export interface Kept {
  /** Heads as they were sent, with every field. */
  isHeadKept: boolean;
  /** Bytes of each body, from its beginning, without chunk framing. */
  bodyBytesMax: number;
}

/** One message of an exchange under way: what is kept of it, its times and its sizes. */
export interface OpenMessage {
  isSeen: boolean;
  /** Its last byte has passed, or nobody can tell any more where that is. */
  isEnded: boolean;
  /** Packed, as it was sent, and its body, one behind the other; null when nothing is kept. */
  bytes: Uint8Array | null;
  bytesEnd: number;
  /** Where the head as it was sent begins and ends; nothing stands between when it is not kept. */
  headAt: number;
  /** Where the kept body begins. */
  bodyAt: number;
  /** The body has more than what is kept of it. */
  isBodyCut: boolean;
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
    return { request: createMessage(), response: createMessage(), ordinal, next: null };
  }
  spares.first = spare.next;
  spares.count--;
  spare.next = null;
  spare.ordinal = ordinal;
  return spare;
}

export function giveOpenExchange(
  spares: ExchangeSpares,
  pool: BytePool,
  exchange: OpenExchange,
): void {
  dropMessage(pool, exchange.request);
  dropMessage(pool, exchange.response);
  if (spares.count < SPARE_EXCHANGES_MAX) {
    exchange.next = spares.first;
    spares.first = exchange;
    spares.count++;
  }
}

function dropMessage(pool: BytePool, message: OpenMessage): void {
  message.isSeen = false;
  message.isEnded = false;
  if (message.bytes !== null) {
    giveBytes(pool, message.bytes);
    message.bytes = null;
  }
}

/** Keeps the head in hand; without room for it the message counts as not seen. */
export function keepHead(
  pool: BytePool,
  message: OpenMessage,
  side: StreamSide,
  bytes: Uint8Array,
  head: HttpMessage,
  { isHeadKept }: Kept,
): void {
  message.firstSec = side.startSec;
  message.firstNs = side.startNs;
  message.isBodyCut = false;
  const rawBytes = isHeadKept ? side.headBytes : 0;
  const target = takeBytes(pool, packedBytesMax(head) + rawBytes);
  if (target === null) {
    return;
  }
  const headAt = packMessage(target, 0, bytes, head);
  const headOffset = head.headEnd - rawBytes;
  message.isSeen = true;
  message.bytes = target;
  message.headAt = headAt;
  message.bodyAt = putBytes(target, headAt, bytes, headOffset, head.headEnd);
  message.bytesEnd = message.bodyAt;
}

/** Keeps the body's next bytes, as far as there is room. */
export function keepData(
  pool: BytePool,
  message: OpenMessage,
  bytes: Uint8Array,
  offset: number,
  end: number,
  { bodyBytesMax }: Kept,
): void {
  if (message.bytes === null || message.isBodyCut) {
    return;
  }
  const stop = Math.min(end, offset + bodyBytesMax - (message.bytesEnd - message.bodyAt));
  const target = growBytes(pool, message.bytes, message.bytesEnd, message.bytesEnd + stop - offset);
  if (target === null) {
    message.isBodyCut = true;
    return;
  }
  message.bytes = target;
  message.bytesEnd = putBytes(target, message.bytesEnd, bytes, offset, stop);
  message.isBodyCut = stop < end;
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
    bytes: null,
    bytesEnd: 0,
    headAt: 0,
    bodyAt: 0,
    isBodyCut: false,
    firstSec: 0,
    firstNs: 0,
    lastSec: 0,
    lastNs: 0,
    headBytes: 0,
    bodyBytes: UNKNOWN,
  };
}
