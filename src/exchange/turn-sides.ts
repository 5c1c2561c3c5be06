import { UNKNOWN } from '../record/exchange.ts';
import {
  FLOW_CLIENT_FIRST,
  FLOW_CONNECTED,
  type FlowState,
  FROM_CLIENT,
  FROM_SERVER,
  isFact,
  SIDE_SEEN,
  setConnectNs,
  sideOf,
} from './flow-state.ts';

/**
 * The other end is the client. What passed of each side goes with it; the places stay behind, and with them
 * what the handshake told of them.
 */
export function turnSides(state: FlowState, flow: number): void {
  const client = sideOf(flow, FROM_CLIENT);
  const server = sideOf(flow, FROM_SERVER);
  const { sideFacts, passed } = state;
  const clientSeen = sideFacts[client] & SIDE_SEEN;
  const serverSeen = sideFacts[server] & SIDE_SEEN;
  const clientPassed = passed[client];
  sideFacts[client] = (sideFacts[client] & ~SIDE_SEEN) | serverSeen;
  sideFacts[server] = (sideFacts[server] & ~SIDE_SEEN) | clientSeen;
  passed[client] = passed[server];
  passed[server] = clientPassed;
  state.facts[flow] ^= FLOW_CLIENT_FIRST;
  // The handshake is over and counted as such, but it was not the client that opened the connection.
  if (isFact(state, flow, FLOW_CONNECTED)) {
    setConnectNs(state, flow, UNKNOWN);
  }
}
