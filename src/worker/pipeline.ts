import { createFrame, type FrameSource } from '../capture/frame.ts';
import {
  COUNTER_DATAGRAMS_INCOMPLETE,
  COUNTER_FRAME_BYTES,
  COUNTER_FRAMES_FILTERED,
  COUNTER_FRAMES_TRUNCATED,
  COUNTER_PACKETS_UNREAD,
  COUNTER_VERDICT_FIRST,
} from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import { decodeFrame } from '../decode/decode-frame.ts';
import { createFragments, findExpiredDatagram, NO_PLACE } from '../decode/fragments.ts';
import { createHeldHeads } from '../decode/held-heads.ts';
import { createMessageMemory } from '../decode/judge-message.ts';
import { createLocalNetworks } from '../decode/local-networks.ts';
import { FACT_WORDS } from '../decode/message-facts.ts';
import { createSegment, NO_TRANSLATION, TCP_FLAG_SYN } from '../decode/segment.ts';
import { decodeIncompleteDatagram } from '../decode/take-fragment.ts';
import { VERDICT_NO_PAYLOAD, VERDICT_SEGMENT } from '../decode/verdicts.ts';
import { endAllFlows, expireFlows } from '../exchange/end-exchange.ts';
import { timeOf } from '../exchange/tracker.ts';
import type { BatchSink } from '../format/line-batch.ts';
import { createTimestampText } from '../format/timestamp.ts';
import { createMethodTable, FIELDS_COUNT } from '../http/grammar.ts';
import { createHeadHashKey } from '../http/head-hash.ts';
import { createHttpMessage } from '../http/message.ts';
import { createBatchBuilder, flushBatches } from '../output/batch-builder.ts';
import { chooseRandomWord } from '../system/random-word.ts';
import { createOutputs } from './create-outputs.ts';
import { undoTranslationOf } from './fold-twins.ts';
import { expireHeads } from './held-messages.ts';
import { beginConnection } from './judge-segment.ts';
import { noteUnreadFrame } from './note-other.ts';
import { expireEarly, readInOrder } from './order-segments.ts';
import type { PipelineOptions } from './pipeline-settings.ts';
import type { Pipeline } from './pipeline-state.ts';
import { createPortsRead } from './port-table.ts';
import { readMessages } from './read-messages.ts';
import { CONNECTION_FLAGS, readBesideHeads } from './read-segment.ts';
import { createTwins } from './twins.ts';

const NANOSECONDS_PER_SECOND = 1e9;

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
  const timestamp = createTimestampText(options.utcOffset);
  const batches = options.outputs.map(({ isSplitByType }, output) =>
    createBatchBuilder(sink, isSplitByType, output),
  );
  const frame = createFrame();
  const fragments = createFragments(frame);
  return {
    frame,
    segment: createSegment(options.vxlanPorts, options.isHeadCompleted ? fragments : undefined),
    fragments,
    message: createHttpMessage(FIELDS_COUNT + options.headerNames.length),
    memory: createMessageMemory(),
    twins: options.isFolded ? createTwins() : undefined,
    facts: new Int32Array(FACT_WORDS),
    hashKey: createHeadHashKey(options.hashSeed ?? chooseRandomWord()),
    keys: undefined,
    heldHeads,
    heldFrame: { ...createFrame(), bytes: heldHeads.bytes },
    heldSegment: createSegment(),
    earlyFrame: createFrame(),
    earlySegment: createSegment(),
    timestamp,
    methods: createMethodTable(options.methods),
    sink,
    batches,
    ...createOutputs(options, batches, counters, timestamp),
    expirySec: Number.NEGATIVE_INFINITY,
    counters,
    portTable: createPortsRead(options.ports),
    frameFilter: options.frameFilter,
    textColumns: options.textColumns,
    snaplenBytes: options.snaplenBytes,
    localNetworks: createLocalNetworks(options.localNetworks),
    framesLeft: options.framesMax < 0 ? Number.POSITIVE_INFINITY : options.framesMax,
    frameQuota: options.frameQuota,
  };
}

/**
 * Takes frames through all stages until the source wants a new `fill`, or the sink is full. Hot: nothing
 * here or below allocates a frame, and a frame that begins no message costs its decoding and one look-up.
 */
