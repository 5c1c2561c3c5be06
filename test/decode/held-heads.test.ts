import { describe, expect, it } from 'vitest';
import { holdHead } from '../../src/decode/continue-head.ts';
import {
  createHeldHeads,
  findHead,
  findHeadInWay,
  hashFlow,
  NO_HEAD,
  releaseHead,
} from '../../src/decode/held-heads.ts';
import { HEADS_HELD_MAX, HEADS_PER_CHAIN_MAX } from '../../src/decode/limits.ts';
import { createSegment, type Segment } from '../../src/decode/segment.ts';

/** Two addresses and a payload of one byte, as a frame has them. */
const BYTES = Uint8Array.of(192, 0, 2, 1, 198, 51, 100, 1, 0x47);

function segmentFrom(sourcePort: number): Segment {
  return {
    ...createSegment(),
    addressLength: 4,
    sourceAddressOffset: 0,
    targetAddressOffset: 4,
    sourcePort,
    targetPort: 80,
    payloadOffset: 8,
    payloadEnd: 9,
  };
}

/** Source ports whose flows fall into one chain, as a stranger would choose them. */
function collidingPorts(count: number): number[] {
  const chain = hashFlow(BYTES, segmentFrom(1));
  const ports: number[] = [];
  for (let port = 1; ports.length < count; port++) {
    if (hashFlow(BYTES, segmentFrom(port)) === chain) {
      ports.push(port);
    }
  }
  return ports;
}

describe('held heads', () => {
  it('flows of one chain are told apart', () => {
    const held = createHeldHeads(true);
    const [first, second, third] = collidingPorts(3);
    holdHead(held, BYTES, segmentFrom(first), 0, 0, true);
    holdHead(held, BYTES, segmentFrom(second), 0, 0, true);
    const indexes = [first, second].map((port) => findHead(held, BYTES, segmentFrom(port)));
    expect(new Set(indexes).size).toBe(2);
    expect(indexes).not.toContain(NO_HEAD);
    expect(findHead(held, BYTES, segmentFrom(third))).toBe(NO_HEAD);
    releaseHead(held, indexes[0]);
    expect(findHead(held, BYTES, segmentFrom(first))).toBe(NO_HEAD);
    expect(findHead(held, BYTES, segmentFrom(second))).toBe(indexes[1]);
  });

  it('a chain is full with HEADS_PER_CHAIN_MAX heads: its oldest is in the way of the next', () => {
    const held = createHeldHeads(true);
    const ports = collidingPorts(HEADS_PER_CHAIN_MAX + 1);
    for (const port of ports.slice(0, -1)) {
      expect(findHeadInWay(held, BYTES, segmentFrom(port))).toBe(NO_HEAD);
      holdHead(held, BYTES, segmentFrom(port), 0, 0, true);
    }
    const oldest = findHead(held, BYTES, segmentFrom(ports[0]));
    const next = segmentFrom(ports[HEADS_PER_CHAIN_MAX]);
    expect(findHeadInWay(held, BYTES, next)).toBe(oldest);
    releaseHead(held, oldest);
    expect(findHeadInWay(held, BYTES, next)).toBe(NO_HEAD);
  });

  it('without the option there is no place, and no memory is taken', () => {
    const held = createHeldHeads(false);
    expect(held.headsMax).toBe(0);
    expect(held.bytes.length).toBe(0);
  });

  it('all places can be held and given back', () => {
    const held = createHeldHeads(true);
    let port = 1;
    while (held.firstFree !== NO_HEAD) {
      const segment = segmentFrom(port++);
      const inWay = findHeadInWay(held, BYTES, segment);
      if (inWay === NO_HEAD) {
        holdHead(held, BYTES, segment, 0, 0, true);
      }
    }
    expect(held.heldCount).toBe(HEADS_HELD_MAX);
    expect(findHeadInWay(held, BYTES, segmentFrom(port))).not.toBe(NO_HEAD);
    while (held.oldest !== NO_HEAD) {
      releaseHead(held, held.oldest);
    }
    expect(held.heldCount).toBe(0);
    expect(held.newest).toBe(NO_HEAD);
    expect(held.chains.every((head) => head === NO_HEAD)).toBe(true);
  });
});
