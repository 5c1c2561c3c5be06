import { describe, expect, it } from 'vitest';
import {
  COUNTER_DUPLICATES,
  COUNTER_LINES,
  COUNTER_LINES_DROPPED,
  COUNTER_MESSAGES_FIRST,
} from '../../src/counters/counter-table.ts';
import {
  flushPipeline,
  PIPELINE_DONE,
  PIPELINE_DRAINED,
  PIPELINE_FULL,
  type PipelineState,
  runPipeline,
} from '../../src/worker/pipeline.ts';
import type { Pipeline } from '../../src/worker/pipeline-state.ts';
import {
  ask,
  asked,
  frameOf,
  packetBetween,
  requestPacket,
  responsePacket,
  SERVER,
} from '../fixtures/build-captures.ts';
import { bytesOf } from '../fixtures/build-packets.ts';
import {
  FrameListSource,
  ListSink,
  largeFrame,
  local,
  messageOf,
  pipelineOf,
  requestFrame,
  requestFrames,
  run,
  TEXT_OUTPUT,
} from './pipeline-parts.ts';

/** 2019-09-02 00:00:00 UTC. */
const MIDNIGHT_SEC = 1567382400;

/** As a live worker does, which waits for nobody. */
function runToDrained(pipeline: Pipeline, source: FrameListSource): PipelineState {
  let state: PipelineState = PIPELINE_FULL;
  while (state === PIPELINE_FULL) {
    state = runPipeline(pipeline, source);
  }
  return state;
}

describe('runPipeline: batches', () => {
  it('a change of day begins another batch, and a late packet goes to its own day', async () => {
    const seconds = [MIDNIGHT_SEC - 2, MIDNIGHT_SEC - 1, MIDNIGHT_SEC, MIDNIGHT_SEC - 1];
    const frames = seconds.map((sec, index) => requestFrame(index, {}, sec));
    const { sink } = await run(frames);
    expect(sink.batches.map(({ day, lines }) => [day, lines.length])).toEqual([
      [20190901, 2],
      [20190902, 1],
      [20190901, 1],
    ]);
    expect(sink.lines.map((line) => line.slice(0, 23))).toEqual([
      '2019-09-01 23:59:58.000',
      '2019-09-01 23:59:59.000',
      '2019-09-02 00:00:00.000',
      '2019-09-01 23:59:59.000',
    ]);
  });

  it('the day is that of the time zone', async () => {
    const frames = [requestFrame(0, {}, MIDNIGHT_SEC - 1), requestFrame(1, {}, MIDNIGHT_SEC)];
    const { sink } = await run(frames, { settings: { timezone: 'Asia/Kolkata' } });
    expect(sink.batches.map(({ day }) => day)).toEqual([20190902]);
  });

  it('split by type, each type has its own stream', async () => {
    const server = { ...SERVER, address: '203.0.113.5' };
    const frames = [
      requestFrame(0),
      { bytes: frameOf(packetBetween(SERVER, server, bytesOf(ask('/sq')))) },
      { bytes: frameOf(packetBetween(server, SERVER, bytesOf('HTTP/1.1 200 OK\r\n\r\n'))) },
      { bytes: frameOf(responsePacket(0, 'HTTP/1.1 204 No Content\r\n\r\n')) },
      requestFrame(1),
    ];
    const localNetworks = [local(SERVER.address)];
    const split = await run(frames, {
      settings: { localNetworks, outputs: [{ ...TEXT_OUTPUT, isSplitByType: true }] },
    });
    expect(split.sink.batches.map(({ stream, lines }) => [stream, lines.map(messageOf)])).toEqual([
      [1, [asked('/0'), asked('/1')]],
      [2, ['CR HTTP/1.1 204 No Content - -']],
      [3, [asked('/sq').replace('CQ', 'SQ')]],
      [4, ['SR HTTP/1.1 200 OK - -']],
    ]);
    const joined = await run(frames, { settings: { localNetworks } });
    expect(joined.sink.batches).toHaveLength(1);
    expect(joined.sink.batches[0].stream).toBe(0);
    expect([...joined.sink.lines].sort()).toEqual([...split.sink.lines].sort());
  });

  it('a full batch is handed over, and the lines go on in the next', async () => {
    const frames = Array.from({ length: 9 }, (_, index) => largeFrame(index));
    const { sink } = await run(frames);
    expect(sink.batches.map(({ lines }) => lines.length)).toEqual([4, 4, 1]);
  });

  it('flushing hands over what there is, and nothing where there is nothing', async () => {
    const { pipeline, sink } = await pipelineOf({});
    flushPipeline(pipeline);
    expect(sink.batches).toEqual([]);
    const source = new FrameListSource(requestFrames(2), 1);
    source.fillNow();
    runPipeline(pipeline, source);
    flushPipeline(pipeline);
    flushPipeline(pipeline);
    expect(sink.batches).toHaveLength(1);
    source.fillNow();
    runPipeline(pipeline, source);
    flushPipeline(pipeline);
    expect(sink.batches).toHaveLength(2);
  });

  it('flushing leaves the lines of an output that is behind in its batch', async () => {
    const { pipeline, sink } = await pipelineOf({});
    const source = new FrameListSource(requestFrames(2), 1);
    for (const batchCount of [0, 0, 1]) {
      source.fillNow();
      runPipeline(pipeline, source);
      flushPipeline(pipeline, (output) => output === 0 && batchCount === 0);
      expect(sink.batches).toHaveLength(batchCount);
    }
    expect(sink.batches[0].lines).toHaveLength(2);
  });
});

