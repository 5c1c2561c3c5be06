/**
 * Reads of four bytes at once, at any alignment: a DataView's compile to one load.
 *
 * Bytes come from few buffers, so the views of the two seen last are kept, and seldom is one made anew.
 */
export interface WordView {
  bytes: Uint8Array;
  view: DataView;
  otherBytes: Uint8Array;
  otherView: DataView;
}

/** Bytes of a word. */
export const WORD_BYTES = 4;

export function createWordView(): WordView {
  const bytes = new Uint8Array(0);
  const view = new DataView(bytes.buffer);
  return { bytes, view, otherBytes: bytes, otherView: view };
}

/** The view of these bytes: offsets into it are offsets into them. */
export function viewWords(kept: WordView, bytes: Uint8Array): DataView {
  return kept.bytes === bytes ? kept.view : turnTo(kept, bytes);
}

function turnTo(kept: WordView, bytes: Uint8Array): DataView {
  const view =
    kept.otherBytes === bytes
      ? kept.otherView
      : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  kept.otherBytes = kept.bytes;
  kept.otherView = kept.view;
  kept.bytes = bytes;
  kept.view = view;
  return view;
}

const ONES = 0x01010101;
const HIGH_BITS = 0x80808080 | 0;
const LINE_FEEDS = 0x0a0a0a0a;
const SPACES = 0x20202020;
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const EXCLAMATION_MARKS = 0x21212121;
const BITS_5 = 0x20202020;
const AT_SIGNS = 0x40404040;
const SEMICOLONS = 0x3b3b3b3b;
const RETURNS = 0x0d0d0d0d;

/**
 * Zero when none of the four bytes is a line feed. Else the lowest bit that is set is the high bit of the first
 * one; those above it may be wrong (a borrow from the byte below).
 */
export function findLineFeeds(word: number): number {
  const zeroWhereLineFeed = word ^ LINE_FEEDS;
  return (zeroWhereLineFeed - ONES) & ~zeroWhereLineFeed & HIGH_BITS;
}

/** Index of the first byte whose high bit is set: the lowest byte of a word stands first in memory. */
export function firstByteFound(highBits: number): number {
  return (31 - Math.clz32(highBits & -highBits)) >> 3;
}

const searchedWords = createWordView();

/** Where `byte` stands first in `[at, end)`, or `end`; four bytes at once. */
export function findWordByte(bytes: Uint8Array, at: number, end: number, byte: number): number {
  const view = viewWords(searchedWords, bytes);
  const sought = byte * ONES;
  const lastWord = end - WORD_BYTES;
  while (at <= lastWord) {
    const zeroWhereFound = view.getInt32(at, true) ^ sought;
    const found = (zeroWhereFound - ONES) & ~zeroWhereFound & HIGH_BITS;
    if (found !== 0) {
      return at + firstByteFound(found);
    }
    at += WORD_BYTES;
  }
  while (at < end && bytes[at] !== byte) {
    at++;
  }
  return at;
}

/**
 * Zero when none of the four bytes is `@`, `;` or a carriage return; else bits that say no more than that one
 * may be.
 */
function findHidingSigns(word: number): number {
  const zeroWhereAt = word ^ AT_SIGNS;
  const zeroWhereSemicolon = word ^ SEMICOLONS;
  const zeroWhereReturn = word ^ RETURNS;
  return (
    (((zeroWhereAt - ONES) & ~zeroWhereAt) |
      ((zeroWhereSemicolon - ONES) & ~zeroWhereSemicolon) |
      ((zeroWhereReturn - ONES) & ~zeroWhereReturn)) &
    HIGH_BITS
  );
}

/** Says whether `@`, `;` or a carriage return stands in `[at, end)`: signs of what redaction looks for. */
export function hasHidingSign(bytes: Uint8Array, at: number, end: number): boolean {
  const lastWord = end - WORD_BYTES;
  if (at > lastWord) {
    while (at < end && !isHidingSign(bytes[at])) {
      at++;
    }
    return at < end;
  }
  const view = viewWords(searchedWords, bytes);
  while (at < lastWord) {
    if (findHidingSigns(view.getInt32(at, true)) !== 0) {
      return true;
    }
    at += WORD_BYTES;
  }
  // The last word takes in again what the one before it had.
  return findHidingSigns(view.getInt32(lastWord, true)) !== 0;
}

function isHidingSign(byte: number): boolean {
  return byte === 0x40 || byte === 0x3b || byte === 0x0d;
}

/**
 * True when all four bytes are printable ASCII and none is a backslash. May be false though they are (a
 * borrow from the byte below): then they are looked at one by one.
 */
export function isPlainText(word: number): boolean {
  return isPlain(word, SPACES);
}

/** As `isPlainText`, and none is a space. */
export function isPlainToken(word: number): boolean {
  return isPlain(word, EXCLAMATION_MARKS);
}

/** As `isPlainText`, and none is a double quote. */
export function isPlainQuoted(word: number): boolean {
  return ((findNotPlain(word, SPACES) | ((word ^ QUOTES) - ONES)) & HIGH_BITS) === 0;
}

function isPlain(word: number, lowest: number): boolean {
  return (findNotPlain(word, lowest) & HIGH_BITS) === 0;
}

/** High bits that are set where a byte is below `lowest`, no ASCII, DEL or a backslash; the others say nothing. */
function findNotPlain(word: number, lowest: number): number {
  const highWhereControl = word - lowest;
  const highWhereDel = word + ONES;
  const highWhereBackslash = (word ^ BACKSLASHES) - ONES;
  return word | highWhereControl | highWhereDel | highWhereBackslash;
}

/**
 * The word with bit 5 of every byte set, which makes letters lower case; 0 when one of its bytes is a control
 * character, which would become something else by it.
 */
export function lowerCaseWord(word: number): number {
  const highWhereControl = (word - SPACES) & ~word & HIGH_BITS;
  return highWhereControl === 0 ? word | BITS_5 : 0;
}
