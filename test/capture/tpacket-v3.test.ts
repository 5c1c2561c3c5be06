import { describe, expect, it } from 'vitest';
import { createFrame, type Frame } from '../../src/capture/frame.ts';
import { BLOCKS_PER_FILL_MAX } from '../../src/capture/limits.ts';
import { LINKTYPE_ETHERNET, LINKTYPE_NETWORK } from '../../src/capture/link-types.ts';
import {
  abandonBlock,
  beginRingFill,
  createRingWalk,
  nextRingFrame,
  resumeRingWalk,
} from '../../src/capture/tpacket-v3.ts';
import {
  BLOCK_BYTES,
  BLOCK_DESC_BYTES,
  createRing,
  fillBlock,
  isKernels,
  PACKET_HOST,
  PACKET_OUTGOING,
  type Ring,
  type RingFrame,
  TP_STATUS_CSUMNOTREADY,
  TP_STATUS_VLAN_TPID_VALID,
  TP_STATUS_VLAN_VALID,
} from './build-ring.ts';

/** Interface index of the loopback device. */
const LOOPBACK = 1;

function payloadOf({ bytes, offset, end }: Frame): string {
  return Buffer.from(bytes.subarray(offset, end)).toString('latin1');
}

/** The payloads that one fill gives. */
function readFill(ring: Ring): string[] {
  const frame = createFrame();
  const payloads: string[] = [];
  beginRingFill(ring.walk);
  while (nextRingFrame(ring.walk, frame)) {
    payloads.push(payloadOf(frame));
  }
  return payloads;
}

function readOne(ring: Ring): Frame {
  const frame = createFrame();
  beginRingFill(ring.walk);
  expect(nextRingFrame(ring.walk, frame)).toBe(true);
  return frame;
}

const framesOf = (...payloads: string[]): RingFrame[] => payloads.map((payload) => ({ payload }));

describe('nextRingFrame: order', () => {
  it('gives the frames of a block in order, then those of the next', () => {
    const ring = createRing(4);
    fillBlock(ring, 0, framesOf('a', 'second', 'the third frame'));
    fillBlock(ring, 1, framesOf('d'));
    expect(readFill(ring)).toEqual(['a', 'second', 'the third frame', 'd']);
  });

  it('gives nothing while the next block is the kernel\u2019s, whatever those behind it hold', () => {
    const ring = createRing(4);
    expect(beginRingFill(ring.walk)).toBe(false);
    expect(readFill(ring)).toEqual([]);
    fillBlock(ring, 1, framesOf('early'));
    expect(readFill(ring)).toEqual([]);
    fillBlock(ring, 0, framesOf('first'));
    expect(beginRingFill(ring.walk)).toBe(true);
    expect(readFill(ring)).toEqual(['first', 'early']);
  });

  it('goes round the ring, again and again', () => {
    const ring = createRing(3);
    const read: string[] = [];
    for (let block = 0; block < 10; block++) {
      fillBlock(ring, block % 3, framesOf(`${block}a`, `${block}b`));
      read.push(...readFill(ring));
    }
    expect(read).toEqual(
      Array.from({ length: 10 }, (_, block) => [`${block}a`, `${block}b`]).flat(),
    );
  });

  it('goes past the end of the ring within one fill', () => {
    const ring = createRing(3);
    fillBlock(ring, 0, framesOf('0'));
    fillBlock(ring, 1, framesOf('1'));
    readFill(ring);
    fillBlock(ring, 2, framesOf('2'));
    fillBlock(ring, 0, framesOf('3'));
    expect(readFill(ring)).toEqual(['2', '3']);
    expect(ring.walk.blockIndex).toBe(1);
  });

  it('a ring of one block works', () => {
    const ring = createRing(1);
    fillBlock(ring, 0, framesOf('a'));
    expect(readFill(ring)).toEqual(['a']);
    fillBlock(ring, 0, framesOf('b'));
    expect(readFill(ring)).toEqual(['b']);
  });

  it('a block may be full of frames up to its last byte', () => {
    const ring = createRing(2);
    const first = 'x'.repeat(1000);
    const firstBytes = (82 + 1000 + 15) & ~15;
    const last = 'y'.repeat(BLOCK_BYTES - BLOCK_DESC_BYTES - firstBytes - 82);
    fillBlock(ring, 0, framesOf(first, last));
    fillBlock(ring, 1, framesOf('z'));
    expect(readFill(ring)).toEqual([first, last, 'z']);
  });
});

