import { copyBytes } from '../bytes.ts';
import {
  DATAGRAM_BYTES_MAX,
  DATAGRAM_REFUSED,
  FRAGMENT_UNIT_BYTES,
  type Fragments,
  findDatagram,
  type HeldDatagram,
  holdDatagram,
  NO_PLACE,
  payloadOf,
  readDatagram,
  releaseDatagram,
  UNKNOWN_BYTES,
  unitsOf,
} from './fragments.ts';
import { decodeIpPayload } from './ip-payload.ts';
import { decodeExtensionHeaders } from './ipv6.ts';
import type { Segment } from './segment.ts';
import { decodeTcp, PROTOCOL_TCP } from './tcp.ts';
import {
  VERDICT_FRAGMENT,
  VERDICT_FRAGMENT_MALFORMED,
  VERDICT_FRAGMENT_OVERLAP,
} from './verdicts.ts';

/** In place of a verdict: nothing waits for others; a first fragment is read by itself, as far as it goes. */
export const FRAGMENT_ALONE = -1;

const IPV4_ADDRESS_BYTES = 4;

/**
 * Keeps a fragment, and decodes its datagram when it was the one that was missing: `segment`'s offsets are then those
 * of the table's bytes, as `segment.isReassembled` says. Rare; the cost is a search among what is held, and a copy.
 *
 * A fragment that came before in the same bytes is ignored. One that overlaps others refuses the whole datagram, as RFC
 * 5722 demands for IPv6 and Linux does for IPv4 too: which of the bytes the receiver takes nobody else can know.
 *
 * @param segment its addresses are set
 * @param offset first byte of the fragment's payload
 * @param end one past its last captured byte
 * @param packetEnd one past its last byte, captured or not
 * @param fragmentOffset where it stands in the datagram's payload, in bytes
 * @returns a verdict, or FRAGMENT_ALONE
 * @see RFC 791 section 3.2, RFC 8200 section 4.5
 */
export function takeFragment(
  bytes: Uint8Array,
  offset: number,
  end: number,
  packetEnd: number,
  fragmentOffset: number,
  hasMore: boolean,
  identification: number,
  protocol: number,
  segment: Segment,
): number {
  const { fragments } = segment;
  const byteLength = packetEnd - offset;
  const isWhole = end === packetEnd && byteLength > 0;
  const isUneven = hasMore && byteLength % FRAGMENT_UNIT_BYTES !== 0;
  if (fragments === undefined || !isWhole || isUneven) {
    if (fragmentOffset === 0) {
      return FRAGMENT_ALONE;
    }
    const isMalformed = fragments !== undefined && isWhole && isUneven;
    return isMalformed ? VERDICT_FRAGMENT_MALFORMED : VERDICT_FRAGMENT;
  }
  if (fragmentOffset + byteLength > DATAGRAM_BYTES_MAX) {
    return VERDICT_FRAGMENT_MALFORMED;
  }
  let place = findDatagram(fragments, bytes, segment, identification, protocol);
  if (place === NO_PLACE) {
    place = holdDatagram(fragments, bytes, segment, identification, protocol);
    if (place === NO_PLACE) {
      return VERDICT_FRAGMENT;
    }
  }
  const held = fragments.places[place];
  if (held.state === DATAGRAM_REFUSED || !fits(held, fragmentOffset + byteLength, hasMore)) {
    held.state = DATAGRAM_REFUSED;
    return VERDICT_FRAGMENT_OVERLAP;
  }
  const known = countKnownUnits(fragments, place, fragmentOffset, byteLength);
  if (known !== 0) {
    return isRepeated(fragments, place, bytes, offset, fragmentOffset, byteLength, known)
      ? VERDICT_FRAGMENT
      : refuse(held);
  }
  keepFragment(fragments, place, bytes, offset, fragmentOffset, byteLength);
  if (!hasMore) {
    held.totalBytes = fragmentOffset + byteLength;
  }
  if (fragmentOffset === 0) {
    held.protocol = protocol;
    held.timestampSec = fragments.frame.timestampSec;
    held.timestampSubsecNs = fragments.frame.timestampSubsecNs;
  }
  return held.receivedBytes === held.totalBytes
    ? decodeDatagram(fragments, place, held.totalBytes, segment)
    : VERDICT_FRAGMENT;
}

