/**
 * The share of an output's buffers, one in so many, that may be on their way and not full. Past it the disk does
 * not keep up, and gets full batches only: 64 buffers would else bridge some seconds, however few the lines.
 */
export const HASTY_BATCHES_SHARE = 8;
