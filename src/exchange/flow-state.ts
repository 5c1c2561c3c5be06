import { FLOWS_MAX } from './limits.ts';
import { bytesBetween } from './sequence.ts';

/**
 * What is known of each connection and of its two sides. Flat memory, which was measured to cost half of what
 * an object a connection does: a flow is an index, what is known of it are columns, and so is a side, whose
 * index `sideOf` gives. No other file touches the columns.
 *
 * A side's bytes, and the two numbers that are kept of them:
 *
 *     ... body |<- place: here the side's next message has to begin
 *     ... body | next message ... |<- passed: behind the last byte seen
 */
export interface FlowState {
  /** By flow: FLOW_* bits. */
  readonly facts: Uint16Array;
  /** By side: SIDE_* bits. */
  readonly sideFacts: Uint8Array;
  /** By side: sequence number behind the last byte seen; of meaning with SIDE_SEEN. */
  readonly passed: Int32Array;
  /** By side: sequence number at which its next message has to begin; of meaning with SIDE_IN_PLACE. */
  readonly place: Int32Array;
  /** By side: from where to where bytes before `passed` were not seen; empty as a rule. */
  readonly holeFrom: Int32Array;
  readonly holeEnd: Int32Array;
  /** By side: from where to where the newest bytes stand that belong to no message; with SIDE_LED. */
  readonly leadFrom: Int32Array;
  readonly leadEnd: Int32Array;
  /** By flow: sequence number of the client's SYN; of meaning with FLOW_SYN. */
  readonly synSequence: Int32Array;
  /** By flow: sequence number behind the last byte before the server's FIN; with FLOW_SERVER_FIN. */
  readonly finSequence: Int32Array;
  /** By flow: time of the SYN, then how long the handshake took; with FLOW_SYN, with FLOW_CONNECTED. */
  readonly connectNs: Float64Array;
  /** By flow: what the client had received when it sent its newest bytes, and the first that it sent since. */
  readonly clientReceived: Int32Array;
  readonly clientSince: Int32Array;
  /** By flow: exchanges. Of the newest request, of the response that passes, first and last that wait. */
  readonly newestRequest: Int32Array;
  readonly passingResponse: Int32Array;
  readonly firstWaiting: Int32Array;
  readonly lastWaiting: Int32Array;
  readonly waitingCount: Int32Array;
}

export const NO_EXCHANGE = -1;

/** The two directions of a connection, and its two sides: that of who asks, and that of who answers. */
export const FROM_CLIENT = 0;
export const FROM_SERVER = 1;

/** The client is the end that stands first in the key. */
export const FLOW_CLIENT_FIRST = 1;
export const FLOW_IPV6 = 2;
/** A message has been seen: which end is the client is known as well as it tells. */
export const FLOW_HTTP = 4;
/** The connection is another protocol's now. */
export const FLOW_OTHER_PROTOCOL = 8;
export const FLOW_SYN = 16;
export const FLOW_SYN_ACK = 32;
/** The handshake has ended. */
export const FLOW_CONNECTED = 64;
export const FLOW_SERVER_FIN = 128;
/** The client sends requests before earlier ones are answered. */
export const FLOW_AHEAD = 256;
/** Of a client that sends ahead messages were missed: which belong together is not known any more. */
export const FLOW_ASTRAY = 512;
/** Where messages begin was concluded from the client's waiting, not from the connection's start. */
export const FLOW_ASSUMED = 1024;
/** A proxy has told at the connection's start who has connected to it. */
export const FLOW_PROXIED = 2048;
export const FLOW_CLIENT_FIN = 4096;
/** CONNECT has opened a tunnel, and what passes in it is not shown. */
export const FLOW_HIDDEN = 8192;
/** Which end is the client is certain: the one that has connected has asked, or a pair was found. */
export const FLOW_SURE = 16_384;
/** Its addresses are others behind the host's translation. */
export const FLOW_TRANSLATED = 32_768;

