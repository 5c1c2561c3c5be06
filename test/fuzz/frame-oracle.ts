import { createFrame, type Frame, type FrameSource } from '../../src/capture/frame.ts';
import { COUNTER_LINES, COUNTER_VERDICT_FIRST } from '../../src/counters/counter-table.ts';
import { createCounters } from '../../src/counters/counters.ts';
import { forgetOpenBodies } from '../../src/decode/body-rows.ts';
import { forgetAllMessages, type MessageMemory } from '../../src/decode/judge-message.ts';
import { TUNNELS_MAX } from '../../src/decode/limits.ts';
import { VERDICT_SEGMENT, VERDICTS_COUNT } from '../../src/decode/verdicts.ts';
import { FILTER_EMPTY } from '../../src/filter/filter-settings.ts';
import type { BatchSink } from '../../src/format/line-batch.ts';
import { TEXT_COLUMNS_DEFAULT } from '../../src/format/text-line.ts';
import { METHODS_DEFAULT } from '../../src/http/grammar.ts';
import { BATCH_BYTES, VLAN_TAGS_MAX } from '../../src/limits.ts';
import { CLIENT_CHOICE_DEFAULT } from '../../src/record/client-source.ts';
import { REDACTION_DEFAULTS } from '../../src/redact/redaction-settings.ts';
import {
  createPipeline,
  endPipeline,
  flushPipeline,
  runPipeline,
} from '../../src/worker/pipeline.ts';
import type { Pipeline } from '../../src/worker/pipeline-state.ts';
import { checkLines } from './check-lines.ts';

/** A frame as a hostile sender may make it. Packets a second follow each other where no time is given. */
export interface TestFrame {
  linkType: number;
  bytes: Uint8Array;
  /** The captured length unless given. */
  wireLength?: number;
  /** For LINKTYPE_NETWORK. */
  etherType?: number;
  timestampSec?: number;
}

/** What a frame led to. */
export interface Outcome {
  verdict: number;
  /** One character a byte. */
  lines: string;
}

export interface OracleOptions {
  isHeadCompleted?: boolean;
  /** A retransmission is logged once; without a memory every frame is judged by itself. */
  isForgetful?: boolean;
}

/** What stands behind, and before, the captured bytes: no byte of it may make a difference. */
const SURROUNDINGS = ['\0', '\xff', 'GET / HTTP/1.1\r\nHost: never\r\n\r\n'];
const SURROUNDING_BYTES = 256;
const EPOCH_SEC = 1_567_347_411;

/** One pipeline with all that is needed to give it frames and take its lines. */
interface Probe {
  pipeline: Pipeline;
  frame: Frame;
  /** The counters before the last frame. */
  before: Float64Array;
  /** Frames at different places, so that no offset is taken for a constant. */
  headBytes: number;
  fill: Buffer;
  room: Uint8Array;
  lines: Buffer[];
  source: FrameSource;
}

/** Runs frames through the pipelines and says what is wrong, as an exception. */
export interface Oracle {
  /** Throws with a sentence when the frame is not dealt with as it must be. */
  check(frame: TestFrame): Outcome;
  /** The way that the last frame took: frames with the same features went about the same. */
  features(): string;
  /** Writes what is still held; gives the lines since the last call of either. */
  end(): string;
  /** Makes it as if no segment had been seen; `end` is called before, where heads are held. */
  forget(): void;
}

export function createOracle(options: OracleOptions = {}): Oracle {
  const probes = SURROUNDINGS.map((text, index) => createProbe(text, index * 13, options));
  return {
    check: (frame) => checkFrame(probes, frame),
    features: () => describeWay(probes[0]),
    end: () => {
      for (const { pipeline } of probes) {
        endPipeline(pipeline);
      }
      return takeSameLines(probes);
    },
    forget: () => {
      for (const { pipeline } of probes) {
        forgetAllMessages(pipeline.memory);
        if (pipeline.bodies !== undefined) {
          forgetOpenBodies(pipeline.bodies);
        }
      }
    },
  };
}

const sharedOracles = new Map<boolean, Oracle>();

