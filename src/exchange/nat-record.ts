import { ADDRESS_WORDS, PORTS_AT, SOURCE_AT, TARGET_AT } from '../decode/message-facts.ts';
import type { HttpRecord } from '../record/http-record.ts';
import type { End } from '../record/record.ts';
import { FLOW_TRANSLATED, type FlowState, FROM_CLIENT, isFact, noteFact } from './flow-state.ts';
import { FLOWS_MAX } from './limits.ts';

/**
 * The ends that connections have behind the host's address translation, of each flow whose FLOW_TRANSLATED is a fact. The
 * machine gives memory for those flows only.
 */
export interface TranslatedEnds {
  /** By flow: the client's end and the server's, END_WORDS each. */
  readonly words: Int32Array;
}

/** An address, and its port behind it. */
const END_WORDS = ADDRESS_WORDS + 1;
const PORT_AT = ADDRESS_WORDS;
const SERVER_AT = END_WORDS;
const ENDS_WORDS = 2 * END_WORDS;

const IPV6_BYTES = 16;
/** Bits of the source's port within the word of both. */
const SOURCE_PORT_SHIFT = 16;
const TARGET_PORT_SHIFT = 0;

export function createTranslatedEnds(): TranslatedEnds {
  return { words: new Int32Array(FLOWS_MAX * ENDS_WORDS) };
}

/**
 * Notes the ends of a segment of this direction of the flow that are others behind the translation. On its way through the
 * host it is seen with one of them translated already, and the other not yet.
 *
 * @param keys two keys of a direction: at `at` that which it was captured with, at `originalAt` that before the translation
 */
export function noteTranslatedEnds(
  { words }: TranslatedEnds,
  flows: FlowState,
  flow: number,
  direction: number,
  keys: Int32Array,
  at: number,
  originalAt: number,
): void {
  const isKnown = isFact(flows, flow, FLOW_TRANSLATED);
  const client = flow * ENDS_WORDS;
  const server = client + SERVER_AT;
  const isFromClient = direction === FROM_CLIENT;
  const source = isFromClient ? client : server;
  const target = isFromClient ? server : client;
  noteFact(flows, flow, FLOW_TRANSLATED);
  if (!isKnown || isOtherEnd(keys, at, originalAt, SOURCE_AT, SOURCE_PORT_SHIFT)) {
    copyEnd(words, source, keys, at, SOURCE_AT, SOURCE_PORT_SHIFT);
  }
  if (!isKnown || isOtherEnd(keys, at, originalAt, TARGET_AT, TARGET_PORT_SHIFT)) {
    copyEnd(words, target, keys, at, TARGET_AT, TARGET_PORT_SHIFT);
  }
}

/** The record is of a connection of which no translation is known. */
export function clearTranslatedEnds({ natClient, natServer }: HttpRecord): void {
  natClient.addressLength = 0;
  natServer.addressLength = 0;
}

/**
 * Writes the ends that the flow has behind the translation, as far as they are others; **there is room for two
 * addresses**.
 *
 * @returns where the next byte goes
 */
export function setTranslatedEnds(
  { words }: TranslatedEnds,
  flows: FlowState,
  flow: number,
  record: HttpRecord,
  at: number,
): number {
  if (!isFact(flows, flow, FLOW_TRANSLATED)) {
    clearTranslatedEnds(record);
    return at;
  }
  const { client, server, natClient, natServer } = record;
  const clientAt = flow * ENDS_WORDS;
  const serverAt = clientAt + SERVER_AT;
  natClient.port = words[clientAt + PORT_AT];
  natServer.port = words[serverAt + PORT_AT];
  writeEnd(words, clientAt, record.bytes, client, natClient, at);
  writeEnd(words, serverAt, record.bytes, server, natServer, at + IPV6_BYTES);
  return at + 2 * IPV6_BYTES;
}

/** The same from the key that a segment of the message was captured with. */
export function setMessageTranslatedEnds(
  keys: Int32Array,
  keyAt: number,
  isRequest: boolean,
  record: HttpRecord,
): void {
  const { bytes, bytesEnd, client, server, natClient, natServer } = record;
  const source = isRequest ? client : server;
  const target = isRequest ? server : client;
  const natSource = isRequest ? natClient : natServer;
  const natTarget = isRequest ? natServer : natClient;
  natSource.port = portOf(keys, keyAt, SOURCE_PORT_SHIFT);
  natTarget.port = portOf(keys, keyAt, TARGET_PORT_SHIFT);
  writeEnd(keys, keyAt + SOURCE_AT, bytes, source, natSource, bytesEnd);
  writeEnd(keys, keyAt + TARGET_AT, bytes, target, natTarget, bytesEnd + IPV6_BYTES);
  record.bytesEnd = bytesEnd + 2 * IPV6_BYTES;
}

function portOf(keys: Int32Array, keyAt: number, shift: number): number {
  return (keys[keyAt + PORTS_AT] >>> shift) & 0xffff;
}

function isOtherEnd(
  keys: Int32Array,
  a: number,
  b: number,
  addressAt: number,
  shift: number,
): boolean {
  let word = 0;
  while (word < ADDRESS_WORDS && keys[a + addressAt + word] === keys[b + addressAt + word]) {
    word++;
  }
  return word < ADDRESS_WORDS || portOf(keys, a, shift) !== portOf(keys, b, shift);
}

function copyEnd(
  words: Int32Array,
  at: number,
  keys: Int32Array,
  keyAt: number,
  addressAt: number,
  shift: number,
): void {
  for (let word = 0; word < ADDRESS_WORDS; word++) {
    words[at + word] = keys[keyAt + addressAt + word];
  }
  words[at + PORT_AT] = portOf(keys, keyAt, shift);
}

/** Without an address it is the same end as before the translation. */
function writeEnd(
  words: Int32Array,
  wordsAt: number,
  bytes: Uint8Array,
  end: End,
  natEnd: End,
  at: number,
): void {
  for (let byte = 0; byte < IPV6_BYTES; byte++) {
    bytes[at + byte] = words[wordsAt + (byte >> 2)] >>> (24 - 8 * (byte & 3));
  }
  natEnd.addressOffset = at + IPV6_BYTES - end.addressLength;
  natEnd.addressLength = isSameEnd(bytes, end, natEnd) ? 0 : end.addressLength;
}

function isSameEnd(bytes: Uint8Array, end: End, natEnd: End): boolean {
  let byte = 0;
  while (
    byte < end.addressLength &&
    bytes[end.addressOffset + byte] === bytes[natEnd.addressOffset + byte]
  ) {
    byte++;
  }
  return byte === end.addressLength && end.port === natEnd.port;
}
