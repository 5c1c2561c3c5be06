import { readInt32BE } from '../big-endian.ts';
import type { Segment } from '../decode/segment.ts';
import { WORD_BYTES } from '../words.ts';

/**
 * What tells a TCP connection from every other: its two ends in rising order, so that both directions have
 * one key. IPv4 addresses stand as IPv4-mapped ones.
 */
export interface FlowKey {
  /** KEY_WORDS: lower address, higher address, the ports in that order. */
  readonly words: Int32Array;
  /** Signed 32 bits. */
  hash: number;
  /** The segment's source is the end that stands first. */
  isSourceFirst: boolean;
}

export const KEY_WORDS = 9;
export const ADDRESS_WORDS = 4;
export const PORTS_AT = 2 * ADDRESS_WORDS;

/** Third word of an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2). */
const IPV4_MAPPED_WORD = 0xffff;
const GOLDEN_RATIO = 0x9e3779b1;

export function createFlowKey(): FlowKey {
  return { words: new Int32Array(KEY_WORDS), hash: 0, isSourceFirst: false };
}

/** Makes `key` that of the segment's flow. */
export function setFlowKey(key: FlowKey, bytes: Uint8Array, segment: Segment, seed: number): void {
  const { words } = key;
  const { sourceAddressOffset, targetAddressOffset, sourcePort, targetPort } = segment;
  const isIpv4 = segment.addressLength === 4;
  const order =
    compareAddresses(bytes, sourceAddressOffset, targetAddressOffset, segment.addressLength) ||
    sourcePort - targetPort;
  const isSourceFirst = order <= 0;
  const first = isSourceFirst ? sourceAddressOffset : targetAddressOffset;
  const second = isSourceFirst ? targetAddressOffset : sourceAddressOffset;
  writeAddress(words, 0, bytes, first, isIpv4);
  writeAddress(words, ADDRESS_WORDS, bytes, second, isIpv4);
  words[PORTS_AT] = isSourceFirst
    ? (sourcePort << 16) | targetPort
    : (targetPort << 16) | sourcePort;
  key.isSourceFirst = isSourceFirst;
  key.hash = hashWords(words, isIpv4, seed);
}

/** Word by word, as signed numbers: any order will do that both directions have in common. */
function compareAddresses(bytes: Uint8Array, a: number, b: number, byteLength: number): number {
  for (let at = 0; at < byteLength; at += WORD_BYTES) {
    const wordA = readInt32BE(bytes, a + at);
    const wordB = readInt32BE(bytes, b + at);
    if (wordA !== wordB) {
      return wordA < wordB ? -1 : 1;
    }
  }
  return 0;
}

function writeAddress(
  words: Int32Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  isIpv4: boolean,
): void {
  words[at] = isIpv4 ? 0 : readInt32BE(bytes, offset);
  words[at + 1] = isIpv4 ? 0 : readInt32BE(bytes, offset + 4);
  words[at + 2] = isIpv4 ? IPV4_MAPPED_WORD : readInt32BE(bytes, offset + 8);
  words[at + 3] = readInt32BE(bytes, isIpv4 ? offset : offset + 12);
}

/** Of the words that differ between flows of one family; each goes through a multiplication (golden ratio). */
function hashWords(words: Int32Array, isIpv4: boolean, seed: number): number {
  let hash = seed;
  if (!isIpv4) {
    for (let word = 0; word < ADDRESS_WORDS - 1; word++) {
      hash = mix(hash, words[word]);
      hash = mix(hash, words[ADDRESS_WORDS + word]);
    }
  }
  hash = mix(hash, words[ADDRESS_WORDS - 1]);
  hash = mix(hash, words[PORTS_AT - 1]);
  hash = mix(hash, words[PORTS_AT]);
  return hash ^ (hash >>> 13);
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, GOLDEN_RATIO);
  return mixed ^ (mixed >>> 15);
}

/** Says whether the words at `at` are those of the key; the words that tell flows of one network apart first. */
export function isKey(keys: Int32Array, at: number, { words }: FlowKey): boolean {
  return (
    keys[at + PORTS_AT] === words[PORTS_AT] &&
    keys[at + 7] === words[7] &&
    keys[at + 3] === words[3] &&
    keys[at + 6] === words[6] &&
    keys[at + 2] === words[2] &&
    keys[at + 5] === words[5] &&
    keys[at + 1] === words[1] &&
    keys[at + 4] === words[4] &&
    keys[at] === words[0]
  );
}
