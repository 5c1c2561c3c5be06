import {
  FLOW_ASSUMED,
  FLOW_PIPELINED,
  FLOW_REQUEST_END,
  FLOW_RESPONSE_END,
  FLOW_UNSYNCED,
  type FlowTable,
} from './flow-table.ts';

/**
 * Something was missed: where the next request and its response have to begin is not known. Of a pipelining
 * client nobody can say any more which response belongs to which request.
 */
export function losePlace({ flags }: FlowTable, flow: number): void {
  flags[flow] &= ~(FLOW_REQUEST_END | FLOW_RESPONSE_END);
  if ((flags[flow] & FLOW_PIPELINED) !== 0) {
    flags[flow] |= FLOW_UNSYNCED;
  }
}

/** The client sends requests before earlier ones are answered: what rested on its waiting does not hold. */
export function setPipelined(flows: FlowTable, flow: number): void {
  flows.flags[flow] |= FLOW_PIPELINED;
  if ((flows.flags[flow] & FLOW_ASSUMED) !== 0) {
    losePlace(flows, flow);
  }
}
