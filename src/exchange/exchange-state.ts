import type { Frame } from '../capture/frame.ts';
import type { Segment } from '../decode/segment.ts';
import { VLAN_TAGS_MAX } from '../limits.ts';
import { UNKNOWN } from '../record/exchange.ts';
import { NO_BLOCK } from './byte-store.ts';
import { type ChunkFraming, createChunkFraming } from './chunked-body.ts';
import { FROM_CLIENT, FROM_SERVER, NO_EXCHANGE } from './flow-state.ts';
import { EXCHANGES_MAX } from './limits.ts';
import { sequenceBehind } from './sequence.ts';

/**
 * The exchanges under way and their two messages. Flat memory as in `flow-state.ts`: an exchange is an index,
 * its properties are columns, and so is a message, whose index `requestOf` and `responseOf` give. No other
 * file touches the columns, but `exchange-record.ts`, which makes the record of them.
 *
 * Times are nanoseconds since the tracker's base second, exact to a few nanoseconds over years.
 */
export interface ExchangeSlots {
  readonly flow: Int32Array;
  /** The next that waits in its flow, or the next free one. */
  readonly next: Int32Array;
  /** EXCHANGE_* bits. */
  readonly facts: Uint16Array;
  /** Message type of the request, or that the request would have had. */
  readonly type: Uint8Array;
  /** Sequence number of the request's first byte; of the response's where there is no request. */
  readonly firstSequence: Int32Array;
  /** Bytes directly before the request that belong to no message. */
  readonly lead: Int32Array;
  /** What the client had received when it sent the request; of meaning with EXCHANGE_REQUEST. */
  readonly acknowledgment: Int32Array;
  /** Sequence number behind the response's last byte, once its length is known. */
  readonly responseEnd: Int32Array;
  /** Packet time of the first byte, as the frame had it. */
  readonly startSec: Float64Array;
  readonly startSubsecNs: Int32Array;
  readonly connectNs: Float64Array;
  readonly retransmitted: Int32Array;
  readonly vlanTagsCount: Uint8Array;
  /** VLAN_TAGS_MAX each. */
  readonly vlanIds: Uint16Array;
  /** By message; of meaning with EXCHANGE_ASKED_CHUNKED, EXCHANGE_CHUNKED. */
  readonly chunks: ChunkFraming;
  /** By message: what is shown of it, a chain of the byte store. */
  readonly chain: Int32Array;
  /** By message: 0 when the head did not end in its first segment. */
  readonly headBytes: Int32Array;
  /** By message: bytes that have passed, head included, and all that will as far as is known; or UNKNOWN. */
  readonly passedBytes: Float64Array;
  readonly totalBytes: Float64Array;
  /** By message: when its first byte passed, and the last so far. */
  readonly firstNs: Float64Array;
  readonly lastNs: Float64Array;
  firstFree: number;
}

/** Its request was seen, its response. */
export const EXCHANGE_REQUEST = 1;
export const EXCHANGE_RESPONSE = 2;
/** The request's method is HEAD: its response has no body, whatever its head says. */
export const EXCHANGE_HEAD = 4;
/** The request's method is CONNECT: after its success the flow is another protocol's. */
export const EXCHANGE_CONNECT = 8;
/** Other bytes of the client stand between its request and the last that anything had come back for. */
export const EXCHANGE_CROWDED = 16;
/** The response's last byte was seen. */
export const EXCHANGE_ENDED = 32;
/** The response's end is that of the connection. */
export const EXCHANGE_UNTIL_CLOSE = 64;
/** The response's end is told by the framing of its chunks. */
export const EXCHANGE_CHUNKED = 128;
/** The request's end is told by the framing of its chunks. */
export const EXCHANGE_ASKED_CHUNKED = 256;
/** Another request was seen at the same place. */
export const EXCHANGE_DOUBTED = 512;

