/** Conversations, however changed, through the pairing: what must hold of every one. */
import { createFrame, type Frame, type FrameSource } from '../../src/capture/frame.ts';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { COUNTER_TRACKER_FIRST } from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { COUNT_FLOWS } from '../../src/counters/exchange-counts.ts';
import { forgetAllMessages } from '../../src/decode/judge-message.ts';
import type { BatchSink } from '../../src/format/line-batch.ts';
import { BATCH_BYTES } from '../../src/limits.ts';
import type { OutputSettings } from '../../src/output/output-settings.ts';
import { createPipeline, endPipeline, runPipeline } from '../../src/worker/pipeline.ts';
import { createPipelineOptions } from '../../src/worker/pipeline-settings.ts';
import type { Pipeline } from '../../src/worker/pipeline-state.ts';
import { asCaptured, type TimedFrame } from '../exchange/conversation.ts';
import { EXCHANGE_SETTINGS } from '../exchange/run-exchanges.ts';
import { type SourceFrame, settingsOf, TEXT_OUTPUT } from '../worker/pipeline-parts.ts';
import { checkLines } from './check-lines.ts';

/** Two pipelines that differ in what stands around a frame and in what they have seen before. */
const SURROUNDINGS = ['\xff', 'GET /never HTTP/1.1\r\n\r\n'];
const SURROUNDING_BYTES = 64;
const JSON_EXCHANGES = (EXCHANGE_SETTINGS.outputs as OutputSettings[])[0];
const OUTPUTS = [JSON_EXCHANGES, TEXT_OUTPUT];

/** Addresses are of so many networks, so that no conversation meets another one's messages. */
const NETWORKS = 0x8000;
const ADDRESSES_AT = [27, 31];

interface Probe {
  pipeline: Pipeline;
  /** By output: the bytes of the batches that were put. */
  taken: Buffer[][];
  surroundings: Buffer;
}

/** Throws with a sentence when something does not hold; gives the exchanges. */
export type ExchangeOracle = (frames: readonly TimedFrame[]) => Record<string, unknown>[];

export async function createExchangeOracle(): Promise<ExchangeOracle> {
  const probes: Probe[] = [];
  for (const text of SURROUNDINGS) {
    probes.push(await createProbe(Buffer.alloc(SURROUNDING_BYTES, text, 'latin1')));
  }
  let runs = 0;
  return (frames) => {
    const [first, second] = probes;
    if (runs % NETWORKS === 0) {
      for (const { pipeline } of probes) {
        forgetAllMessages(pipeline.memory);
      }
    }
    const captured = asCaptured(frames.map((frame) => inNetwork(frame, runs % NETWORKS)));
    const lines = runThrough(first, captured);
    // The other one has seen half as much.
    if (runs++ % 2 === 0) {
      const others = runThrough(second, captured);
      if (JSON.stringify(others) !== JSON.stringify(lines)) {
        throw new Error(
          `It depends on what was before or around it: ${JSON.stringify([lines, others])}`,
        );
      }
    }
    const [exchanges, messages] = lines;
    checkLines(messages.map((line) => `${line}\n`).join(''));
    const records = exchanges.map(
      (line): Record<string, unknown> => JSON.parse(Buffer.from(line, 'latin1').toString()),
    );
    records.forEach(checkExchange);
    return records;
  };
}

async function createProbe(surroundings: Buffer): Promise<Probe> {
  const taken: Buffer[][] = OUTPUTS.map(() => []);
  // Each output's buffer goes round: its lines are copied before it is taken again.
  const spare: Uint8Array[] = [];
  const sink: BatchSink = {
    isFull: false,
    take: () => spare.pop() ?? new Uint8Array(BATCH_BYTES),
    put: ({ bytes, byteLength, output }) => {
      taken[output].push(Buffer.from(bytes.subarray(0, byteLength)));
      spare.push(bytes);
    },
    ready: async () => {},
  };
  const settings = { ...EXCHANGE_SETTINGS, outputs: OUTPUTS, isHeadCompleted: true };
  const options = await createPipelineOptions(settingsOf(settings), undefined);
  return { pipeline: createPipeline(options, sink, createCounters()), taken, surroundings };
}

/** The same between other addresses. */
function inNetwork(frame: TimedFrame, network: number): TimedFrame {
  const bytes = Uint8Array.from(frame.bytes);
  for (const at of ADDRESSES_AT) {
    bytes[at] ^= network >> 8;
    bytes[at + 1] ^= network & 0xff;
  }
  return { ...frame, bytes };
}

/** @returns lines of exchanges, and of messages */
function runThrough(probe: Probe, frames: readonly SourceFrame[]): string[][] {
  const { pipeline, taken } = probe;
  runPipeline(pipeline, sourceOf(frames, probe.surroundings));
  endPipeline(pipeline);
  const { tracker, heldHeads, fragments, counters } = pipeline;
  const left = {
    flows: counters[COUNTER_TRACKER_FIRST + COUNT_FLOWS],
    early: tracker?.early.count,
    heads: heldHeads.heldCount,
    datagrams: fragments.usedCount,
  };
  if (Object.values(left).some((count) => count !== 0)) {
    throw new Error(`Something is held behind the end: ${JSON.stringify(left)}`);
  }
  return taken.map((batches) =>
    Buffer.concat(batches.splice(0)).toString('latin1').split('\n').slice(0, -1),
  );
}

function sourceOf(frames: readonly SourceFrame[], surroundings: Buffer): Pick<FrameSource, 'next'> {
  let next = 0;
  return {
    next: (frame: Frame) => {
      if (next === frames.length) {
        return false;
      }
      const { bytes, sec = 0, subsecNs = 0, wireLength = bytes.length } = frames[next++];
      const room = Buffer.concat([surroundings, bytes, surroundings]);
      Object.assign(frame, createFrame(), {
        bytes: room,
        offset: surroundings.length,
        end: surroundings.length + bytes.length,
        wireLength,
        timestampSec: sec,
        timestampSubsecNs: subsecNs,
        linkType: LINKTYPE_ETHERNET,
      });
      return true;
    },
  };
}

function checkExchange(record: Record<string, unknown>): void {
  const wrong = Object.entries(record).filter(
    ([key, value]) => /_(?:ms|bytes)$/.test(key) && !(Number(value) >= 0),
  );
  if (wrong.length > 0) {
    throw new Error(`A time or a size is none: ${JSON.stringify(wrong)}`);
  }
  const { complete, incomplete, method, status, target_cut: targetCut } = record;
  // Where the request line or the status code is cut, that is the reason.
  const isLineCut = targetCut !== undefined || status === undefined;
  if (complete ? incomplete !== undefined : incomplete === undefined && !isLineCut) {
    throw new Error(`It is complete and has a reason, or neither: ${JSON.stringify(record)}`);
  }
  if (complete && (method === undefined || record.ttfb_ms === undefined)) {
    throw new Error(`Half an exchange is complete: ${JSON.stringify(record)}`);
  }
}