/** Lines that a run of frames gives, every frame checked, in a process that has seen no other. */
export function linesOf(frames: readonly TestFrame[], options: OracleOptions = {}): string {
  const isHeadCompleted = options.isHeadCompleted ?? false;
  const oracle = sharedOracles.get(isHeadCompleted) ?? createOracle({ isHeadCompleted });
  sharedOracles.set(isHeadCompleted, oracle);
  oracle.end();
  oracle.forget();
  return frames.map((frame) => oracle.check(frame).lines).join('') + oracle.end();
}

function createProbe(text: string, headBytes: number, options: OracleOptions): Probe {
  const lines: Buffer[] = [];
  // One buffer goes round: its lines are copied before it is taken again.
  let spare: Uint8Array | undefined = new Uint8Array(BATCH_BYTES);
  const sink: BatchSink = {
    isFull: false,
    take: () => {
      const bytes = spare ?? new Uint8Array(BATCH_BYTES);
      spare = undefined;
      return bytes;
    },
    put: ({ bytes, byteLength }) => {
      lines.push(Buffer.from(bytes.subarray(0, byteLength)));
      spare = bytes;
    },
    ready: async () => {},
  };
  let pipeline = createPipeline(
    {
      ports: 'any',
      timezone: 'UTC',
      frameFilter: undefined,
      methods: METHODS_DEFAULT,
      vxlanPorts: [],
      localNetworks: [],
      utcOffset: () => 0,
      outputs: [{ format: 'text', template: undefined, records: 'messages', isSplitByType: false }],
      headerNames: [],
      client: CLIENT_CHOICE_DEFAULT,
      filter: FILTER_EMPTY,
      redaction: REDACTION_DEFAULTS,
      hostName: '',
      flowSeed: 0,
      textColumns: { ...TEXT_COLUMNS_DEFAULT, hasVlan: true },
      isHeadCompleted: options.isHeadCompleted ?? false,
      snaplenBytes: 0,
      framesMax: -1,
    },
    sink,
    createCounters(),
  );
  if (options.isForgetful) {
    pipeline = { ...pipeline, memory: withoutPlaces(pipeline.memory) };
  }
  const frame = createFrame();
  let isGiven = false;
  const source: FrameSource = {
    fill: async () => 0,
    next: (target) => {
      isGiven = !isGiven;
      if (isGiven) {
        Object.assign(target, frame);
      }
      return isGiven;
    },
    statistics: () => ({ packets: 0, drops: 0, freezes: 0 }),
    stop: () => {},
    close: () => {},
  };
  const fill = Buffer.alloc(SURROUNDING_BYTES, text, 'latin1');
  const before = new Float64Array(pipeline.counters.length);
  const room = new Uint8Array(0);
  return { pipeline, frame, before, headBytes, fill, room, lines, source };
}

/** Tables without places remember nothing, and take no time to forget. */
function withoutPlaces({ seen, connections, ...keys }: MessageMemory): MessageMemory {
  const words = new Int32Array(0);
  const bytes = new Uint8Array(0);
  return {
    ...keys,
    seen: { ...seen, ipv4Rows: words, ipv6Rows: words, ipv4Next: bytes, ipv6Next: bytes },
    connections: { rows: words, next: bytes, forgotten: words },
  };
}

function checkFrame(probes: readonly Probe[], test: TestFrame): Outcome {
  for (const probe of probes) {
    runFrame(probe, test);
  }
  const [first, ...others] = probes;
  const { counters } = first.pipeline;
  for (const { pipeline } of others) {
    for (let slot = 0; slot < counters.length; slot++) {
      if (counters[slot] !== pipeline.counters[slot]) {
        throw new Error(`The counter ${slot} depends on bytes outside the frame`);
      }
    }
  }
  const verdict = verdictOf(first);
  if (verdict === VERDICT_SEGMENT) {
    probes.forEach(checkSegment);
  }
  if (counters[COUNTER_LINES] === first.before[COUNTER_LINES]) {
    return { verdict, lines: '' };
  }
  return { verdict, lines: takeSameLines(probes) };
}