/**
 * Decodes what is known of a datagram of which fragments are missing: its beginning, as far as it has no gap. Gives its
 * place back.
 *
 * @returns a verdict; VERDICT_FRAGMENT when nothing is to be read
 */
export function decodeIncompleteDatagram(
  fragments: Fragments,
  place: number,
  segment: Segment,
): number {
  const held = fragments.places[place];
  segment.vlanTagsCount = held.vlanTagsCount;
  segment.vlanIds.set(held.vlanIds);
  segment.tunnelsCount = held.tunnelsCount;
  const unitsAt = unitsOf(place);
  let units = 0;
  while (units * FRAGMENT_UNIT_BYTES < held.endBytes && fragments.units[unitsAt + units] !== 0) {
    units++;
  }
  if (units === 0 || held.state === DATAGRAM_REFUSED) {
    releaseDatagram(fragments, place);
    return VERDICT_FRAGMENT;
  }
  const byteLength = Math.min(units * FRAGMENT_UNIT_BYTES, held.endBytes);
  return decodeDatagram(fragments, place, byteLength, segment);
}

function decodeDatagram(
  fragments: Fragments,
  place: number,
  byteLength: number,
  segment: Segment,
): number {
  const { protocol, addressLength } = fragments.places[place];
  readDatagram(fragments, place, segment);
  // What is within may be a fragment too; it takes another place.
  releaseDatagram(fragments, place);
  const offset = payloadOf(place);
  const end = offset + byteLength;
  const { bytes } = fragments;
  if (addressLength !== IPV4_ADDRESS_BYTES) {
    return decodeExtensionHeaders(bytes, offset, end, end, protocol, segment);
  }
  return protocol === PROTOCOL_TCP
    ? decodeTcp(bytes, offset, end, end, segment)
    : decodeIpPayload(bytes, protocol, offset, end, end, segment);
}

/** Whether the end of a fragment agrees with what is known of the datagram's. */
function fits(held: HeldDatagram, fragmentEnd: number, hasMore: boolean): boolean {
  if (hasMore) {
    return held.totalBytes === UNKNOWN_BYTES || fragmentEnd <= held.totalBytes;
  }
  return held.totalBytes === UNKNOWN_BYTES
    ? fragmentEnd >= held.endBytes
    : fragmentEnd === held.totalBytes;
}

function countKnownUnits(
  fragments: Fragments,
  place: number,
  fragmentOffset: number,
  byteLength: number,
): number {
  const from = unitsOf(place) + fragmentOffset / FRAGMENT_UNIT_BYTES;
  const to = from + Math.ceil(byteLength / FRAGMENT_UNIT_BYTES);
  let known = 0;
  for (let unit = from; unit < to; unit++) {
    known += fragments.units[unit];
  }
  return known;
}

/** Whether all of the fragment has come before, in the same bytes. */
function isRepeated(
  fragments: Fragments,
  place: number,
  bytes: Uint8Array,
  offset: number,
  fragmentOffset: number,
  byteLength: number,
  knownUnits: number,
): boolean {
  const at = payloadOf(place) + fragmentOffset;
  let index = knownUnits === Math.ceil(byteLength / FRAGMENT_UNIT_BYTES) ? 0 : byteLength + 1;
  while (index < byteLength && fragments.bytes[at + index] === bytes[offset + index]) {
    index++;
  }
  return index === byteLength;
}

function refuse(held: HeldDatagram): number {
  held.state = DATAGRAM_REFUSED;
  return VERDICT_FRAGMENT_OVERLAP;
}

function keepFragment(
  fragments: Fragments,
  place: number,
  bytes: Uint8Array,
  offset: number,
  fragmentOffset: number,
  byteLength: number,
): void {
  const held = fragments.places[place];
  const unitsFrom = unitsOf(place) + fragmentOffset / FRAGMENT_UNIT_BYTES;
  const unitsTo = unitsFrom + Math.ceil(byteLength / FRAGMENT_UNIT_BYTES);
  const at = payloadOf(place) + fragmentOffset;
  copyBytes(fragments.bytes, at, bytes, offset, offset + byteLength);
  fragments.units.fill(1, unitsFrom, unitsTo);
  held.receivedBytes += byteLength;
  held.endBytes = Math.max(held.endBytes, fragmentOffset + byteLength);
}
