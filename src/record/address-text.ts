import { createWordView, viewWords } from '../words.ts';

/** Text of addresses, as formats and redaction write it. */

const BYTE_COLON = 0x3a;
const BYTE_0 = 0x30;
const BYTE_LOWER_A = 0x61;

const IPV6_GROUPS = 8;

const targetWords = createWordView();

/** Longest text of an address: eight groups of four digits. */
export const ADDRESS_TEXT_BYTES_MAX = 39;

/**
 * Writes an address without its port.
 *
 * @param addressLength 4 or 16
 * @returns where the next byte goes; **the caller has made room for ADDRESS_TEXT_BYTES_MAX**
 */
export function writeAddress(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  offset: number,
  addressLength: number,
): number {
  return addressLength === 4
    ? writeIpv4(target, at, source, offset)
    : writeIpv6(target, at, source, offset);
}

/** By octet: its text and a dot, first byte lowest; a shorter one is followed by what the next write covers. */
const OCTET_TEXT = Int32Array.from({ length: 256 }, (_, octet) =>
  Buffer.from(`${octet}.\0\0`, 'latin1').readInt32LE(0),
);
/** By octet: bytes of its text with the dot. */
const OCTET_BYTES = Uint8Array.from({ length: 256 }, (_, octet) => `${octet}.`.length);

function writeIpv4(target: Uint8Array, at: number, source: Uint8Array, offset: number): number {
  const view = viewWords(targetWords, target);
  for (let index = 0; index < 4; index++) {
    const octet = source[offset + index];
    view.setInt32(at, OCTET_TEXT[octet], true);
    at += OCTET_BYTES[octet];
  }
  return at - 1;
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
