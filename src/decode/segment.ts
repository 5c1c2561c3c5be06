import { VLAN_TAGS_MAX } from '../limits.ts';
import type { Fragments } from './fragments.ts';
import { createUdpTunnels } from './udp-tunnels.ts';

/** The segment's sender wants a connection. */
export const TCP_FLAG_SYN = 0x02;
export const TCP_FLAG_RST = 0x04;
/** The acknowledgment number is of meaning. */
export const TCP_FLAG_ACK = 0x10;
/** The segment's sender has no more to send. */
export const TCP_FLAG_FIN = 0x01;

/** The segment has the addresses that it was captured with. */
export const NO_TRANSLATION = -1;

/**
 * A TCP segment as offsets into the frame's bytes. One record is made by the pipeline and filled again
 * for each frame; after a verdict other than VERDICT_SEGMENT and VERDICT_NO_PAYLOAD its fields are of no
 * meaning.
 */
export interface Segment {
  /** 4 or 16: length of both addresses in bytes. */
  addressLength: number;
  sourceAddressOffset: number;
  targetAddressOffset: number;
  sourcePort: number;
  targetPort: number;
  /**
   * Sequence number of the first payload byte (a SYN takes one before it) as a signed 32-bit integer: compare
   * with `===` or by wrapped difference only.
   */
  sequenceNumber: number;
  /** What the sender has received of the other direction; of meaning with TCP_FLAG_ACK. Signed, likewise. */
  acknowledgmentNumber: number;
  /** TCP_FLAG_* together. */
  flags: number;
  /** First payload byte. */
  payloadOffset: number;
  /** One past the last payload byte that was captured and belongs to the IP packet. */
  payloadEnd: number;
  /** Payload on the wire, of which the capture may have kept less. */
  payloadBytes: number;
  /** The capture cut the payload: what follows `payloadEnd` was on the wire. */
  isPayloadCut: boolean;
  /** Tags seen, outermost first, the one out of band included. */
  vlanTagsCount: number;
  /** VLAN ids, outermost first; only the first `vlanTagsCount` are of this frame. */
  readonly vlanIds: Uint16Array;
  /** Where a capture of several devices has seen it, see `packDevice`; 0: the capture is one of a single device. */
  device: number;
  /** Where its translation stands whose addresses it had before they were set back, see `translations.ts`; or NO_TRANSLATION. */
  translation: number;
  /** Packets within packets that were opened on the way. */
  tunnelsCount: number;
  /** Its offsets are those of `fragments.bytes`, not of the frame's; who has read it sets it back. */
  isReassembled: boolean;
  /** Undefined: fragments are not put together, a first one is read as far as it goes. */
  fragments: Fragments | undefined;
  /** What a frame carried that is not read, see `unread-kinds.ts`; who counts it sets it back to 0. */
  unreadKind: number;
  /** By UDP port: which tunnel it carries, see `udp.ts`. */
  readonly udpTunnels: Uint8Array;
}

/**
 * @param vxlanPorts UDP ports of VXLAN besides the usual ones
 * @param fragments without them none are put together
 */
export function createSegment(
  vxlanPorts: readonly number[] = [],
  fragments: Fragments | undefined = undefined,
): Segment {
  return {
    addressLength: 0,
    sourceAddressOffset: 0,
    targetAddressOffset: 0,
    sourcePort: 0,
    targetPort: 0,
    sequenceNumber: 0,
    acknowledgmentNumber: 0,
    flags: 0,
    payloadOffset: 0,
    payloadEnd: 0,
    payloadBytes: 0,
    isPayloadCut: false,
    vlanTagsCount: 0,
    vlanIds: new Uint16Array(VLAN_TAGS_MAX),
    device: 0,
    translation: NO_TRANSLATION,
    tunnelsCount: 0,
    isReassembled: false,
    fragments,
    unreadKind: 0,
    udpTunnels: createUdpTunnels(vxlanPorts),
  };
}
