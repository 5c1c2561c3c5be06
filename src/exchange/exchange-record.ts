import type { HttpMessage } from '../http/message.ts';
import { VLAN_TAGS_MAX } from '../limits.ts';
import { type Exchange, UNKNOWN } from '../record/exchange.ts';
import { type MessageType, sideOf } from '../record/message-type.ts';
import { unpackMessage } from '../record/pack-message.ts';
import { splitRequestLine, splitStatusLine } from '../record/start-line.ts';
import { writeUuid } from '../record/uuid.ts';
import { type ByteStore, blockOffset, gatherBytes, isOneBlock, NO_BLOCK } from './byte-store.ts';
import {
  EXCHANGE_REQUEST,
  EXCHANGE_RESPONSE,
  type ExchangeSlots,
  hasMark,
  requestOf,
  responseOf,
} from './exchange-state.ts';
import { ADDRESS_WORDS, KEY_WORDS, PORTS_AT } from './flow-key.ts';
import { FLOW_CLIENT_FIRST, FLOW_IPV6, isFact } from './flow-state.ts';
import type { FlowTable } from './flow-table.ts';
import { setTranslatedEnds } from './nat-record.ts';
import { setProxyClient } from './proxy-record.ts';
import type { ExchangeTracker } from './tracker.ts';

const ADDRESS_BYTES = 16;
const IPV4_AT = 12;
const LIMITED = Number.MAX_SAFE_INTEGER;

/** Makes the tracker's record that of an exchange under way, in one piece in the store's staging area. */
export function fillRecord(tracker: ExchangeTracker, index: number, incomplete: number): void {
  const { exchange, slots, flows, store } = tracker;
  const flow = slots.flow[index];
  const requestChain = slots.chain[requestOf(index)];
  const responseChain = slots.chain[responseOf(index)];
  exchange.incomplete = incomplete;
  exchange.side = sideOf(slots.type[index] as MessageType);
  exchange.hasRequest = hasMark(slots, index, EXCHANGE_REQUEST);
  exchange.hasResponse = hasMark(slots, index, EXCHANGE_RESPONSE);
  exchange.timestampSec = slots.startSec[index];
  exchange.timestampSubsecNs = slots.startSubsecNs[index];
  exchange.connectionHash = flows.hashes[flow] >>> 0;
  setWireFacts(exchange, slots, index);
  let at = writeEnds(exchange, flows, flow, store.stagingOffset);
  at = setProxyClient(tracker, flow, exchange, at);
  at = setTranslatedEnds(tracker.translatedEnds, flows, flow, exchange, at);
  if (exchange.hasRequest && requestChain !== NO_BLOCK) {
    at = readMessage(store, requestChain, at, exchange.request);
    splitRequestLine(exchange);
  } else {
    exchange.hasRequest = false;
  }
  exchange.statusCode = UNKNOWN;
  if (exchange.hasResponse && responseChain !== NO_BLOCK) {
    at = readMessage(store, responseChain, at, exchange.response);
    splitStatusLine(exchange);
  } else {
    exchange.hasResponse = false;
  }
  exchange.bytesEnd = at;
  setTimes(exchange, slots, index);
  setSizes(exchange, slots, index);
  writeUuid(
    exchange.id,
    exchange.timestampSec,
    exchange.timestampSubsecNs,
    flows.hashes[flow],
    slots.firstSequence[index],
  );
}

/**
 * Makes `message` what was kept: where it stands when that is in one piece, else gathered at `at`.
 *
 * @returns where the next byte goes
 */
function readMessage(store: ByteStore, chain: number, at: number, message: HttpMessage): number {
  if (isOneBlock(store, chain)) {
    unpackMessage(store.bytes, blockOffset(chain), message);
    return at;
  }
  const end = gatherBytes(store, chain, at);
  unpackMessage(store.bytes, at, message);
  return end;
}

function setWireFacts({ wire }: Exchange, slots: ExchangeSlots, index: number): void {
  wire.retransmittedSegments = slots.retransmitted[index];
  wire.vlanTagsCount = slots.vlanTagsCount[index];
  for (let tag = 0; tag < wire.vlanTagsCount; tag++) {
    wire.vlanIds[tag] = slots.vlanIds[index * VLAN_TAGS_MAX + tag];
  }
}

