import { readInt32BE } from '../big-endian.ts';
import type { NetworkPrefix } from '../record/network-prefix.ts';

/**
 * The addresses that count as this host's own, as a flat table: which end of a message is local decides
 * its type.
 */
export interface LocalNetworks {
  /** IPv4 networks: pairs of network and mask as signed 32-bit integers. */
  readonly ipv4: Int32Array;
  /** IPv6 networks: rows of 4 network words and 4 mask words. */
  readonly ipv6: Int32Array;
}

const IPV6_ROW_WORDS = 8;

/** @param networks as the configuration has checked them */
export function createLocalNetworks(networks: readonly NetworkPrefix[]): LocalNetworks {
  const ipv4: number[] = [];
  const ipv6: number[] = [];
  for (const { address, prefixBits } of networks) {
    const words: number[] = [];
    const masks: number[] = [];
    for (let offset = 0; offset < address.length; offset += 4) {
      const mask = maskWord(prefixBits - offset * 8);
      masks.push(mask);
      words.push(readInt32BE(address, offset) & mask);
    }
    (address.length === 4 ? ipv4 : ipv6).push(...words, ...masks);
  }
  return { ipv4: Int32Array.from(ipv4), ipv6: Int32Array.from(ipv6) };
}

/** Says whether an address is within one of the networks. Hot: a host has few addresses, so it walks them. */
export function isLocalAddress(
  networks: LocalNetworks,
  bytes: Uint8Array,
  offset: number,
  addressLength: number,
): boolean {
  if (addressLength === 4) {
    const { ipv4 } = networks;
    const address = readInt32BE(bytes, offset);
    for (let row = 0; row < ipv4.length; row += 2) {
      if ((address & ipv4[row + 1]) === ipv4[row]) {
        return true;
      }
    }
    return false;
  }
  return isLocalIpv6(networks.ipv6, bytes, offset);
}

function isLocalIpv6(rows: Int32Array, bytes: Uint8Array, offset: number): boolean {
  const word0 = readInt32BE(bytes, offset);
  const word1 = readInt32BE(bytes, offset + 4);
  const word2 = readInt32BE(bytes, offset + 8);
  const word3 = readInt32BE(bytes, offset + 12);
  for (let row = 0; row < rows.length; row += IPV6_ROW_WORDS) {
    if (
      (word0 & rows[row + 4]) === rows[row] &&
      (word1 & rows[row + 5]) === rows[row + 1] &&
      (word2 & rows[row + 6]) === rows[row + 2] &&
      (word3 & rows[row + 7]) === rows[row + 3]
    ) {
      return true;
    }
  }
  return false;
}

/** The mask of one word when `prefixBits` of it and what follows are fixed. */
function maskWord(prefixBits: number): number {
  if (prefixBits <= 0) {
    return 0;
  }
  // A shift by 32 is a shift by 0 in JavaScript, hence the case of its own.
  return prefixBits >= 32 ? -1 : -1 << (32 - prefixBits);
}
