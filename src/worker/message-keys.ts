import { SEGMENT_KEY_WORDS, writeSegmentKey } from '../decode/seen-segments.ts';
import type { Segment } from '../decode/segment.ts';
import type { MessageType } from '../record/message-type.ts';

/** What tells each message of a part from every other one, so that retransmissions can be left out later. */
export interface MessageKeys {
  /** By message, in packet order: MESSAGE_KEY_WORDS of its segment's key, its type, its counter, what was hidden, its line's end. */
  words: Int32Array;
  count: number;
}

/** The message's type. */
export const KEY_TYPE_AT = SEGMENT_KEY_WORDS;
/** The slot of its method's or status class's counter, or NO_SLOT. */
export const KEY_COUNTED_AT = KEY_TYPE_AT + 1;
/** How many of its values were hidden, as `writeTextLines` gives them. */
export const KEY_HIDDEN_AT = KEY_COUNTED_AT + 1;
/** Where its line ends in its batch. */
export const KEY_LINE_END_AT = KEY_HIDDEN_AT + 1;
export const MESSAGE_KEY_WORDS = KEY_LINE_END_AT + 1;

const COUNT_AT_FIRST = 1024;

export function createMessageKeys(): MessageKeys {
  return { words: createWords(COUNT_AT_FIRST), count: 0 };
}

/** Adds a message. Bound: a part's bytes, of which each message takes some. */
export function addMessageKey(
  keys: MessageKeys,
  bytes: Uint8Array,
  segment: Segment,
  type: MessageType,
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
  writeSegmentKey(keys.words, at, bytes, segment);
  keys.words[at + KEY_TYPE_AT] = type;
  keys.words[at + KEY_COUNTED_AT] = countedSlot;
  keys.words[at + KEY_HIDDEN_AT] = hiddenCounts;
  keys.words[at + KEY_LINE_END_AT] = lineEnd;
  keys.count++;
}

/** Shared, as the memory of batches is. */
function createWords(messagesCount: number): Int32Array {
  const words = messagesCount * MESSAGE_KEY_WORDS;
  return new Int32Array(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
}