function setTimes(exchange: Exchange, slots: ExchangeSlots, index: number): void {
  const startNs = slots.firstNs[requestOf(index)];
  const requestLastNs = slots.lastNs[requestOf(index)];
  const responseFirstNs = slots.firstNs[responseOf(index)];
  const responseLastNs = slots.lastNs[responseOf(index)];
  const { hasRequest, hasResponse } = exchange;
  const lastNs = hasRequest ? Math.max(requestLastNs, responseLastNs) : responseLastNs;
  exchange.connectNs = hasRequest ? durationOf(slots.connectNs[index]) : UNKNOWN;
  exchange.requestNs = hasRequest ? durationOf(requestLastNs - startNs) : UNKNOWN;
  exchange.firstByteNs =
    hasRequest && hasResponse ? durationOf(responseFirstNs - startNs) : UNKNOWN;
  exchange.responseNs = hasResponse ? durationOf(responseLastNs - responseFirstNs) : UNKNOWN;
  exchange.totalNs = hasResponse ? durationOf(lastNs - startNs) : UNKNOWN;
}

function setSizes(exchange: Exchange, slots: ExchangeSlots, index: number): void {
  const { hasRequest, hasResponse } = exchange;
  const requestHead = hasRequest ? slots.headBytes[requestOf(index)] : 0;
  const responseHead = hasResponse ? slots.headBytes[responseOf(index)] : 0;
  exchange.requestHeadBytes = requestHead || UNKNOWN;
  exchange.requestBodyBytes = bodyOf(slots.passedBytes[requestOf(index)], requestHead);
  exchange.responseHeadBytes = responseHead || UNKNOWN;
  exchange.responseBodyBytes = bodyOf(slots.passedBytes[responseOf(index)], responseHead);
}

/** UNKNOWN while the head's length is, or its last byte was not seen. */
function bodyOf(bytes: number, headBytes: number): number {
  return headBytes === 0 || bytes < headBytes ? UNKNOWN : bytes - headBytes;
}

/** Clocks are set back now and then, and captures claim any time: a duration is never negative, nor inexact. */
function durationOf(ns: number): number {
  return ns === UNKNOWN ? UNKNOWN : Math.min(Math.max(ns, 0), LIMITED);
}

/** Writes both addresses, the client's first; gives where the next byte goes. */
function writeEnds(exchange: Exchange, flows: FlowTable, flow: number, at: number): number {
  const keyAt = flow * KEY_WORDS;
  const isClientFirst = isFact(flows, flow, FLOW_CLIENT_FIRST);
  const isIpv6 = isFact(flows, flow, FLOW_IPV6);
  const ports = flows.keys[keyAt + PORTS_AT];
  const firstAt = keyAt;
  const secondAt = keyAt + ADDRESS_WORDS;
  writeAddress(exchange.bytes, at, flows.keys, isClientFirst ? firstAt : secondAt);
  writeAddress(exchange.bytes, at + ADDRESS_BYTES, flows.keys, isClientFirst ? secondAt : firstAt);
  const { client, server } = exchange;
  client.addressLength = isIpv6 ? 16 : 4;
  server.addressLength = client.addressLength;
  client.addressOffset = isIpv6 ? at : at + IPV4_AT;
  server.addressOffset = client.addressOffset + ADDRESS_BYTES;
  client.port = isClientFirst ? ports >>> 16 : ports & 0xffff;
  server.port = isClientFirst ? ports & 0xffff : ports >>> 16;
  return at + 2 * ADDRESS_BYTES;
}

function writeAddress(target: Uint8Array, at: number, words: Int32Array, wordAt: number): void {
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    const value = words[wordAt + word];
    target[at + 4 * word] = value >>> 24;
    target[at + 4 * word + 1] = value >> 16;
    target[at + 4 * word + 2] = value >> 8;
    target[at + 4 * word + 3] = value;
  }
}
