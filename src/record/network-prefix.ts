/** A network as bytes: 4 or 16 of address, and how many of its bits are fixed. */
export interface NetworkPrefix {
  address: Uint8Array;
  prefixBits: number;
}

/** Says whether an address is within a network; one of the other IP version is in none, nor is one that is absent. */
export function isWithinNetwork(
  bytes: Uint8Array,
  offset: number,
  addressLength: number,
  { address, prefixBits }: NetworkPrefix,
): boolean {
  if (addressLength !== address.length) {
    return false;
  }
  const wholeBytes = prefixBits >> 3;
  for (let index = 0; index < wholeBytes; index++) {
    if (bytes[offset + index] !== address[index]) {
      return false;
    }
  }
  const bitsLeft = prefixBits & 7;
  return (
    bitsLeft === 0 || (bytes[offset + wholeBytes] ^ address[wholeBytes]) >> (8 - bitsLeft) === 0
  );
}
