/** The bytes that escaped bytes stand for: `\\` is a backslash and `\xHH` a byte, all else itself. */
export function unescapeLine(escaped: Uint8Array): Uint8Array {
  const bytes: number[] = [];
  for (let offset = 0; offset < escaped.length; offset++) {
    if (escaped[offset] !== 0x5c) {
      bytes.push(escaped[offset]);
    } else if (escaped[offset + 1] === 0x5c) {
      bytes.push(0x5c);
      offset += 1;
    } else {
      const hex = Buffer.from(escaped.subarray(offset + 1, offset + 4)).toString('latin1');
      if (!/^x[0-9A-F]{2}$/.test(hex)) {
        throw new Error(`No escape: ${hex}`);
      }
      bytes.push(Number.parseInt(hex.slice(1), 16));
      offset += 3;
    }
  }
  return Uint8Array.from(bytes);
}
