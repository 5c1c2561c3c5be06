import { readUint16BE } from '../big-endian.ts';
import { decodeEtherType } from './ether-type.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodePpp } from './ppp.ts';
import { decodeRawIp } from './raw-ip.ts';
import type { Segment } from './segment.ts';
import { ETHERTYPE_ETHERNET, enterTunnel, forgetVlanTags } from './tunnel.ts';
import {
  VERDICT_NOT_TCP,
  VERDICT_TUNNEL_MALFORMED,
  VERDICT_TUNNEL_TOO_DEEP,
  VERDICT_TUNNEL_TRUNCATED,
} from './verdicts.ts';

const GRE_FLAGS_AT = 0;
const GRE_PROTOCOL_AT = 2;
const GRE_HEADER_BYTES = 4;
const GRE_FIELD_BYTES = 4;

const GRE_FLAG_CHECKSUM = 0x8000;
/** RFC 1701; its source route entries were taken out by RFC 2784. */
const GRE_FLAG_ROUTING = 0x4000;
const GRE_FLAG_KEY = 0x2000;
const GRE_FLAG_SEQUENCE = 0x1000;
/** Version 1 only (RFC 2637). */
const GRE_FLAG_ACKNOWLEDGMENT = 0x0080;
const GRE_VERSION_MASK = 0x0007;

const ETHERTYPE_PPP = 0x880b;
const ETHERTYPE_ERSPAN_II = 0x88be;
const ETHERTYPE_ERSPAN_III = 0x22eb;
const ERSPAN_II_HEADER_BYTES = 8;
const ERSPAN_III_HEADER_BYTES = 12;
/** Bits 2 to 6: what kind of frame was mirrored. */
const ERSPAN_III_FRAME_TYPE_AT = 10;
const ERSPAN_III_FRAME_TYPE_MASK = 0x7c;
const ERSPAN_III_FRAME_TYPE_IP = 0x08;
/** Last byte of the ERSPAN III header: its lowest bit says that a sub-header of 8 bytes follows. */
const ERSPAN_III_OPTIONAL_AT = 11;
const ERSPAN_III_SUBHEADER_BYTES = 8;

/**
 * Decodes GRE (version 0, and 1 as PPTP has it) with its checksum, key, sequence and acknowledgment fields,
 * and what it carries: IP, MPLS, Ethernet, PPP, and mirrored traffic in ERSPAN I, II and III.
 *
 * @returns a verdict
 * @see RFC 2784, RFC 2890, RFC 2637 section 4.1, draft-foschiano-erspan-03
 */
export function decodeGre(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (!enterTunnel(segment)) {
    return VERDICT_TUNNEL_TOO_DEEP;
  }
  if (end - offset < GRE_HEADER_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const flags = readUint16BE(bytes, offset + GRE_FLAGS_AT);
  const etherType = readUint16BE(bytes, offset + GRE_PROTOCOL_AT);
  const version = flags & GRE_VERSION_MASK;
  if (version > 1 || (flags & GRE_FLAG_ROUTING) !== 0) {
    return VERDICT_TUNNEL_MALFORMED;
  }
  const payloadOffset = offset + GRE_HEADER_BYTES + optionalFieldsBytes(flags, version);
  if (payloadOffset > end) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  switch (etherType) {
    case ETHERTYPE_ETHERNET:
      forgetVlanTags(segment);
      return decodeEthernet(bytes, payloadOffset, end, segment);
    case ETHERTYPE_PPP:
      // An acknowledgment alone has no sequence number and carries nothing.
      if (version === 1 && (flags & GRE_FLAG_SEQUENCE) === 0) {
        return VERDICT_NOT_TCP;
      }
      return decodePpp(bytes, payloadOffset, end, segment);
    case ETHERTYPE_ERSPAN_II:
      // Without a sequence number it is ERSPAN I, which has no header of its own.
      return decodeMirrored(
        bytes,
        payloadOffset + ((flags & GRE_FLAG_SEQUENCE) === 0 ? 0 : ERSPAN_II_HEADER_BYTES),
        end,
        segment,
      );
    case ETHERTYPE_ERSPAN_III:
      return decodeErspan3(bytes, payloadOffset, end, segment);
    default:
      return version === 0
        ? decodeEtherType(bytes, etherType, payloadOffset, end, segment)
        : VERDICT_NOT_TCP;
  }
}

function optionalFieldsBytes(flags: number, version: number): number {
  let fields = 0;
  if ((flags & GRE_FLAG_CHECKSUM) !== 0) {
    fields++;
  }
  if ((flags & GRE_FLAG_KEY) !== 0) {
    fields++;
  }
  if ((flags & GRE_FLAG_SEQUENCE) !== 0) {
    fields++;
  }
  if (version === 1 && (flags & GRE_FLAG_ACKNOWLEDGMENT) !== 0) {
    fields++;
  }
  return fields * GRE_FIELD_BYTES;
}

function decodeErspan3(bytes: Uint8Array, offset: number, end: number, segment: Segment): number {
  if (end - offset < ERSPAN_III_HEADER_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const hasSubheader = (bytes[offset + ERSPAN_III_OPTIONAL_AT] & 1) !== 0;
  const headerBytes = ERSPAN_III_HEADER_BYTES + (hasSubheader ? ERSPAN_III_SUBHEADER_BYTES : 0);
  const frameType = bytes[offset + ERSPAN_III_FRAME_TYPE_AT] & ERSPAN_III_FRAME_TYPE_MASK;
  if (frameType !== ERSPAN_III_FRAME_TYPE_IP) {
    return decodeMirrored(bytes, offset + headerBytes, end, segment);
  }
  return offset + headerBytes > end
    ? VERDICT_TUNNEL_TRUNCATED
    : decodeRawIp(bytes, offset + headerBytes, end, segment);
}

function decodeMirrored(bytes: Uint8Array, offset: number, end: number, segment: Segment): number {
  if (offset > end) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  forgetVlanTags(segment);
  return decodeEthernet(bytes, offset, end, segment);
}
