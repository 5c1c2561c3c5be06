import { readInt32BE } from '../big-endian.ts';
import { HELD_HEAD_BYTES_MAX, VLAN_TAGS_MAX } from '../limits.ts';
import { HEAD_HELD_SEC_MAX, HEADS_HELD_MAX, HEADS_PER_CHAIN_MAX } from './limits.ts';
import type { Segment } from './segment.ts';

/**
 * Message heads that did not end in their first segment, held until the following segments of the same flow
 * and direction bring the rest. Still no reassembly: a head is bounded in bytes, all heads in number and in
 * time, and nothing else of a flow is kept.
 *
 * Flat memory made once. Heads are found by flow in hash chains, and expire in the order they came.
 */
export interface HeldHeads {
  /** Heads held now. 0 is the usual case and costs one test a packet. */
  heldCount: number;
  /** 0: heads are not completed, nothing is ever held. */
  readonly headsMax: number;
  /** By head: both addresses in 16 bytes each, then the head's bytes. */
  readonly bytes: Uint8Array;
  readonly heads: readonly HeldHead[];
  /** By hash of the flow: the first head of the chain, or NO_HEAD. */
  readonly chains: Int16Array;
  /** First of the free heads, linked by `nextInChain`; NO_HEAD when all are held. */
  firstFree: number;
  /** The head held longest, and the newest; NO_HEAD when none is held. */
  oldest: number;
  newest: number;
}

/** One place of the table. */
export interface HeldHead {
  chain: number;
  nextInChain: number;
  older: number;
  newer: number;
  addressLength: number;
  sourcePort: number;
  targetPort: number;
  /** Sequence number of the head's first byte. */
  startSequence: number;
  /** Of the first segment. */
  acknowledgmentNumber: number;
  flags: number;
  /** Bytes known from the start on without a gap. */
  length: number;
  /** A run beyond a gap that came too early, as offsets from the start; empty when both are 0. */
  earlyOffset: number;
  earlyEnd: number;
  /** Packet time of the first segment. */
  timestampSec: number;
  timestampSubsecNs: number;
  /** Packet time of the last one. */
  untilSec: number;
  untilSubsecNs: number;
  /** What is held is a message; else it may become one. */
  isSure: boolean;
  vlanTagsCount: number;
  readonly vlanIds: Uint16Array;
}

export const NO_HEAD = -1;

const ADDRESS_BYTES = 16;

export const TARGET_ADDRESS_AT = ADDRESS_BYTES;

export const HEAD_AT = 2 * ADDRESS_BYTES;

export const PLACE_BYTES = HEAD_AT + HELD_HEAD_BYTES_MAX;

const CHAINS_COUNT = 1024;

/** @param isEnabled false: no memory is taken, and nothing is ever held */
export function createHeldHeads(isEnabled: boolean): HeldHeads {
  const headsMax = isEnabled ? HEADS_HELD_MAX : 0;
  const heads = Array.from({ length: headsMax }, (_, index) => createHead(index, headsMax));
  return {
    heldCount: 0,
    headsMax,
    bytes: new Uint8Array(headsMax * PLACE_BYTES),
    heads,
    chains: new Int16Array(CHAINS_COUNT).fill(NO_HEAD),
    firstFree: headsMax === 0 ? NO_HEAD : 0,
    oldest: NO_HEAD,
    newest: NO_HEAD,
  };
}

/**
 * The head that has to give way before the segment's can be held: the oldest of all when no place is free, the
 * oldest of its chain when that is full; NO_HEAD when there is room.
 */
export function findHeadInWay(held: HeldHeads, bytes: Uint8Array, segment: Segment): number {
  if (held.firstFree === NO_HEAD) {
    return held.oldest;
  }
  let last = NO_HEAD;
  let length = 0;
  let index = held.chains[hashFlow(bytes, segment)];
  while (index !== NO_HEAD) {
    last = index;
    length++;
    index = held.heads[index].nextInChain;
  }
  return length < HEADS_PER_CHAIN_MAX ? NO_HEAD : last;
}

/** The head of the segment's flow and direction, or NO_HEAD. */
export function findHead(held: HeldHeads, bytes: Uint8Array, segment: Segment): number {
  let index = held.chains[hashFlow(bytes, segment)];
  while (index !== NO_HEAD && !isSameFlow(held, index, bytes, segment)) {
    index = held.heads[index].nextInChain;
  }
  return index;
}

/** The head of the segment's flow and the other direction, or NO_HEAD. */
export function findHeadOfOther(held: HeldHeads, bytes: Uint8Array, segment: Segment): number {
  turnRound(segment);
  const index = findHead(held, bytes, segment);
  turnRound(segment);
  return index;
}

