import { createWordView, lowerCaseWord, viewWords, WORD_BYTES } from '../words.ts';
import { findLineEnd } from './classify.ts';
import {
  BYTE_COLON,
  BYTE_CR,
  BYTE_HTAB,
  BYTE_SPACE,
  FIELD_CONTENT_LENGTH,
  FIELD_FORWARDED,
  FIELD_FORWARDED_BETWEEN,
  FIELD_FORWARDED_LAST,
  FIELD_X_FORWARDED_FOR,
  FIELD_X_FORWARDED_FOR_LAST,
  type FieldTable,
} from './grammar.ts';
import { clearFields, type HttpMessage } from './message.ts';

const headWords = createWordView();

/**
 * Finds the wanted fields of a head, and its end. The first occurrence of a name wins, names are
 * case-insensitive, a value is given without the optional white space around it. A value that the captured
 * bytes cut is given as far as it goes.
 *
 * Bound: each turn takes at least one byte, and a head is at most HEAD_BYTES_MAX long.
 *
 * @param end one past the last captured payload byte
 * @param message its start line is set
 * @see RFC 9112 section 5
 */
export function scanHead(
  bytes: Uint8Array,
  end: number,
  fields: FieldTable,
  message: HttpMessage,
): void {
  clearFields(message);
  message.headEnd = 0;
  message.isLengthContradicted = false;
  let lineOffset = findLineEnd(bytes, message.startLineEnd, end) + 1;
  while (lineOffset < end) {
    const firstByte = bytes[lineOffset];
    const lineEnd = findLineEnd(bytes, lineOffset, end);
    // Most lines are of no interest, and their first letter says so.
    const firstField = fields.firstIndex[firstByte];
    if (firstField !== -1) {
      keepField(bytes, lineOffset, lineEnd, firstField, fields, message);
    }
    if (firstByte <= BYTE_CR && isEmptyLine(bytes, lineOffset, lineEnd, end)) {
      message.headEnd = lineEnd + 1;
      return;
    }
    lineOffset = lineEnd + 1;
  }
}

/** Keeps the line's value if its name is that of a field; those with its first letter come in question. */
function keepField(
  bytes: Uint8Array,
  lineOffset: number,
  lineEnd: number,
  field: number,
  fields: FieldTable,
  message: HttpMessage,
): void {
  const { nextIndex, nameLength, nameWord } = fields;
  const view = viewWords(headWords, bytes);
  const hasWord = lineEnd - lineOffset > WORD_BYTES;
  const word = hasWord ? lowerCaseWord(view.getInt32(lineOffset, true)) : 0;
  while (field !== -1) {
    const length = nameLength[field];
    const nameEnd = lineOffset + length;
    // Of lines with the right letter, the next three tell nearly all that are of no interest.
    if (
      (nameWord[field] === word || length < WORD_BYTES) &&
      nameEnd < lineEnd &&
      bytes[nameEnd] === BYTE_COLON &&
      isName(bytes, lineOffset, fields.nameBytes[field])
    ) {
      keepValue(bytes, nameEnd + 1, lineEnd, fields.slot[field], message);
      return;
    }
    field = nextIndex[field];
  }
}

/**
 * Says whether a name stands here, in whatever case. Setting bit 5, as the table's names have it, makes a
 * letter lower case; a control character that becomes a `-` by it is none.
 */
function isName(bytes: Uint8Array, offset: number, name: Uint8Array): boolean {
  for (let index = 0; index < name.length; index++) {
    const byte = bytes[offset + index];
    if ((byte | 0x20) !== name[index] || byte < BYTE_SPACE) {
      return false;
    }
  }
  return true;
}

/** CR LF, or LF alone; a CR at the end of the captured bytes is not known to be one. */
function isEmptyLine(bytes: Uint8Array, lineOffset: number, lineEnd: number, end: number): boolean {
  return (
    lineEnd < end &&
    (lineEnd === lineOffset || (lineEnd === lineOffset + 1 && bytes[lineOffset] === BYTE_CR))
  );
}

function keepValue(
  bytes: Uint8Array,
  offset: number,
  end: number,
  slot: number,
  message: HttpMessage,
): void {
  if (end > offset && bytes[end - 1] === BYTE_CR) {
    end--;
  }
  while (offset < end && isOptionalWhiteSpace(bytes[offset])) {
    offset++;
  }
  while (end > offset && isOptionalWhiteSpace(bytes[end - 1])) {
    end--;
  }
  if (message.fieldOffsets[slot] === 0) {
    message.foundSlots[message.foundCount++] = slot;
    message.fieldOffsets[slot] = offset;
    message.fieldEnds[slot] = end;
  } else if (slot === FIELD_CONTENT_LENGTH) {
    message.isLengthContradicted ||= !isSameValue(bytes, offset, end, slot, message);
  } else if (slot === FIELD_X_FORWARDED_FOR) {
    keepLast(message, FIELD_X_FORWARDED_FOR_LAST, offset, end);
  } else if (slot === FIELD_FORWARDED) {
    keepLast(message, FIELD_FORWARDED_LAST, offset, end);
  }
}

/** Keeps a value in a slot of repeated lines, and notes that those between it and the first are not kept. */
function keepLast(message: HttpMessage, slot: number, offset: number, end: number): void {
  const { fieldOffsets, fieldEnds } = message;
  if (fieldOffsets[slot] === 0) {
    message.foundSlots[message.foundCount++] = slot;
  } else if (fieldOffsets[FIELD_FORWARDED_BETWEEN] === 0) {
    message.foundSlots[message.foundCount++] = FIELD_FORWARDED_BETWEEN;
    fieldOffsets[FIELD_FORWARDED_BETWEEN] = offset;
    fieldEnds[FIELD_FORWARDED_BETWEEN] = offset;
  }
  fieldOffsets[slot] = offset;
  fieldEnds[slot] = end;
}

function isSameValue(
  bytes: Uint8Array,
  offset: number,
  end: number,
  slot: number,
  message: HttpMessage,
): boolean {
  const kept = message.fieldOffsets[slot];
  if (message.fieldEnds[slot] - kept !== end - offset) {
    return false;
  }
  for (let index = 0; index < end - offset; index++) {
    if (bytes[kept + index] !== bytes[offset + index]) {
      return false;
    }
  }
  return true;
}

/** OWS = *( SP / HTAB ), RFC 9110 section 5.6.3. */
function isOptionalWhiteSpace(byte: number): boolean {
  return byte === BYTE_SPACE || byte === BYTE_HTAB;
}
