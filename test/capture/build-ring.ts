/** Packet rings built as the kernel fills them. */
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { createRingWalk, type RingWalk } from '../../src/capture/tpacket-v3.ts';

/** struct tpacket_block_desc: version, offset_to_priv, then tpacket_hdr_v1. @see linux/if_packet.h */
const BLOCK_DESC = { status: 8, numPkts: 12, offsetToFirstPkt: 16, seqNum: 24 } as const;
export const BLOCK_DESC_BYTES = 48;
/** struct tpacket3_hdr. */
const TPACKET3_HDR = {
  nextOffset: 0,
  sec: 4,
  nsec: 8,
  snaplen: 12,
  len: 16,
  status: 20,
  mac: 24,
  net: 26,
  rxhash: 28,
  vlanTci: 32,
  vlanTpid: 36,
} as const;
const TPACKET3_HDR_BYTES = 48;
/** struct sockaddr_ll. */
const SOCKADDR_LL = { family: 0, protocol: 2, ifindex: 4, hatype: 8, pkttype: 10 } as const;

const TP_STATUS_KERNEL = 0;
const TP_STATUS_USER = 1;
const TP_STATUS_BLK_TMO = 1 << 5;
export const TP_STATUS_VLAN_VALID = 1 << 4;
export const TP_STATUS_VLAN_TPID_VALID = 1 << 6;
export const TP_STATUS_CSUMNOTREADY = 1 << 3;
export const PACKET_HOST = 0;
export const PACKET_OUTGOING = 4;

export const BLOCK_BYTES = 4096;

export interface RingFrame {
  payload: string;
  sec?: number;
  nsec?: number;
  wireLength?: number;
  status?: number;
  vlanTci?: number;
  protocol?: number;
  ifindex?: number;
  pkttype?: number;
  /** Where the frame's bytes begin behind its header; the kernel aligns them to what it likes. */
  mac?: number;
}

export interface Ring {
  memory: ArrayBuffer;
  view: DataView;
  walk: RingWalk;
  /** Blocks filled so far: the kernel numbers them from 1. */
  blocksFilled: number;
}

export function createRing(
  blocksCount: number,
  { linkType = LINKTYPE_ETHERNET, loopbackIndex = 0 } = {},
): Ring {
  const memory = new ArrayBuffer(blocksCount * BLOCK_BYTES);
  const walk = createRingWalk(memory, { blockBytes: BLOCK_BYTES, linkType, loopbackIndex });
  return { memory, view: new DataView(memory), walk, blocksFilled: 0 };
}

/** Does what the kernel does: writes the frames of a block, and hands it over at last. */
export function fillBlock(ring: Ring, block: number, frames: readonly RingFrame[]): void {
  const { view } = ring;
  const blockAt = block * BLOCK_BYTES;
  if (view.getUint32(blockAt + BLOCK_DESC.status, true) !== TP_STATUS_KERNEL) {
    throw new Error(`Block ${block} is not the kernel's`);
  }
  new Uint8Array(ring.memory, blockAt, BLOCK_BYTES).fill(0xa5);
  view.setUint32(blockAt, 1, true);
  view.setUint32(blockAt + 4, BLOCK_DESC_BYTES, true);
  view.setUint32(blockAt + BLOCK_DESC.numPkts, frames.length, true);
  view.setUint32(blockAt + BLOCK_DESC.offsetToFirstPkt, BLOCK_DESC_BYTES, true);
  ring.blocksFilled++;
  view.setBigUint64(blockAt + BLOCK_DESC.seqNum, BigInt(ring.blocksFilled), true);
  let at = blockAt + BLOCK_DESC_BYTES;
  frames.forEach((frame, index) => {
    const frameBytes = writeFrame(view, at, frame);
    // The kernel writes 0 as the last frame's.
    const nextOffset = index + 1 === frames.length ? 0 : frameBytes;
    view.setUint32(at + TPACKET3_HDR.nextOffset, nextOffset, true);
    at += frameBytes;
  });
  view.setUint32(blockAt + BLOCK_DESC.status, TP_STATUS_USER | TP_STATUS_BLK_TMO, true);
}

/** Gives the bytes that the frame takes with its padding. */
function writeFrame(view: DataView, at: number, frame: RingFrame): number {
  const { payload, mac = 82 } = frame;
  const { length } = payload;
  view.setUint32(at + TPACKET3_HDR.sec, frame.sec ?? 0, true);
  view.setUint32(at + TPACKET3_HDR.nsec, frame.nsec ?? 0, true);
  view.setUint32(at + TPACKET3_HDR.snaplen, length, true);
  view.setUint32(at + TPACKET3_HDR.len, frame.wireLength ?? length, true);
  view.setUint32(at + TPACKET3_HDR.status, TP_STATUS_USER | (frame.status ?? 0), true);
  view.setUint16(at + TPACKET3_HDR.mac, mac, true);
  view.setUint16(at + TPACKET3_HDR.net, mac + 14, true);
  view.setUint32(at + TPACKET3_HDR.vlanTci, frame.vlanTci ?? 0, true);
  const address = at + TPACKET3_HDR_BYTES;
  view.setUint16(address + SOCKADDR_LL.family, 17, true);
  view.setUint16(address + SOCKADDR_LL.protocol, frame.protocol ?? 0x0800, false);
  view.setInt32(address + SOCKADDR_LL.ifindex, frame.ifindex ?? 2, true);
  view.setUint8(address + SOCKADDR_LL.pkttype, frame.pkttype ?? PACKET_HOST);
  for (let index = 0; index < length; index++) {
    view.setUint8(at + mac + index, payload.charCodeAt(index));
  }
  return (mac + length + 15) & ~15;
}

/** Whether the kernel may write into the block. */
export function isKernels(ring: Ring, block: number): boolean {
  return ring.view.getUint32(block * BLOCK_BYTES + BLOCK_DESC.status, true) === TP_STATUS_KERNEL;
}
