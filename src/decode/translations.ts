import { TRANSLATIONS_MAX } from './limits.ts';
import {
  ADDRESS_WORDS,
  DIRECTION_KEY_WORDS,
  FACT_WORDS,
  isIpv4Key,
  PORTS_AT,
  SOURCE_AT,
  TARGET_AT,
  writeOppositeKey,
  writeSegmentKey,
} from './message-facts.ts';
import { NO_TRANSLATION, type Segment, TCP_FLAG_ACK, TCP_FLAG_SYN } from './segment.ts';

/**
 * Which addresses a host has put in place of others: a row a direction, from those behind the translation to those
 * before it, which are the client's own. Found by the former. Keys are compared whole; the oldest of a set gives way,
 * and what is forgotten shows the addresses that it was captured with.
 *
 * @see RFC 2663
 */
export interface Translations {
  /** By place: TRANSLATION_WORDS, the direction's key behind the translation and that before it. */
  readonly rows: Int32Array;
  /** By set: the place that the next newcomer takes. */
  readonly next: Uint8Array;
  /** Rows that were ever taken: while there are none, nothing is looked up. */
  count: number;
  /** That of the segment in hand, and its opposite. */
  readonly key: Int32Array;
  readonly opposite: Int32Array;
  readonly original: Int32Array;
}

/** Where the key before the translation stands in its row; at 0 stands the one behind it. */
export const ORIGINAL_AT = DIRECTION_KEY_WORDS;
const IS_TAKEN_AT = 2 * DIRECTION_KEY_WORDS;
const TRANSLATION_WORDS = 20;

const PLACES = 4;
const SETS_COUNT = TRANSLATIONS_MAX / PLACES;
const SET_SHIFT = 32 - Math.log2(SETS_COUNT);
const GOLDEN_RATIO = 0x9e3779b1 | 0;

export function createTranslations(): Translations {
  return {
    rows: new Int32Array(TRANSLATIONS_MAX * TRANSLATION_WORDS),
    next: new Uint8Array(SETS_COUNT),
    count: 0,
    key: new Int32Array(FACT_WORDS),
    opposite: new Int32Array(FACT_WORDS),
    original: new Int32Array(FACT_WORDS),
  };
}

/**
 * Sets the segment's addresses back to those before the translation, if it is of a connection of which that is known:
 * in its bytes, so that whoever reads it finds the one connection that it is. The SYN of another connection between the
 * same ports ends what is known of them.
 */
export function undoTranslation(
  translations: Translations,
  bytes: Uint8Array,
  segment: Segment,
): void {
  const { rows, key } = translations;
  writeSegmentKey(key, 0, bytes, segment);
  const row = findRow(translations, key, 0);
  if (row === NO_TRANSLATION) {
    return;
  }
  if ((segment.flags & TCP_FLAG_SYN) !== 0) {
    if ((segment.flags & TCP_FLAG_ACK) === 0) {
      forget(translations, row);
    }
    return;
  }
  // Of a segment of which one end was set back before the other, the two are told one after the other.
  const second = findRow(translations, rows, row + ORIGINAL_AT);
  if (second !== NO_TRANSLATION && second !== row) {
    copyKey(rows, row + ORIGINAL_AT, rows, second + ORIGINAL_AT);
  }
  setEnds(rows, row, bytes, segment);
}

/** Forgets the connection of a row, both directions; **its key is in `key`**. */
function forget(translations: Translations, row: number): void {
  const { rows, key, opposite } = translations;
  rows[row + IS_TAKEN_AT] = 0;
  writeOppositeKey(key, 0, opposite);
  const back = findRow(translations, opposite, 0);
  if (back !== NO_TRANSLATION) {
    rows[back + IS_TAKEN_AT] = 0;
  }
}

/**
 * Notes that the segment is one with these addresses before its translation, and sets its own back to them.
 *
 * @param originals where the direction's key stands that it had come with, at `at`
 * @returns false when that cannot be: the addresses are of two families
 */
