import { networkInterfaces } from 'node:os';
import { parseNetwork } from '../config/network-values.ts';
import type { NetworkPrefix } from '../record/network-prefix.ts';

/** The whole of 127.0.0.0/8 is this host, not only the one address that `lo` tells. */
const LOOPBACK_NETWORK = '127.0.0.0/8';

/** The addresses that are local: those that the configuration names, else all of this host's. */
export function findLocalNetworks(configured: readonly string[]): NetworkPrefix[] {
  return (configured.length > 0 ? configured : hostAddresses()).map(parseNetwork);
}

/** This host's addresses as one text, equal while they stay the same. */
export function listAddresses(): string {
  return hostAddresses().join(' ');
}

/** Every address of this host, in a fixed order, so that two lists can be compared. */
function hostAddresses(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .map(({ address }) => address.replace(/%.*$/, ''));
  return [...new Set([LOOPBACK_NETWORK, ...addresses])].sort();
}
