import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { NetworkPrefix } from '../worker/pipeline-settings.ts';

const IPV6_GROUPS = 8;

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

/**
 * An address or a CIDR network as bytes. The configuration has checked its form.
 *
 * @param text `192.0.2.1`, `192.0.2.0/24`, `2001:db8::1`, `2001:db8::/32`
 */
export function parseNetwork(text: string): NetworkPrefix {
  const [host, bits] = text.split('/');
  const address = isIPv4(host) ? parseIpv4(host) : parseIpv6(host);
  return { address, prefixBits: bits === undefined ? address.length * 8 : Number(bits) };
}

function parseIpv4(text: string): Uint8Array {
  return Uint8Array.from(text.split('.'), Number);
}

/** @see RFC 4291 section 2.2 */
function parseIpv6(text: string): Uint8Array {
  const [head, tail] = text.split('::').map(parseGroups);
  const groups = tail === undefined ? head : fillGroups(head, tail);
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function fillGroups(head: number[], tail: number[]): number[] {
  const zeros = new Array<number>(IPV6_GROUPS - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail];
}

/** Groups between colons; the last may be an IPv4 address, which is two of them. */
function parseGroups(text: string): number[] {
  return text
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => {
      if (!group.includes('.')) {
        return [Number.parseInt(group, 16)];
      }
      const [a, b, c, d] = parseIpv4(group);
      return [(a << 8) | b, (c << 8) | d];
    });
}
