import { copyBytes } from '../bytes.ts';
import type { Frame } from '../capture/frame.ts';
import type { Segment } from '../decode/segment.ts';
import { VLAN_TAGS_MAX } from '../limits.ts';
import {
  type ByteStore,
  blocksOf,
  createByteStore,
  gatherBytes,
  keepBytes,
  NO_BLOCK,
  releaseBytes,
} from './byte-store.ts';
import {
  EARLY_BLOCKS_MAX,
  EARLY_PAYLOAD_BYTES_MAX,
  EARLY_SEC_MAX,
  EARLY_SEGMENTS_MAX,
  EARLY_SEGMENTS_PER_FLOW_MAX,
  FLOWS_MAX,
} from './limits.ts';

/**
 * Segments that were captured before their turn, each copied until it comes: flat places, in a chain by flow and in
 * the order of their capture. None is held as a rule, and then all of this costs one comparison a segment.
 */
export interface EarlySegments {
  /** Held now, and of them those whose flow was forgotten. */
  count: number;
  orphansCount: number;
  readonly places: readonly EarlySegment[];
  /** By flow: how many, the first and the last of its chain. */
  readonly flowCounts: Uint8Array;
  readonly flowFirst: Int16Array;
  readonly flowLast: Int16Array;
  /** Their bytes; its staging area has those of the one that is played. */
  readonly store: ByteStore;
  firstFree: number;
  /** In the order of their capture. */
  oldest: number;
  newest: number;
}

/** What is kept of a segment, and of its frame. */
export interface EarlySegment {
  /** NO_FLOW once it was forgotten. */
  flow: number;
  direction: number;
  nextInFlow: number;
  older: number;
  newer: number;
  /** Both addresses and the payload, a chain of the store, and the length of it. */
  chain: number;
  byteLength: number;
  addressLength: number;
  sourcePort: number;
  targetPort: number;
  sequenceNumber: number;
  acknowledgmentNumber: number;
  flags: number;
  payloadBytes: number;
  isPayloadCut: boolean;
  vlanTagsCount: number;
  readonly vlanIds: Uint16Array;
  timestampSec: number;
  timestampSubsecNs: number;
}

export const NO_EARLY = -1;

const NO_FLOW = -1;
const ADDRESS_BYTES = 16;
const PAYLOAD_AT = 2 * ADDRESS_BYTES;

export function createEarlySegments(): EarlySegments {
  const places = Array.from({ length: EARLY_SEGMENTS_MAX }, (_, index) => createPlace(index));
  return {
    count: 0,
    orphansCount: 0,
    places,
    flowCounts: new Uint8Array(FLOWS_MAX),
    flowFirst: new Int16Array(FLOWS_MAX),
    flowLast: new Int16Array(FLOWS_MAX),
    store: createByteStore(PAYLOAD_AT + EARLY_PAYLOAD_BYTES_MAX + 1024, EARLY_BLOCKS_MAX),
    firstFree: 0,
    oldest: NO_EARLY,
    newest: NO_EARLY,
  };
}

/** Says whether there is room for one more segment of the flow. */
export function canHoldEarly(
  { flowCounts, firstFree, store }: EarlySegments,
  flow: number,
  segment: Segment,
): boolean {
  const byteLength = segment.payloadEnd - segment.payloadOffset;
  return (
    flowCounts[flow] < EARLY_SEGMENTS_PER_FLOW_MAX &&
    firstFree !== NO_EARLY &&
    byteLength <= EARLY_PAYLOAD_BYTES_MAX &&
    blocksOf(PAYLOAD_AT + byteLength) <= store.freeCount
  );
}

/** Holds a segment of the flow; **there is room for it**. */
export function holdEarly(
  early: EarlySegments,
  flow: number,
  direction: number,
  frame: Frame,
  segment: Segment,
): void {
  const { places, store } = early;
  const index = early.firstFree;
  const place = places[index];
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  early.firstFree = place.nextInFlow;
  early.count++;
  const at = store.stagingOffset;
  const sourceEnd = sourceAddressOffset + addressLength;
  const targetEnd = targetAddressOffset + addressLength;
  copyBytes(store.bytes, at, frame.bytes, sourceAddressOffset, sourceEnd);
  copyBytes(store.bytes, at + ADDRESS_BYTES, frame.bytes, targetAddressOffset, targetEnd);
  const { payloadOffset, payloadEnd } = segment;
  copyBytes(store.bytes, at + PAYLOAD_AT, frame.bytes, payloadOffset, payloadEnd);
  place.byteLength = PAYLOAD_AT + payloadEnd - payloadOffset;
  place.chain = keepBytes(store, at, place.byteLength);
  place.flow = flow;
  place.direction = direction;
  place.addressLength = addressLength;
  place.sourcePort = segment.sourcePort;
  place.targetPort = segment.targetPort;
  place.sequenceNumber = segment.sequenceNumber;
  place.acknowledgmentNumber = segment.acknowledgmentNumber;
  place.flags = segment.flags;
  place.payloadBytes = segment.payloadBytes;
  place.isPayloadCut = segment.isPayloadCut;
  place.vlanTagsCount = segment.vlanTagsCount;
  place.vlanIds.set(segment.vlanIds);
  place.timestampSec = frame.timestampSec;
  place.timestampSubsecNs = frame.timestampSubsecNs;
  link(early, index, flow);
}