function runFrame(probe: Probe, test: TestFrame): void {
  const { pipeline, frame, headBytes, fill } = probe;
  // A time says afterwards that a datagram was read.
  pipeline.fragments.timestampSec = Number.NaN;
  const { bytes } = test;
  if (probe.room.length < headBytes + bytes.length + SURROUNDING_BYTES) {
    probe.room = new Uint8Array(2 * (headBytes + bytes.length + SURROUNDING_BYTES));
  }
  const { room } = probe;
  room.set(fill.subarray(0, headBytes));
  room.set(bytes, headBytes);
  room.set(fill, headBytes + bytes.length);
  frame.bytes = room;
  frame.offset = headBytes;
  frame.end = headBytes + bytes.length;
  frame.wireLength = test.wireLength ?? bytes.length;
  frame.linkType = test.linkType;
  frame.etherType = test.etherType ?? 0;
  frame.timestampSec = test.timestampSec ?? EPOCH_SEC;
  probe.before.set(pipeline.counters);
  runPipeline(pipeline, probe.source);
}

function verdictOf({ pipeline, before }: Probe): number {
  let verdict = -1;
  let count = 0;
  for (let slot = 0; slot < VERDICTS_COUNT; slot++) {
    const at = COUNTER_VERDICT_FIRST + slot;
    if (pipeline.counters[at] !== before[at]) {
      verdict = slot;
      count += pipeline.counters[at] - before[at];
    }
  }
  if (count !== 1) {
    throw new Error(`The frame has ${count} verdicts`);
  }
  return verdict;
}

/** Features as text: what was counted, how deep, and the form of the segment. */
function describeWay({ pipeline, before, frame }: Probe): string {
  const { counters, segment } = pipeline;
  const grown: string[] = [];
  for (let slot = 0; slot < counters.length; slot++) {
    if (counters[slot] !== before[slot]) {
      grown.push(`${slot}+${Math.min(counters[slot] - before[slot], 4)}`);
    }
  }
  const { addressLength, vlanTagsCount, tunnelsCount, isPayloadCut } = segment;
  const depth = `${tunnelsCount} ${vlanTagsCount}`;
  return `${frame.linkType} ${grown.join(' ')} ${depth} ${addressLength} ${isPayloadCut}`;
}

/** A datagram's segment is one of the bytes that its fragments were put together in. */
function checkSegment({ pipeline, frame }: Probe): void {
  const { segment, fragments } = pipeline;
  const isOfFrame = Number.isNaN(fragments.timestampSec);
  const offset = isOfFrame ? frame.offset : 0;
  const end = isOfFrame ? frame.end : fragments.bytes.length;
  const { payloadOffset, payloadEnd, addressLength } = segment;
  const addressEnd = Math.max(segment.sourceAddressOffset, segment.targetAddressOffset);
  const isWithin =
    payloadOffset >= offset &&
    payloadOffset < payloadEnd &&
    payloadEnd <= end &&
    segment.sourceAddressOffset >= offset &&
    segment.targetAddressOffset >= offset &&
    addressEnd + addressLength <= payloadOffset &&
    segment.vlanTagsCount <= VLAN_TAGS_MAX &&
    segment.tunnelsCount <= TUNNELS_MAX;
  if (!isWithin) {
    throw new Error(
      `The segment is not within its frame: payload [${payloadOffset}, ${payloadEnd}), ` +
        `addresses at ${segment.sourceAddressOffset} and ${segment.targetAddressOffset}, ` +
        `frame [${offset}, ${end})`,
    );
  }
}

function takeSameLines(probes: readonly Probe[]): string {
  const [first, ...others] = probes.map(takeLines);
  for (const other of others) {
    if (!first.equals(other)) {
      throw new Error(
        `The lines depend on bytes outside the frame: ${JSON.stringify(first.toString('latin1'))} ` +
          `and ${JSON.stringify(other.toString('latin1'))}`,
      );
    }
  }
  const text = first.toString('latin1');
  checkLines(text);
  return text;
}

function takeLines({ pipeline, lines }: Probe): Buffer {
  flushPipeline(pipeline);
  return lines.length === 1 ? (lines.pop() as Buffer) : Buffer.concat(lines.splice(0));
}
