import { clearFields, type HttpMessage } from '../http/message.ts';
import { createWordView, viewWords, WORD_BYTES } from '../words.ts';

/**
 * A message as it is kept: length of its start line in two bytes, little-endian, and the number of its fields
 * in one, with a bit that says that the line is cut; for each field its slot in one and its length in two; then
 * the start line and the values without anything between them.
 */
const COUNT_AT = 2;
const LINE_CUT = 0x80;
const FIELDS_COUNT_MASK = 0x7f;
const FIELDS_AT = 3;
const FIELD_BYTES = 3;
const FIELD_LENGTH_AT = 1;
/** A head is at most 64 KiB, so that only a value of that length is cut, by one byte. */
const VALUE_BYTES_MAX = 0xffff;

const sourceWords = createWordView();
const targetWords = createWordView();

/** Bytes that a message whose head is complete needs at most. */
export function packedBytesMax({ headEnd, startLineOffset, foundCount }: HttpMessage): number {
  return headEnd - startLineOffset + FIELDS_AT + FIELD_BYTES * foundCount;
}

/**
 * Writes what is shown of a message at `at`.
 *
 * @returns one past the last byte; at most HEAD_BYTES_MAX and three bytes for each field behind `at`
 */
export function packMessage(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  message: HttpMessage,
): number {
  const { fieldOffsets, fieldEnds, foundSlots, foundCount, startLineOffset } = message;
  const sourceView = viewWords(sourceWords, bytes);
  const targetView = viewWords(targetWords, target);
  let valueAt = at + FIELDS_AT + FIELD_BYTES * foundCount;
  const startLineBytes = Math.min(message.startLineEnd - startLineOffset, VALUE_BYTES_MAX);
  targetView.setUint16(at, startLineBytes, true);
  targetView.setUint8(at + COUNT_AT, message.isLineCut ? foundCount | LINE_CUT : foundCount);
  copyWords(targetView, valueAt, sourceView, startLineOffset, startLineBytes);
  valueAt += startLineBytes;
  at += FIELDS_AT;
  for (let index = 0; index < foundCount; index++) {
    const slot = foundSlots[index];
    const offset = fieldOffsets[slot];
    const byteLength = Math.min(fieldEnds[slot] - offset, VALUE_BYTES_MAX);
    targetView.setUint8(at, slot);
    targetView.setUint16(at + FIELD_LENGTH_AT, byteLength, true);
    copyWords(targetView, valueAt, sourceView, offset, byteLength);
    valueAt += byteLength;
    at += FIELD_BYTES;
  }
  return valueAt;
}

/** Makes `message` what was packed at `at`: offsets into the same bytes. */
export function unpackMessage(bytes: Uint8Array, at: number, message: HttpMessage): void {
  const { fieldOffsets, fieldEnds, foundSlots } = message;
  clearFields(message);
  const foundCount = bytes[at + COUNT_AT] & FIELDS_COUNT_MASK;
  message.isLineCut = (bytes[at + COUNT_AT] & LINE_CUT) !== 0;
  let valueAt = at + FIELDS_AT + FIELD_BYTES * foundCount;
  message.startLineOffset = valueAt;
  valueAt += readLength(bytes, at);
  message.startLineEnd = valueAt;
  message.foundCount = foundCount;
  at += FIELDS_AT;
  for (let index = 0; index < foundCount; index++) {
    const slot = bytes[at];
    foundSlots[index] = slot;
    fieldOffsets[slot] = valueAt;
    valueAt += readLength(bytes, at + FIELD_LENGTH_AT);
    fieldEnds[slot] = valueAt;
    at += FIELD_BYTES;
  }
}

function readLength(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8);
}

/** Copies so many bytes, by words as far as there are whole ones. */
function copyWords(
  target: DataView,
  at: number,
  source: DataView,
  offset: number,
  byteLength: number,
): void {
  let index = 0;
  for (; index + WORD_BYTES <= byteLength; index += WORD_BYTES) {
    target.setInt32(at + index, source.getInt32(offset + index, true), true);
  }
  for (; index < byteLength; index++) {
    target.setUint8(at + index, source.getUint8(offset + index));
  }
}
