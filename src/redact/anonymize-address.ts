import { lateCrypto } from '../late-modules.ts';
import { HASHES_KEPT_MAX } from './limits.ts';
import type { AddressAnonymization } from './redaction-settings.ts';

/** Bits of an address that truncation keeps, in bytes. */
const IPV4_KEPT_BYTES = 3;
const IPV6_KEPT_BYTES = 6;
/** Of 2002::/16. */
const SIX_TO_FOUR_BYTES = 2;

/** Makes `address[0, addressLength)` another, of the same length. */
export type AddressChange = (address: Uint8Array, addressLength: number) => void;

export function createAddressChange(anonymization: AddressAnonymization): AddressChange {
  return anonymization.method === 'truncate' ? truncate : createHash(anonymization.key);
}

/** 192.0.2.0/24 of 192.0.2.1, 2001:db8:1::/48 of 2001:db8:1:2::3. */
function truncate(address: Uint8Array, addressLength: number): void {
  address.fill(0, countKeptBytes(address, addressLength), addressLength);
}

/** A 6to4 address has the whole IPv4 address within its first 48 bits. @see RFC 3056 section 2 */
function countKeptBytes(address: Uint8Array, addressLength: number): number {
  if (addressLength === 4) {
    return IPV4_KEPT_BYTES;
  }
  const is6to4 = address[0] === 0x20 && address[1] === 0x02;
  return is6to4 ? SIX_TO_FOUR_BYTES + IPV4_KEPT_BYTES : IPV6_KEPT_BYTES;
}

/**
 * The first bytes of the address's HMAC-SHA-256. Two generations of answers are kept, and what is asked for
 * again moves to the younger one: so the addresses in use stay, and the memory is bounded.
 */
function createHash(key: Uint8Array): AddressChange {
  let young = new Map<string, Uint8Array>();
  let old = new Map<string, Uint8Array>();
  return (address, addressLength) => {
    const name = Buffer.from(address.buffer, address.byteOffset, addressLength).toString('latin1');
    let hash = young.get(name);
    if (hash === undefined) {
      hash = old.get(name) ?? hashAddress(key, address.subarray(0, addressLength));
      if (young.size >= HASHES_KEPT_MAX / 2) {
        old = young;
        young = new Map();
      }
      young.set(name, hash);
    }
    address.set(hash);
  };
}

function hashAddress(key: Uint8Array, address: Uint8Array): Uint8Array {
  const digest = lateCrypto().createHmac('sha256', key).update(address).digest();
  return new Uint8Array(digest.subarray(0, address.length));
}