describe('runPipeline: without a free buffer', () => {
  const frames = Array.from({ length: 60 }, (_, index) =>
    // Both reasons for a new batch: it is full, and the day changes.
    largeFrame(index % 7 === 0 ? index - 1 : index, MIDNIGHT_SEC + (index % 20 < 10 ? -1 : 0)),
  );

  it.each([1, 2, 5])(
    'lossless with %i buffers it gives the lines that it gives with many',
    async (buffersMax) => {
      const free = await run(frames);
      const waiting = await run(frames, { sink: new ListSink(buffersMax) });
      expect(waiting.sink.takes).toBeGreaterThan(buffersMax);
      expect(waiting.sink.extraMax).toBeLessThanOrEqual(1);
      expect(waiting.sink.batches).toEqual(free.sink.batches);
      expect([...waiting.counters]).toEqual([...free.counters]);
      expect(waiting.counters[COUNTER_LINES_DROPPED]).toBe(0);
    },
  );

  it('lossless it is full with the last buffer taken, and is so again after each frame', async () => {
    const { pipeline, sink, counters } = await pipelineOf({ sink: new ListSink(1) });
    const source = new FrameListSource(Array.from({ length: 6 }, (_, index) => largeFrame(index)));
    source.fillNow();
    expect(runPipeline(pipeline, source)).toBe(PIPELINE_FULL);
    expect([source.framesRead, counters[COUNTER_LINES]]).toEqual([1, 1]);
    await sink.ready();
    // The open batch has room for four lines; the fifth takes the one buffer that is free again.
    expect(runPipeline(pipeline, source)).toBe(PIPELINE_FULL);
    expect([source.framesRead, counters[COUNTER_LINES]]).toEqual([5, 5]);
    await sink.ready();
    expect(runPipeline(pipeline, source)).toBe(PIPELINE_DRAINED);
    flushPipeline(pipeline);
    expect(sink.lines).toHaveLength(6);
  });

  it('lossless the frame that finds all buffers in use is done with all the same', async () => {
    const { pipeline, sink } = await pipelineOf({
      sink: new ListSink(0),
      settings: { framesMax: 1 },
    });
    const source = new FrameListSource([requestFrame(0)]);
    source.fillNow();
    expect(runPipeline(pipeline, source)).toBe(PIPELINE_FULL);
    expect([source.framesRead, sink.extraMax]).toEqual([1, 1]);
    expect(runPipeline(pipeline, source)).toBe(PIPELINE_DONE);
    flushPipeline(pipeline);
    expect(sink.lines).toHaveLength(1);
  });

  it('lossless a frame of many lines takes as many buffers as they need', async () => {
    const agent = '\x01'.repeat(15_000);
    const text = ['/0', '/1', '/2', '/3']
      .map((path) => `GET ${path} HTTP/1.1\r\nUser-Agent: ${agent}\r\n\r\n`)
      .join('');
    const frames = Array.from({ length: 6 }, (_, index) => ({
      bytes: frameOf(requestPacket(index, text)),
    }));
    const free = await run(frames);
    const waiting = await run(frames, { sink: new ListSink(1) });
    expect(free.sink.lines).toHaveLength(24);
    expect(waiting.sink.batches).toEqual(free.sink.batches);
    expect(waiting.sink.extraMax).toBeLessThanOrEqual(2);
  });

  it('live it drops and counts exactly the lines that find no buffer', async () => {
    const { pipeline, sink, counters } = await pipelineOf({
      sink: new ListSink(2, false),
    });
    const large = Array.from({ length: 20 }, (_, index) => largeFrame(index));
    const source = new FrameListSource(large, 10);
    source.fillNow();
    // Four lines fit into a batch, and there are two: the other two of ten are lost.
    expect(runToDrained(pipeline, source)).toBe(PIPELINE_DRAINED);
    expect([counters[COUNTER_LINES], counters[COUNTER_LINES_DROPPED]]).toEqual([8, 2]);
    sink.giveBack();
    source.fillNow();
    runToDrained(pipeline, source);
    flushPipeline(pipeline);
    expect([counters[COUNTER_LINES], counters[COUNTER_LINES_DROPPED]]).toEqual([12, 8]);
    expect(counters[COUNTER_MESSAGES_FIRST]).toBe(20);
    const paths = sink.lines.map((line) => Number(messageOf(line).split(' ')[2].slice(1)));
    expect(paths).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13]);
  });

  it('live a line that was dropped is a message that was seen', async () => {
    const { pipeline, sink, counters } = await pipelineOf({ sink: new ListSink(0, false) });
    const source = new FrameListSource([requestFrame(0), requestFrame(0)]);
    source.fillNow();
    expect(runToDrained(pipeline, source)).toBe(PIPELINE_DRAINED);
    flushPipeline(pipeline);
    expect(counters[COUNTER_LINES_DROPPED]).toBe(1);
    expect(counters[COUNTER_DUPLICATES]).toBe(1);
    expect(sink.lines).toEqual([]);
  });
});