/** A byte of the side was seen. */
export const SIDE_SEEN = 1;
/** Where the side's next message has to begin is known. */
const SIDE_IN_PLACE = 2;
/** Bytes of the side were seen that belong to no message. */
export const SIDE_LED = 4;

export function createFlowState(): FlowState {
  return {
    facts: new Uint16Array(FLOWS_MAX),
    sideFacts: new Uint8Array(2 * FLOWS_MAX),
    passed: new Int32Array(2 * FLOWS_MAX),
    place: new Int32Array(2 * FLOWS_MAX),
    holeFrom: new Int32Array(2 * FLOWS_MAX),
    holeEnd: new Int32Array(2 * FLOWS_MAX),
    leadFrom: new Int32Array(2 * FLOWS_MAX),
    leadEnd: new Int32Array(2 * FLOWS_MAX),
    synSequence: new Int32Array(FLOWS_MAX),
    finSequence: new Int32Array(FLOWS_MAX),
    connectNs: new Float64Array(FLOWS_MAX),
    clientReceived: new Int32Array(FLOWS_MAX),
    clientSince: new Int32Array(FLOWS_MAX),
    newestRequest: new Int32Array(FLOWS_MAX),
    passingResponse: new Int32Array(FLOWS_MAX),
    firstWaiting: new Int32Array(FLOWS_MAX),
    lastWaiting: new Int32Array(FLOWS_MAX),
    waitingCount: new Int32Array(FLOWS_MAX),
  };
}

/**
 * Makes the flow one of which nothing but these facts is known. The columns that are not set anew, keep what
 * stood there before until the fact is noted with which they are of meaning.
 */
export function forgetAllOf(state: FlowState, flow: number, facts: number): void {
  const client = sideOf(flow, FROM_CLIENT);
  const server = sideOf(flow, FROM_SERVER);
  state.facts[flow] = facts;
  state.sideFacts[client] = 0;
  state.sideFacts[server] = 0;
  state.passed[client] = 0;
  state.passed[server] = 0;
  state.holeEnd[client] = state.holeFrom[client];
  state.holeEnd[server] = state.holeFrom[server];
  state.clientReceived[flow] = 0;
  state.clientSince[flow] = 0;
  state.newestRequest[flow] = NO_EXCHANGE;
  state.passingResponse[flow] = NO_EXCHANGE;
  state.firstWaiting[flow] = NO_EXCHANGE;
  state.lastWaiting[flow] = NO_EXCHANGE;
  state.waitingCount[flow] = 0;
}

/** Says whether one of the FLOW_* facts holds. */
export function isFact(state: FlowState, flow: number, fact: number): boolean {
  return (state.facts[flow] & fact) !== 0;
}

export function noteFact(state: FlowState, flow: number, fact: number): void {
  state.facts[flow] |= fact;
}

export function dropFact(state: FlowState, flow: number, fact: number): void {
  state.facts[flow] &= ~fact;
}

export function sideOf(flow: number, direction: number): number {
  return 2 * flow + direction;
}

export function hasSeenBytes(state: FlowState, side: number): boolean {
  return (state.sideFacts[side] & SIDE_SEEN) !== 0;
}

/** Sequence number behind the last byte seen of the side; **one was seen**. */
export function passedOf(state: FlowState, side: number): number {
  return state.passed[side];
}

export function notePassed(state: FlowState, side: number, sequence: number): void {
  state.sideFacts[side] |= SIDE_SEEN;
  state.passed[side] = sequence;
}

/** The side's next message has to begin here, from now on. */
export function expectMessageAt(state: FlowState, side: number, sequence: number): void {
  state.sideFacts[side] |= SIDE_IN_PLACE;
  state.place[side] = sequence;
}

/** If the place is known, it is here now. */
export function movePlace(state: FlowState, side: number, sequence: number): void {
  state.place[side] = sequence;
}

export function forgetPlace(state: FlowState, side: number): void {
  state.sideFacts[side] &= ~SIDE_IN_PLACE;
}

