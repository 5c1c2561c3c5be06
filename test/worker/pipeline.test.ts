import { describe, expect, it } from 'vitest';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import {
  COUNTER_DUPLICATES,
  COUNTER_FRAME_BYTES,
  COUNTER_FRAMES_FILTERED,
  COUNTER_FRAMES_TRUNCATED,
  COUNTER_LINES,
  COUNTER_MESSAGES_FIRST,
} from '../../src/counters/counter-table.ts';
import { countFrames } from '../../src/counters/counters.ts';
import { createLocalNetworks } from '../../src/decode/local-networks.ts';
import { TEXT_COLUMNS_DEFAULT } from '../../src/format/text-line.ts';
import { HEAD_BYTES_MAX } from '../../src/limits.ts';
import {
  flushPipeline,
  PIPELINE_DONE,
  PIPELINE_DRAINED,
  runPipeline,
} from '../../src/worker/pipeline.ts';
import type { FrameFilter } from '../../src/worker/pipeline-state.ts';
import {
  ask,
  asked,
  CLIENT,
  frameOf,
  packetBetween,
  requestPacket,
  responsePacket,
  SERVER,
} from '../fixtures/build-captures.ts';
import { bytesOf, ETHERTYPE_IPV4, TPID_8021Q, taggedEthernet } from '../fixtures/build-packets.ts';
import {
  FrameListSource,
  local,
  messageOf,
  pipelineOf,
  requestFrame,
  requestFrames,
  run,
  type SourceFrame,
  verdictCounts,
} from './pipeline-parts.ts';

