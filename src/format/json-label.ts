import { createWordView, viewWords } from '../words.ts';

/**
 * The fixed parts of a JSON line, and the braces around what may be absent.
 *
 * Every member's label begins with a comma. The comma of an object's first member is turned into the brace
 * that opens it, so that nobody has to know which member comes first.
 */

const BYTE_BRACE_OPEN = 0x7b;
const BYTE_BRACE_CLOSE = 0x7d;
const BYTE_BRACKET_OPEN = 0x5b;
const BYTE_BRACKET_CLOSE = 0x5d;

/** Bytes of a double, the widest store that there is without an allocation. */
const STORE_BYTES = 8;

/** Bytes behind a label that its last store may touch; the next write covers them. */
export const LABEL_OVERRUN_BYTES = STORE_BYTES - 1;

/**
 * Text that is known beforehand, as doubles: eight bytes a store. Those that are not a number, whose bits a
 * store might change, end in 0xFF, or in 0x7F behind 0xF0 or more: UTF-8 has neither.
 */
export interface JsonLabel {
  readonly stores: Float64Array;
  readonly byteLength: number;
}

const targetWords = createWordView();

/** @param text JSON as it is to stand in the line */
export function createJsonLabel(text: string): JsonLabel {
  const bytes = Buffer.from(text);
  const padded = Buffer.alloc(Math.ceil(bytes.length / STORE_BYTES) * STORE_BYTES);
  bytes.copy(padded);
  const stores = new Float64Array(padded.length / STORE_BYTES);
  for (let index = 0; index < stores.length; index++) {
    stores[index] = padded.readDoubleLE(index * STORE_BYTES);
  }
  return { stores, byteLength: bytes.length };
}

/** Label of a member, `,"name":`. */
export function createKeyLabel(name: string): JsonLabel {
  return createJsonLabel(`,${JSON.stringify(name)}:`);
}

/** @returns where the next byte goes; **the caller has made room for LABEL_OVERRUN_BYTES more** */
export function writeLabel(target: Uint8Array, at: number, label: JsonLabel): number {
  const view = viewWords(targetWords, target);
  const { stores } = label;
  for (let index = 0; index < stores.length; index++) {
    view.setFloat64(at + index * STORE_BYTES, stores[index], true);
  }
  return at + label.byteLength;
}

/**
 * Puts the braces around members.
 *
 * @param labelAt where the object's own label begins: one without members is taken back to there
 * @param membersAt where its first member's comma is
 * @returns where the next byte goes
 */
export function closeObject(
  target: Uint8Array,
  at: number,
  labelAt: number,
  membersAt: number,
): number {
  if (at === membersAt) {
    return labelAt;
  }
  target[membersAt] = BYTE_BRACE_OPEN;
  target[at++] = BYTE_BRACE_CLOSE;
  return at;
}

/** The same for the elements of an array, of which there is at least one. */
export function closeArray(target: Uint8Array, at: number, elementsAt: number): number {
  target[elementsAt] = BYTE_BRACKET_OPEN;
  target[at++] = BYTE_BRACKET_CLOSE;
  return at;
}
