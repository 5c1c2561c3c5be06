import { NFLOG_ATTRIBUTES_MAX } from './limits.ts';
import { decodeRawIp } from './raw-ip.ts';
import type { Segment } from './segment.ts';
import { VERDICT_LINK_TRUNCATED, VERDICT_NOT_IP } from './verdicts.ts';

const NFLOG_FAMILY_AT = 0;
const NFLOG_HEADER_BYTES = 4;
const AF_INET = 2;
const AF_INET6 = 10;

const ATTRIBUTE_LENGTH_AT = 0;
const ATTRIBUTE_TYPE_AT = 2;
const ATTRIBUTE_HEADER_BYTES = 4;
const ATTRIBUTE_PAYLOAD = 9;

/**
 * Decodes a packet that netfilter logged: a header, then attributes, one of which is the IP packet.
 * The attributes' numbers are in the recording machine's byte order. The first is the kernel's packet
 * header, whose type is 1: the byte that is zero there tells the order. Later types have flags, too.
 *
 * @returns a verdict
 * @see https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html
 */
export function decodeNflog(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < NFLOG_HEADER_BYTES) {
    return VERDICT_LINK_TRUNCATED;
  }
  const family = bytes[offset + NFLOG_FAMILY_AT];
  if (family !== AF_INET && family !== AF_INET6) {
    return VERDICT_NOT_IP;
  }
  offset += NFLOG_HEADER_BYTES;
  if (end - offset < ATTRIBUTE_HEADER_BYTES) {
    return VERDICT_LINK_TRUNCATED;
  }
  const isBigEndian = bytes[offset + ATTRIBUTE_TYPE_AT] === 0;
  for (let attributes = 0; attributes <= NFLOG_ATTRIBUTES_MAX; attributes++) {
    if (end - offset < ATTRIBUTE_HEADER_BYTES) {
      return VERDICT_LINK_TRUNCATED;
    }
    const type = readHostUint16(bytes, offset + ATTRIBUTE_TYPE_AT, isBigEndian);
    const length = readHostUint16(bytes, offset + ATTRIBUTE_LENGTH_AT, isBigEndian);
    if (length < ATTRIBUTE_HEADER_BYTES) {
      return VERDICT_NOT_IP;
    }
    if (type === ATTRIBUTE_PAYLOAD) {
      return decodeRawIp(
        bytes,
        offset + ATTRIBUTE_HEADER_BYTES,
        Math.min(offset + length, end),
        segment,
      );
    }
    offset += (length + 3) & ~3;
  }
  return VERDICT_NOT_IP;
}

function readHostUint16(bytes: Uint8Array, offset: number, isBigEndian: boolean): number {
  return isBigEndian
    ? (bytes[offset] << 8) | bytes[offset + 1]
    : (bytes[offset + 1] << 8) | bytes[offset];
}
