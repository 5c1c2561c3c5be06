/** Reads of network byte order. **The caller has checked that the bytes are there.** */

export function readUint16BE(source: Uint8Array, offset: number): number {
  return (source[offset] << 8) | source[offset + 1];
}

/** Signed, so that every value is a small integer to the engine and none is boxed. */
export function readInt32BE(source: Uint8Array, offset: number): number {
  return (
    (source[offset] << 24) |
    (source[offset + 1] << 16) |
    (source[offset + 2] << 8) |
    source[offset + 3]
  );
}
