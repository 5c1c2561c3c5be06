import { BYTE_0, BYTE_COLON, BYTE_DOT, BYTE_LOWER_A } from './byte-classes.ts';

/** Addresses within fields: from bytes back to text; `../http/read-address.ts` reads them. */

/** Longest text of an address: eight groups of four digits. */
export const ADDRESS_TEXT_BYTES_MAX = 39;

const GROUPS = 8;
const IPV4_BYTES = 4;

/**
 * Writes an address of 4 or 16 bytes, IPv6 in its canonical form.
 *
 * @returns bytes written, ADDRESS_TEXT_BYTES_MAX at most
 * @see RFC 5952 section 4
 */
export function writeAddress(
  target: Uint8Array,
  address: Uint8Array,
  addressLength: number,
): number {
  let at = 0;
  if (addressLength === IPV4_BYTES) {
    for (let index = 0; index < IPV4_BYTES; index++) {
      if (index > 0) {
        target[at++] = BYTE_DOT;
      }
      at = writeOctet(target, at, address[index]);
    }
    return at;
  }
  const gap = findZeroGroups(address);
  const gapStart = gap >> 8;
  const gapEnd = gapStart + (gap & 0xff);
  for (let group = 0; group < GROUPS; group++) {
    if (group >= gapStart && group < gapEnd) {
      if (group === gapStart) {
        target[at++] = BYTE_COLON;
        if (gapEnd === GROUPS) {
          target[at++] = BYTE_COLON;
        }
      }
      continue;
    }
    if (group > 0) {
      target[at++] = BYTE_COLON;
    }
    at = writeGroup(target, at, (address[group * 2] << 8) | address[group * 2 + 1]);
  }
  return at;
}

/** First group of the longest run of zero groups in the upper bits, its length (0, or 2 and more) in the lower 8. */
function findZeroGroups(address: Uint8Array): number {
  let best = 0;
  let bestLength = 1;
  let length = 0;
  for (let group = 0; group < GROUPS; group++) {
    length = address[group * 2] === 0 && address[group * 2 + 1] === 0 ? length + 1 : 0;
    if (length > bestLength) {
      bestLength = length;
      best = ((group + 1 - length) << 8) | length;
    }
  }
  return best;
}

function writeOctet(target: Uint8Array, at: number, octet: number): number {
  if (octet >= 100) {
    target[at++] = BYTE_0 + ((octet / 100) | 0);
  }
  if (octet >= 10) {
    target[at++] = BYTE_0 + (((octet / 10) | 0) % 10);
  }
  target[at++] = BYTE_0 + (octet % 10);
  return at;
}

function writeGroup(target: Uint8Array, at: number, group: number): number {
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
