/** A frame source and a batch sink in memory, to run a pipeline between. */
import {
  FILL_END,
  FILL_FRAMES,
  type FillState,
  type Frame,
  type FrameSource,
} from '../../src/capture/frame.ts';
import { LINKTYPE_ETHERNET } from '../../src/capture/link-types.ts';
import { COUNTER_VERDICT_FIRST } from '../../src/counters/counter-table.ts';
import { type Counters, createCounters } from '../../src/counters/counters.ts';
import { VERDICT_NAMES } from '../../src/decode/verdicts.ts';
import { FILTER_EMPTY } from '../../src/filter/filter-settings.ts';
import type { BatchSink, LineBatch } from '../../src/format/line-batch.ts';
import { TEXT_COLUMNS_DEFAULT } from '../../src/format/text-line.ts';
import { METHODS_DEFAULT } from '../../src/http/grammar.ts';
import { BATCH_BYTES } from '../../src/limits.ts';
import type { OutputSettings } from '../../src/output/output-settings.ts';
import { CLIENT_CHOICE_DEFAULT } from '../../src/record/client-source.ts';
import { REDACTION_DEFAULTS } from '../../src/redact/redaction-settings.ts';
import {
  createPipeline,
  endPipeline,
  PIPELINE_FULL,
  runPipeline,
} from '../../src/worker/pipeline.ts';
import {
  createPipelineOptions,
  type PipelineSettings,
} from '../../src/worker/pipeline-settings.ts';
import type { FrameFilter, Pipeline } from '../../src/worker/pipeline-state.ts';
import { ask, frameOf, requestPacket, type SegmentFields } from '../fixtures/build-captures.ts';
import { addressBytes } from '../fixtures/build-packets.ts';

export interface SourceFrame {
  bytes: Uint8Array;
  sec?: number;
  subsecNs?: number;
  linkType?: number;
  wireLength?: number;
}

/** 2019-09-01 14:16:51 UTC. */
const EPOCH_SEC = 1567347411;
const FRAME_MARGIN = 16;

/** Gives frames one after the other out of one buffer, `framesPerFill` between two fills. */
export class FrameListSource implements FrameSource {
  readonly #frames: readonly SourceFrame[];
  readonly #framesPerFill: number;
  readonly #bytes: Uint8Array;
  #filledTo = 0;
  framesRead = 0;

  constructor(frames: readonly SourceFrame[], framesPerFill = frames.length) {
    this.#frames = frames;
    this.#framesPerFill = framesPerFill;
    const longest = Math.max(0, ...frames.map(({ bytes }) => bytes.length));
    this.#bytes = new Uint8Array(longest + 2 * FRAME_MARGIN);
  }

  async fill(): Promise<FillState> {
    return this.fillNow();
  }

  fillNow(): FillState {
    if (this.framesRead === this.#frames.length) {
      return FILL_END;
    }
    this.#filledTo = Math.min(this.framesRead + this.#framesPerFill, this.#frames.length);
    return FILL_FRAMES;
  }

  next(frame: Frame): boolean {
    if (this.framesRead === this.#filledTo) {
      return false;
    }
    const { bytes, sec, subsecNs, linkType, wireLength } = this.#frames[this.framesRead++];
    // A frame's bytes are valid until the next one only: what is kept of it must have been copied.
    this.#bytes.fill(0xee);
    this.#bytes.set(bytes, FRAME_MARGIN);
    frame.bytes = this.#bytes;
    frame.offset = FRAME_MARGIN;
    frame.end = FRAME_MARGIN + bytes.length;
    frame.wireLength = wireLength ?? bytes.length;
    frame.timestampSec = sec ?? EPOCH_SEC;
    frame.timestampSubsecNs = subsecNs ?? 0;
    frame.linkType = linkType ?? LINKTYPE_ETHERNET;
    return true;
  }

  statistics() {
    return { packets: this.framesRead, drops: 0, freezes: 0 };
  }

  stop(): void {}

  close(): void {}
}

/** A batch as it was put: its lines, and where they belong. */
export interface TakenBatch {
  lines: string[];
  day: number;
  stream: number;
  output: number;
}

/**
 * Keeps what is put, and `giveBack` returns a buffer. When `buffersMax` are out, a lossless sink gives one
 * more and says that it is full; the other gives none.
 */
export class ListSink implements BatchSink {
  readonly batches: TakenBatch[] = [];
  readonly #waiting: LineBatch[] = [];
  readonly #isLossless: boolean;
  /** Below zero: buffers given beyond `buffersMax`. */
  #free: number;
  takes = 0;
  /** Most buffers that were out beyond `buffersMax` at once. */
  extraMax = 0;

  constructor(buffersMax = Number.POSITIVE_INFINITY, isLossless = true) {
    this.#free = buffersMax;
    this.#isLossless = isLossless;
  }

  get isFull(): boolean {
    return this.#free <= 0;
  }