describe('nextRingFrame: handing back', () => {
  it('keeps a block until its last frame was left, and hands it back then', () => {
    const ring = createRing(2);
    fillBlock(ring, 0, framesOf('a', 'b'));
    fillBlock(ring, 1, framesOf('c'));
    const frame = createFrame();
    beginRingFill(ring.walk);
    nextRingFrame(ring.walk, frame);
    expect(isKernels(ring, 0)).toBe(false);
    nextRingFrame(ring.walk, frame);
    expect([payloadOf(frame), isKernels(ring, 0)]).toEqual(['b', false]);
    nextRingFrame(ring.walk, frame);
    expect([payloadOf(frame), isKernels(ring, 0), isKernels(ring, 1)]).toEqual(['c', true, false]);
    expect(nextRingFrame(ring.walk, frame)).toBe(false);
    expect(isKernels(ring, 1)).toBe(true);
  });

  it('hands a block back once: what the kernel wrote since is not taken from it', () => {
    const ring = createRing(2);
    fillBlock(ring, 0, framesOf('a'));
    expect(readFill(ring)).toEqual(['a']);
    fillBlock(ring, 0, framesOf('next round'));
    expect(readFill(ring)).toEqual([]);
    expect(isKernels(ring, 0)).toBe(false);
    fillBlock(ring, 1, framesOf('b'));
    expect(readFill(ring)).toEqual(['b', 'next round']);
  });

  it('a fill in the middle of a block goes on in it', () => {
    const ring = createRing(2);
    fillBlock(ring, 0, framesOf('a', 'b', 'c'));
    expect(payloadOf(readOne(ring))).toBe('a');
    expect(beginRingFill(ring.walk)).toBe(true);
    expect(isKernels(ring, 0)).toBe(false);
    expect(readFill(ring)).toEqual(['b', 'c']);
    expect(isKernels(ring, 0)).toBe(true);
  });

  it('an empty block, which a time-out makes, is handed back and passed over', () => {
    const ring = createRing(4);
    fillBlock(ring, 0, []);
    fillBlock(ring, 1, []);
    fillBlock(ring, 2, framesOf('a'));
    expect(readFill(ring)).toEqual(['a']);
    expect([0, 1, 2].map((block) => isKernels(ring, block))).toEqual([true, true, true]);
    fillBlock(ring, 3, []);
    expect(beginRingFill(ring.walk)).toBe(true);
    expect(readFill(ring)).toEqual([]);
    expect(isKernels(ring, 3)).toBe(true);
  });
});