export function noteTranslation(
  translations: Translations,
  bytes: Uint8Array,
  segment: Segment,
  originals: Int32Array,
  at: number,
): boolean {
  const { rows, key, opposite, original } = translations;
  writeCapturedKey(translations, bytes, segment);
  if (isIpv4Key(key, 0) !== isIpv4Key(originals, at)) {
    return false;
  }
  const row = findOrAddRow(translations, key);
  copyKey(rows, row + ORIGINAL_AT, originals, at);
  writeOppositeKey(key, 0, opposite);
  writeOppositeKey(originals, at, original);
  const back = findOrAddRow(translations, opposite);
  copyKey(rows, back + ORIGINAL_AT, original, 0);
  setEnds(rows, row, bytes, segment);
  return true;
}

/** Writes the direction's key that the segment was captured with to `key`, also when its addresses were set back. */
export function writeCapturedKey(
  { rows, key }: Translations,
  bytes: Uint8Array,
  segment: Segment,
): void {
  if (segment.translation === NO_TRANSLATION) {
    writeSegmentKey(key, 0, bytes, segment);
    return;
  }
  copyKey(key, 0, rows, segment.translation);
}

function setEnds(rows: Int32Array, row: number, bytes: Uint8Array, segment: Segment): void {
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  const at = row + ORIGINAL_AT;
  writeAddress(bytes, sourceAddressOffset, rows, at + SOURCE_AT, addressLength);
  writeAddress(bytes, targetAddressOffset, rows, at + TARGET_AT, addressLength);
  segment.sourcePort = rows[at + PORTS_AT] >>> 16;
  segment.targetPort = rows[at + PORTS_AT] & 0xffff;
  segment.translation = row;
}

/** Of IPv4 the last word alone. */
function writeAddress(
  bytes: Uint8Array,
  offset: number,
  words: Int32Array,
  wordsAt: number,
  addressLength: number,
): void {
  let word = wordsAt + ADDRESS_WORDS - (addressLength >> 2);
  for (let at = offset; at < offset + addressLength; at += 4, word++) {
    bytes[at] = words[word] >>> 24;
    bytes[at + 1] = words[word] >> 16;
    bytes[at + 2] = words[word] >> 8;
    bytes[at + 3] = words[word];
  }
}

function copyKey(target: Int32Array, at: number, source: Int32Array, sourceAt: number): void {
  for (let word = 0; word < DIRECTION_KEY_WORDS; word++) {
    target[at + word] = source[sourceAt + word];
  }
}

function findRow({ rows }: Translations, keys: Int32Array, at: number): number {
  const first = setOf(keys, at) * PLACES * TRANSLATION_WORDS;
  for (let row = first; row < first + PLACES * TRANSLATION_WORDS; row += TRANSLATION_WORDS) {
    if (rows[row + IS_TAKEN_AT] !== 0 && isRow(rows, row, keys, at)) {
      return row;
    }
  }
  return NO_TRANSLATION;
}

function findOrAddRow(translations: Translations, key: Int32Array): number {
  const found = findRow(translations, key, 0);
  if (found !== NO_TRANSLATION) {
    return found;
  }
  const { rows, next } = translations;
  const set = setOf(key, 0);
  const row = (set * PLACES + next[set]) * TRANSLATION_WORDS;
  next[set] = (next[set] + 1) % PLACES;
  copyKey(rows, row, key, 0);
  rows[row + IS_TAKEN_AT] = 1;
  translations.count++;
  return row;
}

/** The words that tell directions of one set apart first. */
function isRow(rows: Int32Array, row: number, keys: Int32Array, at: number): boolean {
  for (let word = DIRECTION_KEY_WORDS - 1; word >= 0; word--) {
    if (rows[row + word] !== keys[at + word]) {
      return false;
    }
  }
  return true;
}

/** Spreads directions over the sets. A multiplier of Knuth's (golden ratio). */
function setOf(keys: Int32Array, at: number): number {
  let hash = Math.imul(keys[at + PORTS_AT], GOLDEN_RATIO);
  hash ^= hash >>> 15;
  const source = keys[at + SOURCE_AT + ADDRESS_WORDS - 1];
  const target = keys[at + TARGET_AT + ADDRESS_WORDS - 1];
  return Math.imul(hash ^ source ^ (target >>> 1), GOLDEN_RATIO) >>> SET_SHIFT;
}