export function runPipeline(pipeline: Pipeline, source: Pick<FrameSource, 'next'>): PipelineState {
  const { frame, counters, heldHeads, tracker, sink, segment, fragments } = pipeline;
  while (pipeline.framesLeft > 0) {
    if (!source.next(frame)) {
      return PIPELINE_DRAINED;
    }
    pipeline.framesLeft--;
    if (pipeline.frameQuota !== undefined && !claimFrame(pipeline, pipeline.frameQuota)) {
      counters[COUNTER_PACKETS_UNREAD]++;
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
    if (fragments.usedCount !== 0) {
      expireDatagrams(pipeline, frame.timestampSec, frame.timestampSubsecNs);
    }
    if (heldHeads.heldCount !== 0) {
      expireHeads(pipeline, frame.timestampSec, frame.timestampSubsecNs);
    }
    if (tracker !== undefined && frame.timestampSec !== pipeline.expirySec) {
      pipeline.expirySec = frame.timestampSec;
      expireFlows(tracker, timeOf(tracker, frame));
    }
    const verdict = decodeFrame(frame, segment);
    counters[COUNTER_VERDICT_FIRST + verdict]++;
    counters[COUNTER_FRAME_BYTES] += frame.wireLength;
    if (segment.isReassembled) {
      if (readDatagram(pipeline, verdict) && sink.isFull) {
        return PIPELINE_FULL;
      }
      continue;
    }
    if (verdict > VERDICT_NO_PAYLOAD || !isPortRead(pipeline)) {
      noteUnreadFrame(pipeline, verdict);
      continue;
    }
    if (segment.device !== 0) {
      undoTranslationOf(pipeline);
    }
    if (tracker === undefined && (segment.flags & CONNECTION_FLAGS) === TCP_FLAG_SYN) {
      beginConnection(pipeline);
    }
    const mayHaveWritten =
      tracker !== undefined
        ? readInOrder(pipeline, tracker)
        : heldHeads.heldCount === 0
          ? verdict === VERDICT_SEGMENT && readMessages(pipeline)
          : readBesideHeads(pipeline, verdict === VERDICT_SEGMENT);
    if (mayHaveWritten && sink.isFull) {
      return PIPELINE_FULL;
    }
  }
  return PIPELINE_DONE;
}

/** Reads what is known of datagrams that will not be whole any more. */
export function endDatagrams(pipeline: Pipeline): void {
  expireDatagrams(pipeline, Number.POSITIVE_INFINITY, 0);
}

/**
 * Hands over what is in open batches; call it when idle, and before the sink is closed.
 *
 * @param isBehind says of an output that it gets full batches only for now; without it none does
 */
export function flushPipeline(pipeline: Pipeline, isBehind?: (output: number) => boolean): void {
  for (const batches of pipeline.batches) {
    if (isBehind?.(batches.output) !== true) {
      flushBatches(batches);
    }
  }
}

/** Writes what has waited too long at this time, in seconds; live the packets' clock is the machine's. */
export function expirePipeline(pipeline: Pipeline, epochSec: number): void {
  const { tracker } = pipeline;
  expireDatagrams(pipeline, epochSec, 0);
  if (tracker !== undefined) {
    expireEarly(pipeline, tracker, epochSec, 0);
  }
  expireHeads(pipeline, epochSec, 0);
  if (tracker !== undefined) {
    expireFlows(tracker, (epochSec - tracker.baseSec) * NANOSECONDS_PER_SECOND);
  }
}

/** Writes what is still held and hands everything over; no frame may follow. */
export function endPipeline(pipeline: Pipeline): void {
  const { tracker } = pipeline;
  endDatagrams(pipeline);
  if (tracker !== undefined) {
    expireEarly(pipeline, tracker, Number.POSITIVE_INFINITY, 0);
  }
  expireHeads(pipeline, Number.POSITIVE_INFINITY, 0);
  if (tracker !== undefined) {
    endAllFlows(tracker);
  }
  flushPipeline(pipeline);
}

/** Counts the frames that the source has in hand and nobody will look at. */
export function countUnread(
  { frame, counters }: Pipeline,
  source: Pick<FrameSource, 'next'>,
): void {
  while (source.next(frame)) {
    counters[COUNTER_PACKETS_UNREAD]++;
  }
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

/** Reads the datagrams whose time is up at this instant, as far as they go. */
function expireDatagrams(
  pipeline: Pipeline,
  timestampSec: number,
  timestampSubsecNs: number,
): void {
  const { fragments, segment, counters } = pipeline;
  let place = findExpiredDatagram(fragments, timestampSec, timestampSubsecNs);
  while (place !== NO_PLACE) {
    counters[COUNTER_DATAGRAMS_INCOMPLETE]++;
    // Where its fragments were seen was not kept: what it is a copy of is not looked for.
    segment.device = 0;
    segment.translation = NO_TRANSLATION;
    const verdict = decodeIncompleteDatagram(fragments, place, segment);
    if (segment.isReassembled) {
      readDatagram(pipeline, verdict);
    }
    place = findExpiredDatagram(fragments, timestampSec, timestampSubsecNs);
  }
}

/** As in the loop above, of a segment that was put together: its bytes and its time are those of the fragments. */
function readDatagram(pipeline: Pipeline, verdict: number): boolean {
  const { frame, segment, fragments, tracker } = pipeline;
  segment.isReassembled = false;
  if (verdict > VERDICT_NO_PAYLOAD) {
    noteUnreadFrame(pipeline, verdict);
    return false;
  }
  const { bytes, timestampSec, timestampSubsecNs } = frame;
  frame.bytes = fragments.bytes;
  frame.timestampSec = fragments.timestampSec;
  frame.timestampSubsecNs = fragments.timestampSubsecNs;
  let mayHaveWritten = false;
  if (segment.device !== 0) {
    undoTranslationOf(pipeline);
  }
  if (!isPortRead(pipeline)) {
    noteUnreadFrame(pipeline, verdict);
  } else {
    mayHaveWritten =
      tracker === undefined
        ? readBesideHeads(pipeline, verdict === VERDICT_SEGMENT)
        : readInOrder(pipeline, tracker);
  }
  frame.bytes = bytes;
  frame.timestampSec = timestampSec;
  frame.timestampSubsecNs = timestampSubsecNs;
  return mayHaveWritten;
}
