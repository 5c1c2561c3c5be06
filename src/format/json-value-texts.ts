import { UNKNOWN } from '../record/exchange.ts';

/** What ECS and OpenTelemetry take out of a Host, X-Forwarded-For or traceparent value. */

const BYTE_HTAB = 0x09;
const BYTE_SPACE = 0x20;
const BYTE_COMMA = 0x2c;
const BYTE_DASH = 0x2d;
const BYTE_DOT = 0x2e;
const BYTE_0 = 0x30;
const BYTE_COLON = 0x3a;
const BYTE_BRACKET_OPEN = 0x5b;
const BYTE_BRACKET_CLOSE = 0x5d;

const PORT_MAX = 65_535;
const PORT_DIGITS_MAX = 5;
const IPV6_GROUPS = 8;
const IPV6_GROUP_DIGITS_MAX = 4;

/** `00-TRACE-SPAN-01` */
const TRACEPARENT_BYTES = 55;
export const TRACE_ID_AT = 3;
export const TRACE_ID_DIGITS = 32;
export const SPAN_ID_AT = 36;
export const SPAN_ID_DIGITS = 16;
const FLAGS_AT = 53;

/** By byte: its value as a hexadecimal digit, or -1. */
const HEX_VALUES = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  HEX_VALUES[value.toString(16).charCodeAt(0)] = value;
  HEX_VALUES[value.toString(16).toUpperCase().charCodeAt(0)] = value;
}

/**
 * One past the name in a Host value: where the colon before its port is, or the value's end. What has several
 * colons outside of brackets has no port.
 *
 * @see RFC 9110 section 7.2
 */
export function findHostEnd(bytes: Uint8Array, offset: number, end: number): number {
  let at = offset;
  if (bytes[offset] === BYTE_BRACKET_OPEN) {
    while (at < end && bytes[at] !== BYTE_BRACKET_CLOSE) {
      at++;
    }
  }
  while (at < end && bytes[at] !== BYTE_COLON) {
    at++;
  }
  return readPort(bytes, at, end) === UNKNOWN ? end : at;
}

/** The port of `:PORT`; UNKNOWN when that is not all there is, or it is too large. */
export function readPort(bytes: Uint8Array, offset: number, end: number): number {
  if (end - offset < 2 || end - offset > PORT_DIGITS_MAX + 1) {
    return UNKNOWN;
  }
  let port = 0;
  for (let at = offset + 1; at < end; at++) {
    const digit = bytes[at] - BYTE_0;
    if (digit < 0 || digit > 9) {
      return UNKNOWN;
    }
    port = port * 10 + digit;
  }
  return port > PORT_MAX ? UNKNOWN : port;
}

/** One past the first element of a list without the white space behind it. */
export function findElementEnd(bytes: Uint8Array, offset: number, end: number): number {
  let at = offset;
  while (at < end && bytes[at] !== BYTE_COMMA) {
    at++;
  }
  while (at > offset && (bytes[at - 1] === BYTE_SPACE || bytes[at - 1] === BYTE_HTAB)) {
    at--;
  }
  return at;
}

/** Says whether this is the text of an IPv4 or IPv6 address, and nothing else. */
export function isAddressText(bytes: Uint8Array, offset: number, end: number): boolean {
  return isIpv4Text(bytes, offset, end) || isIpv6Text(bytes, offset, end);
}

/** Four numbers of 0 to 255 without leading zeros. */
function isIpv4Text(bytes: Uint8Array, offset: number, end: number): boolean {
  let octetsCount = 0;
  let at = offset;
  while (octetsCount < 4) {
    const octetAt = at;
    let octet = 0;
    while (at < end && at < octetAt + 3 && bytes[at] >= BYTE_0 && bytes[at] <= BYTE_0 + 9) {
      octet = octet * 10 + bytes[at++] - BYTE_0;
    }
    const hasLeadingZero = at > octetAt + 1 && bytes[octetAt] === BYTE_0;
    if (at === octetAt || hasLeadingZero || octet > 255) {
      return false;
    }
    octetsCount++;
    if (octetsCount < 4 && (at === end || bytes[at++] !== BYTE_DOT)) {
      return false;
    }
  }
  return at === end;
}

/**
 * Eight groups, or fewer with one `::`; the last two may have the form of an IPv4 address. A zone is no part.
 *
 * @see RFC 4291 section 2.2
 */
function isIpv6Text(bytes: Uint8Array, offset: number, end: number): boolean {
  let groupsCount = 0;
  let hasGap = false;
  let at = offset;
  if (at + 1 < end && bytes[at] === BYTE_COLON && bytes[at + 1] === BYTE_COLON) {
    hasGap = true;
    at += 2;
  }
  while (at < end && groupsCount < IPV6_GROUPS) {
    const groupAt = at;
    while (at < end && HEX_VALUES[bytes[at]] !== -1) {
      at++;
    }
    if (at < end && bytes[at] === BYTE_DOT && isIpv4Text(bytes, groupAt, end)) {
      groupsCount += 2;
      at = end;
      break;
    }
    if (at === groupAt || at - groupAt > IPV6_GROUP_DIGITS_MAX) {
      return false;
    }
    groupsCount++;
    if (at === end) {
      break;
    }
    const isGap = at + 1 < end && bytes[at] === BYTE_COLON && bytes[at + 1] === BYTE_COLON;
    if (bytes[at] !== BYTE_COLON || at + 1 === end || (isGap && hasGap)) {
      return false;
    }
    hasGap ||= isGap;
    at += isGap ? 2 : 1;
  }
  return at === end && (hasGap ? groupsCount < IPV6_GROUPS : groupsCount === IPV6_GROUPS);
}

/**
 * Says whether a value is a trace context whose ids may be used; later versions may have more behind the flags.
 *
 * @see W3C Trace Context section 3.2
 */
export function isTraceparent(bytes: Uint8Array, offset: number, end: number): boolean {
  if (
    end - offset < TRACEPARENT_BYTES ||
    bytes[offset + 2] !== BYTE_DASH ||
    bytes[offset + SPAN_ID_AT - 1] !== BYTE_DASH ||
    bytes[offset + FLAGS_AT - 1] !== BYTE_DASH ||
    !isLowerHex(bytes, offset, 2) ||
    !isLowerHex(bytes, offset + FLAGS_AT, 2)
  ) {
    return false;
  }
  const version = HEX_VALUES[bytes[offset]] * 16 + HEX_VALUES[bytes[offset + 1]];
  const isLonger = end - offset > TRACEPARENT_BYTES;
  const isEndKnown = !isLonger || (version > 0 && bytes[offset + TRACEPARENT_BYTES] === BYTE_DASH);
  return (
    version !== 0xff &&
    isEndKnown &&
    isTraceId(bytes, offset + TRACE_ID_AT, TRACE_ID_DIGITS) &&
    isTraceId(bytes, offset + SPAN_ID_AT, SPAN_ID_DIGITS)
  );
}

/** An id is not all zeros. */
function isTraceId(bytes: Uint8Array, offset: number, digits: number): boolean {
  let bits = 0;
  for (let index = 0; index < digits; index++) {
    bits |= HEX_VALUES[bytes[offset + index]];
  }
  return bits !== 0 && isLowerHex(bytes, offset, digits);
}

function isLowerHex(bytes: Uint8Array, offset: number, digits: number): boolean {
  for (let at = offset; at < offset + digits; at++) {
    const isCapital = bytes[at] >= 0x41 && bytes[at] <= 0x46;
    if (HEX_VALUES[bytes[at]] === -1 || isCapital) {
      return false;
    }
  }
  return true;
}
