import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPcapFileHeader } from '../../src/capture/pcap-file.ts';
import {
  COUNTER_DUPLICATES,
  COUNTER_LINES,
  COUNTER_UNREAD_FRAMES_FIRST,
  COUNTER_UNREAD_KINDS_FIRST,
} from '../../src/counters/counter-table.ts';
import { countFrames, createCounters } from '../../src/counters/counters.ts';
import { UNREAD_KINDS_MAX } from '../../src/counters/limits.ts';
import { HttplogError } from '../../src/errors.ts';
import { TEXT_COLUMNS_DEFAULT } from '../../src/format/text-line.ts';
import { SHARED_CAPTURE_BYTES_MIN, SHARED_UNASKED_BYTES_MIN } from '../../src/worker/limits.ts';
import type { PartReport } from '../../src/worker/part-thread.ts';
import type { PipelineSettings } from '../../src/worker/pipeline-settings.ts';
import { type ReplayRequest, replayCapture } from '../../src/worker/replay.ts';
import { findSharedCapture, replayInParts } from '../../src/worker/replay-parts.ts';
import { missingLibpcap } from '../capture/missing-libpcap.ts';
import { ask, captureRequests } from '../fixtures/build-captures.ts';
import { titleWithReason } from '../live/requirements.ts';
import { ListSink, settingsOf, TEXT_OUTPUT } from './pipeline-parts.ts';
import { randomCapture } from './random-captures.ts';

const CORPUS_URL = new URL('../../../shared/corpus/', import.meta.url);
const noCorpus = existsSync(new URL('INDEX.tsv', CORPUS_URL)) ? undefined : 'no ../shared/corpus';
const noLibpcap = missingLibpcap();
/** Each capture's, by one thread: others only take parts from it, and each costs a start. */
const CORPUS_PARTS_COUNT = 12;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-parts-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function writeCapture(bytes: Uint8Array): string {
  const path = join(folder, 'capture.pcap');
  writeFileSync(path, bytes);
  return path;
}

/** All that a replay leaves: each file's lines, counters, and how it ended. */
async function outcomeOf(replay: (sink: ListSink, counters: Float64Array) => Promise<void>) {
  const sink = new ListSink();
  const counters = createCounters();
  let failure: unknown;
  await replay(sink, counters).catch((error: unknown) => {
    failure = error instanceof HttplogError ? `${error.code}: ${error.message}` : error;
  });
  const files: Record<string, string[]> = {};
  for (const { lines, day, stream, output } of sink.batches) {
    const file = `output ${output}, stream ${stream}, day ${day}`;
    files[file] = [...(files[file] ?? []), ...lines];
  }
  return { files, counters: Array.from(counters), failure };
}

type Outcome = Awaited<ReturnType<typeof outcomeOf>>;

interface Sharing {
  workersCount: number;
  partBytes: number;
}

function replayByOne(request: ReplayRequest): Promise<Outcome> {
  return outcomeOf((sink, counters) => replayCapture(request, sink, counters));
}

/** Waits behind the first part until all threads have begun: small captures would be done before. */
async function replayBySeveral(request: ReplayRequest, sharing: Sharing): Promise<Outcome> {
  const file = readPcapFileHeader(request.path);
  if (file === undefined) {
    throw new Error(`${request.path} is no plain pcap file`);
  }
  const helpers = watchHelpers(sharing.workersCount - 1);
  const outcome = await outcomeOf((sink, counters) => {
    sink.ready = () => helpers.begun;
    return replayInParts({ request, file, ...sharing }, sink, counters);
  });
  helpers.stopWatching();
  if (outcome.failure === undefined && file.byteLength >= 2 * sharing.partBytes) {
    expect(helpers.partsCount() > 0).toBe(sharing.workersCount > 1);
  }
  return outcome;
}

/** Listens to the threads that are started from now on. */
function watchHelpers(helpersCount: number) {
  let begunCount = 0;
  let partsCount = 0;
  let setBegun = () => {};
  const begun =
    helpersCount === 0
      ? Promise.resolve()
      : new Promise<void>((resolve) => {
          setBegun = resolve;
        });
  const watch = (thread: Worker): void => {
    thread.on('message', ({ kind }: PartReport) => {
      partsCount += kind === 'decoded' ? 1 : 0;
      begunCount += kind === 'ready' ? 1 : 0;
      if (begunCount === helpersCount) {
        setBegun();
      }
    });
  };
  process.on('worker', watch);
  return { begun, partsCount: () => partsCount, stopWatching: () => process.off('worker', watch) };
}

const requestOf = (
  path: string,
  settings: Partial<PipelineSettings> = {},
  filterExpression?: string,
): ReplayRequest => ({ path, settings: settingsOf(settings), filterExpression });

/** Parts of less than a packet, of some, and of many. */
const ALONE: readonly Sharing[] = [
  { workersCount: 1, partBytes: 100 },
  { workersCount: 1, partBytes: 40_000 },
];
const SHARED: readonly Sharing[] = [
  ...ALONE,
  { workersCount: 2, partBytes: 2000 },
  { workersCount: 3, partBytes: 300 },
];

