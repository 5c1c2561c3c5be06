import { readUint16BE } from '../big-endian.ts';
import { decodeIpv6 } from './ipv6.ts';
import type { Segment } from './segment.ts';
import { VERDICT_NOT_TCP, VERDICT_TUNNEL_TRUNCATED } from './verdicts.ts';

const INDICATION_BYTES = 2;
const INDICATION_ORIGIN = 0x0000;
const INDICATION_AUTHENTICATION = 0x0001;
/** The client's port and address. */
const ORIGIN_BYTES = 8;
const AUTHENTICATION_ID_LENGTH_AT = 2;
const AUTHENTICATION_VALUE_LENGTH_AT = 3;
/** Without client identifier and value: type, two lengths, nonce, confirmation byte. */
const AUTHENTICATION_MIN_BYTES = 13;

/**
 * Decodes Teredo: an IPv6 packet, before it an authentication indication, an origin indication, or both in this order.
 *
 * @returns a verdict
 * @see RFC 4380 section 5.1.1
 */
export function decodeTeredo(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (
    end - offset >= INDICATION_BYTES &&
    readUint16BE(bytes, offset) === INDICATION_AUTHENTICATION
  ) {
    if (end - offset < AUTHENTICATION_MIN_BYTES) {
      return VERDICT_TUNNEL_TRUNCATED;
    }
    offset +=
      AUTHENTICATION_MIN_BYTES +
      bytes[offset + AUTHENTICATION_ID_LENGTH_AT] +
      bytes[offset + AUTHENTICATION_VALUE_LENGTH_AT];
  }
  if (end - offset >= INDICATION_BYTES && readUint16BE(bytes, offset) === INDICATION_ORIGIN) {
    offset += ORIGIN_BYTES;
  }
  if (offset >= end) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  return bytes[offset] >> 4 === 6 ? decodeIpv6(bytes, offset, end, segment) : VERDICT_NOT_TCP;
}
