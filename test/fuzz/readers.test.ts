import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildPcap, patternBytes, pcapngBuilder } from '../capture/build-capture.ts';
import { type Reading, readBytes } from '../capture/read-frames.ts';
import { fixturePaths } from './known-frames.ts';
import { BORDER_BYTES, createRandom, mutate } from './random-bytes.ts';

const SEED = 3;
const MUTANTS = 300;
/** Megabytes that reading damaged files one after the other may add: buffers that wait for the collector. */
const MEMORY_MB_MAX = 512;

const pcapng = pcapngBuilder();
const small = [
  buildPcap([{ data: patternBytes(40) }, { data: patternBytes(9) }]),
  Buffer.concat([
    pcapng.section(),
    pcapng.interface(),
    pcapng.enhancedPacket({ data: patternBytes(40) }),
    pcapng.packet({ data: patternBytes(7) }),
    pcapng.simplePacket(patternBytes(11)),
  ]),
];

/** `readBytes` lets every error through that is not httplog's own; frames lie within the file. */
function expectSound({ frames, error }: Reading, byteLength: number): void {
  const captured = frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
  expect(captured).toBeLessThanOrEqual(byteLength);
  expect(error?.message ?? 'Fine').toMatch(/^[A-Z\-/]/);
}

test('capture files cut at every byte give their whole packets and one clear error', async () => {
  for (const bytes of small) {
    for (let length = 0; length < bytes.length; length += 2) {
      expectSound(await readBytes(bytes.subarray(0, length)), length);
    }
  }
}, 60_000);

test('capture files with every byte of their headers at 0, 1, max and random end with a clear error or none', async () => {
  const random = createRandom(SEED);
  for (const bytes of small) {
    const changed = new Uint8Array(bytes);
    for (let offset = 0; offset < bytes.length; offset += 1 + random.below(3)) {
      changed[offset] = random.pick([...BORDER_BYTES, random.below(256)]);
      expectSound(await readBytes(changed), bytes.length);
      changed[offset] = bytes[offset];
    }
  }
}, 60_000);

test(`mutants of the fixtures, compressed ones too, take at most ${MEMORY_MB_MAX} MB more`, async () => {
  const random = createRandom(SEED);
  const files = fixturePaths().map((path) => readFileSync(path));
  const before = process.memoryUsage().rss;
  for (let count = 0; count < MUTANTS; count++) {
    const mutant = mutate(random.pick(files), random.pick(files), random);
    const isPacked = random.below(4) === 0;
    const bytes = isPacked ? mutate(gzipSync(mutant), mutant, random) : mutant;
    const { frames } = await readBytes(bytes);
    expect(frames.length).toBeLessThan(100_000);
  }
  expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(MEMORY_MB_MAX);
}, 60_000);
