import { beforeAll, describe, expect, test } from 'vitest';
import { titleWithReason } from '../live/requirements.ts';
import { createOracle, type Oracle, type TestFrame } from './frame-oracle.ts';
import { corpusCaptures, firstFrames, fixturePaths, noCorpus } from './known-frames.ts';
import { BORDER_BYTES, createRandom } from './random-bytes.ts';

/** `npm run fuzz` takes more of them, and changes them in more ways. */
const FRAMES_PER_CAPTURE = 1;
/** Every header there is stands within the first bytes; beyond them is text. */
const HEADER_BYTES = 100;
/** A cut within a long body tells what a cut a byte further tells: heads are shorter. */
const CUT_BYTES_MAX = 400;
const SEED = 3;

const oracle: Oracle = createOracle({ isForgetful: true });

/** One frame of each way through the decoder: real captures are much alike. */
function distinctFrames(frames: readonly TestFrame[]): TestFrame[] {
  const byWay = new Map<string, TestFrame>();
  for (const frame of frames) {
    oracle.check(frame);
    byWay.set(oracle.features(), frame);
  }
  return [...byWay.values()];
}

async function framesOf(paths: readonly string[]): Promise<TestFrame[]> {
  const frames: TestFrame[] = [];
  for (const path of paths) {
    frames.push(...(await firstFrames(path, FRAMES_PER_CAPTURE)));
  }
  return frames;
}

/** With the wire's length as it was (a short capture), and with the cut bytes as all there was. */
function cutEverywhere(frame: TestFrame): number {
  const longest = Math.min(frame.bytes.length, CUT_BYTES_MAX);
  for (let length = 0; length < longest; length++) {
    oracle.check({ ...frame, bytes: frame.bytes.subarray(0, length) });
  }
  return longest;
}

function setEverywhere(frame: TestFrame, random: () => number): number {
  const bytes = frame.bytes.slice();
  const headerBytes = Math.min(bytes.length, HEADER_BYTES);
  for (let offset = 0; offset < headerBytes; offset++) {
    const was = bytes[offset];
    for (const value of BORDER_BYTES) {
      bytes[offset] = value;
      oracle.check({ ...frame, bytes });
    }
    bytes[offset] = random();
    oracle.check({ ...frame, bytes });
    bytes[offset] = was;
  }
  return headerBytes * (BORDER_BYTES.length + 1);
}

function describeFrames(name: string, reason: string | undefined, paths: () => string[]): void {
  describe.skipIf(reason)(titleWithReason(name, reason), () => {
    let frames: TestFrame[] = [];

    beforeAll(async () => {
      frames = await framesOf(paths());
    });

    test('cut at every byte are decoded without a look at what is missing', () => {
      const checked = frames.reduce((sum, frame) => sum + cutEverywhere(frame), 0);
      expect(checked).toBeGreaterThan(40 * frames.length);
    }, 60_000);

    test('with every byte of their headers at 0, 1, max and random give a verdict and no nonsense', () => {
      const random = createRandom(SEED);
      const byte = () => random.below(256);
      const distinct = distinctFrames(frames);
      const checked = distinct.reduce((sum, frame) => sum + setEverywhere(frame, byte), 0);
      expect(checked).toBeGreaterThan(100 * distinct.length);
    }, 60_000);
  });
}

describeFrames('the first frames of every fixture', undefined, fixturePaths);
describeFrames('the first frames of every capture of the corpus', noCorpus, () =>
  corpusCaptures().map(({ path }) => path),
);
