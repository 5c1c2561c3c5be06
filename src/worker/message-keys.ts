import { FACT_WORDS } from '../decode/message-facts.ts';
import type { MessageType } from '../record/message-type.ts';

/** What each message of a part is judged by, so that retransmissions can be left out later. */
export interface MessageKeys {
  /**
   * By message, in packet order: MESSAGE_KEY_WORDS of its facts, its type, its counter, what was hidden, its line's
   * end. So has every SYN, of KEY_IS_CONNECTION, which has no line.
   */
  words: Int32Array;
  count: number;
}

/** The message's type, or KEY_IS_CONNECTION. */
export const KEY_TYPE_AT = FACT_WORDS;
/** The slot of its method's or status class's counter, or NO_SLOT. */
export const KEY_COUNTED_AT = KEY_TYPE_AT + 1;
/** How many of its values were hidden, as `writeTextLines` gives them. */
export const KEY_HIDDEN_AT = KEY_COUNTED_AT + 1;
/** Where its line ends in its batch. */
export const KEY_LINE_END_AT = KEY_HIDDEN_AT + 1;
export const MESSAGE_KEY_WORDS = KEY_LINE_END_AT + 1;

/** In place of a type: the direction's key, the sequence number and the time are those of a SYN. */
export const KEY_IS_CONNECTION = 0;

const COUNT_AT_FIRST = 1024;

export function createMessageKeys(): MessageKeys {
  return { words: createWords(COUNT_AT_FIRST), count: 0 };
}

/** Adds a message, or a connection. Bound: a part's packets. */
export function addMessageKey(
  keys: MessageKeys,
  facts: Int32Array,
  type: MessageType | typeof KEY_IS_CONNECTION,
  countedSlot: number,
  hiddenCounts: number,
  lineEnd: number,
): void {
  const at = keys.count * MESSAGE_KEY_WORDS;
  if (at === keys.words.length) {
    const words = createWords(2 * keys.count);
    words.set(keys.words);
    keys.words = words;
  }
  const { words } = keys;
  for (let word = 0; word < FACT_WORDS; word++) {
    words[at + word] = facts[word];
  }
  words[at + KEY_TYPE_AT] = type;
  words[at + KEY_COUNTED_AT] = countedSlot;
  words[at + KEY_HIDDEN_AT] = hiddenCounts;
  words[at + KEY_LINE_END_AT] = lineEnd;
  keys.count++;
}

/** Shared, as the memory of batches is. */
function createWords(messagesCount: number): Int32Array {
  const words = messagesCount * MESSAGE_KEY_WORDS;
  return new Int32Array(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
}
