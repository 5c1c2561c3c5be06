import { describe, expect, it } from 'vitest';
import { createFrame } from '../../src/capture/frame.ts';
import { beginRingFill, nextRingFrame, takeRingFill } from '../../src/capture/tpacket-v3.ts';
import { createRing, fillBlock, type Ring } from './build-ring.ts';

/** Fills so many blocks, from the one that is read next on. */
function fillBlocks(ring: Ring, count: number): void {
  const { blockIndex, blocksCount } = ring.walk;
  for (let index = 0; index < count; index++) {
    fillBlock(ring, (blockIndex + index) % blocksCount, [{ payload: 'a' }]);
  }
}

function readAll(ring: Ring): void {
  const frame = createFrame();
  beginRingFill(ring.walk);
  while (nextRingFrame(ring.walk, frame)) {
    // Only the blocks are of interest.
  }
}

describe('takeRingFill', () => {
  it.each([1, 2, 3, 7, 8])(
    'is the share of blocks that wait, wherever they begin, of %i',
    (count) => {
      for (let start = 0; start < count; start++) {
        for (let ready = 0; ready <= count; ready++) {
          const ring = createRing(count);
          ring.walk.blockIndex = start;
          fillBlocks(ring, ready);
          expect(beginRingFill(ring.walk)).toBe(ready > 0);
          expect(takeRingFill(ring.walk)).toBe(ready / count);
        }
      }
    },
  );

  it('is the largest since it was asked last, and nothing when nothing came', () => {
    const ring = createRing(8);
    for (const ready of [2, 6, 1]) {
      fillBlocks(ring, ready);
      readAll(ring);
    }
    expect(takeRingFill(ring.walk)).toBe(6 / 8);
    beginRingFill(ring.walk);
    expect(takeRingFill(ring.walk)).toBe(0);
  });

  it('counts the block that is being read', () => {
    const ring = createRing(4);
    fillBlock(ring, 0, [{ payload: 'a' }, { payload: 'b' }]);
    beginRingFill(ring.walk);
    nextRingFrame(ring.walk, createFrame());
    takeRingFill(ring.walk);
    fillBlock(ring, 1, [{ payload: 'c' }]);
    expect(beginRingFill(ring.walk)).toBe(true);
    expect(takeRingFill(ring.walk)).toBe(2 / 4);
  });
});