describe('runPipeline', () => {
  it('writes a line a message, in the order of the packets', async () => {
    const frames = [
      requestFrame(0),
      { bytes: frameOf(responsePacket(0, 'HTTP/1.1 204 No Content\r\n\r\n')) },
      { bytes: frameOf(packetBetween(CLIENT, SERVER, bytesOf(''), { flags: 0x10 })) },
      { bytes: frameOf(requestPacket(1, 'body, not a message')) },
      requestFrame(2),
    ];
    const { sink, counters, state } = await run(frames);
    expect(state).toBe(PIPELINE_DRAINED);
    expect(sink.lines.map(messageOf)).toEqual([
      asked('/0'),
      'CR HTTP/1.1 204 No Content - -',
      asked('/2'),
    ]);
    expect(verdictCounts(counters)).toEqual({ segment: 4, no_payload: 1 });
    expect(counters[COUNTER_LINES]).toBe(3);
  });

  it('counts each frame once, by its verdict', async () => {
    const whole = requestFrame(0).bytes;
    const frames = [
      ...Array.from({ length: whole.length + 1 }, (_, byteLength) => ({
        bytes: whole.subarray(0, byteLength),
        wireLength: whole.length,
      })),
      { bytes: whole, linkType: 147 },
      { bytes: Uint8Array.from([...whole.subarray(0, 12), 0x08, 0x06]) },
    ];
    const { counters } = await run(frames);
    expect(countFrames(counters)).toBe(frames.length);
    expect(verdictCounts(counters)).toEqual({
      link_truncated: 14,
      ipv4_truncated: 20,
      tcp_truncated: 21,
      segment: whole.length - 54,
      link_unsupported: 1,
      not_ip: 1,
    });
    expect(counters[COUNTER_FRAMES_TRUNCATED]).toBe(whole.length);
    // Of the wire, not of the capture: those that were cut count whole.
    const frameBytes = frames.map(
      ({ bytes, wireLength = bytes.length }: SourceFrame) => wireLength,
    );
    expect(counters[COUNTER_FRAME_BYTES]).toBe(frameBytes.reduce((sum, length) => sum + length, 0));
  });

  it('logs a first segment that is sent again once', async () => {
    const frames = [requestFrame(0), requestFrame(0), requestFrame(1), requestFrame(0)];
    const { sink, counters } = await run(frames);
    expect(sink.lines.map(messageOf)).toEqual([asked('/0'), asked('/1')]);
    expect(counters[COUNTER_DUPLICATES]).toBe(2);
    expect(counters[COUNTER_MESSAGES_FIRST]).toBe(2);
    expect(counters[COUNTER_LINES]).toBe(2);
  });

  it('a later message of the same connection is no duplicate', async () => {
    const frames = [requestFrame(0), requestFrame(0, { sequence: 1000 })];
    const { sink, counters } = await run(frames);
    expect(sink.lines).toHaveLength(2);
    expect(counters[COUNTER_DUPLICATES]).toBe(0);
  });

  it('segments of other ports are not read, and their first segments not remembered', async () => {
    const frames = [
      requestFrame(0),
      { bytes: frameOf(packetBetween({ ...SERVER, port: 8080 }, CLIENT, bytesOf('HTTP/1.1 200'))) },
      { bytes: frameOf(packetBetween(CLIENT, { ...SERVER, port: 81 }, bytesOf(ask('/81')))) },
    ];
    const ports = [
      { first: 80, last: 80 },
      { first: 8000, last: 8080 },
    ];
    const { sink, counters } = await run(frames, { settings: { ports } });
    expect(sink.lines.map(messageOf)).toEqual([asked('/0'), 'CR HTTP/1.1 200 - -']);
    expect(verdictCounts(counters)).toEqual({ segment: 3 });
  });

  it('what the frame filter refuses is counted and not decoded', async () => {
    const sourcePortAt = 35;
    const frameFilter: FrameFilter = ({ bytes, offset }) =>
      bytes[offset + sourcePortAt] === ((CLIENT.port + 3) & 0xff);
    const { counters, sink } = await run(requestFrames(10), { frameFilter });
    expect(counters[COUNTER_FRAMES_FILTERED]).toBe(9);
    expect(verdictCounts(counters)).toEqual({ segment: 1 });
    expect(countFrames(counters)).toBe(10);
    expect(sink.lines.map(messageOf)).toEqual([asked('/3')]);
  });

  it('a message larger than a head is shown as far as a head goes', async () => {
    const text = `GET /${'a'.repeat(HEAD_BYTES_MAX)} HTTP/1.1\r\n\r\n`;
    // Larger than IPv4 can name: a length of 0, as segmentation offload leaves it.
    const packet = requestPacket(0, text);
    packet.set([0, 0], 2);
    const { sink } = await run([{ bytes: frameOf(packet), linkType: LINKTYPE_ETHERNET }]);
    expect(messageOf(sink.lines[0])).toBe(`CQ ${text.slice(0, HEAD_BYTES_MAX)} - -`);
  });

  it('VLAN ids are written when they are asked for', async () => {
    const tags = [
      { tpid: TPID_8021Q, id: 200 },
      { tpid: TPID_8021Q, id: 10 },
    ];
    const packet = requestPacket(0, ask('/vlan'));
    const bytes = taggedEthernet(tags, ETHERTYPE_IPV4, packet);
    const frames = [{ bytes }, requestFrame(1)];
    const { sink } = await run(frames, {
      settings: { textColumns: { ...TEXT_COLUMNS_DEFAULT, hasVlan: true } },
    });
    expect(sink.lines.map(messageOf)).toEqual([`${asked('/vlan')} vlan=200.10`, asked('/1')]);
  });

  it('the host\u2019s addresses decide the type, and may change on the way', async () => {
    const settings = { localNetworks: [local(CLIENT.address)], isSplitByType: false };
    const { pipeline, sink, counters } = await pipelineOf({ settings });
    const source = new FrameListSource(requestFrames(2), 1);
    source.fillNow();
    runPipeline(pipeline, source);
    pipeline.localNetworks = createLocalNetworks([]);
    source.fillNow();
    runPipeline(pipeline, source);
    flushPipeline(pipeline);
    expect(sink.lines.map((line) => line.split(' ')[4])).toEqual(['SQ', 'CQ']);
    expect([...counters.subarray(COUNTER_MESSAGES_FIRST, COUNTER_MESSAGES_FIRST + 4)]).toEqual([
      1, 0, 1, 0,
    ]);
  });
});

