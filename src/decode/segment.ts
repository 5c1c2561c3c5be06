import { VLAN_TAGS_MAX } from '../limits.ts';

/**
 * A TCP segment as offsets into the frame's bytes. One record is made by the pipeline and filled again
 * for each frame; after a verdict other than VERDICT_SEGMENT its fields are of no meaning.
 */
export interface Segment {
  /** 4 or 16: length of both addresses in bytes. */
  addressLength: number;
  sourceAddressOffset: number;
  targetAddressOffset: number;
  sourcePort: number;
  targetPort: number;
  /** Sequence number as a signed 32-bit integer: compare with `===` or by wrapped difference only. */
  sequenceNumber: number;
  /** First payload byte. */
  payloadOffset: number;
  /** One past the last payload byte that was captured and belongs to the IP packet. */
  payloadEnd: number;
  /** Tags seen, outermost first, the one out of band included. */
  vlanTagsCount: number;
  /** VLAN ids, outermost first; only the first `vlanTagsCount` are of this frame. */
  readonly vlanIds: Uint16Array;
}

export function createSegment(): Segment {
  return {
    addressLength: 0,
    sourceAddressOffset: 0,
    targetAddressOffset: 0,
    sourcePort: 0,
    targetPort: 0,
    sequenceNumber: 0,
    payloadOffset: 0,
    payloadEnd: 0,
    vlanTagsCount: 0,
    vlanIds: new Uint16Array(VLAN_TAGS_MAX),
  };
}
