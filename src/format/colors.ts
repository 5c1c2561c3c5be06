import { labelBytes, writeLabel } from './record-values.ts';

/** What a terminal shows lines in; the sequences of ECMA-48 that every terminal of today knows. */
export const COLOR_NONE = labelBytes('\x1b[0m');
export const COLOR_FAINT = labelBytes('\x1b[2m');
export const COLOR_BOLD = labelBytes('\x1b[1m');
export const COLOR_RED = labelBytes('\x1b[31m');
export const COLOR_GREEN = labelBytes('\x1b[32m');
export const COLOR_YELLOW = labelBytes('\x1b[33m');
export const COLOR_MAGENTA = labelBytes('\x1b[35m');
export const COLOR_CYAN = labelBytes('\x1b[36m');

/** Bytes that a piece in colour needs besides itself at most. */
export const COLOR_BYTES_MAX = COLOR_RED.length + COLOR_NONE.length;

/** How lines are shown to somebody who looks at them. */
export interface LineDisplay {
  /** Columns of the terminal. */
  columns: number;
  isColored: boolean;
}

/** Who looks at them is not known. */
export const DISPLAY_DEFAULT: LineDisplay = { columns: 120, isColored: false };

/** By a status code's first digit: fine, elsewhere, the client's fault, the server's. */
export function colorOfStatus(firstDigit: number): Uint8Array {
  switch (firstDigit) {
    case 2:
      return COLOR_GREEN;
    case 4:
      return COLOR_YELLOW;
    case 5:
      return COLOR_RED;
    default:
      return COLOR_CYAN;
  }
}

/** Begins a piece in colour, or nothing. */
export function openColor(
  target: Uint8Array,
  at: number,
  color: Uint8Array,
  { isColored }: LineDisplay,
): number {
  return isColored ? writeLabel(target, at, color) : at;
}

export function closeColor(target: Uint8Array, at: number, { isColored }: LineDisplay): number {
  return isColored ? writeLabel(target, at, COLOR_NONE) : at;
}
