/** Text of addresses and ports. */

const BYTE_HASH = 0x23;
const BYTE_DOT = 0x2e;
const BYTE_COLON = 0x3a;
const BYTE_0 = 0x30;
const BYTE_LOWER_A = 0x61;

const IPV6_GROUPS = 8;
/** Longest text of an address with its port: `ffff:` eight times, `#65535`. */
export const ENDPOINT_BYTES_MAX = 46;

/**
 * Writes `ADDRESS#PORT`.
 *
 * @param addressLength 4 or 16
 * @returns where the next byte goes; **the caller has made room for ENDPOINT_BYTES_MAX**
 */
export function writeEndpoint(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  offset: number,
  addressLength: number,
  port: number,
): number {
  at =
    addressLength === 4
      ? writeIpv4(target, at, source, offset)
      : writeIpv6(target, at, source, offset);
  target[at++] = BYTE_HASH;
  return writeDecimal(target, at, port);
}

function writeIpv4(target: Uint8Array, at: number, source: Uint8Array, offset: number): number {
  at = writeOctet(target, at, source[offset]);
  target[at++] = BYTE_DOT;
  at = writeOctet(target, at, source[offset + 1]);
  target[at++] = BYTE_DOT;
  at = writeOctet(target, at, source[offset + 2]);
  target[at++] = BYTE_DOT;
  return writeOctet(target, at, source[offset + 3]);
}

/** By octet: its text in three bytes; shorter ones are followed by what the next write covers. */
const OCTET_TEXT = new Uint8Array(256 * 3);
/** By octet: digits of its text. */
const OCTET_DIGITS = new Uint8Array(256);
for (let octet = 0; octet < 256; octet++) {
  OCTET_DIGITS[octet] = writeDecimal(OCTET_TEXT, octet * 3, octet) - octet * 3;
}

function writeOctet(target: Uint8Array, at: number, octet: number): number {
  const textAt = octet * 3;
  target[at] = OCTET_TEXT[textAt];
  target[at + 1] = OCTET_TEXT[textAt + 1];
  target[at + 2] = OCTET_TEXT[textAt + 2];
  return at + OCTET_DIGITS[octet];
}

/** Writes a number of 0 to 65,535 without leading zeros. */
export function writeDecimal(target: Uint8Array, at: number, value: number): number {
  let divisor = 1;
  while (value >= divisor * 10) {
    divisor *= 10;
  }
  for (; divisor >= 1; divisor = (divisor / 10) | 0) {
    const digit = (value / divisor) | 0;
    target[at++] = BYTE_0 + digit;
    value -= digit * divisor;
  }
  return at;
}

/**
 * Lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as `::`.
 * Always hexadecimal: the mixed form that RFC 5952 section 5 recommends for IPv4-mapped addresses would let
 * a packet that must not be on the wire look like ordinary IPv4 traffic at a glance.
 *
 * @see RFC 5952 section 4
 */
function writeIpv6(target: Uint8Array, at: number, source: Uint8Array, offset: number): number {
  const run = longestZeroRun(source, offset);
  const runStart = run >> 8;
  const runEnd = runStart + (run & 0xff);
  for (let group = 0; group < IPV6_GROUPS; group++) {
    if (group >= runStart && group < runEnd) {
      if (group === runStart) {
        target[at++] = BYTE_COLON;
        if (runEnd === IPV6_GROUPS) {
          target[at++] = BYTE_COLON;
        }
      }
      continue;
    }
    if (group > 0) {
      target[at++] = BYTE_COLON;
    }
    at = writeHexGroup(target, at, readGroup(source, offset, group));
  }
  return at;
}

/** First group of the run in the upper bits, its length (0 or at least 2) in the lower 8: no record needed. */
function longestZeroRun(source: Uint8Array, offset: number): number {
  let best = 0;
  let bestLength = 1;
  let length = 0;
  for (let group = 0; group < IPV6_GROUPS; group++) {
    length = readGroup(source, offset, group) === 0 ? length + 1 : 0;
    if (length > bestLength) {
      bestLength = length;
      best = ((group + 1 - length) << 8) | length;
    }
  }
  return best;
}

function readGroup(source: Uint8Array, offset: number, group: number): number {
  return (source[offset + 2 * group] << 8) | source[offset + 2 * group + 1];
}

function writeHexGroup(target: Uint8Array, at: number, group: number): number {
  for (
    let shift = group > 0xfff ? 12 : group > 0xff ? 8 : group > 0xf ? 4 : 0;
    shift >= 0;
    shift -= 4
  ) {
    const digit = (group >> shift) & 0xf;
    target[at++] = digit < 10 ? BYTE_0 + digit : BYTE_LOWER_A + digit - 10;
  }
  return at;
}
