import { GTP_EXTENSION_HEADERS_MAX } from './limits.ts';
import { decodeRawIp } from './raw-ip.ts';
import type { Segment } from './segment.ts';
import { VERDICT_NOT_TCP, VERDICT_TUNNEL_MALFORMED, VERDICT_TUNNEL_TRUNCATED } from './verdicts.ts';

const GTP_FLAGS_AT = 0;
const GTP_MESSAGE_TYPE_AT = 1;
const GTP_HEADER_BYTES = 8;
/** Sequence number, N-PDU number and next extension type: there when any of their three flags is. */
const GTP_OPTIONAL_BYTES = 4;
const GTP_OPTIONAL_FLAGS = 0x07;
const GTP_FLAG_EXTENSION = 0x04;
/** Version 1 in the upper three bits, protocol type GTP (not GTP') in the next. */
const GTP_VERSION_MASK = 0xf0;
const GTP_VERSION_1 = 0x30;
/** A user's packet; everything else is signalling. */
const GTP_MESSAGE_G_PDU = 255;

/**
 * Decodes GTP-U version 1: the user's IP packet behind the header and its extension headers.
 *
 * @returns a verdict
 * @see 3GPP TS 29.281 section 5
 */
export function decodeGtpU(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < GTP_HEADER_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const flags = bytes[offset + GTP_FLAGS_AT];
  if (
    (flags & GTP_VERSION_MASK) !== GTP_VERSION_1 ||
    bytes[offset + GTP_MESSAGE_TYPE_AT] !== GTP_MESSAGE_G_PDU
  ) {
    return VERDICT_NOT_TCP;
  }
  if ((flags & GTP_OPTIONAL_FLAGS) === 0) {
    return decodeRawIp(bytes, offset + GTP_HEADER_BYTES, end, segment);
  }
  offset += GTP_HEADER_BYTES + GTP_OPTIONAL_BYTES;
  if (offset > end) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  if ((flags & GTP_FLAG_EXTENSION) === 0) {
    return decodeRawIp(bytes, offset, end, segment);
  }
  return decodeExtensionHeaders(bytes, offset, end, segment);
}

/** Each begins with its length in 4 octets and ends with the type of the next; type 0 ends the chain. */
function decodeExtensionHeaders(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  for (let headers = 0; headers <= GTP_EXTENSION_HEADERS_MAX; headers++) {
    if (bytes[offset - 1] === 0) {
      return decodeRawIp(bytes, offset, end, segment);
    }
    if (offset >= end) {
      return VERDICT_TUNNEL_TRUNCATED;
    }
    const lengthBytes = bytes[offset] << 2;
    if (lengthBytes === 0) {
      return VERDICT_TUNNEL_MALFORMED;
    }
    offset += lengthBytes;
    if (offset > end) {
      return VERDICT_TUNNEL_TRUNCATED;
    }
  }
  return VERDICT_TUNNEL_MALFORMED;
}
