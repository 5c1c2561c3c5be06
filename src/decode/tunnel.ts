import { TUNNELS_MAX } from './limits.ts';
import type { Segment } from './segment.ts';
import { PROTOCOL_TCP } from './tcp.ts';

/** IP protocol numbers of what carries another packet. @see https://www.iana.org/assignments/protocol-numbers */
export const PROTOCOL_IPV4 = 4;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_IPV6 = 41;
export const PROTOCOL_GRE = 47;
export const PROTOCOL_AUTHENTICATION = 51;
export const PROTOCOL_L2TP = 115;

/** EtherType of a whole Ethernet frame as payload (transparent Ethernet bridging). */
export const ETHERTYPE_ETHERNET = 0x6558;

/** Whether a packet of this protocol is TCP, or may carry some. */
export function isOpenedProtocol(protocol: number): boolean {
  return (
    protocol === PROTOCOL_TCP ||
    protocol === PROTOCOL_UDP ||
    protocol === PROTOCOL_IPV4 ||
    protocol === PROTOCOL_IPV6 ||
    protocol === PROTOCOL_GRE ||
    protocol === PROTOCOL_AUTHENTICATION ||
    protocol === PROTOCOL_L2TP
  );
}

/**
 * Counts one more encapsulation. Frames whose headers nest without end are made on purpose: each costs
 * its depth at most.
 *
 * @returns false when there are too many
 */
export function enterTunnel(segment: Segment): boolean {
  segment.tunnelsCount++;
  return segment.tunnelsCount <= TUNNELS_MAX;
}

/** The frame within has VLAN tags of its own, or none: those of the outer frame are not its. */
export function forgetVlanTags(segment: Segment): void {
  segment.vlanTagsCount = 0;
}