describe('runPipeline: snap length', () => {
  it('a frame is looked at up to the snap length, and counted as truncated beyond it', async () => {
    const frames = [requestFrame(0)];
    const byteLength = frames[0].bytes.length;
    const hostEnds = frames[0].bytes.length - 4;
    const cut = async (snaplenBytes: number) => {
      const { sink, counters } = await run(frames, { settings: { snaplenBytes } });
      return [sink.lines.map(messageOf)[0], counters[COUNTER_FRAMES_TRUNCATED]];
    };
    expect(await cut(byteLength + 1)).toEqual([asked('/0'), 0]);
    expect(await cut(byteLength)).toEqual([asked('/0'), 0]);
    expect(await cut(byteLength - 1)).toEqual([asked('/0'), 1]);
    expect(await cut(hostEnds)).toEqual([asked('/0'), 1]);
    expect(await cut(hostEnds - 1)).toEqual(['CQ GET /0 HTTP/1.1 built.exampl -', 1]);
    expect(await cut(54)).toEqual([undefined, 1]);
    expect(await cut(0)).toEqual([asked('/0'), 0]);
  });
});

describe('runPipeline: numbers of frames', () => {
  it.each([0, 1, 9, 10, 11])(
    'takes %i of 10 frames and is done, if there are as many',
    async (framesMax) => {
      const { counters, source, state } = await run(requestFrames(10), { settings: { framesMax } });
      expect(source.framesRead).toBe(Math.min(framesMax, 10));
      expect(countFrames(counters)).toBe(Math.min(framesMax, 10));
      expect(state).toBe(framesMax <= 10 ? PIPELINE_DONE : PIPELINE_DRAINED);
    },
  );

  it('frames that are filtered count as taken', async () => {
    const { counters, source } = await run(requestFrames(10), {
      settings: { framesMax: 4 },
      frameFilter: () => false,
    });
    expect(source.framesRead).toBe(4);
    expect(counters[COUNTER_FRAMES_FILTERED]).toBe(4);
  });

  it('is done, once done, whatever the source still has', async () => {
    const { pipeline, counters } = await pipelineOf({ settings: { framesMax: 1 } });
    const source = new FrameListSource(requestFrames(3));
    source.fillNow();
    expect(runPipeline(pipeline, source)).toBe(PIPELINE_DONE);
    expect(runPipeline(pipeline, source)).toBe(PIPELINE_DONE);
    expect(countFrames(counters)).toBe(1);
  });

  it.each([0, 1, 2, 7, 19, 20, 21, 30])(
    'two pipelines take %i frames of a shared quota together',
    async (quota) => {
      const frameQuota = new Int32Array(new SharedArrayBuffer(4));
      frameQuota[0] = quota;
      const workers = await Promise.all([pipelineOf({ frameQuota }), pipelineOf({ frameQuota })]);
      const sources = workers.map(() => new FrameListSource(requestFrames(10), 3));
      const states = [PIPELINE_DRAINED, PIPELINE_DRAINED] as number[];
      for (let turn = 0; turn < 10; turn++) {
        const worker = turn % 2;
        sources[worker].fillNow();
        states[worker] = runPipeline(workers[worker].pipeline, sources[worker]);
      }
      const frames = workers.map(({ counters }) => countFrames(counters));
      expect(frames[0] + frames[1]).toBe(Math.min(quota, 20));
      expect(states.includes(PIPELINE_DONE)).toBe(quota <= 20);
    },
  );

  it('the worker that takes the last frame of a quota is done with it', async () => {
    const frameQuota = Int32Array.of(3);
    const { state, source } = await run(requestFrames(3), { frameQuota });
    expect([state, source.framesRead]).toEqual([PIPELINE_DONE, 3]);
  });
});