  take(): Uint8Array<ArrayBuffer> | null {
    if (this.isFull && !this.#isLossless) {
      return null;
    }
    this.#free--;
    this.extraMax = Math.max(this.extraMax, -this.#free);
    this.takes++;
    return new Uint8Array(BATCH_BYTES);
  }

  put(batch: LineBatch): void {
    this.#waiting.push(batch);
    const text = Buffer.from(batch.bytes.subarray(0, batch.byteLength)).toString('utf8');
    const lines = text.split('\n').slice(0, -1);
    if (!text.endsWith('\n') || lines.length !== batch.lineCount) {
      throw new Error(`A batch of ${batch.lineCount} lines holds ${lines.length}`);
    }
    const { day, stream, output } = batch;
    this.batches.push({ lines, day, stream, output });
  }

  async ready(): Promise<void> {
    while (this.isFull) {
      this.giveBack();
    }
  }

  /** The oldest batch is written: its buffer can be taken again, and its bytes are of no meaning. */
  giveBack(): void {
    this.#waiting.shift()?.bytes.fill(0xdd);
    this.#free++;
  }

  get lines(): string[] {
    return this.batches.flatMap(({ lines }) => lines);
  }
}

/** Text lines of messages, all in one file. */
export const TEXT_OUTPUT: OutputSettings = {
  format: 'text',
  template: undefined,
  records: 'messages',
  isSplitByType: false,
};

export function settingsOf(changes: Partial<PipelineSettings> = {}): PipelineSettings {
  return {
    ports: 'any',
    methods: METHODS_DEFAULT,
    localNetworks: [],
    timezone: 'UTC',
    outputs: [TEXT_OUTPUT],
    headerNames: [],
    client: CLIENT_CHOICE_DEFAULT,
    filter: FILTER_EMPTY,
    redaction: REDACTION_DEFAULTS,
    textColumns: TEXT_COLUMNS_DEFAULT,
    hostName: 'sensor',
    flowSeed: 0,
    snaplenBytes: 0,
    framesMax: -1,
    vxlanPorts: [],
    isHeadCompleted: false,
    isConnectHidden: false,
    isFolded: true,
    ...changes,
  };
}

/** Frames by the name of their verdict, without those that none has. */
export function verdictCounts(counters: Counters): Record<string, number> {
  const counts = VERDICT_NAMES.map((name, verdict) => [
    name,
    counters[COUNTER_VERDICT_FIRST + verdict],
  ]);
  return Object.fromEntries(counts.filter(([, count]) => count !== 0));
}

/** A line without its date, time and addresses. */
export function messageOf(line: string): string {
  return line.split(' ').slice(4).join(' ');
}

export interface Run {
  sink: ListSink;
  counters: Counters;
  source: FrameListSource;
  state: number;
}

export interface RunOptions {
  settings?: Partial<PipelineSettings>;
  frameFilter?: FrameFilter;
  frameQuota?: Int32Array;
  sink?: ListSink;
}

export async function pipelineOf(
  { settings, frameFilter, frameQuota, sink = new ListSink() }: RunOptions,
  counters: Counters = createCounters(),
): Promise<{ pipeline: Pipeline; sink: ListSink; counters: Counters }> {
  const options = await createPipelineOptions(settingsOf(settings), frameFilter);
  return { pipeline: createPipeline({ ...options, frameQuota }, sink, counters), sink, counters };
}

/** Runs all frames through one pipeline and ends it. */
export async function run(frames: readonly SourceFrame[], options: RunOptions = {}): Promise<Run> {
  const { pipeline, sink, counters } = await pipelineOf(options);
  const source = new FrameListSource(frames);
  source.fillNow();
  let state = runPipeline(pipeline, source);
  while (state === PIPELINE_FULL) {
    await sink.ready();
    state = runPipeline(pipeline, source);
  }
  endPipeline(pipeline);
  return { sink, counters, source, state };
}

export function requestFrame(index: number, fields?: SegmentFields, sec?: number): SourceFrame {
  const bytes = frameOf(requestPacket(index, ask(`/${index}`), fields));
  return sec === undefined ? { bytes } : { bytes, sec };
}

export function requestFrames(count: number): SourceFrame[] {
  return Array.from({ length: count }, (_, index) => requestFrame(index));
}

/** A request whose line is some 240 KB: four of them fill a batch. */
export function largeFrame(index: number, sec?: number): SourceFrame {
  const agent = '\x01'.repeat(60_000);
  const text = `GET /${index} HTTP/1.1\r\nHost: large\r\nUser-Agent: ${agent}\r\n\r\n`;
  const bytes = frameOf(requestPacket(index, text));
  return sec === undefined ? { bytes } : { bytes, sec };
}

/** An IPv4 address as one of this host. */
export const local = (address: string) => ({
  address: Uint8Array.from(addressBytes(address)),
  prefixBits: 32,
});
