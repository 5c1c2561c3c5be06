import type { Segment } from '../decode/segment.ts';
import { FLOWS_MAX, FLOWS_PER_CHAIN_MAX } from '../limits.ts';
import { createFlowKey, type FlowKey, isKey, KEY_WORDS, setFlowKey } from './flow-key.ts';

/**
 * The TCP connections that are followed, both directions as one flow. Flat memory: a flow is an index, its
 * properties are columns. Flows are found in hash chains by their two ends, and wait in lists by what they
 * wait for, the one longest without a segment first.
 */
export interface FlowTable {
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
  /** By flow: FLOW_* bits. */
  readonly flags: Int32Array;
  /** By flow and direction: sequence number behind the last byte seen. */
  readonly nextSequence: Int32Array;
  /** By flow: sequence number of the client's first byte, see FLOW_SYN. */
  readonly firstSequence: Int32Array;
  /** By flow: time of the SYN, then of the whole handshake; see FLOW_SYN and FLOW_CONNECTED. */
  readonly connectNs: Float64Array;
  /** By flow: the exchange of the newest request; of the response that passes; first and last of those that wait. */
  readonly lastRequest: Int32Array;
  readonly openResponse: Int32Array;
  readonly firstWaiting: Int32Array;
  readonly lastWaiting: Int32Array;
  /** By flow: how many wait. */
  readonly waitingCount: Int32Array;
  /** By flow: sequence number behind the FIN of the server, see FLOW_SERVER_FIN. */
  readonly serverEnd: Int32Array;
  /** By flow: what the client had received when it sent its newest bytes, and the first byte it sent since then. */
  readonly clientAcknowledgment: Int32Array;
  readonly clientSince: Int32Array;
  /** By flow: where the request after the last one that was answered has to begin, see FLOW_REQUEST_END. */
  readonly requestEnd: Int32Array;
  /** By flow: where the response after the last one that ended has to begin, see FLOW_RESPONSE_END. */
  readonly responseEnd: Int32Array;
  firstFree: number;
  flowsCount: number;
  /** Flows whose handshake has begun and not ended: while there are none, a pure ACK is of no interest. */
  handshakesCount: number;
  readonly seed: number;
  /** That of the segment looked up last. */
  readonly key: FlowKey;
}

export const NO_FLOW = -1;
export const NO_EXCHANGE = -1;

/** Nothing is under way. */
export const LIST_IDLE = 0;
/** A response passes whose end only silence or the next one can tell. */
export const LIST_PASSING = 1;
/** A request waits, or a message of known length passes. */
export const LIST_WAITING = 2;
export const LISTS_COUNT = 3;
/** The flow was forgotten. */
export const LIST_NONE = LISTS_COUNT;

/** The client is the end that stands first in the key. */
export const FLOW_CLIENT_FIRST = 1;
/** `nextSequence` of the client's direction is known, and of the server's. */
export const FLOW_CLIENT_SEEN = 2;
export const FLOW_SERVER_SEEN = 4;
export const FLOW_SYN = 8;
export const FLOW_SYN_ACK = 16;
/** `connectNs` is the handshake's duration, and no exchange has it yet. */
export const FLOW_CONNECTED = 32;
/** The client sends requests before earlier ones are answered. */
export const FLOW_PIPELINED = 64;
/** Requests or responses of a pipelining client were lost: which belong together is not known any more. */
export const FLOW_UNSYNCED = 128;
/** Another protocol has taken over. */
export const FLOW_OPAQUE = 256;
/** Bytes of the server were missed since the open response began. */
export const FLOW_SERVER_GAP = 512;
export const FLOW_SERVER_FIN = 1024;
export const FLOW_CLIENT_FIN = 2048;

/** A direction of a flow, index of its columns by flow and direction. */
export const FROM_CLIENT = 0;
export const FROM_SERVER = 1;

/** Addresses are of IPv6. */
export const FLOW_IPV6 = 4096;
/** `responseEnd` is known. */
export const FLOW_RESPONSE_END = 8192;
/** `requestEnd` is known. */
export const FLOW_REQUEST_END = 16384;
/** A message has been seen: who is the client is certain. */
export const FLOW_HTTP = 32768;

/** Where messages begin was concluded from the client's waiting for each response, not from the connection's start. */
export const FLOW_ASSUMED = 65536;

const CHAINS_COUNT = 2 * FLOWS_MAX;

/** @param seed makes the hash unforeseeable; a replay's is fixed, so that it gives the same again */
export function createFlowTable(seed: number): FlowTable {
  const nextInChain = new Int32Array(FLOWS_MAX);
  for (let flow = 0; flow < FLOWS_MAX; flow++) {
    nextInChain[flow] = flow + 1;
  }
  nextInChain[FLOWS_MAX - 1] = NO_FLOW;
  return {
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
    flags: new Int32Array(FLOWS_MAX),
    nextSequence: new Int32Array(2 * FLOWS_MAX),
    firstSequence: new Int32Array(FLOWS_MAX),
    connectNs: new Float64Array(FLOWS_MAX),
    lastRequest: new Int32Array(FLOWS_MAX),
    openResponse: new Int32Array(FLOWS_MAX),
    firstWaiting: new Int32Array(FLOWS_MAX),
    lastWaiting: new Int32Array(FLOWS_MAX),
    waitingCount: new Int32Array(FLOWS_MAX),
    serverEnd: new Int32Array(FLOWS_MAX),
    clientAcknowledgment: new Int32Array(FLOWS_MAX),
    clientSince: new Int32Array(FLOWS_MAX),
    requestEnd: new Int32Array(FLOWS_MAX),
    responseEnd: new Int32Array(FLOWS_MAX),
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
  flows.flags[flow] =
    (flows.key.isSourceFirst === isFromClient ? FLOW_CLIENT_FIRST : 0) |
    (addressLength === 4 ? 0 : FLOW_IPV6);
  flows.lastRequest[flow] = NO_EXCHANGE;
  flows.openResponse[flow] = NO_EXCHANGE;
  flows.firstWaiting[flow] = NO_EXCHANGE;
  flows.lastWaiting[flow] = NO_EXCHANGE;
  flows.waitingCount[flow] = 0;
  flows.clientAcknowledgment[flow] = 0;
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
  const isClientFirst = (flows.flags[flow] & FLOW_CLIENT_FIRST) !== 0;
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

/** Makes the other end the client: who connects need not be who asks, as behind a reverse proxy protocol. */
export function turnFlow(flows: FlowTable, flow: number): void {
  const { flags, nextSequence } = flows;
  const clientSeen = (flags[flow] & FLOW_CLIENT_SEEN) === 0 ? 0 : FLOW_SERVER_SEEN;
  const serverSeen = (flags[flow] & FLOW_SERVER_SEEN) === 0 ? 0 : FLOW_CLIENT_SEEN;
  const fromClient = nextSequence[2 * flow + FROM_CLIENT];
  nextSequence[2 * flow + FROM_CLIENT] = nextSequence[2 * flow + FROM_SERVER];
  nextSequence[2 * flow + FROM_SERVER] = fromClient;
  flags[flow] =
    ((flags[flow] ^ FLOW_CLIENT_FIRST) & ~(FLOW_CLIENT_SEEN | FLOW_SERVER_SEEN | FLOW_CONNECTED)) |
    clientSeen |
    serverSeen;
}
