/**
 * The same without regard to the case of ASCII letters.
 *
 * @param lowerText has no capital letter
 */
export function isEqualIgnoringCase(
  bytes: Uint8Array,
  offset: number,
  end: number,
  lowerText: Uint8Array,
): boolean {
  if (end - offset !== lowerText.length) {
    return false;
  }
  for (let index = 0; index < lowerText.length; index++) {
    if (lowerByte(bytes[offset + index]) !== lowerText[index]) {
      return false;
    }
  }
  return true;
}

function lowerByte(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

/** ASCII letters in lower case, the rest as it is, in UTF-8. */
export function lowerAsciiBytes(text: string): Uint8Array {
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return new Uint8Array(Buffer.from(lower, 'utf8'));
}