async function expectSame(request: ReplayRequest, sharings = SHARED): Promise<Outcome> {
  const expected = await replayByOne(request);
  for (const sharing of sharings) {
    expect(await replayBySeveral(request, sharing), JSON.stringify(sharing)).toEqual(expected);
  }
  return expected;
}

const linesOf = ({ files }: Outcome) => Object.values(files).flat();

/** A slow machine takes a second to start a thread. */
describe('replayInParts: two and three workers give what one gives', { timeout: 600_000 }, () => {
  it.each([1, 2])(
    'of retransmissions, fragments and packets out of order, seed %i',
    async (seed) => {
      const request = requestOf(writeCapture(randomCapture(seed, 600)));
      const outcome = await expectSame(request);
      expect(linesOf(outcome).length).toBeGreaterThan(300);
      expect(outcome.counters[COUNTER_DUPLICATES]).toBeGreaterThan(30);
      expect(outcome.counters[COUNTER_LINES]).toBe(linesOf(outcome).length);
      // Over midnight.
      expect(Object.keys(outcome.files)).toHaveLength(2);
    },
  );

  it.each([
    ['big-endian', { bigEndian: true }],
    ['with nanoseconds', { nanoseconds: true }],
  ])('of a capture %s', async (_name, options) => {
    await expectSame(requestOf(writeCapture(randomCapture(4, 400, options))));
  });

  it('in several outputs, some of them split by type', async () => {
    const outputs = [TEXT_OUTPUT, { ...TEXT_OUTPUT, isSplitByType: true }];
    const request = requestOf(writeCapture(randomCapture(5, 400)), {
      outputs,
      textColumns: { ...TEXT_COLUMNS_DEFAULT, hasVlan: true },
    });
    const { files } = await expectSame(request);
    expect(Object.keys(files).length).toBeGreaterThan(4);
  });

  it('of some ports and of the first bytes of each packet', async () => {
    const settings: Partial<PipelineSettings> = {
      ports: [{ first: 80, last: 80 }],
      snaplenBytes: 90,
      timezone: 'Asia/Seoul',
    };
    await expectSame(requestOf(writeCapture(randomCapture(6, 400)), settings));
  });

  it.skipIf(noLibpcap)(titleWithReason('of the frames of an expression', noLibpcap), async () => {
    const request = requestOf(writeCapture(randomCapture(7, 400)), {}, 'ip and dst port 80');
    const outcome = await expectSame(request);
    expect(linesOf(outcome).length).toBeGreaterThan(50);
  });

  it('of a capture that is cut short anywhere near its end', async () => {
    const capture = randomCapture(8, 60);
    for (let cutBytes = 1; cutBytes < 120; cutBytes += 7) {
      const request = requestOf(writeCapture(capture.subarray(0, capture.length - cutBytes)));
      await expectSame(request, ALONE);
    }
  });

  it('of a capture that is damaged in its middle', async () => {
    const capture = randomCapture(9, 300);
    capture.fill(0xff, capture.length / 2, capture.length / 2 + 2000);
    const { failure } = await expectSame(requestOf(writeCapture(capture)));
    expect(failure).toMatch(/^HTTPLOG_CAPTURE_DAMAGED: .* packets were read$/);
  });

  it('of a capture without packets', async () => {
    const { failure, files } = await expectSame(requestOf(writeCapture(captureRequests([]))));
    expect([failure, files]).toEqual([undefined, {}]);
  });
});

describe('replayInParts', () => {
  it('ends with the error of the sink, and its threads with it', async () => {
    const request = requestOf(writeCapture(randomCapture(10, 300)));
    const file = readPcapFileHeader(request.path);
    const failure = new HttplogError('The disk is gone', { code: 'HTTPLOG_TEST', exitCode: 1 });
    const sink = new ListSink();
    sink.ready = () => Promise.reject(failure);
    const capture = { request, file: file as NonNullable<typeof file>, workersCount: 3 };
    const replaying = replayInParts({ ...capture, partBytes: 1000 }, sink, createCounters());
    await expect(replaying).rejects.toBe(failure);
  });

  it('goes on without threads that cannot begin, here for want of a file', async () => {
    const path = writeCapture(randomCapture(11, 300));
    const expected = await replayByOne(requestOf(path));
    const gone = join(folder, 'gone.pcap');
    const file = readPcapFileHeader(path);
    writeFileSync(gone, readFileSync(path));
    const capture = {
      request: requestOf(gone),
      file: { ...file, path: gone } as NonNullable<typeof file>,
    };
    const replaying = outcomeOf((sink, counters) => {
      const replay = replayInParts({ ...capture, workersCount: 3, partBytes: 500 }, sink, counters);
      // This thread has it open by now, those that start have not.
      setImmediate(() => rmSync(gone));
      return replay;
    });
    expect((await replaying).files).toEqual(expected.files);
  });

  it.skipIf(noLibpcap)(titleWithReason('tells of a wrong expression', noLibpcap), async () => {
    const request = requestOf(writeCapture(randomCapture(12, 10)), {}, 'tcp prot');
    const { failure } = await replayBySeveral(request, { workersCount: 2, partBytes: 500 });
    expect(failure).toMatch(/^HTTPLOG_FILTER: /);
  });
});

