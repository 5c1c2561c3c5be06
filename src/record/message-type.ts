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
