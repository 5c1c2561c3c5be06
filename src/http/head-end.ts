import { findLineEnd } from './classify.ts';
import { BYTE_CR, BYTE_LF } from './grammar.ts';

/** Where the search for a head's end stands: within a line, behind its line feed, behind CR at a line's beginning. */
export const HEAD_WITHIN_LINE = 0;
const HEAD_LINE_START = 1;
const HEAD_LINE_CR = 2;

/** The search in a head of which more comes. */
export interface HeadEndSearch {
  /** HEAD_WITHIN_LINE when it begins. */
  lineState: number;
}

/**
 * Looks for a head's end in its next bytes, each of which is looked at once, however often more come.
 *
 * @returns one past the empty line, or 0 when it is not among them
 */
export function findHeadEnd(
  search: HeadEndSearch,
  bytes: Uint8Array,
  offset: number,
  end: number,
): number {
  while (offset < end) {
    const byte = bytes[offset];
    if (search.lineState !== HEAD_WITHIN_LINE) {
      if (byte === BYTE_LF) {
        return offset + 1;
      }
      if (byte === BYTE_CR && search.lineState === HEAD_LINE_START) {
        search.lineState = HEAD_LINE_CR;
        offset++;
        continue;
      }
      search.lineState = HEAD_WITHIN_LINE;
    }
    offset = findLineEnd(bytes, offset, end) + 1;
    search.lineState = offset <= end ? HEAD_LINE_START : HEAD_WITHIN_LINE;
  }
  return 0;
}