describe('findSharedCapture', () => {
  const large = (byteLength = SHARED_CAPTURE_BYTES_MIN) => {
    const path = writeCapture(captureRequests([ask('/')]));
    truncateSync(path, byteLength);
    return path;
  };

  it('takes a smaller one only where somebody has asked for several workers', () => {
    expect(findSharedCapture(requestOf(large()), 2, false)).toBeUndefined();
    const larger = large(SHARED_UNASKED_BYTES_MIN);
    expect(findSharedCapture(requestOf(larger), 2, false)).toMatchObject({ workersCount: 2 });
  });

  it('takes a large plain pcap for text lines of messages', () => {
    const outputs = [TEXT_OUTPUT, { ...TEXT_OUTPUT, isSplitByType: true }];
    expect(findSharedCapture(requestOf(large(), { outputs }), 2, true)).toMatchObject({
      workersCount: 2,
      file: { byteLength: expect.any(Number) },
    });
  });

  it.each<[string, Partial<PipelineSettings>]>([
    ['that are put together', { isHeadCompleted: true }],
    ['of a number of packets', { framesMax: 10 }],
    ['of exchanges', { outputs: [{ ...TEXT_OUTPUT, format: 'json', records: 'exchanges' }] }],
    ['of another format too', { outputs: [TEXT_OUTPUT, { ...TEXT_OUTPUT, format: 'json' }] }],
    ['that a filter chooses', { filter: { ...settingsOf().filter, slowerThanMs: 1 } }],
  ])('leaves lines %s to one worker', (_name, settings) => {
    expect(findSharedCapture(requestOf(large(), settings), 2, true)).toBeUndefined();
  });

  it('leaves what is small, compressed, missing or no file to one worker', () => {
    const small = writeCapture(captureRequests([ask('/')]));
    const compressed = join(folder, 'capture.pcap.gz');
    writeFileSync(compressed, gzipSync(captureRequests([ask('/')])));
    truncateSync(compressed, SHARED_CAPTURE_BYTES_MIN);
    for (const path of [small, compressed, '/nowhere.pcap', folder, '-', '/dev/zero']) {
      expect(findSharedCapture(requestOf(path), 2, true)).toBeUndefined();
    }
  });
});

describe.skipIf(noCorpus !== undefined)(
  titleWithReason('replayInParts: real captures', noCorpus),
  () => {
    const [, ...rows] =
      noCorpus === undefined ? readCorpus('INDEX.tsv').toString().trimEnd().split('\n') : [];
    const paths = rows.map((row) => fileURLToPath(new URL(row.split('\t', 1)[0], CORPUS_URL)));
    const plain = paths.filter((path) => readPcapFileHeader(path) !== undefined);

    it.each(plain)('%s in parts', async (path) => {
      const partBytes = Math.ceil(statSync(path).size / CORPUS_PARTS_COUNT);
      const shared = await replayBySeveral(requestOf(path), { workersCount: 1, partBytes });
      expect(shared).toEqual(await replayByOne(requestOf(path)));
    });

    it('all Ethernet ones of the same byte order as one capture', {
      timeout: 600_000,
    }, async () => {
      const records = plain
        .map((path) => readFileSync(path))
        .filter((bytes) => bytes.readUInt32LE(0) === 0xa1b2c3d4 && bytes.readUInt32LE(20) === 1)
        .map((bytes) => wholeRecords(bytes));
      const path = writeCapture(Buffer.concat([captureRequests([]), ...records]));
      const outcome = await replayByOne(requestOf(path));
      expect(countFrames(Float64Array.from(outcome.counters))).toBeGreaterThan(30_000);
      for (const workersCount of [2, 3]) {
        for (const partBytes of [20_000, 300_000]) {
          const shared = await replayBySeveral(requestOf(path), { workersCount, partBytes });
          expect(withUnreadSum(shared)).toEqual(withUnreadSum(outcome));
        }
      }
    });
  },
);

/** Each worker has room for so many kinds of unread frames: with more of them, which have a row, depends on the parts. */
function withUnreadSum({ counters, ...others }: Outcome) {
  const framesEnd = COUNTER_UNREAD_FRAMES_FIRST + UNREAD_KINDS_MAX + 1;
  const unread = counters.slice(COUNTER_UNREAD_FRAMES_FIRST, framesEnd);
  return {
    ...others,
    counters: counters.slice(0, COUNTER_UNREAD_KINDS_FIRST),
    unreadSum: unread.reduce((sum, count) => sum + count, 0),
  };
}

function readCorpus(name: string): Buffer {
  return readFileSync(new URL(name, CORPUS_URL));
}

/** A little-endian capture without its header and a last record that is not whole. */
function wholeRecords(bytes: Buffer): Uint8Array {
  let end = 24;
  while (end + 16 <= bytes.length && end + 16 + bytes.readUInt32LE(end + 8) <= bytes.length) {
    end += 16 + bytes.readUInt32LE(end + 8);
  }
  return bytes.subarray(24, end);
}
