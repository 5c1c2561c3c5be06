/**
 * Bytes from one sequence number to another, negative when the other stands before it. Sequence numbers come
 * round, so they are compared by this alone.
 *
 * @see RFC 9293 section 3.4
 */
export function bytesBetween(from: number, to: number): number {
  return (to - from) | 0;
}

/** The sequence number so many bytes behind another one: exact for any length of a message, however often it comes round. */
export function sequenceBehind(sequence: number, bytesCount: number): number {
  return (sequence + bytesCount) | 0;
}
