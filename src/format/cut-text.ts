/**
 * Untrusted bytes in a column of a line for people. What is printed is ASCII alone, so that a byte is a column and no
 * terminal's idea of how wide a character is, or of what goes from right to left, can shift the others.
 */

const BYTE_BACKSLASH = 0x5c;
const BYTE_LOWER_X = 0x78;

const HEX_DIGITS = new Uint8Array(Buffer.from('0123456789ABCDEF', 'latin1'));
/** Stands where text was cut: one column, three bytes. */
const ELLIPSIS = new Uint8Array(Buffer.from('\u2026'));

/** Bytes that a text of so many columns needs at most besides them. */
export const CUT_BYTES_MAX = ELLIPSIS.length;

/** By byte: its columns. Printable ASCII is itself, a backslash doubled, every other one and the space `\xHH`. */
const COLUMNS = new Uint8Array(256).fill(4).fill(1, 0x21, 0x7f);
COLUMNS[BYTE_BACKSLASH] = 2;

/** Columns of `bytes[offset, end)`; counted no further than one above `columnsMax`. */
export function countColumns(
  bytes: Uint8Array,
  offset: number,
  end: number,
  columnsMax: number,
): number {
  let columns = 0;
  while (offset < end && columns <= columnsMax) {
    columns += COLUMNS[bytes[offset++]];
  }
  return Math.min(columns, columnsMax + 1);
}

/**
 * Writes `bytes[offset, end)`, cut with an ellipsis where it has more than so many columns, and filled with spaces
 * where it has less.
 *
 * @param columns at least 1
 * @returns where the next byte goes; **the caller has made room for `columns` and CUT_BYTES_MAX**
 */
export function writeCut(
  target: Uint8Array,
  at: number,
  bytes: Uint8Array,
  offset: number,
  end: number,
  columns: number,
): number {
  const isCut = countColumns(bytes, offset, end, columns) > columns;
  let left = isCut ? columns - 1 : columns;
  while (offset < end && COLUMNS[bytes[offset]] <= left) {
    left -= COLUMNS[bytes[offset]];
    at = writeByte(target, at, bytes[offset++]);
  }
  if (isCut) {
    target.set(ELLIPSIS, at);
    at += ELLIPSIS.length;
  }
  target.fill(0x20, at, at + left);
  return at + left;
}

function writeByte(target: Uint8Array, at: number, byte: number): number {
  if (COLUMNS[byte] === 4) {
    target[at++] = BYTE_BACKSLASH;
    target[at++] = BYTE_LOWER_X;
    target[at++] = HEX_DIGITS[byte >> 4];
    target[at++] = HEX_DIGITS[byte & 0xf];
    return at;
  }
  target[at++] = byte;
  if (byte === BYTE_BACKSLASH) {
    target[at++] = BYTE_BACKSLASH;
  }
  return at;
}