export function createExchangeSlots(): ExchangeSlots {
  const integers = (count: number): Int32Array => new Int32Array(count);
  const doubles = (count: number): Float64Array => new Float64Array(count);
  const messagesMax = 2 * EXCHANGES_MAX;
  const next = integers(EXCHANGES_MAX);
  for (let exchange = 0; exchange < EXCHANGES_MAX; exchange++) {
    next[exchange] = exchange + 1;
  }
  next[EXCHANGES_MAX - 1] = NO_EXCHANGE;
  return {
    flow: integers(EXCHANGES_MAX),
    next,
    facts: new Uint16Array(EXCHANGES_MAX),
    type: new Uint8Array(EXCHANGES_MAX),
    firstSequence: integers(EXCHANGES_MAX),
    lead: integers(EXCHANGES_MAX),
    acknowledgment: integers(EXCHANGES_MAX),
    responseEnd: integers(EXCHANGES_MAX),
    startSec: doubles(EXCHANGES_MAX),
    startSubsecNs: integers(EXCHANGES_MAX),
    connectNs: doubles(EXCHANGES_MAX),
    retransmitted: integers(EXCHANGES_MAX),
    vlanTagsCount: new Uint8Array(EXCHANGES_MAX),
    vlanIds: new Uint16Array(EXCHANGES_MAX * VLAN_TAGS_MAX),
    chunks: createChunkFraming(messagesMax),
    chain: integers(messagesMax),
    headBytes: integers(messagesMax),
    passedBytes: doubles(messagesMax),
    totalBytes: doubles(messagesMax),
    firstNs: doubles(messagesMax),
    lastNs: doubles(messagesMax),
    firstFree: 0,
  };
}

export function isSlotFree(slots: ExchangeSlots): boolean {
  return slots.firstFree !== NO_EXCHANGE;
}

/**
 * Takes a slot for an exchange of the flow that begins with a message of this type in this segment, and of
 * which nothing else is known. The columns that are not set anew, keep what stood there before until the mark
 * is made, or the length known, with which they are of meaning. **The caller has checked that one is free.**
 */
export function takeSlot(
  slots: ExchangeSlots,
  flow: number,
  type: number,
  frame: Frame,
  segment: Segment,
  timeNs: number,
): number {
  const exchange = slots.firstFree;
  slots.firstFree = slots.next[exchange];
  slots.flow[exchange] = flow;
  slots.next[exchange] = NO_EXCHANGE;
  slots.facts[exchange] = 0;
  slots.type[exchange] = type;
  slots.firstSequence[exchange] = segment.sequenceNumber;
  slots.lead[exchange] = 0;
  slots.startSec[exchange] = frame.timestampSec;
  slots.startSubsecNs[exchange] = frame.timestampSubsecNs;
  slots.connectNs[exchange] = UNKNOWN;
  slots.retransmitted[exchange] = 0;
  slots.vlanTagsCount[exchange] = segment.vlanTagsCount;
  for (let tag = 0; tag < segment.vlanTagsCount; tag++) {
    slots.vlanIds[exchange * VLAN_TAGS_MAX + tag] = segment.vlanIds[tag];
  }
  forgetMessage(slots, requestOf(exchange), timeNs);
  forgetMessage(slots, responseOf(exchange), timeNs);
  return exchange;
}

function forgetMessage(slots: ExchangeSlots, message: number, timeNs: number): void {
  slots.chain[message] = NO_BLOCK;
  slots.headBytes[message] = 0;
  slots.passedBytes[message] = 0;
  slots.totalBytes[message] = UNKNOWN;
  slots.firstNs[message] = timeNs;
  slots.lastNs[message] = timeNs;
}

export function releaseSlot(slots: ExchangeSlots, exchange: number): void {
  slots.next[exchange] = slots.firstFree;
  slots.firstFree = exchange;
}

/** The index of an exchange's request among the messages. */
export function requestOf(exchange: number): number {
  return 2 * exchange + FROM_CLIENT;
}

/** The index of an exchange's response among the messages. */
export function responseOf(exchange: number): number {
  return 2 * exchange + FROM_SERVER;
}

/** Says whether one of EXCHANGE_* is true of the exchange. */
export function hasMark(slots: ExchangeSlots, exchange: number, fact: number): boolean {
  return (slots.facts[exchange] & fact) !== 0;
}

export function mark(slots: ExchangeSlots, exchange: number, fact: number): void {
  slots.facts[exchange] |= fact;
}

