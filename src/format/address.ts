import { writeAddress } from '../record/address-text.ts';

/** Text of addresses with their ports. */

const BYTE_HASH = 0x23;
const BYTE_0 = 0x30;

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
  at = writeAddress(target, at, source, offset, addressLength);
  target[at++] = BYTE_HASH;
  return writeDecimal(target, at, port);
}

/** Writes a number of 0 to 65,535 without leading zeros. */
export function writeDecimal(target: Uint8Array, at: number, value: number): number {
  const hundreds = (value / 100) | 0;
  if (hundreds >= 100) {
    const tenThousands = (hundreds / 100) | 0;
    if (tenThousands > 0) {
      target[at++] = BYTE_0 + tenThousands;
    }
    at = writeTwoDigits(target, at, hundreds - tenThousands * 100);
    return writeTwoDigits(target, at, value - hundreds * 100);
  }
  if (hundreds === 0) {
    return writeOneOrTwoDigits(target, at, value);
  }
  at = writeOneOrTwoDigits(target, at, hundreds);
  return writeTwoDigits(target, at, value - hundreds * 100);
}

function writeOneOrTwoDigits(target: Uint8Array, at: number, value: number): number {
  if (value >= 10) {
    return writeTwoDigits(target, at, value);
  }
  target[at++] = BYTE_0 + value;
  return at;
}

function writeTwoDigits(target: Uint8Array, at: number, value: number): number {
  const tens = (value / 10) | 0;
  target[at++] = BYTE_0 + tens;
  target[at++] = BYTE_0 + value - tens * 10;
  return at;
}
