import { createFrame, type Frame, type FrameSource } from '../capture/frame.ts';
import { decodeFrame } from '../decode/decode-frame.ts';
import { createHeldHeads, type HeldHeads } from '../decode/held-heads.ts';
import {
  createMethodTable,
  type FieldTables,
  type MethodTable,
  TEXT_FIELD_TABLES,
} from '../decode/http-grammar.ts';
import { createHttpMessage, type HttpMessage } from '../decode/http-message.ts';
import type { LocalNetworks } from '../decode/local-networks.ts';
import { createSeenSegments, type SeenSegments } from '../decode/seen-segments.ts';
import { createSegment, type Segment } from '../decode/segment.ts';
import { VERDICT_SEGMENT } from '../decode/verdicts.ts';
import type { BatchSink } from '../format/line-batch.ts';
import { createTimestampText, type TimestampText, type UtcOffset } from '../format/timestamp.ts';
import { type BatchBuilder, createBatchBuilder, flushBatches } from './batch-builder.ts';
import {
  COUNTER_FRAMES_FILTERED,
  COUNTER_FRAMES_TRUNCATED,
  COUNTER_VERDICT_FIRST,
  type Counters,
} from './counters.ts';
import { expireHeads, isTakenByHeldHead, readMessages } from './read-messages.ts';

/** Says whether a frame is to be read at all; a replay's `-f`. */
export type FrameFilter = (frame: Frame) => boolean;

export interface PipelineOptions {
  /** By port: 1 when segments from or to it are read; undefined when the kernel or an expression chose. */
  portTable: Uint8Array | undefined;
  frameFilter: FrameFilter | undefined;
  methods: readonly string[];
  /** UDP ports of VXLAN besides the usual ones. */
  vxlanPorts: readonly number[];
  localNetworks: LocalNetworks;
  utcOffset: UtcOffset;
  isSplitByType: boolean;
  hasVlan: boolean;
  /** Heads are put together from several segments. */
  isHeadCompleted: boolean;
  /** Bytes of each frame that are looked at; 0: all that were captured. */
  snaplenBytes: number;
  /** Frames after which the pipeline is done; -1: never. */
  framesMax: number;
  /** What all workers together may still take, in one shared word. */
  frameQuota?: Int32Array | undefined;
}

/** The stages from frames to batches of lines with everything that they keep, made once a worker. */
export interface Pipeline {
  readonly frame: Frame;
  readonly segment: Segment;
  readonly message: HttpMessage;
  readonly seen: SeenSegments;
  readonly heldHeads: HeldHeads;
  /** What a held head is read into, so that the current segment stays as it is. */
  readonly heldFrame: Frame;
  readonly heldSegment: Segment;
  readonly timestamp: TimestampText;
  readonly methods: MethodTable;
  readonly fieldTables: FieldTables;
  readonly batches: BatchBuilder;
  readonly counters: Counters;
  readonly portTable: Uint8Array | undefined;
  readonly frameFilter: FrameFilter | undefined;
  readonly hasVlan: boolean;
  readonly snaplenBytes: number;
  /** Replaced as a whole when the host's addresses change. */
  localNetworks: LocalNetworks;
  framesLeft: number;
  readonly frameQuota: Int32Array | undefined;
}

/** The source has no more frames for now. */
export const PIPELINE_DRAINED = 0;
/** No buffer is free: if nothing may be lost, wait for the sink before the next call. */
export const PIPELINE_FULL = 1;
/** `framesMax` was reached. */
export const PIPELINE_DONE = 2;

export type PipelineState = typeof PIPELINE_DRAINED | typeof PIPELINE_FULL | typeof PIPELINE_DONE;

export function createPipeline(
  options: PipelineOptions,
  sink: BatchSink,
  counters: Counters,
): Pipeline {
  const heldHeads = createHeldHeads(options.isHeadCompleted);
  return {
    frame: createFrame(),
    segment: createSegment(options.vxlanPorts),
    message: createHttpMessage(),
    seen: createSeenSegments(),
    heldHeads,
    heldFrame: { ...createFrame(), bytes: heldHeads.bytes },
    heldSegment: createSegment(),
    timestamp: createTimestampText(options.utcOffset),
    methods: createMethodTable(options.methods),
    fieldTables: TEXT_FIELD_TABLES,
    batches: createBatchBuilder(sink, options.isSplitByType),
    counters,
    portTable: options.portTable,
    frameFilter: options.frameFilter,
    hasVlan: options.hasVlan,
    snaplenBytes: options.snaplenBytes,
    localNetworks: options.localNetworks,
    framesLeft: options.framesMax < 0 ? Number.POSITIVE_INFINITY : options.framesMax,
    frameQuota: options.frameQuota,
  };
}

/**
 * Takes frames through all stages until the source wants a new `fill`, or the sink is full. Hot: nothing
 * here or below allocates a frame, and a frame that begins no message costs its decoding and one look-up.
 */
export function runPipeline(pipeline: Pipeline, source: FrameSource): PipelineState {
  const { frame, counters, heldHeads } = pipeline;
  const { sink } = pipeline.batches;
  while (pipeline.framesLeft > 0) {
    if (!source.next(frame)) {
      return PIPELINE_DRAINED;
    }
    pipeline.framesLeft--;
    if (pipeline.frameQuota !== undefined && !claimFrame(pipeline, pipeline.frameQuota)) {
      return PIPELINE_DONE;
    }
    if (pipeline.frameFilter !== undefined && !pipeline.frameFilter(frame)) {
      counters[COUNTER_FRAMES_FILTERED]++;
      continue;
    }
    if (pipeline.snaplenBytes !== 0 && frame.end - frame.offset > pipeline.snaplenBytes) {
      frame.end = frame.offset + pipeline.snaplenBytes;
    }
    if (frame.end - frame.offset < frame.wireLength) {
      counters[COUNTER_FRAMES_TRUNCATED]++;
    }
    if (heldHeads.heldCount !== 0) {
      expireHeads(pipeline, frame.timestampSec, frame.timestampSubsecNs);
    }
    const verdict = decodeFrame(frame, pipeline.segment);
    counters[COUNTER_VERDICT_FIRST + verdict]++;
    if (verdict === VERDICT_SEGMENT && isPortRead(pipeline) && readSegment(pipeline)) {
      if (sink.isFull) {
        return PIPELINE_FULL;
      }
    }
  }
  return PIPELINE_DONE;
}

/** Hands over what is in open batches; call it when idle, and before the sink is closed. */
export function flushPipeline(pipeline: Pipeline): void {
  flushBatches(pipeline.batches);
}

/** Writes what is still held and hands everything over; no frame may follow. */
export function endPipeline(pipeline: Pipeline): void {
  expireHeads(pipeline, Number.POSITIVE_INFINITY, 0);
  flushBatches(pipeline.batches);
}

/** Takes the frame just read from the shared quota; false when others took the last one before. */
function claimFrame(pipeline: Pipeline, frameQuota: Int32Array): boolean {
  const left = Atomics.sub(frameQuota, 0, 1);
  if (left <= 1) {
    pipeline.framesLeft = 0;
  }
  return left >= 1;
}

function isPortRead({ segment, portTable }: Pipeline): boolean {
  return (
    portTable === undefined ||
    portTable[segment.sourcePort] === 1 ||
    portTable[segment.targetPort] === 1
  );
}

/** Gives true when it may have written a line. */
function readSegment(pipeline: Pipeline): boolean {
  if (pipeline.heldHeads.heldCount !== 0 && isTakenByHeldHead(pipeline)) {
    return true;
  }
  return readMessages(pipeline);
}
