import { readInt32BE, readUint16BE } from '../big-endian.ts';
import { packDevice } from '../capture/device.ts';
import { decodeEtherType } from './ether-type.ts';
import type { Segment } from './segment.ts';
import { VERDICT_LINK_TRUNCATED } from './verdicts.ts';

const SLL_PACKET_TYPE_AT = 0;
const SLL_PROTOCOL_AT = 14;
const SLL_HEADER_BYTES = 16;

const SLL2_PROTOCOL_AT = 0;
const SLL2_IFINDEX_AT = 4;
const SLL2_PACKET_TYPE_AT = 10;
const SLL2_HEADER_BYTES = 20;

/** The first version of the header does not say which device it was. */
const NOT_TOLD = 0;

/**
 * Decodes a Linux "cooked" header, which captures of the device `any` have.
 *
 * @returns a verdict
 * @see https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
 */
export function decodeLinuxSll(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < SLL_HEADER_BYTES) {
    return VERDICT_LINK_TRUNCATED;
  }
  segment.device = packDevice(NOT_TOLD, readUint16BE(bytes, offset + SLL_PACKET_TYPE_AT));
  const etherType = readUint16BE(bytes, offset + SLL_PROTOCOL_AT);
  return decodeEtherType(bytes, etherType, offset + SLL_HEADER_BYTES, end, segment);
}

/**
 * Decodes the second version of that header.
 *
 * @returns a verdict
 * @see https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
 */
export function decodeLinuxSll2(
  bytes: Uint8Array,
  offset: number,
  end: number,
  segment: Segment,
): number {
  if (end - offset < SLL2_HEADER_BYTES) {
    return VERDICT_LINK_TRUNCATED;
  }
  const interfaceIndex = readInt32BE(bytes, offset + SLL2_IFINDEX_AT);
  segment.device = packDevice(interfaceIndex, bytes[offset + SLL2_PACKET_TYPE_AT]);
  const etherType = readUint16BE(bytes, offset + SLL2_PROTOCOL_AT);
  return decodeEtherType(bytes, etherType, offset + SLL2_HEADER_BYTES, end, segment);
}
