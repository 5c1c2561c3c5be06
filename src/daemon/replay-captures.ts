import { availableParallelism } from 'node:os';
import type { Tally } from '../admin/tally.ts';
import { findCaptureFault } from '../capture/find-capture.ts';
import { linkTypeName } from '../capture/link-types.ts';
import type { Configuration } from '../config/settings.ts';
import {
  COUNTER_LINK_TYPE_UNREAD,
  COUNTER_PACKETS_UNREAD,
  COUNTER_VERDICT_FIRST,
} from '../counters/counter-table.ts';
import { countFrames, createCounters, sumCounters } from '../counters/counters.ts';
import type { TrafficReport } from '../counters/traffic-report.ts';
import { VERDICT_LINK_UNSUPPORTED } from '../decode/verdicts.ts';
import { EXIT_OK, EXIT_RUNTIME, type ExitCode, HttplogError } from '../errors.ts';
import { type OutputWriters, openOutputs } from '../log/output-writers.ts';
import { WriterSink } from '../output/writer-sink.ts';
import { createPipelineSettings } from '../plan/capture-plan.ts';
import { type OutputPlan, planRecords, type RecordPlan } from '../plan/output-plan.ts';
import { describeCostlyPatterns } from '../plan/pattern-costs.ts';
import { isTerminal, STDOUT_FD } from '../system/terminal.ts';
import { startCpuProfile } from '../worker/cpu-profile.ts';
import type { SharedCapture } from '../worker/part-crew.ts';
import { type ReplayProgress, type ReplayRequest, replayCapture } from '../worker/replay.ts';
import { findSharedCapture, replayInParts } from '../worker/replay-parts.ts';
import {
  PROGRESS_READ,
  PROGRESS_TOTAL,
  PROGRESS_WORDS,
  type ReplayTask,
} from '../worker/replay-task.ts';
import { threadModule } from '../worker/thread-module.ts';
import { describeFailure, restoreFailure, type WorkerFailure } from '../worker/worker-failure.ts';
import { BatchStream, writeStream } from './batch-stream.ts';
import { checkDescriptorLimit } from './descriptor-limit.ts';
import { DRAIN_DEADLINE_MS, SHARING_THREADS_MAX } from './limits.ts';
import { findLocalNetworks } from './local-addresses.ts';
import { checkProfilePath } from './profile-path.ts';
import { type ReplayPosition, showProgress } from './replay-progress.ts';

/** One capture of a replay, with what is known of it from outside its thread. */
interface ReplayJob {
  request: ReplayRequest;
  counters: Float64Array<SharedArrayBuffer>;
  progress: Float64Array<SharedArrayBuffer>;
  /** Given where several workers can decode it at once. */
  shared: SharedCapture | undefined;
}

export interface ReplayOutcome {
  /** 0, or that of the first capture that failed. */
  exitCode: ExitCode;
  tally: Tally;
  /** The number of packets of `-c` has left something unread. */
  isCut: boolean;
  /** Of the traffic, where one is wanted. */
  report: TrafficReport | undefined;
}

/**
 * Takes capture files through the pipeline and writes their lines in the order of the files. A file that is
 * damaged or missing costs its own lines only.
 *
 * @param onFailure told what went wrong with one capture
 * @param onWarning told what will make it slow
 * @throws HttplogError when no capture is there to be read, or when the lines cannot be written
 */
