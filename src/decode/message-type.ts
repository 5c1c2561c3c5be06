import { type HttpMessage, MESSAGE_REQUEST } from '../http/message.ts';
import { type MessageType, TYPE_CQ, TYPE_CR, TYPE_SQ, TYPE_SR } from '../record/message-type.ts';
import { isLocalAddress, type LocalNetworks } from './local-networks.ts';
import type { Segment } from './segment.ts';

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
