import { HEADER_LINES_MAX } from '../limits.ts';
import { findLineEnd } from './classify-segment.ts';
import {
  BYTE_COLON,
  BYTE_CR,
  BYTE_HTAB,
  BYTE_SPACE,
  FIELD_NAME_BYTES_MAX,
  type FieldTable,
} from './http-grammar.ts';
import type { HttpMessage } from './http-message.ts';

/**
 * Finds the wanted fields of a head. The first occurrence of a name wins, names are case-insensitive, a
 * value is given without the optional white space around it. A value that the captured bytes cut is given
 * as far as it goes. The scan ends at the empty line, and as soon as every wanted field was found.
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
  for (let field = 0; field < fields.fieldsCount; field++) {
    message.fieldOffsets[fields.slot[field]] = 0;
  }
  let missing = fields.fieldsCount;
  let lineEnd = findLineEnd(bytes, message.startLineEnd, end);
  for (let lines = 0; lines < HEADER_LINES_MAX && missing > 0; lines++) {
    const lineOffset = lineEnd + 1;
    if (lineOffset >= end) {
      return;
    }
    // Most lines are of no interest, and their first letter says so: only their end is looked for.
    if (fields.firstBytes[bytes[lineOffset]] === 0) {
      lineEnd = findLineEnd(bytes, lineOffset, end);
      if (isEmptyLine(bytes, lineOffset, lineEnd)) {
        return;
      }
      continue;
    }
    const nameEnd = findNameEnd(bytes, lineOffset, end);
    lineEnd = findLineEnd(bytes, nameEnd, end);
    const nameLength = nameEnd - lineOffset;
    if (nameLength <= FIELD_NAME_BYTES_MAX && nameEnd < end && bytes[nameEnd] === BYTE_COLON) {
      const field = matchField(bytes, lineOffset, nameLength, fields);
      if (field !== -1 && message.fieldOffsets[fields.slot[field]] === 0) {
        setValue(bytes, nameEnd + 1, lineEnd, fields.slot[field], message);
        missing--;
      }
    }
  }
}

/** Index of the first colon or control character, or `end`. */
function findNameEnd(bytes: Uint8Array, offset: number, end: number): number {
  while (offset < end && bytes[offset] !== BYTE_COLON && bytes[offset] >= BYTE_SPACE) {
    offset++;
  }
  return offset;
}

function isEmptyLine(bytes: Uint8Array, lineOffset: number, lineEnd: number): boolean {
  return lineEnd === lineOffset || (lineEnd === lineOffset + 1 && bytes[lineOffset] === BYTE_CR);
}

/**
 * Index of the field that the name is, or -1. Setting bit 5 makes a letter lower case; the only other byte
 * that becomes one of a name's is CR, which `findNameEnd` has ruled out.
 */
function matchField(
  bytes: Uint8Array,
  nameOffset: number,
  nameLength: number,
  fields: FieldTable,
): number {
  let field = fields.firstIndex[nameLength];
  while (field !== -1) {
    const nameBytes = fields.nameBytes[field];
    let matched = 0;
    while (matched < nameLength && (bytes[nameOffset + matched] | 0x20) === nameBytes[matched]) {
      matched++;
    }
    if (matched === nameLength) {
      return field;
    }
    field = fields.nextIndex[field];
  }
  return -1;
}

function setValue(
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
  message.fieldOffsets[slot] = offset;
  message.fieldEnds[slot] = end;
}

/** OWS = *( SP / HTAB ), RFC 9110 section 5.6.3. */
function isOptionalWhiteSpace(byte: number): boolean {
  return byte === BYTE_SPACE || byte === BYTE_HTAB;
}
