/**
 * Bytes from one sequence number to another, negative when the other stands before it. Sequence numbers come
 * round, so they are compared by this alone.
 *
 * @see RFC 9293 section 3.4
 */
export function bytesBetween(from: number, to: number): number {
  return (to - from) | 0;
}

/** The sequence number so many bytes behind another one; more than four billion come round, too. */
export function sequenceBehind(sequence: number, bytesCount: number): number {
  return (sequence + (bytesCount % 2 ** 32)) | 0;
}