/** Makes frame and segment the held one's, valid until the next is held or read, and gives its place back. */
export function takeEarly(
  early: EarlySegments,
  index: number,
  frame: Frame,
  segment: Segment,
): void {
  const { store } = early;
  const place = early.places[index];
  const at = store.stagingOffset;
  gatherBytes(store, place.chain, at);
  frame.bytes = store.bytes;
  frame.timestampSec = place.timestampSec;
  frame.timestampSubsecNs = place.timestampSubsecNs;
  segment.addressLength = place.addressLength;
  segment.sourceAddressOffset = at;
  segment.targetAddressOffset = at + ADDRESS_BYTES;
  segment.sourcePort = place.sourcePort;
  segment.targetPort = place.targetPort;
  segment.sequenceNumber = place.sequenceNumber;
  segment.acknowledgmentNumber = place.acknowledgmentNumber;
  segment.flags = place.flags;
  segment.payloadOffset = at + PAYLOAD_AT;
  segment.payloadEnd = at + place.byteLength;
  segment.payloadBytes = place.payloadBytes;
  segment.isPayloadCut = place.isPayloadCut;
  segment.vlanTagsCount = place.vlanTagsCount;
  segment.vlanIds.set(place.vlanIds);
  unlink(early, index);
  releaseBytes(store, place.chain);
  place.nextInFlow = early.firstFree;
  early.firstFree = index;
  early.count--;
}

/** The flow is forgotten: its segments wait no more. */
export function forgetEarly(early: EarlySegments, flow: number): void {
  if (early.flowCounts[flow] === 0) {
    return;
  }
  let index = early.flowFirst[flow];
  while (index !== NO_EARLY) {
    early.places[index].flow = NO_FLOW;
    early.orphansCount++;
    index = early.places[index].nextInFlow;
  }
  early.flowCounts[flow] = 0;
}

/** The first of those whose flow was forgotten; **there is one**. */
export function findOrphan({ places, oldest }: EarlySegments): number {
  let index = oldest;
  while (places[index].flow !== NO_FLOW) {
    index = places[index].newer;
  }
  return index;
}

/** The segment held longest if its time is up, or the clock was set back behind it; else NO_EARLY. */
export function findExpiredEarly(
  { places, oldest }: EarlySegments,
  timestampSec: number,
  timestampSubsecNs: number,
): number {
  if (oldest === NO_EARLY) {
    return NO_EARLY;
  }
  const heldSec = timestampSec - places[oldest].timestampSec;
  const isExpired =
    Math.abs(heldSec) > EARLY_SEC_MAX ||
    (heldSec === EARLY_SEC_MAX && timestampSubsecNs > places[oldest].timestampSubsecNs);
  return isExpired ? oldest : NO_EARLY;
}

function link(early: EarlySegments, index: number, flow: number): void {
  const { places, flowCounts, flowFirst, flowLast } = early;
  const place = places[index];
  place.nextInFlow = NO_EARLY;
  if (flowCounts[flow]++ === 0) {
    flowFirst[flow] = index;
  } else {
    places[flowLast[flow]].nextInFlow = index;
  }
  flowLast[flow] = index;
  place.older = early.newest;
  place.newer = NO_EARLY;
  if (early.newest === NO_EARLY) {
    early.oldest = index;
  } else {
    places[early.newest].newer = index;
  }
  early.newest = index;
}

function unlink(early: EarlySegments, index: number): void {
  const { places } = early;
  const { flow, older, newer } = places[index];
  if (flow === NO_FLOW) {
    early.orphansCount--;
  } else {
    unlinkFromFlow(early, index, flow);
  }
  if (older === NO_EARLY) {
    early.oldest = newer;
  } else {
    places[older].newer = newer;
  }
  if (newer === NO_EARLY) {
    early.newest = older;
  } else {
    places[newer].older = older;
  }
}

function unlinkFromFlow(early: EarlySegments, index: number, flow: number): void {
  const { places, flowCounts, flowFirst, flowLast } = early;
  flowCounts[flow]--;
  if (flowFirst[flow] === index) {
    flowFirst[flow] = places[index].nextInFlow;
    return;
  }
  let previous = flowFirst[flow];
  while (places[previous].nextInFlow !== index) {
    previous = places[previous].nextInFlow;
  }
  places[previous].nextInFlow = places[index].nextInFlow;
  if (flowLast[flow] === index) {
    flowLast[flow] = previous;
  }
}

function createPlace(index: number): EarlySegment {
  return {
    flow: NO_FLOW,
    direction: 0,
    nextInFlow: index + 1 < EARLY_SEGMENTS_MAX ? index + 1 : NO_EARLY,
    older: NO_EARLY,
    newer: NO_EARLY,
    chain: NO_BLOCK,
    byteLength: 0,
    addressLength: 0,
    sourcePort: 0,
    targetPort: 0,
    sequenceNumber: 0,
    acknowledgmentNumber: 0,
    flags: 0,
    payloadBytes: 0,
    isPayloadCut: false,
    vlanTagsCount: 0,
    vlanIds: new Uint16Array(VLAN_TAGS_MAX),
    timestampSec: 0,
    timestampSubsecNs: 0,
  };
}
