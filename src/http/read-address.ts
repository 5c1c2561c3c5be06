import { BYTE_0, BYTE_COLON, hexDigit, isDigit } from './grammar.ts';

/** Addresses in text: within fields, and in the line that a proxy sends before a connection's first request. */

const BYTE_PERCENT = 0x25;
const BYTE_DOT = 0x2e;
const GROUPS = 8;
const IPV4_BYTES = 4;
export const IPV6_BYTES = 16;
/** Where the IPv4 address stands in one of IPv6 that it is mapped into. */
export const MAPPED_AT = 12;
const MAPPED_ZEROS_BYTES = 10;

/**
 * Reads four decimal numbers of 0 to 255 with dots between them.
 *
 * @param target gets the four bytes from `targetOffset`
 * @returns where the address ends, or -1 when there is none at `at`
 */
export function readIpv4(
  bytes: Uint8Array,
  at: number,
  end: number,
  target: Uint8Array,
  targetOffset = 0,
): number {
  for (let part = 0; part < IPV4_BYTES; part++) {
    if (part > 0) {
      if (at >= end || bytes[at] !== BYTE_DOT) {
        return -1;
      }
      at++;
    }
    const start = at;
    let value = 0;
    while (at < end && at - start < 3 && isDigit(bytes[at])) {
      value = value * 10 + bytes[at++] - BYTE_0;
    }
    if (at === start || value > 255) {
      return -1;
    }
    target[targetOffset + part] = value;
  }
  return at < end && isDigit(bytes[at]) ? -1 : at;
}

/**
 * Reads an address that is all of `[from, to)`; a zone such as `%eth0` is passed over.
 *
 * @param target gets its bytes
 * @returns 4, 16, or 0 when it is none
 */
export function readAddress(
  bytes: Uint8Array,
  from: number,
  to: number,
  target: Uint8Array,
): number {
  if (readIpv4(bytes, from, to, target) === to) {
    return IPV4_BYTES;
  }
  return readIpv6(bytes, from, findZone(bytes, from, to), target) ? IPV6_BYTES : 0;
}

/** @see RFC 4291 section 2.2 */
function readIpv6(bytes: Uint8Array, from: number, to: number, target: Uint8Array): boolean {
  target.fill(0, 0, IPV6_BYTES);
  let at = from;
  let group = 0;
  let gapAt = -1;
  if (at + 1 < to && bytes[at] === BYTE_COLON && bytes[at + 1] === BYTE_COLON) {
    gapAt = 0;
    at += 2;
  }
  while (at < to) {
    if (group === GROUPS) {
      return false;
    }
    if (group <= GROUPS - 2 && readIpv4(bytes, at, to, target, group * 2) === to) {
      group += 2;
      break;
    }
    at = readGroup(bytes, at, to, target, group++);
    if (at === -1) {
      return false;
    }
    if (at === to) {
      break;
    }
    if (bytes[at++] !== BYTE_COLON || at === to) {
      return false;
    }
    if (bytes[at] === BYTE_COLON) {
      if (gapAt !== -1) {
        return false;
      }
      gapAt = group;
      at++;
    }
  }
  if (gapAt === -1 || group >= GROUPS) {
    return gapAt === -1 && group === GROUPS;
  }
  target.copyWithin(IPV6_BYTES - (group - gapAt) * 2, gapAt * 2, group * 2);
  target.fill(0, gapAt * 2, IPV6_BYTES - (group - gapAt) * 2);
  return true;
}

/** Reads one to four hexadecimal digits. @returns where they end, or -1 */
function readGroup(
  bytes: Uint8Array,
  at: number,
  to: number,
  target: Uint8Array,
  group: number,
): number {
  const start = at;
  let value = 0;
  while (at < to && at - start < 4 && hexDigit(bytes[at]) !== -1) {
    value = value * 16 + hexDigit(bytes[at++]);
  }
  target[group * 2] = value >> 8;
  target[group * 2 + 1] = value & 0xff;
  return at === start ? -1 : at;
}

/** Where the zone of an address begins, or its end. @see RFC 4007 section 11 */
function findZone(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && bytes[at] !== BYTE_PERCENT) {
    at++;
  }
  return at;
}

/**
 * Says whether 16 bytes are an IPv4 address: a program that listens for both versions with one socket calls its IPv4
 * clients so.
 *
 * @see RFC 4291 section 2.5.5.2
 */
export function isMappedIpv4(bytes: Uint8Array, offset: number): boolean {
  for (let index = 0; index < MAPPED_ZEROS_BYTES; index++) {
    if (bytes[offset + index] !== 0) {
      return false;
    }
  }
  return bytes[offset + MAPPED_ZEROS_BYTES] === 0xff && bytes[offset + MAPPED_AT - 1] === 0xff;
}