export async function replayCaptures(
  files: readonly string[],
  configuration: Configuration,
  onFailure: (error: HttplogError) => void,
  onWarning: (text: string) => void = () => undefined,
): Promise<ReplayOutcome> {
  const { settings } = configuration;
  checkProfilePath(settings.cpuProfilePath, { isStrict: false });
  const plan = planRecords(settings);
  checkDescriptorLimit({
    threads: countThreads(configuration),
    outputs: plan.outputs,
    hasAdminServer: false,
  });
  describeCostlyPatterns(plan).forEach(onWarning);
  refuseNoCapture(files, onFailure);
  const writer = await openOutputs(plan.outputs, { policy: 'fail' });
  const workersCount = countSharingWorkers(files.length, configuration);
  const jobs = files.map((path) => createJob(path, configuration, plan, workersCount));
  const endProfile = await startCpuProfile(settings.cpuProfilePath, { isStrict: false });
  // On the terminal that takes the lines a bar would stand among them.
  const hasLinesOnTerminal = plan.outputs.some(isStandardOutput) && isTerminal(STDOUT_FD);
  const hideProgress =
    settings.quiet || hasLinesOnTerminal
      ? () => undefined
      : await showProgress(() => sumProgress(jobs));
  let exitCode: ExitCode = EXIT_OK;
  const noteResult: NoteResult = (job, error) => {
    const failure = error ?? findUnsupported(job);
    if (failure !== undefined) {
      hideProgress();
      onFailure(failure);
      exitCode ||= failure.exitCode;
    }
  };
  try {
    const isShared = jobs.every(({ shared }) => shared !== undefined);
    if (isShared || jobs.length === 1 || settings.packetCountMax >= 0) {
      await replayInTurn(jobs, settings.packetCountMax, writer, noteResult);
    } else {
      const threads = Math.min(jobs.length, countThreads(configuration));
      await replayInPool(jobs, threads, writer, noteResult);
    }
  } finally {
    hideProgress();
    await endProfile?.();
    await writer.close(DRAIN_DEADLINE_MS);
  }
  const counters = sumCounters(jobs.map((job) => job.counters));
  return {
    exitCode,
    tally: { counters, writer: writer.counters, redactionNames: plan.redactionNames },
    isCut: settings.packetCountMax >= 0 && jobs.some(isCut),
    report: plan.report,
  };
}

/** Before outputs are opened: who has mistyped the only file is to hear of that, and not of a directory. */
function refuseNoCapture(files: readonly string[], onFailure: (error: HttplogError) => void): void {
  const faults = files.map(findCaptureFault).filter((fault) => fault !== undefined);
  const last = faults.pop();
  if (last !== undefined && faults.length + 1 === files.length) {
    faults.forEach(onFailure);
    throw last;
  }
}

type NoteResult = (job: ReplayJob, error: HttplogError | undefined) => void;

/** One capture after the other, by this thread or by all workers; `-c` counts over all of them. */
async function replayInTurn(
  jobs: readonly ReplayJob[],
  packetCountMax: number,
  writer: OutputWriters,
  noteResult: NoteResult,
): Promise<void> {
  const sink = new WriterSink(writer, writer.outputsCount);
  let packetsLeft = packetCountMax;
  for (const job of jobs) {
    const { request, counters, shared } = job;
    request.settings.framesMax = packetsLeft;
    const onProgress: ReplayProgress = (bytesRead, bytesTotal) => {
      job.progress[PROGRESS_READ] = bytesRead;
      job.progress[PROGRESS_TOTAL] = bytesTotal ?? -1;
    };
    const replay =
      shared === undefined
        ? replayCapture(request, sink, counters, onProgress)
        : replayInParts(shared, sink, counters, onProgress);
    const failure = await replay.then(() => undefined, asHttplogError);
    // First, so that a log that cannot be written ends the replay, and is not taken for a bad capture.
    await sink.settled();
    noteResult(job, failure);
    if (packetCountMax >= 0) {
      packetsLeft = Math.max(0, packetsLeft - countFrames(counters));
    }
  }
}

/** In a pool of threads, several captures at once; each is written when those before it were. */
async function replayInPool(
  jobs: readonly ReplayJob[],
  threadsCount: number,
  writer: OutputWriters,
  noteResult: NoteResult,
): Promise<void> {
  const { Piscina } = await import('piscina');
  const pool = new Piscina({
    filename: threadModule('replay-task').href,
    name: 'runReplayTask',
    maxThreads: threadsCount,
    minThreads: threadsCount,
  });
  try {
    const runs = jobs.map((job) => {
      const { port1, port2 } = new MessageChannel();
      const stream = new BatchStream(port1);
      const task: ReplayTask = { ...job, port: port2 };
      const result: Promise<HttplogError | undefined> = pool
        .run(task, { transferList: [port2] })
        .then(
          (failure?: WorkerFailure) => failure && restoreFailure(failure),
          (error: unknown) => restoreFailure(describeFailure(error)),
        );
      return { job, stream, result };
    });
    for (const { job, stream, result } of runs) {
      await writeStream(stream, writer);
      stream.close();
      noteResult(job, await result);
    }
  } finally {
    await pool.destroy();
  }
}

