import { createFrame, type Frame, type FrameSource } from '../capture/frame.ts';
import { classifySegment } from '../decode/classify-segment.ts';
import { decodeFrame } from '../decode/decode-frame.ts';
import {
  createMethodTable,
  type MethodTable,
  REQUEST_FIELD_TABLE,
  RESPONSE_FIELD_TABLE,
} from '../decode/http-grammar.ts';
import {
  createHttpMessage,
  type HttpMessage,
  MESSAGE_NONE,
  MESSAGE_REQUEST,
} from '../decode/http-message.ts';
import type { LocalNetworks } from '../decode/local-networks.ts';
import { messageType } from '../decode/message-type.ts';
import { scanHead } from '../decode/scan-head.ts';
import { createSeenSegments, type SeenSegments, wasSeenBefore } from '../decode/seen-segments.ts';
import { createSegment, type Segment } from '../decode/segment.ts';
import { VERDICT_SEGMENT } from '../decode/verdicts.ts';
import type { BatchSink } from '../format/line-batch.ts';
import { textLineBytesMax, writeTextLine } from '../format/text-line.ts';
import {
  createTimestampText,
  setSecond,
  type TimestampText,
  type UtcOffset,
} from '../format/timestamp.ts';
import { HEAD_BYTES_MAX } from '../limits.ts';
import {
  type BatchBuilder,
  createBatchBuilder,
  flushBatches,
  reserveLine,
} from './batch-builder.ts';
import {
  COUNTER_DUPLICATES,
  COUNTER_FRAMES_FILTERED,
  COUNTER_FRAMES_TRUNCATED,
  COUNTER_LINES,
  COUNTER_LINES_DROPPED,
  COUNTER_MESSAGES_FIRST,
  COUNTER_VERDICT_FIRST,
  type Counters,
} from './counters.ts';

/** Says whether a frame is to be read at all; a replay's `-f`. */
export type FrameFilter = (frame: Frame) => boolean;

export interface PipelineOptions {
  /** By port: 1 when segments from or to it are read; undefined when the kernel or an expression chose. */
  portTable: Uint8Array | undefined;
  frameFilter: FrameFilter | undefined;
  methods: readonly string[];
  localNetworks: LocalNetworks;
  utcOffset: UtcOffset;
  isSplitByType: boolean;
  hasVlan: boolean;
  /** Bytes of each frame that are looked at; 0: all that were captured. */
  snaplenBytes: number;
  /** Frames after which the pipeline is done; -1: never. */
  framesMax: number;
  /** What all workers together may still take, in one shared word. */
  frameQuota?: Int32Array | undefined;
  /** True: no line is ever dropped, the pipeline waits for a buffer instead. */
  isLossless: boolean;
}

/** The stages from frames to batches of lines with everything that they keep, made once a worker. */
export interface Pipeline {
  readonly frame: Frame;
  readonly segment: Segment;
  readonly message: HttpMessage;
  readonly seen: SeenSegments;
  readonly timestamp: TimestampText;
  readonly methods: MethodTable;
  readonly batches: BatchBuilder;
  readonly counters: Counters;
  readonly portTable: Uint8Array | undefined;
  readonly frameFilter: FrameFilter | undefined;
  readonly hasVlan: boolean;
  readonly isLossless: boolean;
  readonly snaplenBytes: number;
  /** Replaced as a whole when the host's addresses change. */
  localNetworks: LocalNetworks;
  framesLeft: number;
  readonly frameQuota: Int32Array | undefined;
  /** The current message waits for a buffer. */
  isLineWaiting: boolean;
}

/** The source has no more frames for now. */
export const PIPELINE_DRAINED = 0;
/** No buffer is free: wait for the sink and call again. Only when lossless. */
export const PIPELINE_BLOCKED = 1;
/** `framesMax` was reached. */
export const PIPELINE_DONE = 2;

export type PipelineState =
  | typeof PIPELINE_DRAINED
  | typeof PIPELINE_BLOCKED
  | typeof PIPELINE_DONE;

