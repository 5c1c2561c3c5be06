import { CONNECTION_BEGAN, CONNECTION_FIRST, findOrAddConnection } from './connections.ts';
import type { MessageMemory } from './judge-message.ts';
import { SYN_COPY_MS_MAX } from './limits.ts';
import { FACT_SEQUENCE, FACT_TIME, writeOppositeKey } from './message-facts.ts';
import { findMark, MARK_RECEIVED, MARK_TIME, NO_MARK, rowsOf } from './seen-messages.ts';

/**
 * A SYN begins a connection: what was seen of an older one between the same ports is no earlier copy of what comes.
 *
 * @param facts the key, the sequence number of the first byte and the time
 * @see RFC 9293 sections 3.5 and 3.6
 */
export function noteConnection(memory: MessageMemory, facts: Int32Array, at: number): void {
  const { seen, connections } = memory;
  const { rows } = connections;
  const row = findOrAddConnection(connections, facts, at);
  if (isSynAgain(memory, row, facts, at)) {
    return;
  }
  rows[row + CONNECTION_FIRST] = facts[at + FACT_SEQUENCE];
  seen.count += seen.count === 0 ? 1 : 0;
  rows[row + CONNECTION_BEGAN] = seen.count;
}

/**
 * Says whether a SYN is the one that its connection has begun with, sent or captured again: a moment ago there was a
 * message that is not answered, or its time stands before that of a message.
 */
function isSynAgain(memory: MessageMemory, row: number, facts: Int32Array, at: number): boolean {
  const { seen, connections, opposite } = memory;
  const sequence = facts[at + FACT_SEQUENCE];
  const timeMs = facts[at + FACT_TIME];
  const began = connections.rows[row + CONNECTION_BEGAN];
  if (began === 0 || connections.rows[row + CONNECTION_FIRST] !== sequence) {
    return false;
  }
  const rows = rowsOf(seen, facts, at);
  const first = findMark(seen, facts, at, sequence, began);
  if (first === NO_MARK) {
    return false;
  }
  const sinceMs = (timeMs - rows[first + MARK_TIME]) | 0;
  writeOppositeKey(facts, at, opposite);
  const answer = findMark(seen, opposite, 0, rows[first + MARK_RECEIVED], began);
  return answer === NO_MARK
    ? sinceMs <= SYN_COPY_MS_MAX
    : Math.min(sinceMs, (timeMs - rows[answer + MARK_TIME]) | 0) < 0;
}