function isStandardOutput({ target }: OutputPlan): boolean {
  return target.kind === 'lines' && target.target.kind === 'stdout';
}

function createJob(
  path: string,
  { settings, origins }: Configuration,
  plan: RecordPlan,
  workersCount: number,
): ReplayJob {
  const pipeline = createPipelineSettings(settings, plan, {
    // Never this host's own addresses: the capture may come from anywhere.
    localNetworks:
      settings.localNetworks.length > 0 ? findLocalNetworks(settings.localNetworks) : [],
    snaplenBytes: origins.snaplen.startsWith('option ') ? settings.snaplen : 0,
    // The same input gives the same bytes.
    flowSeed: 0,
  });
  const progressBytes = PROGRESS_WORDS * Float64Array.BYTES_PER_ELEMENT;
  const request = { path, settings: pipeline, filterExpression: settings.filter };
  return {
    request,
    counters: createCounters(),
    progress: new Float64Array(new SharedArrayBuffer(progressBytes)),
    shared:
      workersCount > 1
        ? findSharedCapture(request, workersCount, origins.workers !== 'default')
        : undefined,
  };
}

/** Where there are more threads than captures, all of them take part in each. */
function countSharingWorkers(filesCount: number, configuration: Configuration): number {
  const threads = Math.min(countThreads(configuration), sharingThreadsMax(configuration));
  return threads > filesCount && configuration.settings.packetCountMax < 0 ? threads : 1;
}

/** As many as were asked for; else as many as the one that joins their lines can feed. */
function sharingThreadsMax({ settings, origins }: Configuration): number {
  return origins.workers === 'default' ? SHARING_THREADS_MAX : settings.workers;
}

/** `-cpu` when it was given, else one thread a core. */
function countThreads({ settings, origins }: Configuration): number {
  return origins.workers === 'default' ? availableParallelism() : settings.workers;
}

/** Packets in hand, or bytes of the file, are left. */
function isCut({ counters, progress }: ReplayJob): boolean {
  return counters[COUNTER_PACKETS_UNREAD] > 0 || progress[PROGRESS_READ] < progress[PROGRESS_TOTAL];
}

function sumProgress(jobs: readonly ReplayJob[]): ReplayPosition {
  let bytesRead = 0;
  let bytesTotal: number | undefined = 0;
  for (const { progress } of jobs) {
    const total = progress[PROGRESS_TOTAL];
    bytesRead += progress[PROGRESS_READ];
    bytesTotal = total < 0 || bytesTotal === undefined ? undefined : bytesTotal + total;
  }
  return { bytesRead, bytesTotal };
}

/** A capture none of whose frames could be read, because of what they are: said once, for all of them. */
function findUnsupported({ request, counters }: ReplayJob): HttplogError | undefined {
  const unsupported = counters[COUNTER_VERDICT_FIRST + VERDICT_LINK_UNSUPPORTED];
  if (unsupported === 0) {
    return undefined;
  }
  const frames = countFrames(counters);
  const name = linkTypeName(counters[COUNTER_LINK_TYPE_UNREAD]);
  return new HttplogError(
    `${request.path}: ${unsupported} of ${frames} packets have a link type that httplog does not read: ${name}`,
    {
      code: 'HTTPLOG_LINK_TYPE',
      exitCode: EXIT_RUNTIME,
      hint: 'The lines of the other packets were written; docs/decoding.md lists the link types',
    },
  );
}

function asHttplogError(error: unknown): HttplogError {
  return error instanceof HttplogError ? error : restoreFailure(describeFailure(error));
}
