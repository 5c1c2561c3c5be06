import { findPairEnd } from '../http/forwarded-nodes.ts';
import { isDigit, skipBlanks, trimBlanks } from '../http/grammar.ts';
import { IPV6_BYTES, readAddress, readIpv4 } from '../http/read-address.ts';
import { ADDRESS_TEXT_BYTES_MAX, writeAddress } from '../record/address-text.ts';
import type { AddressChange } from './anonymize-address.ts';
import {
  BYTE_BRACKET_CLOSE,
  BYTE_BRACKET_OPEN,
  BYTE_COLON,
  BYTE_COMMA,
  BYTE_DOT,
  BYTE_EQUALS,
  BYTE_QUOTE,
  BYTE_UNDERSCORE,
  bytesOf,
  findByte,
  isWordByte,
  startsWithText,
} from './byte-classes.ts';
import { type Draft, finishPass, replaceRange } from './draft.ts';
import { REDACTED } from './name-modes.ts';

const FOR = bytesOf('for');
const UNKNOWN = bytesOf('unknown');

/** One address on its way; the passes run one after the other. */
const address = new Uint8Array(IPV6_BYTES);
const addressText = new Uint8Array(ADDRESS_TEXT_BYTES_MAX);

/**
 * A pass over X-Forwarded-For and its like: addresses with commas between them.
 *
 * @returns how many were changed
 */
export function changeForwardedFor(draft: Draft, change: AddressChange): number {
  const { bytes, end } = draft;
  let count = 0;
  let start = draft.offset;
  while (start < end) {
    const comma = findByte(bytes, start, end, BYTE_COMMA);
    count += changeNode(draft, start, comma, change);
    start = comma + 1;
  }
  finishPass(draft);
  return count;
}

/**
 * A pass over Forwarded: the addresses of its `for` parameters, and what stands there without a name.
 *
 * @returns how many were changed
 * @see RFC 7239 section 4
 */
export function changeForwarded(draft: Draft, change: AddressChange): number {
  const { bytes, end } = draft;
  let count = 0;
  let start = draft.offset;
  while (start < end) {
    const pairEnd = findPairEnd(bytes, start, end);
    if (pairEnd === -1) {
      replaceRange(draft, start, end, REDACTED);
      count++;
      break;
    }
    const from = skipBlanks(bytes, start, pairEnd);
    const equals = findByte(bytes, from, pairEnd, BYTE_EQUALS);
    const isFor =
      trimBlanks(bytes, from, equals) - from === FOR.length &&
      startsWithText(bytes, from, pairEnd, FOR);
    if (equals === pairEnd) {
      count += changeNode(draft, from, pairEnd, change);
    } else if (isFor) {
      count += changeNode(draft, equals + 1, pairEnd, change);
    }
    start = pairEnd + 1;
  }
  finishPass(draft);
  return count;
}

/**
 * A pass over Via: a proxy that stands between may be the client of this connection. What is no address is the
 * name of a host or of a product, and stays.
 *
 * @returns how many were changed
 * @see RFC 9110 section 7.6.3
 */
export function changeVia(draft: Draft, change: AddressChange): number {
  const { bytes, end } = draft;
  let count = 0;
  let start = draft.offset;
  while (start < end) {
    if (!isAddressByte(bytes[start])) {
      start++;
      continue;
    }
    let runEnd = start + 1;
    while (runEnd < end && isAddressByte(bytes[runEnd])) {
      runEnd++;
    }
    const addressEnd = findAddressEnd(bytes, start, runEnd);
    const addressLength = readAddress(bytes, start, addressEnd, address);
    if (addressLength !== 0) {
      change(address, addressLength);
      const textLength = writeAddress(addressText, 0, address, 0, addressLength);
      replaceRange(draft, start, addressEnd, addressText, textLength);
      count++;
    }
    start = runEnd;
  }
  finishPass(draft);
  return count;
}

/** A word that only begins like an address is none. */
function isAddressByte(byte: number): boolean {
  return isWordByte(byte) || byte === BYTE_DOT || byte === BYTE_COLON;
}

/**
 * Changes the address of a node; its port and its quotes stay. `unknown` and names with a `_` tell nothing.
 * What is none of these, such as an address that the capture has cut, is redacted.
 */
function changeNode(draft: Draft, start: number, end: number, change: AddressChange): number {
  const { bytes } = draft;
  let from = skipBlanks(bytes, start, end);
  let to = trimBlanks(bytes, from, end);
  if (to - from >= 2 && bytes[from] === BYTE_QUOTE && bytes[to - 1] === BYTE_QUOTE) {
    from++;
    to--;
  }
  const isUnknown = to - from === UNKNOWN.length && startsWithText(bytes, from, to, UNKNOWN);
  if (from === to || bytes[from] === BYTE_UNDERSCORE || isUnknown) {
    return 0;
  }
  const isBracketed = bytes[from] === BYTE_BRACKET_OPEN;
  const addressFrom = isBracketed ? from + 1 : from;
  const addressTo = isBracketed
    ? findByte(bytes, addressFrom, to, BYTE_BRACKET_CLOSE)
    : findAddressEnd(bytes, from, to);
  const addressLength = readAddress(bytes, addressFrom, addressTo, address);
  const hasEnd = !isBracketed || (addressTo < to && isPort(bytes, addressTo + 1, to));
  if (addressLength === 0 || !hasEnd) {
    replaceRange(draft, from, to, REDACTED);
    return 1;
  }
  change(address, addressLength);
  const textLength = writeAddress(addressText, 0, address, 0, addressLength);
  replaceRange(draft, addressFrom, addressTo, addressText, textLength);
  return 1;
}

/** Only an IPv4 address can have a port without brackets around it. */
function findAddressEnd(bytes: Uint8Array, from: number, to: number): number {
  const ipv4End = readIpv4(bytes, from, to, address);
  return ipv4End !== -1 && ipv4End < to && isPort(bytes, ipv4End, to) ? ipv4End : to;
}

/** Nothing, or a colon and digits. */
function isPort(bytes: Uint8Array, at: number, to: number): boolean {
  if (at === to) {
    return true;
  }
  if (bytes[at++] !== BYTE_COLON) {
    return false;
  }
  while (at < to && isDigit(bytes[at])) {
    at++;
  }
  return at === to;
}
