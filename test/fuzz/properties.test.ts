import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { createFrame } from '../../src/capture/frame.ts';
import { LINKTYPE_NETWORK } from '../../src/capture/link-types.ts';
import { decodeFrame } from '../../src/decode/decode-frame.ts';
import { createSegment } from '../../src/decode/segment.ts';
import { VERDICT_SEGMENT } from '../../src/decode/verdicts.ts';
import { createOracle, type TestFrame } from './frame-oracle.ts';
import { createRandom, mutate } from './random-bytes.ts';
import { stacks } from './stacks.ts';

const LINK_TYPES = [
  ...[0, 1, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 239, 276],
  ...[LINKTYPE_NETWORK, 105, 65_535],
];
/**
 * Reads of the frame's bytes that decoding may take at most, whatever is in it: nine packets within each
 * other with all their labels, tags and extension headers are some 700.
 */
const DECODE_READS_MAX = 1000;

const oracle = createOracle({ isForgetful: true });

const arbitraryFrame: fc.Arbitrary<TestFrame> = fc.record({
  linkType: fc.constantFrom(...LINK_TYPES),
  bytes: fc.uint8Array({ maxLength: 400 }),
  etherType: fc.constantFrom(0x0800, 0x86dd, 0x8100, 0x8847, 0x8864, 0),
});

/** A valid stack and mutants of it. */
const brokenFrame = fc.tuple(stacks, stacks, fc.integer()).map(([one, other, seed]) => ({
  linkType: one.linkType,
  etherType: one.etherType,
  bytes: mutate(one.bytes, other.bytes, createRandom(seed)),
}));

/** How decoders read more than a byte at once. */
const VIEW_READS = ['getUint8', 'getUint16', 'getInt32'] as const;

/**
 * Decodes with every read counted, and refused where it is not of a captured byte: there is nothing else in the
 * buffer that views are of.
 */
function countReads(frame: TestFrame): number {
  let reads = 0;
  const captured = Uint8Array.from(frame.bytes);
  const { length } = captured;
  const spies = VIEW_READS.map((name) => {
    const read = DataView.prototype[name] as (offset: number, littleEndian?: boolean) => number;
    return vi.spyOn(DataView.prototype, name).mockImplementation(function (
      this: DataView,
      offset: number,
      littleEndian?: boolean,
    ) {
      reads++;
      return read.call(this, offset, littleEndian);
    });
  });
  const watched = new Proxy(captured, {
    get(bytes, name) {
      if (name === 'buffer' || name === 'byteOffset' || name === 'byteLength') {
        return bytes[name];
      }
      const index = Number(name);
      if (!Number.isInteger(index) || index < 0 || index >= length) {
        throw new Error(`Read of ${String(name)} in a frame of ${length} bytes`);
      }
      reads++;
      return bytes[index];
    },
  });
  const target = { ...createFrame(), ...frame, bytes: watched, offset: 0, end: length };
  const { wireLength = length, etherType = 0 } = frame;
  try {
    decodeFrame({ ...target, wireLength, etherType }, createSegment());
  } finally {
    for (const spy of spies) {
      spy.mockRestore();
    }
  }
  return reads;
}

describe('arbitrary bytes of every link type', () => {
  test('give the same twice, whatever stands around them, and never an exception', () => {
    fc.assert(
      fc.property(arbitraryFrame, (frame) => {
        expect(oracle.check(frame)).toEqual(oracle.check(frame));
      }),
      { numRuns: 3000 },
    );
  });

  test(`are decoded with at most ${DECODE_READS_MAX} reads, each within them`, () => {
    fc.assert(
      fc.property(arbitraryFrame, (frame) => {
        expect(countReads(frame)).toBeLessThanOrEqual(DECODE_READS_MAX);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('arbitrary valid stacks', () => {
  test('give exactly the lines of their messages, with the innermost addresses', () => {
    fc.assert(
      fc.property(stacks, (stack) => {
        const outcome = oracle.check(stack);
        expect(outcome, stack.layers).toEqual({ verdict: VERDICT_SEGMENT, lines: stack.lines });
        expect(oracle.check(stack)).toEqual(outcome);
      }),
      { numRuns: 2000 },
    );
  }, 60_000);

  test(`and what becomes of them are decoded with at most ${DECODE_READS_MAX} reads`, () => {
    fc.assert(
      fc.property(fc.oneof(stacks, brokenFrame), (frame) => {
        expect(countReads(frame)).toBeLessThanOrEqual(DECODE_READS_MAX);
      }),
      { numRuns: 1500 },
    );
  });

  test('with bytes changed, moved, doubled and taken away give a verdict and no nonsense', () => {
    fc.assert(
      fc.property(brokenFrame, (frame) => {
        expect(oracle.check(frame)).toEqual(oracle.check(frame));
      }),
      { numRuns: 2000 },
    );
  });

  test('cut anywhere never give a line that is not one', () => {
    fc.assert(
      fc.property(stacks, fc.double({ min: 0, max: 1, noNaN: true }), (stack, part) => {
        const bytes = stack.bytes.subarray(0, Math.floor(stack.bytes.length * part));
        const lines = oracle.check({ ...stack, bytes, wireLength: stack.bytes.length }).lines;
        const whole = stack.lines.split('\n').length;
        expect(lines.split('\n').length).toBeLessThanOrEqual(whole);
      }),
      { numRuns: 1500 },
    );
  });
});
