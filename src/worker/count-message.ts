import {
  COUNTER_MESSAGES_FIRST,
  COUNTER_METHOD_FIRST,
  COUNTER_STATUS_CLASS_FIRST,
  STATUS_CLASSES_COUNT,
} from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import { findMethod } from '../http/classify.ts';
import { createMethodTable, METHODS_DEFAULT } from '../http/grammar.ts';
import { type HttpMessage, MESSAGE_REQUEST } from '../http/message.ts';
import { readStatusCode } from '../http/status-code.ts';
import type { MessageType } from '../record/message-type.ts';

const METHODS_COUNTED = createMethodTable(METHODS_DEFAULT);

/** No counter besides the type's: a status of no class. */
export const NO_SLOT = -1;

/**
 * Counts a message by its type, and by its method or the class of its status. Allocates nothing.
 *
 * @returns the slot of the method's or the class's counter, or NO_SLOT
 */
export function countMessage(
  counters: Counters,
  bytes: Uint8Array,
  message: HttpMessage,
  type: MessageType,
): number {
  counters[COUNTER_MESSAGES_FIRST + type - 1]++;
  if (message.kind === MESSAGE_REQUEST) {
    // One more byte: the method's space is no part of a line that was cut right behind it.
    const end = message.startLineEnd + 1;
    const index = findMethod(bytes, message.startLineOffset, end, METHODS_COUNTED);
    const slot = COUNTER_METHOD_FIRST + (index === -1 ? METHODS_DEFAULT.length : index);
    counters[slot]++;
    return slot;
  }
  const statusClass = Math.floor(readStatusCode(bytes, message) / 100) - 1;
  if (statusClass < 0 || statusClass >= STATUS_CLASSES_COUNT) {
    return NO_SLOT;
  }
  const slot = COUNTER_STATUS_CLASS_FIRST + statusClass;
  counters[slot]++;
  return slot;
}
