import {
  COLOR_BOLD,
  COLOR_BYTES_MAX,
  COLOR_CYAN,
  COLOR_FAINT,
  COLOR_MAGENTA,
  COLOR_NONE,
  colorOfStatus,
} from './colors.ts';
import { writeLabel } from './record-values.ts';

/**
 * Text lines in colour, for a terminal. They are painted where they are written to it: the lines of files stay byte for
 * byte, and who writes none to a terminal pays nothing.
 */

const BYTE_LF = 0x0a;
const BYTE_SPACE = 0x20;
const BYTE_0 = 0x30;
const BYTE_C = 0x43;
const BYTE_Q = 0x51;

/** Spaces before the type: behind date, time, source and destination. */
const COLUMNS_BEFORE_TYPE = 4;
/** Time, type, and method or status. */
const PIECES = 3;

/** Whole text lines of messages, each with its line feed, in colour. */
export function paintTextLines(lines: Uint8Array): Uint8Array {
  const painted = new Uint8Array(lines.length + countLines(lines) * PIECES * COLOR_BYTES_MAX);
  let at = 0;
  let offset = 0;
  while (offset < lines.length) {
    const lineEnd = findByte(lines, BYTE_LF, offset, lines.length);
    at = paintLine(painted, at, lines, offset, lineEnd);
    painted[at++] = BYTE_LF;
    offset = lineEnd + 1;
  }
  return painted.subarray(0, at);
}

function paintLine(
  target: Uint8Array,
  at: number,
  lines: Uint8Array,
  offset: number,
  lineEnd: number,
): number {
  const timeEnd = skipColumns(lines, offset, lineEnd, 2) - 1;
  const typeAt = skipColumns(lines, offset, lineEnd, COLUMNS_BEFORE_TYPE);
  const startLineAt = skipColumns(lines, typeAt, lineEnd, 1);
  // No line of ours, of which none is so short.
  if (startLineAt === lineEnd) {
    return copy(target, at, lines, offset, lineEnd);
  }
  at = paint(target, at, COLOR_FAINT, lines, offset, timeEnd);
  at = copy(target, at, lines, timeEnd, typeAt);
  const typeColor = lines[typeAt] === BYTE_C ? COLOR_CYAN : COLOR_MAGENTA;
  at = paint(target, at, typeColor, lines, typeAt, startLineAt - 1);
  const isRequest = lines[typeAt + 1] === BYTE_Q;
  const pieceAt = isRequest ? startLineAt : skipColumns(lines, startLineAt, lineEnd, 1);
  const pieceEnd = findByte(lines, BYTE_SPACE, pieceAt, lineEnd);
  const color = isRequest ? COLOR_BOLD : colorOfStatus(lines[pieceAt] - BYTE_0);
  at = copy(target, at, lines, startLineAt - 1, pieceAt);
  at = paint(target, at, color, lines, pieceAt, pieceEnd);
  return copy(target, at, lines, pieceEnd, lineEnd);
}

/** Behind so many spaces, or the end of the line. */
function skipColumns(lines: Uint8Array, offset: number, lineEnd: number, count: number): number {
  for (let column = 0; column < count && offset < lineEnd; column++) {
    offset = Math.min(findByte(lines, BYTE_SPACE, offset, lineEnd) + 1, lineEnd);
  }
  return offset;
}

function findByte(bytes: Uint8Array, byte: number, offset: number, end: number): number {
  const found = bytes.indexOf(byte, offset);
  return found === -1 || found > end ? end : found;
}

function countLines(lines: Uint8Array): number {
  let count = 0;
  for (let at = lines.indexOf(BYTE_LF); at !== -1; at = lines.indexOf(BYTE_LF, at + 1)) {
    count++;
  }
  return count;
}

function paint(
  target: Uint8Array,
  at: number,
  color: Uint8Array,
  lines: Uint8Array,
  offset: number,
  end: number,
): number {
  at = writeLabel(target, at, color);
  at = copy(target, at, lines, offset, end);
  return writeLabel(target, at, COLOR_NONE);
}

function copy(
  target: Uint8Array,
  at: number,
  lines: Uint8Array,
  offset: number,
  end: number,
): number {
  if (end > offset) {
    target.set(lines.subarray(offset, end), at);
    return at + end - offset;
  }
  return at;
}
