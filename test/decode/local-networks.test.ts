import { BlockList } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createLocalNetworks, isLocalAddress } from '../../src/decode/local-networks.ts';
import { addressBytes } from '../fixtures/build-packets.ts';
import { createRandom } from './seeded-random.ts';

interface Network {
  address: string;
  prefixBits: number;
}

function networksOf(...texts: string[]) {
  return createLocalNetworks(
    texts.map((text) => {
      const [address, bits] = text.split('/');
      const bytes = Uint8Array.from(addressBytes(address));
      return { address: bytes, prefixBits: Number(bits ?? bytes.length * 8) };
    }),
  );
}

/** Looks the address up inside a larger buffer, at an odd offset. */
function isLocal(networks: ReturnType<typeof networksOf>, address: string): boolean {
  const bytes = addressBytes(address);
  const buffer = Uint8Array.from([0xff, 0xff, 0xff, ...bytes, 0xff]);
  return isLocalAddress(networks, buffer, 3, bytes.length);
}

describe('isLocalAddress', () => {
  it('nothing is local without networks', () => {
    const networks = networksOf();
    expect(isLocal(networks, '0.0.0.0')).toBe(false);
    expect(isLocal(networks, '::')).toBe(false);
  });

  it('a single address is itself and none of its neighbours', () => {
    const networks = networksOf('192.0.2.7', '2001:db8::7');
    expect(isLocal(networks, '192.0.2.7')).toBe(true);
    expect(isLocal(networks, '192.0.2.6')).toBe(false);
    expect(isLocal(networks, '192.0.2.8')).toBe(false);
    expect(isLocal(networks, '2001:db8::7')).toBe(true);
    expect(isLocal(networks, '2001:db8::6')).toBe(false);
    expect(isLocal(networks, '2001:db8:0:0:1::7')).toBe(false);
  });

  it('any of several networks is enough', () => {
    const networks = networksOf('10.0.0.0/8', '192.0.2.1', '172.16.0.0/12', 'fe80::/10', '::1');
    for (const address of ['10.255.0.1', '192.0.2.1', '172.31.255.255', 'febf::1', '::1']) {
      expect(isLocal(networks, address), address).toBe(true);
    }
    for (const address of ['11.0.0.0', '192.0.2.2', '172.32.0.0', 'fec0::', '::2']) {
      expect(isLocal(networks, address), address).toBe(false);
    }
  });

  it('a prefix of 0 bits is every address of its family and none of the other', () => {
    expect(isLocal(networksOf('0.0.0.0/0'), '255.255.255.255')).toBe(true);
    expect(isLocal(networksOf('0.0.0.0/0'), '::')).toBe(false);
    expect(isLocal(networksOf('::/0'), 'ffff::1')).toBe(true);
    expect(isLocal(networksOf('::/0'), '0.0.0.0')).toBe(false);
  });

  it('the bits of a network behind its prefix do not count', () => {
    expect(isLocal(networksOf('192.0.2.255/24'), '192.0.2.1')).toBe(true);
    expect(isLocal(networksOf('2001:db8::ffff/64'), '2001:db8::1')).toBe(true);
  });

  it('an address above 127 in its first byte is one like the others', () => {
    const networks = networksOf('255.255.255.255', '200.0.0.0/7', 'ff00::/8');
    expect(isLocal(networks, '255.255.255.255')).toBe(true);
    expect(isLocal(networks, '255.255.255.254')).toBe(false);
    expect(isLocal(networks, '201.0.0.1')).toBe(true);
    expect(isLocal(networks, '202.0.0.1')).toBe(false);
    expect(isLocal(networks, 'ff02::1')).toBe(true);
    expect(isLocal(networks, 'fe00::1')).toBe(false);
  });

  it('an IPv4-mapped IPv6 address is no IPv4 address', () => {
    expect(isLocal(networksOf('192.0.2.1'), '::ffff:c000:201')).toBe(false);
  });

  it.each([
    ['IPv4', 4],
    ['IPv6', 16],
  ])('%s prefixes of every length have the members that node:net finds', (family, bytesCount) => {
    const random = createRandom(bytesCount);
    for (let prefixBits = 0; prefixBits <= bytesCount * 8; prefixBits++) {
      const network: Network = { address: randomAddress(random, bytesCount), prefixBits };
      const blockList = new BlockList();
      const type = family === 'IPv4' ? 'ipv4' : 'ipv6';
      blockList.addSubnet(network.address, prefixBits, type);
      const networks = networksOf(`${network.address}/${prefixBits}`);
      for (let bit = -1; bit < bytesCount * 8; bit++) {
        const address = flipBit(network.address, bit);
        expect(isLocal(networks, address), `${address} in ${network.address}/${prefixBits}`).toBe(
          blockList.check(address, type),
        );
      }
    }
  });
});

function randomAddress(random: (limit: number) => number, bytesCount: number): string {
  return formatAddress(Array.from({ length: bytesCount }, () => random(256)));
}

/** The address with one bit changed, counted from its first; bit -1 changes none. */
function flipBit(address: string, bit: number): string {
  const bytes = addressBytes(address);
  if (bit >= 0) {
    bytes[bit >> 3] ^= 0x80 >> (bit & 7);
  }
  return formatAddress(bytes);
}

function formatAddress(bytes: number[]): string {
  if (bytes.length === 4) {
    return bytes.join('.');
  }
  return Array.from({ length: 8 }, (_, group) =>
    ((bytes[2 * group] << 8) | bytes[2 * group + 1]).toString(16),
  ).join(':');
}
