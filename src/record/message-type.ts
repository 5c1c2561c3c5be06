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

/** As they are written, by type less one. */
export const MESSAGE_TYPE_NAMES = ['CQ', 'CR', 'SQ', 'SR'] as const;

/** Which end of a connection this host is: it answers. */
export const SIDE_SERVER = 0;
/** It asks. */
export const SIDE_CLIENT = 1;

export type Side = typeof SIDE_SERVER | typeof SIDE_CLIENT;

export function sideOf(type: MessageType): Side {
  return type === TYPE_CQ || type === TYPE_CR ? SIDE_SERVER : SIDE_CLIENT;
}

export function typeOf(side: Side, isRequest: boolean): MessageType {
  if (side === SIDE_SERVER) {
    return isRequest ? TYPE_CQ : TYPE_CR;
  }
  return isRequest ? TYPE_SQ : TYPE_SR;
}
