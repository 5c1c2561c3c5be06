import type { Segment } from '../decode/segment.ts';
import { createFlowKey, type FlowKey, isKey, KEY_WORDS, setFlowKey } from './flow-key.ts';
import {
  createFlowState,
  FLOW_CLIENT_FIRST,
  FLOW_IPV6,
  type FlowState,
  FROM_CLIENT,
  FROM_SERVER,
  forgetAllOf,
  isFact,
} from './flow-state.ts';
import { FLOWS_MAX, FLOWS_PER_CHAIN_MAX } from './limits.ts';

/**
 * The TCP connections that are followed, both directions as one flow. Flat memory: a flow is an index, its
 * properties are columns; what is known of it, `flow-state.ts` tells. Flows are found in hash chains by their
 * two ends, and wait in lists by what they wait for, the one longest without a segment first.
 */
export interface FlowTable extends FlowState {
  /** By flow: KEY_WORDS of lower end, higher end, ports. */
  readonly keys: Int32Array;
  /** By flow: the hash of its key, signed. */
  readonly hashes: Int32Array;
  /** By hash: the first flow of the chain. */
  readonly chains: Int32Array;
  /** By flow: the next of its chain, or of the free ones. */
  readonly nextInChain: Int32Array;
  readonly older: Int32Array;
  readonly newer: Int32Array;
  /** By flow: the list that it stands in, LIST_*. */
  readonly list: Uint8Array;
  /** By list: the flow longest without a segment, and the one that had the last. */
  readonly oldest: Int32Array;
  readonly newest: Int32Array;
  /** By flow: packet time of its last segment in nanoseconds, see `timeOf`. */
  readonly lastSegmentNs: Float64Array;
  firstFree: number;
  flowsCount: number;
  /** Flows whose handshake has begun and not ended: while there are none, a pure ACK is of no interest. */
  handshakesCount: number;
  readonly seed: number;
  /** That of the segment looked up last. */
  readonly key: FlowKey;
}

export const NO_FLOW = -1;

/** Nothing is under way. */
export const LIST_IDLE = 0;
/** A response passes whose end only silence or the next one can tell. */
export const LIST_PASSING = 1;
/** A request waits, or a message of known length passes. */
export const LIST_WAITING = 2;
export const LISTS_COUNT = 3;
/** The flow was forgotten. */
export const LIST_NONE = LISTS_COUNT;

const CHAINS_COUNT = 2 * FLOWS_MAX;

/** @param seed makes the hash unforeseeable; a replay's is fixed, so that it gives the same again */
export function createFlowTable(seed: number): FlowTable {
  const nextInChain = new Int32Array(FLOWS_MAX);
  for (let flow = 0; flow < FLOWS_MAX; flow++) {
    nextInChain[flow] = flow + 1;
  }
  nextInChain[FLOWS_MAX - 1] = NO_FLOW;
  const state = createFlowState();
  return {
    // One by one: of an object that is made by spreading, most columns cost a look-up more.
    facts: state.facts,
    sideFacts: state.sideFacts,
    passed: state.passed,
    place: state.place,
    holeFrom: state.holeFrom,
    holeEnd: state.holeEnd,
    leadFrom: state.leadFrom,
    leadEnd: state.leadEnd,
    synSequence: state.synSequence,
    finSequence: state.finSequence,
    connectNs: state.connectNs,
    clientReceived: state.clientReceived,
    clientSince: state.clientSince,
    newestRequest: state.newestRequest,
    passingResponse: state.passingResponse,
    firstWaiting: state.firstWaiting,
    lastWaiting: state.lastWaiting,
    waitingCount: state.waitingCount,
    keys: new Int32Array(FLOWS_MAX * KEY_WORDS),
    hashes: new Int32Array(FLOWS_MAX),
    chains: new Int32Array(CHAINS_COUNT).fill(NO_FLOW),
    nextInChain,
    older: new Int32Array(FLOWS_MAX),
    newer: new Int32Array(FLOWS_MAX),
    list: new Uint8Array(FLOWS_MAX),
    oldest: new Int32Array(LISTS_COUNT).fill(NO_FLOW),
    newest: new Int32Array(LISTS_COUNT).fill(NO_FLOW),
    lastSegmentNs: new Float64Array(FLOWS_MAX),
    firstFree: 0,
    flowsCount: 0,
    handshakesCount: 0,
    seed,
    key: createFlowKey(),
  };
}

