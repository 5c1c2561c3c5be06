import { PACKET_OUTGOING, packDevice } from './device.ts';
import type { Frame } from './frame.ts';
import { BLOCKS_PER_FILL_MAX } from './limits.ts';
import { LINKTYPE_NETWORK } from './link-types.ts';

/**
 * Walks the blocks of a TPACKET_V3 ring in place. Pure: it needs the memory and no system call, so it can be
 * tested on bytes made by hand.
 *
 * A block belongs to the kernel or to us, as its status word says. Ours are read from the first frame to the
 * last and given back; a frame's bytes may not be touched after the block went back.
 *
 * @see linux/if_packet.h, Documentation/networking/packet_mmap.rst
 */
export interface RingWalk {
  readonly bytes: Uint8Array;
  /** The same memory by words: all header fields of the ring are aligned to 4 bytes. */
  readonly words: Int32Array;
  readonly blockBytes: number;
  readonly blocksCount: number;
  /** What the first byte of each frame belongs to. */
  readonly linkType: number;
  /** Interface index whose outgoing copies are skipped, or 0: the loopback device shows each packet twice. */
  readonly loopbackIndex: number;
  /** Block that is read, or will be when the kernel hands it over. */
  blockIndex: number;
  /** Frames of that block that were not read yet. */
  framesLeft: number;
  /** Where the next of them begins. */
  frameOffset: number;
  isBlockHeld: boolean;
  /** Most blocks that waited to be read when a fill began, since `takeRingFill` last. */
  readyBlocksMax: number;
  /** Blocks that may still be taken before the caller's event loop has a turn. */
  blocksBudget: number;
}

/** Owner bit of a block's status word. */
const TP_STATUS_USER = 1;
const TP_STATUS_KERNEL = 0;
/** Our own mark on a block that is being read. The kernel asks only whether a status is its own one, 0. */
const STATUS_HELD = 1 << 30;
const TP_STATUS_VLAN_VALID = 1 << 4;

const BLOCK_STATUS_AT = 8;
const BLOCK_NUM_PKTS_AT = 12;
const BLOCK_OFFSET_TO_FIRST_PKT_AT = 16;
const BLOCK_SEQ_NUM_AT = 24;

const TP_NEXT_OFFSET_AT = 0;
const TP_SEC_AT = 4;
const TP_NSEC_AT = 8;
const TP_SNAPLEN_AT = 12;
const TP_LEN_AT = 16;
const TP_STATUS_AT = 20;
const TP_MAC_AT = 24;
const TP_VLAN_TCI_AT = 32;
/** sizeof(struct tpacket3_hdr), aligned to TPACKET_ALIGNMENT: the sockaddr_ll follows it. */
const TPACKET3_HDR_BYTES = 48;
const SLL_PROTOCOL_AT = TPACKET3_HDR_BYTES + 2;
const SLL_IFINDEX_AT = TPACKET3_HDR_BYTES + 4;
const SLL_PKTTYPE_AT = TPACKET3_HDR_BYTES + 10;

export function createRingWalk(
  memory: ArrayBuffer,
  ring: { blockBytes: number; linkType: number; loopbackIndex: number },
): RingWalk {
  return {
    bytes: new Uint8Array(memory),
    words: new Int32Array(memory),
    blockBytes: ring.blockBytes,
    blocksCount: memory.byteLength / ring.blockBytes,
    linkType: ring.linkType,
    loopbackIndex: ring.loopbackIndex,
    blockIndex: 0,
    framesLeft: 0,
    frameOffset: 0,
    isBlockHeld: false,
    readyBlocksMax: 0,
    blocksBudget: 0,
  };
}

/**
 * Goes on where another walk of the same memory has ended, however it ended: with the oldest block that is
 * ours, or else with the one that the kernel fills. A block that it was in the middle of is held again, with
 * all of its frames.
 */
export function resumeRingWalk(walk: RingWalk): void {
  let oldest = -1;
  let newest = 0;
  for (let index = 0; index < walk.blocksCount; index++) {
    if (readSequence(walk, index) > readSequence(walk, newest)) {
      newest = index;
    }
    const isOurs = (loadStatus(walk, index) & TP_STATUS_USER) !== 0;
    if (isOurs && (oldest < 0 || readSequence(walk, index) < readSequence(walk, oldest))) {
      oldest = index;
    }
  }
  walk.blockIndex = oldest < 0 ? newest : oldest;
  if ((loadStatus(walk, walk.blockIndex) & STATUS_HELD) !== 0) {
    takeBlock(walk);
  }
}

/** Gives the block back that is being read, if any. Gives the number of its frames that were not read. */
export function abandonBlock(walk: RingWalk): number {
  const { framesLeft } = walk;
  walk.framesLeft = 0;
  if (walk.isBlockHeld) {
    releaseBlock(walk);
  }
  return framesLeft;
}

/** Lets the next calls of `nextRingFrame` take new blocks, and says whether one is there. */
export function beginRingFill(walk: RingWalk): boolean {
  walk.blocksBudget = BLOCKS_PER_FILL_MAX;
  const readyBlocks = countReadyBlocks(walk);
  walk.readyBlocksMax = Math.max(walk.readyBlocksMax, readyBlocks);
  return readyBlocks > 0;
}

/** The share of the ring, 0 to 1, that waited to be read at the fullest moment since the last call. */
export function takeRingFill(walk: RingWalk): number {
  const fill = walk.readyBlocksMax / walk.blocksCount;
  walk.readyBlocksMax = 0;
  return fill;
}

