import {
  CONNECTION_HEADS,
  CONNECTION_HEADS_AT,
  findConnection,
  findOrAddConnection,
  NO_CONNECTION,
} from './connections.ts';
import type { MessageMemory } from './judge-message.ts';
import { HEAD_ANSWERS_BYTES_MAX } from './limits.ts';
import { writeOppositeKey, writeSegmentKey } from './message-facts.ts';
import type { Segment } from './segment.ts';

/**
 * Which responses answer HEAD or CONNECT, where no flow is followed: they have no body whatever their heads say. It is
 * asked only of a response behind which something stands in its segment that looks like the next one: which one of
 * several pipelined requests it answers does not have to be known then, nor whether a tunnel was refused.
 *
 * @see RFC 9112 section 6.3
 */

/** Notes that the segment asks with HEAD or CONNECT. */
export function noteHead(
  { connections, key, opposite }: MessageMemory,
  bytes: Uint8Array,
  segment: Segment,
): void {
  writeSegmentKey(key, 0, bytes, segment);
  writeOppositeKey(key, 0, opposite);
  const { rows } = connections;
  const row = findOrAddConnection(connections, opposite, 0);
  if (rows[row + CONNECTION_HEADS_AT] !== segment.acknowledgmentNumber) {
    rows[row + CONNECTION_HEADS_AT] = segment.acknowledgmentNumber;
    rows[row + CONNECTION_HEADS] = 0;
  }
  rows[row + CONNECTION_HEADS]++;
}

/** Says whether the segment's response may answer a HEAD that no other one has answered, and notes that it has. */
export function takeHead(
  { connections, key }: MessageMemory,
  bytes: Uint8Array,
  segment: Segment,
): boolean {
  writeSegmentKey(key, 0, bytes, segment);
  const { rows } = connections;
  const row = findConnection(connections, key, 0);
  if (row === NO_CONNECTION || rows[row + CONNECTION_HEADS] <= 0) {
    return false;
  }
  const answersBytes = (segment.sequenceNumber - rows[row + CONNECTION_HEADS_AT]) | 0;
  if (answersBytes < 0 || answersBytes > HEAD_ANSWERS_BYTES_MAX) {
    return false;
  }
  rows[row + CONNECTION_HEADS]--;
  return true;
}
