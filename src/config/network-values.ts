import type { NetworkPrefix } from '../record/network-prefix.ts';

const IPV6_GROUPS = 8;

/**
 * An address or a CIDR network as bytes. The configuration has checked its form.
 *
 * @param text `192.0.2.1`, `192.0.2.0/24`, `2001:db8::1`, `2001:db8::/32`
 */
export function parseNetwork(text: string): NetworkPrefix {
  const [host, bits] = text.split('/');
  const address = host.includes(':') ? parseIpv6(host) : parseIpv4(host);
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