export function flowOf(slots: ExchangeSlots, exchange: number): number {
  return slots.flow[exchange];
}

/** The exchange that waits behind this one in its flow; or NO_EXCHANGE. */
export function nextWaitingOf(slots: ExchangeSlots, exchange: number): number {
  return slots.next[exchange];
}

export function setNextWaiting(slots: ExchangeSlots, exchange: number, next: number): void {
  slots.next[exchange] = next;
}

/** Sequence number of the request's first byte. */
export function requestStartOf(slots: ExchangeSlots, exchange: number): number {
  return slots.firstSequence[exchange];
}

/** Sequence number behind the request's last byte; **its length is known**. */
export function requestEndOf(slots: ExchangeSlots, exchange: number): number {
  return sequenceBehind(slots.firstSequence[exchange], slots.totalBytes[requestOf(exchange)]);
}

/** What the client had received when it sent the request. */
export function acknowledgmentOf(slots: ExchangeSlots, exchange: number): number {
  return slots.acknowledgment[exchange];
}

export function setAcknowledgment(slots: ExchangeSlots, exchange: number, sequence: number): void {
  slots.acknowledgment[exchange] = sequence;
}

/** Sequence number behind the response's last byte; **its length is known**. */
export function responseEndOf(slots: ExchangeSlots, exchange: number): number {
  return slots.responseEnd[exchange];
}

export function setResponseEnd(slots: ExchangeSlots, exchange: number, sequence: number): void {
  slots.responseEnd[exchange] = sequence;
}

/** The exchange has the time of its connection's handshake. */
export function setConnectTime(slots: ExchangeSlots, exchange: number, ns: number): void {
  slots.connectNs[exchange] = ns;
}

export function countRetransmission(slots: ExchangeSlots, exchange: number): void {
  slots.retransmitted[exchange]++;
}

/** What is shown of a message, a chain of the byte store; NO_BLOCK when nothing is. */
export function chainOf(slots: ExchangeSlots, message: number): number {
  return slots.chain[message];
}

export function setChain(slots: ExchangeSlots, message: number, chain: number): void {
  slots.chain[message] = chain;
}

/** Length of a message's head; 0 when its end was not seen. */
export function headBytesOf(slots: ExchangeSlots, message: number): number {
  return slots.headBytes[message];
}

/** Sets what a message's head tells: its own length or 0, and that of the whole message or UNKNOWN. */
export function setLengths(
  slots: ExchangeSlots,
  message: number,
  headBytes: number,
  totalBytes: number,
): void {
  slots.headBytes[message] = headBytes;
  slots.totalBytes[message] = totalBytes;
}

/** Length of the whole message, as its head or its framing tells it; or UNKNOWN. */
export function totalBytesOf(slots: ExchangeSlots, message: number): number {
  return slots.totalBytes[message];
}

/** Bytes of the message that have passed so far. */
export function passedBytesOf(slots: ExchangeSlots, message: number): number {
  return slots.passedBytes[message];
}

/** So many bytes of the message have passed: at most all that it has. */
export function setPassedBytes(slots: ExchangeSlots, message: number, bytesCount: number): void {
  const total = slots.totalBytes[message];
  slots.passedBytes[message] = total !== UNKNOWN && bytesCount > total ? total : bytesCount;
}

/** The message has ended with the bytes that have passed so far. */
export function endMessageHere(slots: ExchangeSlots, message: number): void {
  slots.totalBytes[message] = slots.passedBytes[message];
}

/** All bytes of the message have passed; false while its length is not known. */
export function hasPassedWhole(slots: ExchangeSlots, message: number): boolean {
  const total = slots.totalBytes[message];
  return total !== UNKNOWN && slots.passedBytes[message] >= total;
}

/** Bytes of the message are still to come; false while its length is not known. */
export function isStillPassing(slots: ExchangeSlots, message: number): boolean {
  return slots.passedBytes[message] < slots.totalBytes[message];
}

export function setFirstNs(slots: ExchangeSlots, message: number, timeNs: number): void {
  slots.firstNs[message] = timeNs;
}

export function setLastNs(slots: ExchangeSlots, message: number, timeNs: number): void {
  slots.lastNs[message] = timeNs;
}
