import { readInt32BE } from '../big-endian.ts';
import { copyBytes } from '../bytes.ts';
import type { Frame } from '../capture/frame.ts';
import { VLAN_TAGS_MAX } from '../limits.ts';
import { DATAGRAMS_HELD_MAX, FRAGMENTS_HELD_SEC_MAX } from './limits.ts';

/**
 * Datagrams of which some fragments have come, held until the others have. Bounded in number, bytes and time; memory is
 * taken with the first fragment that is seen, and most captures have none.
 *
 * Places are a ring in the order in which their datagrams began: the oldest is the first to give way.
 */
export interface Fragments {
  /** Places from the oldest on; 0 is the usual case and costs one test a packet. */
  usedCount: number;
  /** Place of the oldest. */
  oldest: number;
  /** Addresses and payloads, by place. */
  bytes: Uint8Array;
  /** By place and unit of 8 bytes: 1 where it has come. */
  units: Uint8Array;
  places: readonly HeldDatagram[];
  /** The frame in hand, for its time. */
  readonly frame: Pick<Frame, 'timestampSec' | 'timestampSubsecNs'>;
  /** Time of the first fragment of what was put together last. */
  timestampSec: number;
  timestampSubsecNs: number;
  /** Fragments for which there was no place. */
  refusedCount: number;
}

export interface HeldDatagram {
  state: DatagramState;
  addressLength: number;
  identification: number;
  /** IPv4: protocol, a part of its key. IPv6: the header behind the first fragment's fragment header. */
  protocol: number;
  /** UNKNOWN_BYTES until the last fragment has come. */
  totalBytes: number;
  /** As far as any fragment has reached. */
  endBytes: number;
  receivedBytes: number;
  /** Packet time of the fragment that came first. */
  startSec: number;
  startSubsecNs: number;
  /** Packet time of the datagram's first bytes. */
  timestampSec: number;
  timestampSubsecNs: number;
  tunnelsCount: number;
  vlanTagsCount: number;
  readonly vlanIds: Uint16Array;
}

/** What is kept of the packet that a fragment came in; offsets are those of its bytes. */
export interface Fragment {
  addressLength: number;
  sourceAddressOffset: number;
  targetAddressOffset: number;
  tunnelsCount: number;
  vlanTagsCount: number;
  readonly vlanIds: Uint16Array;
  isReassembled: boolean;
}

export const DATAGRAM_FREE = 0;
export const DATAGRAM_WAITS = 1;
/** Fragments contradicted each other: what comes of it is refused until its time is up. */
export const DATAGRAM_REFUSED = 2;
export type DatagramState = typeof DATAGRAM_FREE | typeof DATAGRAM_WAITS | typeof DATAGRAM_REFUSED;

export const NO_PLACE = -1;
export const UNKNOWN_BYTES = -1;
/** What the fragment offset's 13 bits count. */
export const FRAGMENT_UNIT_BYTES = 8;

const ADDRESS_BYTES = 16;
/** Bytes of a place before its payload. */
const ADDRESSES_BYTES = 2 * ADDRESS_BYTES;
/** What the length field of an IP packet can say. */
export const DATAGRAM_BYTES_MAX = 65_535;
const UNITS_MAX = 8192;
const PLACE_BYTES = ADDRESSES_BYTES + UNITS_MAX * FRAGMENT_UNIT_BYTES;

export function createFragments(frame: Fragments['frame']): Fragments {
  return {
    usedCount: 0,
    oldest: 0,
    bytes: new Uint8Array(0),
    units: new Uint8Array(0),
    places: [],
    frame,
    timestampSec: 0,
    timestampSubsecNs: 0,
    refusedCount: 0,
  };
}

/** Where the payload of a place begins in `bytes`. */
export function payloadOf(place: number): number {
  return place * PLACE_BYTES + ADDRESSES_BYTES;
}

export function unitsOf(place: number): number {
  return place * UNITS_MAX;
}

/** The place of the datagram that a fragment belongs to, or NO_PLACE. Bound: DATAGRAMS_HELD_MAX comparisons. */
export function findDatagram(
  fragments: Fragments,
  bytes: Uint8Array,
  segment: Fragment,
  identification: number,
  protocol: number,
): number {
  const { places, oldest, usedCount } = fragments;
  for (let age = 0; age < usedCount; age++) {
    const place = (oldest + age) % DATAGRAMS_HELD_MAX;
    const held = places[place];
    if (
      held.state !== DATAGRAM_FREE &&
      held.identification === identification &&
      held.addressLength === segment.addressLength &&
      (held.protocol === protocol || held.addressLength === ADDRESS_BYTES) &&
      isBetween(fragments, place, bytes, segment)
    ) {
      return place;
    }
  }
  return NO_PLACE;
}

