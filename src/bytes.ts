/** Plain loops over bytes that several rooms need: most values are short, for which a view costs more. */

/**
 * Copies `source[offset, end)`.
 *
 * @returns where the next byte goes
 */
export function copyBytes(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  offset: number,
  end: number,
): number {
  while (offset < end) {
    target[at++] = source[offset++];
  }
  return at;
}

/** Says whether `bytes[offset, end)` is `text`, byte for byte. */
export function isSameText(
  bytes: Uint8Array,
  offset: number,
  end: number,
  text: Uint8Array,
): boolean {
  if (end - offset !== text.length) {
    return false;
  }
  for (let index = 0; index < text.length; index++) {
    if (bytes[offset + index] !== text[index]) {
      return false;
    }
  }
  return true;
}
