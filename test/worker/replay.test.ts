import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  COUNTER_FRAMES_FILTERED,
  COUNTER_LINES_DROPPED,
} from '../../src/counters/counter-table.ts';
import { countFrames, createCounters } from '../../src/counters/counters.ts';
import { HttplogError } from '../../src/errors.ts';
import type { PipelineSettings } from '../../src/worker/pipeline-settings.ts';
import { type ReplayProgress, replayCapture } from '../../src/worker/replay.ts';
import { missingLibpcap } from '../capture/missing-libpcap.ts';
import {
  ask,
  asked,
  capturePackets,
  captureRequests,
  requestPacket,
} from '../fixtures/build-captures.ts';
import { titleWithReason } from '../live/requirements.ts';
import { ListSink, messageOf, settingsOf } from './pipeline-parts.ts';

const FILE_HEADER_BYTES = 24;
const noLibpcap = missingLibpcap();
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'httplog-replay-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function writeCapture(bytes: Uint8Array): string {
  const path = join(folder, 'capture.pcap');
  writeFileSync(path, bytes);
  return path;
}

interface ReplayOptions {
  sink?: ListSink;
  settings?: Partial<PipelineSettings>;
  filterExpression?: string;
  onProgress?: ReplayProgress;
}

/** Replays to the end, or to the error, which is given back. */
async function replay(capture: Uint8Array, options: ReplayOptions = {}) {
  const { sink = new ListSink(), settings, filterExpression, onProgress } = options;
  const counters = createCounters();
  let error: unknown;
  try {
    const request = {
      path: writeCapture(capture),
      settings: settingsOf(settings),
      filterExpression,
    };
    await replayCapture(request, sink, counters, onProgress);
  } catch (thrown) {
    error = thrown;
  }
  return { messages: sink.lines.map(messageOf), counters, error };
}

const paths = (count: number) => Array.from({ length: count }, (_, index) => `/${index}`);

describe('replayCapture', () => {
  it('gives the lines of a whole file, and ends', async () => {
    const { messages, counters, error } = await replay(captureRequests(paths(3).map(ask)));
    expect(error).toBeUndefined();
    expect(messages).toEqual(paths(3).map(asked));
    expect(countFrames(counters)).toBe(3);
  });

  it('of a file that is cut at any byte every line that was there is given, then one sentence', async () => {
    const capture = captureRequests(paths(2).map(ask));
    const recordBytes = (capture.length - FILE_HEADER_BYTES) / 2;
    for (let byteLength = 0; byteLength <= capture.length; byteLength++) {
      const { messages, error } = await replay(capture.subarray(0, byteLength));
      const records = Math.max(0, Math.floor((byteLength - FILE_HEADER_BYTES) / recordBytes));
      expect(messages).toEqual(paths(records).map(asked));
      if (byteLength >= FILE_HEADER_BYTES && (byteLength - FILE_HEADER_BYTES) % recordBytes === 0) {
        expect(error).toBeUndefined();
      } else {
        expect(error).toBeInstanceOf(HttplogError);
        expect((error as HttplogError).message).toMatch(/^[A-Z/].*[^.]$/);
      }
    }
  });

  it('waits for a buffer instead of dropping, and gives the same lines', async () => {
    const agent = '\x01'.repeat(60_000);
    const packets = paths(30).map((path, index) =>
      requestPacket(index, `GET ${path} HTTP/1.1\r\nUser-Agent: ${agent}\r\n\r\n`),
    );
    const free = await replay(capturePackets(packets));
    const sink = new ListSink(1);
    const waiting = await replay(capturePackets(packets), { sink });
    expect(sink.takes).toBeGreaterThan(7);
    expect(waiting.messages).toEqual(free.messages);
    expect(waiting.counters[COUNTER_LINES_DROPPED]).toBe(0);
  });

  it('ends with the error of the sink', async () => {
    const sink = new ListSink(0);
    const failure = new HttplogError('The disk is gone', { code: 'HTTPLOG_TEST', exitCode: 1 });
    sink.ready = () => Promise.reject(failure);
    const { error } = await replay(captureRequests(paths(3).map(ask)), { sink });
    expect(error).toBe(failure);
  });

  it('ends behind as many frames as it may take', async () => {
    const capture = captureRequests(paths(5).map(ask));
    const { messages, error } = await replay(capture, { settings: { framesMax: 2 } });
    expect([messages, error]).toEqual([paths(2).map(asked), undefined]);
  });

  it('a file cut behind the last frame that is asked for is no error', async () => {
    const capture = captureRequests(paths(5).map(ask));
    const cut = capture.subarray(0, capture.length - 1);
    const settings = { framesMax: 4 };
    expect((await replay(cut, { settings })).messages).toEqual(paths(4).map(asked));
  });

  it('tells how far it is', async () => {
    const capture = captureRequests(paths(5).map(ask));
    const told: [number, number | undefined][] = [];
    await replay(capture, { onProgress: (...progress) => told.push(progress) });
    expect(told.at(-1)).toEqual([capture.length, capture.length]);
  });

  it.skipIf(noLibpcap)(
    titleWithReason('takes the frames of an expression only', noLibpcap),
    async () => {
      const capture = captureRequests(paths(5).map(ask));
      const filterExpression = 'src port 40003';
      const { messages, counters } = await replay(capture, { filterExpression });
      expect(messages).toEqual([asked('/3')]);
      expect(counters[COUNTER_FRAMES_FILTERED]).toBe(4);
    },
  );

  it.skipIf(noLibpcap)(
    titleWithReason('a wrong expression is told though the file is not there', noLibpcap),
    async () => {
      const request = {
        path: '/nowhere.pcap',
        settings: settingsOf(),
        filterExpression: 'tcp prot',
      };
      const replaying = replayCapture(request, new ListSink(), createCounters());
      await expect(replaying).rejects.toMatchObject({ code: 'HTTPLOG_FILTER' });
    },
  );
});
