import { FILL_END } from '../capture/frame.ts';
import type { CaptureFile } from '../capture/open-capture.ts';
import { openCapture } from '../capture/open-capture.ts';
import type { Counters } from '../counters/counters.ts';
import type { BatchSink } from '../format/line-batch.ts';
import { BATCH_FLUSH_INTERVAL_MS } from './limits.ts';
import {
  countUnread,
  createPipeline,
  endPipeline,
  flushPipeline,
  PIPELINE_DONE,
  PIPELINE_FULL,
  runPipeline,
} from './pipeline.ts';
import { createPipelineOptions, type PipelineSettings } from './pipeline-settings.ts';
import type { FrameFilter, Pipeline } from './pipeline-state.ts';

export interface ReplayRequest {
  /** `-`: standard input. */
  path: string;
  settings: PipelineSettings;
  /** A tcpdump expression for the frames. */
  filterExpression: string | undefined;
}

/** Called after each piece of the file. */
export type ReplayProgress = (bytesRead: number, bytesTotal: number | undefined) => void;

/**
 * Takes a whole capture file through the pipeline into the sink. Every line that could be made is handed
 * over, also when it then throws because the file is damaged.
 *
 * @throws HttplogError of the reader, of the filter, or of the sink
 */
export async function replayCapture(
  request: ReplayRequest,
  sink: BatchSink,
  counters: Counters,
  onProgress?: ReplayProgress,
): Promise<void> {
  const { settings } = request;
  const frameFilter = await createRequestFilter(request);
  const source = await openCapture(request.path);
  const pipeline = createPipeline(
    await createPipelineOptions(settings, frameFilter),
    sink,
    counters,
  );
  // Standard input may be a live capture that gives little: its lines are not kept back.
  const flushTimer = setInterval(() => flushPipeline(pipeline), BATCH_FLUSH_INTERVAL_MS);
  try {
    await runToEnd(pipeline, source, sink, onProgress);
  } finally {
    clearInterval(flushTimer);
    endPipeline(pipeline);
    source.close();
  }
}

/** @throws HttplogError of the filter */
export async function createRequestFilter({
  filterExpression,
}: ReplayRequest): Promise<FrameFilter | undefined> {
  // Loaded when asked for: it brings the machine's libpcap with it.
  return filterExpression === undefined
    ? undefined
    : (await import('./frame-filter.ts')).createFrameFilter(filterExpression);
}

async function runToEnd(
  pipeline: Pipeline,
  source: CaptureFile,
  sink: BatchSink,
  onProgress: ReplayProgress | undefined,
): Promise<void> {
  while ((await source.fill()) !== FILL_END) {
    let state = runPipeline(pipeline, source);
    while (state === PIPELINE_FULL) {
      await sink.ready();
      state = runPipeline(pipeline, source);
    }
    onProgress?.(source.progress.bytesRead, source.progress.bytesTotal);
    if (state === PIPELINE_DONE) {
      // What is in hand alone: standard input may be a live capture that gives nothing more for long.
      countUnread(pipeline, source);
      return;
    }
    await sink.ready();
  }
}