describe('nextRingFrame: budget', () => {
  it('takes so many blocks a fill and no more, though more are there', () => {
    const blocksCount = BLOCKS_PER_FILL_MAX + 3;
    const ring = createRing(blocksCount);
    const names = Array.from({ length: blocksCount }, (_, block) => `${block}`);
    names.forEach((name, block) => {
      fillBlock(ring, block, framesOf(name));
    });
    expect(readFill(ring)).toEqual(names.slice(0, BLOCKS_PER_FILL_MAX));
    // The last one is handed back too: between two fills no block is held.
    expect(isKernels(ring, BLOCKS_PER_FILL_MAX - 1)).toBe(true);
    expect(isKernels(ring, BLOCKS_PER_FILL_MAX)).toBe(false);
    expect(readFill(ring)).toEqual(names.slice(BLOCKS_PER_FILL_MAX));
  });

  it('without a fill no block is taken', () => {
    const ring = createRing(2);
    fillBlock(ring, 0, framesOf('a'));
    expect(nextRingFrame(ring.walk, createFrame())).toBe(false);
    expect(isKernels(ring, 0)).toBe(false);
  });

  it('empty blocks are of the budget: a fill ends', () => {
    const ring = createRing(BLOCKS_PER_FILL_MAX + 1);
    for (let block = 0; block < BLOCKS_PER_FILL_MAX; block++) {
      fillBlock(ring, block, []);
    }
    fillBlock(ring, BLOCKS_PER_FILL_MAX, framesOf('a'));
    expect(readFill(ring)).toEqual([]);
    expect(readFill(ring)).toEqual(['a']);
  });
});

describe('nextRingFrame: the frame', () => {
  it('has its time, also behind 2038, and its length on the wire', () => {
    const ring = createRing(1);
    fillBlock(ring, 0, [
      { payload: 'cut', sec: 0xfffffffe, nsec: 999_999_999, wireLength: 65_549 },
    ]);
    expect(readOne(ring)).toMatchObject({
      timestampSec: 0xfffffffe,
      timestampSubsecNs: 999_999_999,
      wireLength: 65_549,
    });
  });

  it('begins where tp_mac says, and ends behind tp_snaplen bytes', () => {
    for (const mac of [68, 80, 82, 300]) {
      const ring = createRing(2);
      fillBlock(ring, 0, framesOf('before'));
      fillBlock(ring, 1, [{ payload: 'here', mac }, { payload: 'there' }]);
      expect(readFill(ring)).toEqual(['before', 'here', 'there']);
    }
  });

  it('has the tag that the kernel took out only where its flag says that it is valid', () => {
    const ring = createRing(1);
    const valid = TP_STATUS_VLAN_VALID;
    fillBlock(ring, 0, [
      { payload: 'a', vlanTci: 0x600a, status: valid | TP_STATUS_VLAN_TPID_VALID },
      { payload: 'b', vlanTci: 0x600b, status: TP_STATUS_CSUMNOTREADY },
      { payload: 'c', vlanTci: 0, status: valid },
      { payload: 'd', vlanTci: 0x600d, status: TP_STATUS_VLAN_TPID_VALID },
      { payload: 'e', vlanTci: 0xffff, status: valid },
    ]);
    const frame = createFrame();
    const tags: (number | undefined)[] = [];
    beginRingFill(ring.walk);
    while (nextRingFrame(ring.walk, frame)) {
      tags.push(frame.vlanTagged === 1 ? frame.vlanTci : undefined);
    }
    expect(tags).toEqual([0x600a, undefined, 0, undefined, 0xffff]);
  });

  it('has the EtherType of its address and the ring\u2019s link type: the network layer comes first', () => {
    const ring = createRing(1, { linkType: LINKTYPE_NETWORK });
    fillBlock(ring, 0, [{ payload: 'v6', protocol: 0x86dd }]);
    expect(readOne(ring)).toMatchObject({ linkType: LINKTYPE_NETWORK, etherType: 0x86dd });
  });

  it('refers to the ring\u2019s own memory: nothing is copied', () => {
    const ring = createRing(1);
    fillBlock(ring, 0, framesOf('a'));
    const frame = readOne(ring);
    expect(frame.bytes.buffer).toBe(ring.memory);
    expect(frame.linkType).toBe(LINKTYPE_ETHERNET);
  });
});

