import { readInt32BE, readUint16BE } from '../big-endian.ts';
import { decodeEthernet } from './ethernet.ts';
import { decodePpp } from './ppp.ts';
import { decodeRawIp } from './raw-ip.ts';
import type { Segment } from './segment.ts';
import { enterTunnel, forgetVlanTags } from './tunnel.ts';
import {
  VERDICT_NOT_TCP,
  VERDICT_TUNNEL_MALFORMED,
  VERDICT_TUNNEL_TOO_DEEP,
  VERDICT_TUNNEL_TRUNCATED,
} from './verdicts.ts';

const L2TP_FLAG_CONTROL = 0x8000;
const L2TP_FLAG_LENGTH = 0x4000;
const L2TP_FLAG_SEQUENCE = 0x0800;
const L2TP_FLAG_OFFSET = 0x0200;
const L2TP_VERSION_MASK = 0x000f;
const L2TP_VERSION_2 = 2;
const L2TP_VERSION_3 = 3;
const FLAGS_BYTES = 2;
const LENGTH_BYTES = 2;
const TUNNEL_AND_SESSION_BYTES = 4;
const SEQUENCE_BYTES = 4;
const OFFSET_SIZE_BYTES = 2;

/** Version 3 over UDP: flags and version, reserved. */
const UDP_HEADER_BYTES = 4;
const SESSION_BYTES = 4;
/** What may stand between the session and the frame: a cookie of 4 or 8 bytes, a sublayer of 4, in their sums. */
const SESSION_DATA_STEP = 4;
const SESSION_DATA_BYTES_MAX = 12;

const ETHERNET_HEADER_BYTES = 14;
const ETHERNET_ETHERTYPE_AT = 12;
const IP_HEADER_MIN_BYTES = 20;
const ETHERTYPE_IPV4 = 0x0800;
const ETHERTYPE_IPV6 = 0x86dd;
const ETHERTYPE_VLAN = 0x8100;

/**
 * Decodes a data message of L2TP over UDP, version 2 (PPP) or 3.
 *
 * @returns a verdict
 * @see RFC 2661 section 3.1, RFC 3931 section 4.1.2
 */
export function decodeL2tp(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < FLAGS_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  const flags = readUint16BE(bytes, offset);
  if ((flags & L2TP_FLAG_CONTROL) !== 0) {
    return VERDICT_NOT_TCP;
  }
  switch (flags & L2TP_VERSION_MASK) {
    case L2TP_VERSION_2:
      return decodeVersion2(bytes, flags, offset, end, segment);
    case L2TP_VERSION_3:
      return decodeSession(bytes, offset + UDP_HEADER_BYTES, end, segment);
    default:
      return VERDICT_TUNNEL_MALFORMED;
  }
}

/**
 * Decodes L2TP version 3 over IP: session 0 is the control connection's.
 *
 * @returns a verdict
 * @see RFC 3931 section 4.1.1
 */
export function decodeL2tpOverIp(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (!enterTunnel(segment)) {
    return VERDICT_TUNNEL_TOO_DEEP;
  }
  if (end - offset < SESSION_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  return readInt32BE(bytes, offset) === 0
    ? VERDICT_NOT_TCP
    : decodeSession(bytes, offset, end, segment);
}

function decodeVersion2(
  bytes: Uint8Array,
  flags: number,
  offset: number,
  end: number,
  segment: Segment,
): number {
  let at = offset + FLAGS_BYTES;
  if ((flags & L2TP_FLAG_LENGTH) !== 0) {
    if (end - at < LENGTH_BYTES) {
      return VERDICT_TUNNEL_TRUNCATED;
    }
    // Of the whole message, padding not included.
    end = Math.min(end, offset + readUint16BE(bytes, at));
    at += LENGTH_BYTES;
  }
  at += TUNNEL_AND_SESSION_BYTES;
  if ((flags & L2TP_FLAG_SEQUENCE) !== 0) {
    at += SEQUENCE_BYTES;
  }
  if ((flags & L2TP_FLAG_OFFSET) !== 0) {
    if (end - at < OFFSET_SIZE_BYTES) {
      return VERDICT_TUNNEL_TRUNCATED;
    }
    at += OFFSET_SIZE_BYTES + readUint16BE(bytes, at);
  }
  return at > end ? VERDICT_TUNNEL_TRUNCATED : decodePpp(bytes, at, end, segment);
}

/**
 * Nothing in a packet says how long the session's cookie is, whether a sublayer follows, and what is carried: that was
 * agreed on when the session began. What looks like an Ethernet frame with IP, an IP packet or PPP is taken for it.
 */
function decodeSession(
  bytes: Uint8Array,
  sessionOffset: number,
  end: number,
  segment: Segment,
): number {
  const first = sessionOffset + SESSION_BYTES;
  if (end - first < IP_HEADER_MIN_BYTES) {
    return VERDICT_TUNNEL_TRUNCATED;
  }
  for (let skipped = 0; skipped <= SESSION_DATA_BYTES_MAX; skipped += SESSION_DATA_STEP) {
    const offset = first + skipped;
    if (isEthernetWithIp(bytes, offset, end)) {
      forgetVlanTags(segment);
      return decodeEthernet(bytes, offset, end, segment);
    }
    if (isIpPacket(bytes, offset, end)) {
      return decodeRawIp(bytes, offset, end, segment);
    }
    if (isPppWithIp(bytes, offset, end)) {
      return decodePpp(bytes, offset, end, segment);
    }
  }
  return VERDICT_NOT_TCP;
}

function isEthernetWithIp(bytes: Uint8Array, offset: number, end: number): boolean {
  if (end - offset <= ETHERNET_HEADER_BYTES) {
    return false;
  }
  const etherType = readUint16BE(bytes, offset + ETHERNET_ETHERTYPE_AT);
  const next = bytes[offset + ETHERNET_HEADER_BYTES] >> 4;
  return (
    etherType === ETHERTYPE_VLAN ||
    (etherType === ETHERTYPE_IPV4 && next === 4) ||
    (etherType === ETHERTYPE_IPV6 && next === 6)
  );
}

/** Its length has to be that of the rest: one nibble alone would be chance. */
function isIpPacket(bytes: Uint8Array, offset: number, end: number): boolean {
  if (end - offset < IP_HEADER_MIN_BYTES) {
    return false;
  }
  const version = bytes[offset] >> 4;
  return (
    (version === 4 && readUint16BE(bytes, offset + 2) === end - offset) ||
    (version === 6 && readUint16BE(bytes, offset + 4) + 40 === end - offset)
  );
}

function isPppWithIp(bytes: Uint8Array, offset: number, end: number): boolean {
  return (
    end - offset > 4 &&
    readUint16BE(bytes, offset) === 0xff03 &&
    (readUint16BE(bytes, offset + 2) === 0x0021 || readUint16BE(bytes, offset + 2) === 0x0057)
  );
}