/** The segment's flow, or NO_FLOW; sets `key`, which `addFlow` and `directionOf` take. */
export function findFlow(flows: FlowTable, bytes: Uint8Array, segment: Segment): number {
  const { keys, key, hashes, nextInChain } = flows;
  setFlowKey(key, bytes, segment, flows.seed);
  let flow = flows.chains[key.hash & (CHAINS_COUNT - 1)];
  while (flow !== NO_FLOW) {
    if (hashes[flow] === key.hash && isKey(keys, flow * KEY_WORDS, key)) {
      return flow;
    }
    flow = nextInChain[flow];
  }
  return NO_FLOW;
}

/** The flow that has to give way before another one can be added: of the full chain, or of all; or NO_FLOW. */
export function findFlowInWay(flows: FlowTable): number {
  if (flows.firstFree === NO_FLOW) {
    return findOldestFlow(flows);
  }
  let last = NO_FLOW;
  let length = 0;
  let flow = flows.chains[flows.key.hash & (CHAINS_COUNT - 1)];
  for (; flow !== NO_FLOW; flow = flows.nextInChain[flow]) {
    last = flow;
    length++;
  }
  return length < FLOWS_PER_CHAIN_MAX ? NO_FLOW : last;
}

/** The flow longest without a segment, of those that it costs least to forget. */
export function findOldestFlow(flows: FlowTable): number {
  for (let list = LIST_IDLE; list < LISTS_COUNT; list++) {
    if (flows.oldest[list] !== NO_FLOW) {
      return flows.oldest[list];
    }
  }
  return NO_FLOW;
}

/** Adds the flow whose key was set last; **the caller has made room**. */
export function addFlow(
  flows: FlowTable,
  isFromClient: boolean,
  addressLength: number,
  timeNs: number,
): number {
  const flow = flows.firstFree;
  const chain = flows.key.hash & (CHAINS_COUNT - 1);
  flows.firstFree = flows.nextInChain[flow];
  flows.flowsCount++;
  for (let word = 0; word < KEY_WORDS; word++) {
    flows.keys[flow * KEY_WORDS + word] = flows.key.words[word];
  }
  flows.hashes[flow] = flows.key.hash;
  flows.nextInChain[flow] = flows.chains[chain];
  flows.chains[chain] = flow;
  const isClientFirst = flows.key.isSourceFirst === isFromClient;
  const isIpv6 = addressLength !== 4;
  forgetAllOf(flows, flow, (isClientFirst ? FLOW_CLIENT_FIRST : 0) | (isIpv6 ? FLOW_IPV6 : 0));
  flows.lastSegmentNs[flow] = timeNs;
  flows.list[flow] = LIST_IDLE;
  linkNewest(flows, flow, LIST_IDLE);
  return flow;
}

/** Forgets a flow; **the caller has ended its exchanges**. */
export function removeFlow(flows: FlowTable, flow: number): void {
  const chain = flows.hashes[flow] & (CHAINS_COUNT - 1);
  if (flows.chains[chain] === flow) {
    flows.chains[chain] = flows.nextInChain[flow];
  } else {
    let previous = flows.chains[chain];
    while (flows.nextInChain[previous] !== flow) {
      previous = flows.nextInChain[previous];
    }
    flows.nextInChain[previous] = flows.nextInChain[flow];
  }
  unlink(flows, flow);
  flows.list[flow] = LIST_NONE;
  flows.nextInChain[flow] = flows.firstFree;
  flows.firstFree = flow;
  flows.flowsCount--;
}

/** Notes that the flow had a segment, and what it waits for now. */
export function touchFlow(flows: FlowTable, flow: number, list: number, timeNs: number): void {
  flows.lastSegmentNs[flow] = timeNs;
  if (flows.newest[list] === flow) {
    return;
  }
  unlink(flows, flow);
  flows.list[flow] = list;
  linkNewest(flows, flow, list);
}

/** FROM_CLIENT or FROM_SERVER: the direction of the segment that `findFlow` looked up. */
export function directionOf(flows: FlowTable, flow: number): number {
  const isClientFirst = isFact(flows, flow, FLOW_CLIENT_FIRST);
  return isClientFirst === flows.key.isSourceFirst ? FROM_CLIENT : FROM_SERVER;
}

function linkNewest(flows: FlowTable, flow: number, list: number): void {
  const newest = flows.newest[list];
  flows.older[flow] = newest;
  flows.newer[flow] = NO_FLOW;
  if (newest === NO_FLOW) {
    flows.oldest[list] = flow;
  } else {
    flows.newer[newest] = flow;
  }
  flows.newest[list] = flow;
}

function unlink(flows: FlowTable, flow: number): void {
  const list = flows.list[flow];
  const older = flows.older[flow];
  const newer = flows.newer[flow];
  if (older === NO_FLOW) {
    flows.oldest[list] = newer;
  } else {
    flows.newer[older] = newer;
  }
  if (newer === NO_FLOW) {
    flows.newest[list] = older;
  } else {
    flows.older[newer] = older;
  }
}
