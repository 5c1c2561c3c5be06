import { createWordView, isPlainText, isPlainToken, viewWords, WORD_BYTES } from '../words.ts';

/**
 * Copies untrusted bytes into a line so that they can neither end it, nor look like another column, nor
 * move a terminal's cursor.
 */

const BYTE_SPACE = 0x20;
const BYTE_BACKSLASH = 0x5c;
const BYTE_LOWER_X = 0x78;

/** Spaces are data. */
export const SPACE_KEPT = 0;
/** Spaces would split the column: written `\x20`. */
export const SPACE_ESCAPED = 1;

export type SpaceMode = typeof SPACE_KEPT | typeof SPACE_ESCAPED;

/** By byte: 1 when it is copied as it is. Two tables, so that the loop has one test a byte. */
const COPIED_WITH_SPACE = createCopyTable(true);
const COPIED_WITHOUT_SPACE = createCopyTable(false);

const sourceWords = createWordView();
const targetWords = createWordView();

const HEX_DIGITS = new Uint8Array(Buffer.from('0123456789ABCDEF', 'latin1'));

/** Counted up by each byte that is written in hex: whether a line has any is known without a look at it. */
export const hexBytesWritten = new Uint32Array(1);

/** Bytes that one input byte becomes at most: `\xHH`. */
export const ESCAPED_BYTES_MAX = 4;

/**
 * Writes `source[offset, end)` at `at`. Printable ASCII and well-formed UTF-8 are copied, a backslash is
 * doubled, every other byte (C0, DEL, C1 controls, broken UTF-8) becomes `\xHH`.
 *
 * @returns where the next byte goes; **the caller has made room for 4 bytes each**
 */
export function writeEscaped(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  offset: number,
  end: number,
  spaceMode: SpaceMode,
): number {
  if (end - offset < WORD_BYTES) {
    return writeBytes(target, at, source, offset, end, spaceMode);
  }
  const sourceView = viewWords(sourceWords, source);
  const targetView = viewWords(targetWords, target);
  const lastWord = end - WORD_BYTES;
  const shift = at - offset;
  while (offset < lastWord) {
    const word = sourceView.getInt32(offset, true);
    if (!isCopied(word, spaceMode)) {
      break;
    }
    targetView.setInt32(offset + shift, word, true);
    offset += WORD_BYTES;
  }
  if (offset >= lastWord) {
    // The last word takes in again what the one before it had: so no text ends byte by byte.
    const word = sourceView.getInt32(lastWord, true);
    if (isCopied(word, spaceMode)) {
      targetView.setInt32(lastWord + shift, word, true);
      return end + shift;
    }
  }
  return writeBytes(target, offset + shift, source, offset, end, spaceMode);
}

/** Whether all bytes of the word are copied as they are. */
function isCopied(word: number, spaceMode: SpaceMode): boolean {
  return spaceMode === SPACE_KEPT ? isPlainText(word) : isPlainToken(word);
}

/** From the first byte on that may be none to copy; the rest of a text that is not plain is not long as a rule. */
function writeBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  offset: number,
  end: number,
  spaceMode: SpaceMode,
): number {
  const copied = spaceMode === SPACE_KEPT ? COPIED_WITH_SPACE : COPIED_WITHOUT_SPACE;
  while (offset < end) {
    const byte = source[offset];
    if (copied[byte] === 1) {
      target[at++] = byte;
      offset++;
      continue;
    }
    const sequenceLength = byte < 0x80 ? 0 : utf8SequenceLength(source, offset, end);
    if (sequenceLength === 0) {
      at = byte === BYTE_BACKSLASH ? writeBackslash(target, at) : writeHex(target, at, byte);
      offset++;
      continue;
    }
    for (let index = 0; index < sequenceLength; index++) {
      target[at++] = source[offset++];
    }
  }
  return at;
}

function createCopyTable(isSpaceCopied: boolean): Uint8Array {
  const table = new Uint8Array(256);
  table.fill(1, BYTE_SPACE + 1, 0x7f);
  table[BYTE_BACKSLASH] = 0;
  table[BYTE_SPACE] = isSpaceCopied ? 1 : 0;
  return table;
}

function writeBackslash(target: Uint8Array, at: number): number {
  target[at++] = BYTE_BACKSLASH;
  target[at++] = BYTE_BACKSLASH;
  return at;
}

function writeHex(target: Uint8Array, at: number, byte: number): number {
  hexBytesWritten[0]++;
  target[at++] = BYTE_BACKSLASH;
  target[at++] = BYTE_LOWER_X;
  target[at++] = HEX_DIGITS[byte >> 4];
  target[at++] = HEX_DIGITS[byte & 0x0f];
  return at;
}

/**
 * Length of the well-formed UTF-8 sequence of 2 to 4 bytes that begins here, or 0: for a stray or missing
 * continuation byte, an overlong form, a surrogate, a code point above U+10FFFF, and for the C1 controls
 * U+0080 to U+009F, which terminals obey.
 *
 * @see RFC 3629 section 4
 */
function utf8SequenceLength(source: Uint8Array, offset: number, end: number): number {
  const lead = source[offset];
  const second = offset + 1 < end ? source[offset + 1] : 0;
  if (lead < 0xc2 || lead > 0xf4 || !isContinuation(second)) {
    return 0;
  }
  if (lead < 0xe0) {
    return lead === 0xc2 && second < 0xa0 ? 0 : 2;
  }
  if (offset + 2 >= end || !isContinuation(source[offset + 2])) {
    return 0;
  }
  if (lead < 0xf0) {
    const isOverlong = lead === 0xe0 && second < 0xa0;
    const isSurrogate = lead === 0xed && second > 0x9f;
    return isOverlong || isSurrogate ? 0 : 3;
  }
  const isOverlong = lead === 0xf0 && second < 0x90;
  const isBeyondUnicode = lead === 0xf4 && second > 0x8f;
  if (isOverlong || isBeyondUnicode || offset + 3 >= end || !isContinuation(source[offset + 3])) {
    return 0;
  }
  return 4;
}

function isContinuation(byte: number): boolean {
  return byte >> 6 === 0b10;
}
