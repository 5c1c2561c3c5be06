import type { ExchangeSlots } from './exchange-state.ts';
import { type FlowState, SIDE_LED } from './flow-state.ts';
import { bytesBetween } from './sequence.ts';

/** The newest bytes of a side that belong to no message: what the next one has before it. */

/** Bytes that belong to no message, up to `end`; they go on where the newest such bytes end. */
export function noteLead(state: FlowState, side: number, from: number, end: number): void {
  if (leadBytesBefore(state, side, from) === 0) {
    state.leadFrom[side] = from;
  }
  state.sideFacts[side] |= SIDE_LED;
  state.leadEnd[side] = end;
}

/** Bytes directly before a sequence number that belong to no message. */
export function leadBytesBefore(state: FlowState, side: number, sequence: number): number {
  return (state.sideFacts[side] & SIDE_LED) !== 0 && state.leadEnd[side] === sequence
    ? bytesBetween(state.leadFrom[side], sequence)
    : 0;
}

/** Says whether bytes stand between two sequence numbers, and none that belongs to a message. */
export function isAllLead(state: FlowState, side: number, from: number, end: number): boolean {
  const bytesCount = bytesBetween(from, end);
  return bytesCount > 0 && leadBytesBefore(state, side, end) >= bytesCount;
}

/** So many bytes directly before the exchange's request belong to no message. */
export function setLead(slots: ExchangeSlots, exchange: number, leadBytes: number): void {
  slots.lead[exchange] = leadBytes;
}

export function leadBytesOf(slots: ExchangeSlots, exchange: number): number {
  return slots.lead[exchange];
}