describe('nextRingFrame: loopback', () => {
  const sent = { ifindex: LOOPBACK, pkttype: PACKET_OUTGOING };
  const frames: RingFrame[] = [
    { payload: 'copy of a', ...sent },
    { payload: 'a', ifindex: LOOPBACK, pkttype: PACKET_HOST },
    { payload: 'sent by another device', ifindex: 2, pkttype: PACKET_OUTGOING },
    { payload: 'copy of b', ...sent },
  ];

  it('the copies that the loopback device sends are skipped, those of other devices are not', () => {
    const ring = createRing(1, { loopbackIndex: LOOPBACK });
    fillBlock(ring, 0, frames);
    expect(readFill(ring)).toEqual(['a', 'sent by another device']);
    expect(isKernels(ring, 0)).toBe(true);
  });

  it('nothing is skipped where there is no loopback device', () => {
    const ring = createRing(1);
    fillBlock(ring, 0, frames);
    expect(readFill(ring)).toHaveLength(4);
  });

  it('blocks of copies alone are handed back, and a fill of them ends', () => {
    const ring = createRing(3, { loopbackIndex: LOOPBACK });
    fillBlock(ring, 0, [frames[0], frames[3]]);
    fillBlock(ring, 1, [frames[0]]);
    expect(readFill(ring)).toEqual([]);
    expect([isKernels(ring, 0), isKernels(ring, 1)]).toEqual([true, true]);
    fillBlock(ring, 2, framesOf('c'));
    expect(readFill(ring)).toEqual(['c']);
  });
});

describe('resumeRingWalk', () => {
  /** Another walk of the same ring, as the thread makes it that follows one that died. */
  function resume(ring: Ring): Ring {
    const { blockBytes, linkType, loopbackIndex } = ring.walk;
    const walk = createRingWalk(ring.memory, { blockBytes, linkType, loopbackIndex });
    resumeRingWalk(walk);
    return { ...ring, walk };
  }

  it('begins where the walk before it stood between two fills, wherever in the ring', () => {
    for (let filled = 0; filled < 7; filled++) {
      const ring = createRing(3);
      for (let block = 0; block < filled; block++) {
        fillBlock(ring, block % 3, framesOf(`${block}`));
        readFill(ring);
      }
      // What the kernel begins to fill has its number already.
      fillBlock(ring, filled % 3, framesOf('next'));
      const next = resume(ring);
      expect(abandonBlock(next.walk)).toBe(0);
      expect(readFill(next)).toEqual(['next']);
    }
  });

  it('waits for the block that the kernel fills, when none is ours', () => {
    const ring = createRing(3);
    fillBlock(ring, 0, framesOf('a'));
    fillBlock(ring, 1, framesOf('b'));
    readFill(ring);
    // The kernel has opened block 2: it is numbered, and not handed over.
    fillBlock(ring, 2, framesOf('c'));
    ring.view.setUint32(2 * BLOCK_BYTES + 8, 0, true);
    const next = resume(ring);
    expect(readFill(next)).toEqual([]);
    ring.view.setUint32(2 * BLOCK_BYTES + 8, 1, true);
    expect(readFill(next)).toEqual(['c']);
  });

  it('holds the block again that the walk before it was in the middle of', () => {
    const ring = createRing(3);
    fillBlock(ring, 0, framesOf('old'));
    readFill(ring);
    fillBlock(ring, 1, framesOf('read', 'deadly', 'unread'));
    fillBlock(ring, 2, framesOf('waits'));
    readOne(ring);
    const next = resume(ring);
    expect(abandonBlock(next.walk)).toBe(3);
    expect(isKernels(next, 1)).toBe(true);
    expect(readFill(next)).toEqual(['waits']);
  });
});

describe('abandonBlock', () => {
  it('gives the block back and tells how many frames were not read', () => {
    const ring = createRing(3);
    fillBlock(ring, 0, framesOf('a', 'b', 'c'));
    fillBlock(ring, 1, framesOf('d'));
    readOne(ring);
    expect(abandonBlock(ring.walk)).toBe(2);
    expect(isKernels(ring, 0)).toBe(true);
    expect(readFill(ring)).toEqual(['d']);
    expect(abandonBlock(ring.walk)).toBe(0);
  });
});
