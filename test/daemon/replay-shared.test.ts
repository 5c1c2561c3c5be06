import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PCAP_HEADER_BYTES } from '../../src/capture/pcap-reader.ts';
import { SHARED_CAPTURE_BYTES_MIN } from '../../src/worker/limits.ts';
import { pcap } from '../fixtures/build-captures.ts';
import { ethernet } from '../fixtures/build-packets.ts';
import { replayInProcess } from '../golden/replay-in-process.ts';
import { randomCapture } from '../worker/random-captures.ts';

const ROUNDS_COUNT = 20;
const PACKETS_PER_ROUND = 500;
/** No HTTP and quickly passed over, so that a large capture takes little time. */
const FILLER_BYTES = 250_000;
/** For experiments; nobody decodes it. @see IEEE 802 section 9.2.3 */
const ETHERTYPE_EXPERIMENTAL = 0x88b5;
let folder: string;
let capture: string;
/** The lines of the whole capture, from one worker. */
let lines: string;
let threadsCount = 0;
const countThread = () => {
  threadsCount++;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-shared-'));
  capture = join(folder, 'large.pcap');
  const filler = pcap([{ bytes: ethernet(ETHERTYPE_EXPERIMENTAL, new Uint8Array(FILLER_BYTES)) }]);
  const fillersCount = Math.ceil(SHARED_CAPTURE_BYTES_MIN / FILLER_BYTES / ROUNDS_COUNT);
  writeFileSync(capture, filler.subarray(0, PCAP_HEADER_BYTES));
  for (let round = 0; round < ROUNDS_COUNT; round++) {
    const fillers = Array.from({ length: fillersCount }, () => filler);
    const captures = [randomCapture(round, PACKETS_PER_ROUND), ...fillers];
    const records = captures.map((bytes) => bytes.subarray(PCAP_HEADER_BYTES));
    writeFileSync(capture, Buffer.concat(records), { flag: 'a' });
  }
  process.on('worker', countThread);
  const one = await replay(capture, '-add_vlan', '-cpu', '1');
  expect([one.threadsCount, one.text.length > 100_000]).toEqual([0, true]);
  lines = one.text;
});

afterAll(() => {
  process.off('worker', countThread);
  rmSync(folder, { recursive: true });
});

/** What the options give, and how many threads they start. */
async function replay(...args: string[]) {
  threadsCount = 0;
  const { text, failures } = await replayInProcess(['-p', 'any', ...args]);
  expect(failures).toEqual([]);
  return { text, threadsCount };
}

/** A slow machine takes a second for one replay. */
describe('one large capture and -cpu', { timeout: 120_000 }, () => {
  // Texts are not compared with toBe: of ones so long it would look for the difference for minutes.
  it.each([2, 3])(
    '%i: the threads besides this one help, and the lines are the same',
    async (workers) => {
      const several = await replay(capture, '-add_vlan', '-cpu', `${workers}`);
      expect([several.threadsCount, several.text === lines]).toEqual([workers - 1, true]);
    },
  );

  it('unasked one thread has done it before another is as fast', async () => {
    const one = await replay(capture, '-add_vlan');
    expect([one.threadsCount, one.text === lines]).toEqual([0, true]);
  });

  it('3, of two captures: each is shared, in the order of the arguments', async () => {
    const several = await replay(capture, capture, '-add_vlan', '-cpu', '3');
    expect([several.threadsCount, several.text === lines + lines]).toEqual([4, true]);
  });

  it('2, of two captures: each has a thread of its own', async () => {
    const several = await replay(capture, capture, '-add_vlan', '-cpu', '2');
    expect([several.threadsCount, several.text === lines + lines]).toEqual([2, true]);
  });

  it.each([
    ['of exchanges', ['--format', 'json']],
    ['of heads put together', ['--complete-heads']],
    ['of a number of packets', ['-c', '5000']],
    ['chosen by a filter', ['--status', '404']],
  ])('2: lines %s are left to one worker', async (_name, args) => {
    const one = await replay(capture, ...args);
    const several = await replay(capture, ...args, '-cpu', '2');
    expect(one.text).not.toBe('');
    expect([several.threadsCount, several.text === one.text]).toEqual([0, true]);
  });
});
