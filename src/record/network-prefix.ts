/** A network as bytes: 4 or 16 of address, and how many of its bits are fixed. */
export interface NetworkPrefix {
  address: Uint8Array;
  prefixBits: number;
}
