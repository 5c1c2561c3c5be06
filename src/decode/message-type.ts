import { type HttpMessage, MESSAGE_REQUEST } from '../http/message.ts';
import { isLocalAddress, type LocalNetworks } from './local-networks.ts';
import type { Segment } from './segment.ts';

/** Client Query: a request to this host. */
export const TYPE_CQ = 1;
/** Client Response: this host's answer. */
export const TYPE_CR = 2;
/** Server Query: a request of this host to another. */
export const TYPE_SQ = 3;
/** Server Response: the answer that it got. */
export const TYPE_SR = 4;

export type MessageType = typeof TYPE_CQ | typeof TYPE_CR | typeof TYPE_SQ | typeof TYPE_SR;

export const TYPES_COUNT = 4;

/**
 * Tells who asked whom. The server's address is the request's destination or the response's source. C when
 * it is local, else S when the client's is; C as well when neither is (a mirror port, a foreign capture).
 */
export function messageType(
  bytes: Uint8Array,
  message: HttpMessage,
  segment: Segment,
  networks: LocalNetworks,
): MessageType {
  const isRequest = message.kind === MESSAGE_REQUEST;
  const { sourceAddressOffset, targetAddressOffset, addressLength } = segment;
  const serverOffset = isRequest ? targetAddressOffset : sourceAddressOffset;
  const clientOffset = isRequest ? sourceAddressOffset : targetAddressOffset;
  const isServerQuery =
    !isLocalAddress(networks, bytes, serverOffset, addressLength) &&
    isLocalAddress(networks, bytes, clientOffset, addressLength);
  if (isServerQuery) {
    return isRequest ? TYPE_SQ : TYPE_SR;
  }
  return isRequest ? TYPE_CQ : TYPE_CR;
}