export function isPlaceKnown(state: FlowState, side: number): boolean {
  return (state.sideFacts[side] & SIDE_IN_PLACE) !== 0;
}

/** Where the side's next message has to begin; **that is known**. */
export function placeOf(state: FlowState, side: number): number {
  return state.place[side];
}

/**
 * No byte is missing between the side's message before and one that begins here.
 *
 * @param leadBytes so many bytes directly before it belong to no message
 */
export function isInPlace(
  state: FlowState,
  side: number,
  sequence: number,
  leadBytes: number,
): boolean {
  const distance = bytesBetween(state.place[side], sequence);
  return isPlaceKnown(state, side) && distance >= 0 && distance <= leadBytes;
}

export function noteSynSequence(state: FlowState, flow: number, sequence: number): void {
  state.synSequence[flow] = sequence;
}

/** The number of the client's SYN; **one was seen**. */
export function synSequenceOf(state: FlowState, flow: number): number {
  return state.synSequence[flow];
}

/** No byte of the server comes behind this sequence number. */
export function noteServerEnd(state: FlowState, flow: number, sequence: number): void {
  state.facts[flow] |= FLOW_SERVER_FIN;
  state.finSequence[flow] = sequence;
}

/** Sequence number behind the server's last byte; **its FIN was seen**. */
export function serverEndOf(state: FlowState, flow: number): number {
  return state.finSequence[flow];
}

export function setConnectNs(state: FlowState, flow: number, ns: number): void {
  state.connectNs[flow] = ns;
}

/** Time of the SYN; how long the handshake took once it has ended; UNKNOWN once an exchange has it. */
export function connectNsOf(state: FlowState, flow: number): number {
  return state.connectNs[flow];
}

/** Notes bytes of the client, sent when it had received what it acknowledges with them. */
export function noteSent(
  state: FlowState,
  flow: number,
  sequence: number,
  acknowledgment: number,
): void {
  if (state.clientReceived[flow] !== acknowledgment) {
    state.clientReceived[flow] = acknowledgment;
    state.clientSince[flow] = sequence;
  }
}

/** Says whether the client sent bytes before these, and had received the same when it did. */
export function hasSentSince(
  state: FlowState,
  flow: number,
  sequence: number,
  acknowledgment: number,
): boolean {
  return (
    state.clientReceived[flow] === acknowledgment &&
    bytesBetween(state.clientSince[flow], sequence) > 0
  );
}

/** The exchange of the newest request whose exchange has not ended; or NO_EXCHANGE. */
export function newestRequestOf(state: FlowState, flow: number): number {
  return state.newestRequest[flow];
}

export function setNewestRequest(state: FlowState, flow: number, exchange: number): void {
  state.newestRequest[flow] = exchange;
}

/** The exchange of the response that passes, or whose request still does; or NO_EXCHANGE. */
export function passingResponseOf(state: FlowState, flow: number): number {
  return state.passingResponse[flow];
}

export function setPassingResponse(state: FlowState, flow: number, exchange: number): void {
  state.passingResponse[flow] = exchange;
}

/** The exchange whose request waits longest for its response; or NO_EXCHANGE. */
export function firstWaitingOf(state: FlowState, flow: number): number {
  return state.firstWaiting[flow];
}

export function setFirstWaiting(state: FlowState, flow: number, exchange: number): void {
  state.firstWaiting[flow] = exchange;
}

/** The exchange whose request was the last to wait; or NO_EXCHANGE. */
export function lastWaitingOf(state: FlowState, flow: number): number {
  return state.lastWaiting[flow];
}

export function setLastWaiting(state: FlowState, flow: number, exchange: number): void {
  state.lastWaiting[flow] = exchange;
}

export function waitingCountOf(state: FlowState, flow: number): number {
  return state.waitingCount[flow];
}

export function addToWaitingCount(state: FlowState, flow: number, change: number): void {
  state.waitingCount[flow] += change;
}