function turnRound(segment: Segment): void {
  const { sourceAddressOffset, sourcePort } = segment;
  segment.sourceAddressOffset = segment.targetAddressOffset;
  segment.targetAddressOffset = sourceAddressOffset;
  segment.sourcePort = segment.targetPort;
  segment.targetPort = sourcePort;
}

/** The head held longest if its time is up, or the clock was set back behind it; else NO_HEAD. */
export function findExpiredHead(
  held: HeldHeads,
  timestampSec: number,
  timestampSubsecNs: number,
): number {
  const { oldest } = held;
  if (oldest === NO_HEAD) {
    return NO_HEAD;
  }
  const head = held.heads[oldest];
  const heldSec = timestampSec - head.timestampSec;
  const isExpired =
    Math.abs(heldSec) > HEAD_HELD_SEC_MAX ||
    (heldSec === HEAD_HELD_SEC_MAX && timestampSubsecNs > head.timestampSubsecNs);
  return isExpired ? oldest : NO_HEAD;
}

/** Puts a head into its chain and behind the newest. */
export function linkHead(held: HeldHeads, index: number, chain: number): void {
  const head = held.heads[index];
  head.chain = chain;
  head.nextInChain = held.chains[chain];
  held.chains[chain] = index;
  head.older = held.newest;
  head.newer = NO_HEAD;
  if (held.newest === NO_HEAD) {
    held.oldest = index;
  } else {
    held.heads[held.newest].newer = index;
  }
  held.newest = index;
}

/** Gives a head's place back. */
export function releaseHead(held: HeldHeads, index: number): void {
  const head = held.heads[index];
  unlinkFromChain(held, index);
  if (head.older === NO_HEAD) {
    held.oldest = head.newer;
  } else {
    held.heads[head.older].newer = head.newer;
  }
  if (head.newer === NO_HEAD) {
    held.newest = head.older;
  } else {
    held.heads[head.newer].older = head.older;
  }
  head.nextInChain = held.firstFree;
  held.firstFree = index;
  held.heldCount--;
}

function unlinkFromChain(held: HeldHeads, index: number): void {
  const { chain, nextInChain } = held.heads[index];
  let previous = held.chains[chain];
  if (previous === index) {
    held.chains[chain] = nextInChain;
    return;
  }
  while (held.heads[previous].nextInChain !== index) {
    previous = held.heads[previous].nextInChain;
  }
  held.heads[previous].nextInChain = nextInChain;
}

function isSameFlow(held: HeldHeads, index: number, bytes: Uint8Array, segment: Segment): boolean {
  const head = held.heads[index];
  const place = index * PLACE_BYTES;
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  return (
    head.sourcePort === segment.sourcePort &&
    head.targetPort === segment.targetPort &&
    head.addressLength === addressLength &&
    isEqual(held.bytes, place, bytes, sourceAddressOffset, addressLength) &&
    isEqual(held.bytes, place + TARGET_ADDRESS_AT, bytes, targetAddressOffset, addressLength)
  );
}

function isEqual(
  a: Uint8Array,
  aOffset: number,
  b: Uint8Array,
  bOffset: number,
  byteLength: number,
): boolean {
  for (let index = 0; index < byteLength; index++) {
    if (a[aOffset + index] !== b[bOffset + index]) {
      return false;
    }
  }
  return true;
}

/** Chain of a flow and direction. */
export function hashFlow(bytes: Uint8Array, segment: Segment): number {
  const lastWordAt = segment.addressLength - 4;
  const source = readInt32BE(bytes, segment.sourceAddressOffset + lastWordAt);
  const target = readInt32BE(bytes, segment.targetAddressOffset + lastWordAt);
  const ports = (segment.sourcePort << 16) | segment.targetPort;
  const hash = Math.imul(source ^ Math.imul(target ^ ports, 0x9e3779b1), 0x9e3779b1);
  return (hash >>> 16) & (CHAINS_COUNT - 1);
}

function createHead(index: number, headsMax: number): HeldHead {
  return {
    chain: 0,
    nextInChain: index + 1 < headsMax ? index + 1 : NO_HEAD,
    older: NO_HEAD,
    newer: NO_HEAD,
    addressLength: 0,
    sourcePort: 0,
    targetPort: 0,
    startSequence: 0,
    acknowledgmentNumber: 0,
    flags: 0,
    length: 0,
    earlyOffset: 0,
    earlyEnd: 0,
    timestampSec: 0,
    timestampSubsecNs: 0,
    untilSec: 0,
    untilSubsecNs: 0,
    isSure: false,
    vlanTagsCount: 0,
    vlanIds: new Uint16Array(VLAN_TAGS_MAX),
  };
}