/** The kernel fills blocks in turn, so those that are ours stand one behind the other: halving finds the last. */
function countReadyBlocks(walk: RingWalk): number {
  let ready = 0;
  let end = isBlockOurs(walk) ? walk.blocksCount : 0;
  while (ready < end) {
    const middle = (ready + end) >> 1;
    const index = (walk.blockIndex + middle) % walk.blocksCount;
    if ((loadStatus(walk, index) & TP_STATUS_USER) === 0) {
      end = middle;
    } else {
      ready = middle + 1;
    }
  }
  return ready;
}

/**
 * Writes the next frame into `frame`. Gives false, with every block given back, when the next block is the
 * kernel's or the budget is used up.
 */
export function nextRingFrame(walk: RingWalk, frame: Frame): boolean {
  const { words } = walk;
  for (;;) {
    while (walk.framesLeft === 0) {
      if (walk.isBlockHeld) {
        releaseBlock(walk);
      }
      if (walk.blocksBudget === 0 || !isBlockOurs(walk)) {
        return false;
      }
      takeBlock(walk);
    }
    const headerOffset = walk.frameOffset;
    const headerWord = headerOffset >> 2;
    walk.framesLeft--;
    walk.frameOffset = headerOffset + words[headerWord + (TP_NEXT_OFFSET_AT >> 2)];
    if (walk.loopbackIndex !== 0 && isLoopbackCopy(walk, headerOffset)) {
      continue;
    }
    readFrame(walk, headerOffset, headerWord, frame);
    return true;
  }
}

function readFrame(walk: RingWalk, headerOffset: number, headerWord: number, frame: Frame): void {
  const { words, bytes } = walk;
  const offset = headerOffset + readUint16Host(bytes, headerOffset + TP_MAC_AT);
  if (frame.bytes !== bytes) {
    frame.bytes = bytes;
    frame.linkType = walk.linkType;
  }
  frame.offset = offset;
  frame.end = offset + words[headerWord + (TP_SNAPLEN_AT >> 2)];
  frame.wireLength = words[headerWord + (TP_LEN_AT >> 2)];
  frame.timestampSec = words[headerWord + (TP_SEC_AT >> 2)] >>> 0;
  frame.timestampSubsecNs = words[headerWord + (TP_NSEC_AT >> 2)];
  frame.etherType =
    (bytes[headerOffset + SLL_PROTOCOL_AT] << 8) | bytes[headerOffset + SLL_PROTOCOL_AT + 1];
  if (walk.linkType === LINKTYPE_NETWORK) {
    frame.device = deviceOf(walk, headerOffset);
  }
  if ((words[headerWord + (TP_STATUS_AT >> 2)] & TP_STATUS_VLAN_VALID) !== 0) {
    frame.vlanTagged = 1;
    frame.vlanTci = words[headerWord + (TP_VLAN_TCI_AT >> 2)] & 0xffff;
  } else {
    frame.vlanTagged = 0;
  }
}

function deviceOf({ bytes, words }: RingWalk, headerOffset: number): number {
  const interfaceIndex = words[(headerOffset + SLL_IFINDEX_AT) >> 2];
  return packDevice(interfaceIndex, bytes[headerOffset + SLL_PKTTYPE_AT]);
}

function isLoopbackCopy(walk: RingWalk, headerOffset: number): boolean {
  return (
    walk.bytes[headerOffset + SLL_PKTTYPE_AT] === PACKET_OUTGOING &&
    walk.words[(headerOffset + SLL_IFINDEX_AT) >> 2] === walk.loopbackIndex
  );
}

function isBlockOurs(walk: RingWalk): boolean {
  return (loadStatus(walk, walk.blockIndex) & TP_STATUS_USER) !== 0;
}

function loadStatus(walk: RingWalk, blockIndex: number): number {
  const statusWord = (blockIndex * walk.blockBytes + BLOCK_STATUS_AT) >> 2;
  // Atomic, so that no read of the block's bytes comes before it: the kernel writes the status last.
  return Atomics.load(walk.words, statusWord);
}

/** The kernel numbers the blocks as it begins to fill them. Its lower word is enough for 10^9 blocks. */
function readSequence(walk: RingWalk, blockIndex: number): number {
  return walk.words[(blockIndex * walk.blockBytes + BLOCK_SEQ_NUM_AT) >> 2] >>> 0;
}

function takeBlock(walk: RingWalk): void {
  const blockOffset = walk.blockIndex * walk.blockBytes;
  walk.blocksBudget--;
  walk.isBlockHeld = true;
  walk.framesLeft = walk.words[(blockOffset + BLOCK_NUM_PKTS_AT) >> 2];
  walk.frameOffset = blockOffset + walk.words[(blockOffset + BLOCK_OFFSET_TO_FIRST_PKT_AT) >> 2];
  walk.words[(blockOffset + BLOCK_STATUS_AT) >> 2] |= STATUS_HELD;
}

function releaseBlock(walk: RingWalk): void {
  const statusWord = (walk.blockIndex * walk.blockBytes + BLOCK_STATUS_AT) >> 2;
  // After the last read of the block: from here on the kernel may write into it.
  Atomics.store(walk.words, statusWord, TP_STATUS_KERNEL);
  walk.isBlockHeld = false;
  walk.blockIndex = walk.blockIndex + 1 === walk.blocksCount ? 0 : walk.blockIndex + 1;
}

/** The ring is written in the machine's byte order; every machine that runs this is little-endian. */
function readUint16Host(bytes: Uint8Array, offset: number): number {
  return bytes[offset] | (bytes[offset + 1] << 8);
}