/** Begins a datagram; NO_PLACE where all are held. */
export function holdDatagram(
  fragments: Fragments,
  bytes: Uint8Array,
  segment: Fragment,
  identification: number,
  protocol: number,
): number {
  if (fragments.usedCount === DATAGRAMS_HELD_MAX) {
    fragments.refusedCount++;
    return NO_PLACE;
  }
  if (fragments.places.length === 0) {
    takeMemory(fragments);
  }
  const { frame } = fragments;
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  const place = (fragments.oldest + fragments.usedCount) % DATAGRAMS_HELD_MAX;
  fragments.usedCount++;
  const at = place * PLACE_BYTES;
  copyBytes(fragments.bytes, at, bytes, sourceAddressOffset, sourceAddressOffset + addressLength);
  copyBytes(
    fragments.bytes,
    at + ADDRESS_BYTES,
    bytes,
    targetAddressOffset,
    targetAddressOffset + addressLength,
  );
  fragments.units.fill(0, unitsOf(place), unitsOf(place) + UNITS_MAX);
  const held = fragments.places[place];
  held.state = DATAGRAM_WAITS;
  held.addressLength = addressLength;
  held.identification = identification;
  held.protocol = protocol;
  held.totalBytes = UNKNOWN_BYTES;
  held.endBytes = 0;
  held.receivedBytes = 0;
  held.startSec = frame.timestampSec;
  held.startSubsecNs = frame.timestampSubsecNs;
  held.timestampSec = frame.timestampSec;
  held.timestampSubsecNs = frame.timestampSubsecNs;
  held.tunnelsCount = segment.tunnelsCount;
  held.vlanTagsCount = segment.vlanTagsCount;
  held.vlanIds.set(segment.vlanIds);
  return place;
}

/** Gives a place back; its bytes stay until another datagram begins, which takes another place first. */
export function releaseDatagram(fragments: Fragments, place: number): void {
  const { places } = fragments;
  places[place].state = DATAGRAM_FREE;
  while (fragments.usedCount > 0 && places[fragments.oldest].state === DATAGRAM_FREE) {
    fragments.oldest = (fragments.oldest + 1) % DATAGRAMS_HELD_MAX;
    fragments.usedCount--;
  }
}

/** The oldest datagram if its time is up, the clock was set back behind it, or no place is left; else NO_PLACE. */
export function findExpiredDatagram(
  fragments: Fragments,
  timestampSec: number,
  timestampSubsecNs: number,
): number {
  const { usedCount, oldest } = fragments;
  if (usedCount === 0) {
    return NO_PLACE;
  }
  const held = fragments.places[oldest];
  const heldSec = timestampSec - held.startSec;
  const isExpired =
    usedCount === DATAGRAMS_HELD_MAX ||
    Math.abs(heldSec) > FRAGMENTS_HELD_SEC_MAX ||
    (heldSec === FRAGMENTS_HELD_SEC_MAX && timestampSubsecNs > held.startSubsecNs);
  return isExpired ? oldest : NO_PLACE;
}

/** Makes the segment's addresses those of the datagram, and its time the one of its first bytes. */
export function readDatagram(fragments: Fragments, place: number, segment: Fragment): void {
  const held = fragments.places[place];
  segment.addressLength = held.addressLength;
  segment.sourceAddressOffset = place * PLACE_BYTES;
  segment.targetAddressOffset = segment.sourceAddressOffset + ADDRESS_BYTES;
  segment.isReassembled = true;
  fragments.timestampSec = held.timestampSec;
  fragments.timestampSubsecNs = held.timestampSubsecNs;
}

function takeMemory(fragments: Fragments): void {
  fragments.bytes = new Uint8Array(DATAGRAMS_HELD_MAX * PLACE_BYTES);
  fragments.units = new Uint8Array(DATAGRAMS_HELD_MAX * UNITS_MAX);
  fragments.places = Array.from({ length: DATAGRAMS_HELD_MAX }, createDatagram);
}

function createDatagram(): HeldDatagram {
  return {
    state: DATAGRAM_FREE,
    addressLength: 0,
    identification: 0,
    protocol: 0,
    totalBytes: UNKNOWN_BYTES,
    endBytes: 0,
    receivedBytes: 0,
    startSec: 0,
    startSubsecNs: 0,
    timestampSec: 0,
    timestampSubsecNs: 0,
    tunnelsCount: 0,
    vlanTagsCount: 0,
    vlanIds: new Uint16Array(VLAN_TAGS_MAX),
  };
}

function isBetween(
  fragments: Fragments,
  place: number,
  bytes: Uint8Array,
  segment: Fragment,
): boolean {
  const { addressLength, sourceAddressOffset, targetAddressOffset } = segment;
  const at = place * PLACE_BYTES;
  for (let index = 0; index < addressLength; index += 4) {
    if (
      readInt32BE(fragments.bytes, at + index) !==
        readInt32BE(bytes, sourceAddressOffset + index) ||
      readInt32BE(fragments.bytes, at + ADDRESS_BYTES + index) !==
        readInt32BE(bytes, targetAddressOffset + index)
    ) {
      return false;
    }
  }
  return true;
}
