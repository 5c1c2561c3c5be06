import { IPV6_BYTES, isMappedIpv4, MAPPED_AT } from '../http/read-address.ts';
import { VLAN_TAGS_MAX } from '../limits.ts';

/** Bytes of an address; 0: there is none, as of a unix socket or of what came without its sender. */
export type AddressLength = 0 | 4 | 16;

/** One end of a connection. The two may be of different families: a proxy has both. */
export interface End {
  /** Into the record's bytes; of no meaning without an address. */
  addressOffset: number;
  addressLength: AddressLength;
  /** Of no meaning without an address. */
  port: number;
}

/** What only packets tell; of other ways in there is none of it. */
export interface WireFacts {
  vlanTagsCount: number;
  /** Outer first; the first `vlanTagsCount` are of meaning. */
  vlanIds: Uint16Array;
  /** Segments whose bytes had all been seen before. */
  retransmittedSegments: number;
}

/**
 * What records of every kind have. Each way in has one record a kind, which it fills anew, and what that says
 * holds until then.
 */
export interface RecordBase {
  /** UUIDv7. The same packets give the same id in a replay. @see RFC 9562 section 5.7 */
  id: Uint8Array;
  /** Everything that the record's offsets point into. */
  bytes: Uint8Array;
  /** One past the last byte of `bytes` in use: what redaction makes anew is put behind it. */
  bytesEnd: number;
  /** Time of the first byte. */
  timestampSec: number;
  timestampSubsecNs: number;
  client: End;
  server: End;
  /** Spreads connections evenly and is the same for both directions; unsigned 32 bits. */
  connectionHash: number;
}

export function createEnd(): End {
  return { addressOffset: 0, addressLength: 0, port: 0 };
}

export function createWireFacts(): WireFacts {
  return { vlanTagsCount: 0, vlanIds: new Uint16Array(VLAN_TAGS_MAX), retransmittedSegments: 0 };
}

/** Makes the end that of an address in the record's bytes, one that is mapped into IPv6 as the IPv4 address that it is. */
export function setProxiedEnd(
  bytes: Uint8Array,
  at: number,
  addressLength: number,
  port: number,
  end: End,
): void {
  const isIpv4 = addressLength === IPV6_BYTES && isMappedIpv4(bytes, at);
  end.addressOffset = isIpv4 ? at + MAPPED_AT : at;
  end.addressLength = isIpv4 ? 4 : (addressLength as AddressLength);
  end.port = port;
}

/** The length of both addresses, or of the only one; 0 when they differ, or neither end has one. */
export function commonAddressLength(client: End, server: End): AddressLength {
  if (client.addressLength === server.addressLength || server.addressLength === 0) {
    return client.addressLength;
  }
  return client.addressLength === 0 ? server.addressLength : 0;
}