export function createPipeline(
  options: PipelineOptions,
  sink: BatchSink,
  counters: Counters,
): Pipeline {
  return {
    frame: createFrame(),
    segment: createSegment(),
    message: createHttpMessage(),
    seen: createSeenSegments(),
    timestamp: createTimestampText(options.utcOffset),
    methods: createMethodTable(options.methods),
    batches: createBatchBuilder(sink, options.isSplitByType),
    counters,
    portTable: options.portTable,
    frameFilter: options.frameFilter,
    hasVlan: options.hasVlan,
    isLossless: options.isLossless,
    snaplenBytes: options.snaplenBytes,
    localNetworks: options.localNetworks,
    framesLeft: options.framesMax < 0 ? Number.POSITIVE_INFINITY : options.framesMax,
    frameQuota: options.frameQuota,
    isLineWaiting: false,
  };
}

/**
 * Takes frames through all stages until the source wants a new `fill`. Hot: nothing here or below allocates
 * a frame, and a frame that begins no message costs its decoding and one look-up.
 */
export function runPipeline(pipeline: Pipeline, source: FrameSource): PipelineState {
  const { frame, counters } = pipeline;
  if (pipeline.isLineWaiting && !writeMessage(pipeline)) {
    return PIPELINE_BLOCKED;
  }
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
    const verdict = decodeFrame(frame, pipeline.segment);
    counters[COUNTER_VERDICT_FIRST + verdict]++;
    if (verdict === VERDICT_SEGMENT && readSegment(pipeline) && !writeMessage(pipeline)) {
      return PIPELINE_BLOCKED;
    }
  }
  return PIPELINE_DONE;
}

/** Takes the frame just read from the shared quota; false when others took the last one before. */
function claimFrame(pipeline: Pipeline, frameQuota: Int32Array): boolean {
  const left = Atomics.sub(frameQuota, 0, 1);
  if (left <= 1) {
    pipeline.framesLeft = 0;
  }
  return left >= 1;
}

/** Hands over what is in open batches; call it when idle, and before the sink is closed. */
export function flushPipeline(pipeline: Pipeline): void {
  flushBatches(pipeline.batches);
}

/** Gives true when the segment begins a message that was not seen before: `message` is whole then. */
function readSegment(pipeline: Pipeline): boolean {
  const { segment, message, portTable } = pipeline;
  if (
    portTable !== undefined &&
    portTable[segment.sourcePort] === 0 &&
    portTable[segment.targetPort] === 0
  ) {
    return false;
  }
  const { bytes } = pipeline.frame;
  const { payloadOffset } = segment;
  const end = Math.min(segment.payloadEnd, payloadOffset + HEAD_BYTES_MAX);
  const kind = classifySegment(bytes, payloadOffset, end, pipeline.methods, message);
  if (kind === MESSAGE_NONE) {
    return false;
  }
  if (wasSeenBefore(pipeline.seen, bytes, segment)) {
    pipeline.counters[COUNTER_DUPLICATES]++;
    return false;
  }
  const fields = kind === MESSAGE_REQUEST ? REQUEST_FIELD_TABLE : RESPONSE_FIELD_TABLE;
  scanHead(bytes, end, fields, message);
  return true;
}

/** Gives false when there is no room for the line and it must not be lost. */
function writeMessage(pipeline: Pipeline): boolean {
  const { frame, segment, message, timestamp, batches, counters } = pipeline;
  const type = messageType(frame.bytes, message, segment, pipeline.localNetworks);
  setSecond(timestamp, frame.timestampSec);
  const batch = reserveLine(batches, type, timestamp.day, textLineBytesMax(message));
  if (batch === null && pipeline.isLossless) {
    pipeline.isLineWaiting = true;
    return false;
  }
  pipeline.isLineWaiting = false;
  counters[COUNTER_MESSAGES_FIRST + type - 1]++;
  if (batch === null) {
    counters[COUNTER_LINES_DROPPED]++;
    return true;
  }
  batch.byteLength = writeTextLine(
    batch.bytes,
    batch.byteLength,
    frame,
    segment,
    message,
    type,
    timestamp,
    pipeline.hasVlan,
  );
  batch.lineCount++;
  counters[COUNTER_LINES]++;
  return true;
}
