/** Kinds of frames that are not read of which each has a number of its own; networks show a handful. */
export const UNREAD_KINDS_MAX = 16;
