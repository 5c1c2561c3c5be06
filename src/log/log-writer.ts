import { createWriterCounters, type UpkeepCounters } from '../counters/writer-counts.ts';
import type { HttplogError } from '../errors.ts';
import type { LineBatch } from '../format/line-batch.ts';
import { OPEN_FILES_MAX } from '../limits.ts';
import { type AppendOutcome, BatchQueue, type BatchQueueOwner } from './batch-queue.ts';
import type { BatchWriter } from './batch-writer.ts';
import { createKeeper } from './create-keeper.ts';
import { DailyFile } from './daily-file.ts';
import { DiskFile } from './disk-file.ts';
import { DocumentOutput } from './document-output.ts';
import { answerAtOnce } from './ended-writer.ts';
import type { FileKeeper } from './file-keeper.ts';
import { IDLE_FILE_CLOSE_MS, WRITE_RETRY_INTERVAL_MS } from './limits.ts';
import type { LineOutput } from './line-output.ts';
import {
  checkOutputTarget,
  DAILY_SUFFIX,
  findBatchPath,
  type OutputTarget,
} from './output-target.ts';
import { settlesWithin } from './settles-within.ts';
import { openStandardOutput } from './standard-output.ts';
import type { Upkeep, UpkeepEvents } from './upkeep.ts';
import { WholeFile } from './whole-file.ts';
import type { WriteFault, WriteRecovery } from './write-fault.ts';

/** What the control room may want to say. Called between two writes of that file; must not throw. */
export interface LogWriterEvents extends UpkeepEvents {
  /** A file was opened, or opened anew after it was moved, deleted or closed. */
  onOpen?(path: string): void;
  /** Told at the beginning of an outage and at most once a minute while it lasts. */
  onFault?(fault: WriteFault): void;
  onRecovery?(recovery: WriteRecovery): void;
}

export interface LogWriterOptions {
  /**
   * `hold`, for a daemon: a file that fails is tried again until it works, its batches wait.
   * `fail`, for a replay: the first error rejects this and every later append. Nothing is compressed or
   * deleted then.
   */
  policy: 'hold' | 'fail';
  events?: LogWriterEvents;
  /** Milliseconds between two tries; `WRITE_RETRY_INTERVAL_MS`. */
  retryIntervalMs?: number;
  /** Milliseconds after which a file of a past day is closed; `IDLE_FILE_CLOSE_MS`. */
  idleFileCloseMs?: number;
}

/** The queue of one file, and what decides when that file may be closed. */
interface OpenQueue {
  queue: BatchQueue;
  day: number;
  lastAppendMs: number;
}

/**
 * Opens the log for lines. No file is created before its first line.
 *
 * @throws HttplogError when the target cannot be written, see `checkOutputTarget`
 */
export async function openLogWriter(
  target: OutputTarget,
  options: LogWriterOptions,
): Promise<LogWriter> {
  await checkOutputTarget(target, options.policy);
  const standardOutput = target.kind === 'stdout' ? await openStandardOutput(target.header) : null;
  if (standardOutput !== null && target.document !== undefined) {
    return new LogWriter(target, new DocumentOutput(standardOutput, target.document), options);
  }
  return new LogWriter(target, standardOutput, options);
}

/** The one owner of the log files. Files are independent of each other, each is written in order. */
export class LogWriter implements BatchWriter {
  readonly counters = createWriterCounters();
  readonly #target: OutputTarget;
  readonly #standardOutput: LineOutput | null;
  readonly #options: LogWriterOptions;
  readonly #owner: BatchQueueOwner;
  readonly #keeper: FileKeeper | null;
  /** By path without a number, the least recently used first. */
  readonly #openQueues = new Map<string, OpenQueue>();
  readonly #closings = new Set<Promise<void>>();
  #newestDay = 0;
  #pendingBatches = 0;
  #endError: HttplogError | null = null;
  #closed: Promise<void> | null = null;

  constructor(target: OutputTarget, standardOutput: LineOutput | null, options: LogWriterOptions) {
    this.#target = target;
    this.#standardOutput = standardOutput;
    this.#options = options;
    this.#keeper = createTargetKeeper(target, options);
    this.#owner = {
      policy: options.policy,
      retryIntervalMs: options.retryIntervalMs ?? WRITE_RETRY_INTERVAL_MS,
      counters: this.counters,
      onFault: (fault) => options.events?.onFault?.(fault),
      onRecovery: (recovery) => options.events?.onRecovery?.(recovery),
      onEnd: (error) => {
        this.#endError ??= error;
      },
    };
  }

  /** Batches whose `append` has not settled yet. */
  get pendingBatches(): number {
    return this.#pendingBatches;
  }

  get upkeepCounters(): UpkeepCounters | undefined {
    return this.#keeper?.counters;
  }

  /**
   * Appends a batch to its file. **The bytes belong to the writer until the promise settles.** With `hold`
   * that is when they are in the file or, at the stop, were given up.
   *
   * @throws HttplogError `HTTPLOG_WRITE` with `fail`; `HTTPLOG_OUTPUT_CLOSED` when the reader of standard
   *   output has gone. Every later append rejects with the same error.
   */
  async append(batch: LineBatch): Promise<AppendOutcome> {
    const isClosed = this.#closed !== null;
    const outcome = answerAtOnce(batch, this.counters, this.#endError, isClosed);
    if (outcome !== undefined) {
      return outcome;
    }
    const { queue } = this.#useQueue(batch);
    this.#pendingBatches += 1;
    try {
      return await queue.append(paintBatch(this.#target, batch));
    } finally {
      this.#pendingBatches -= 1;
    }
  }

  changeUpkeep(upkeep: Upkeep): void {
    this.#keeper?.change(upkeep);
  }

  /** Every file is opened anew by its path before its next write, as after a rotation. */
  reopen(): void {
    for (const { queue } of this.#openQueues.values()) {
      queue.requireReopen();
    }
  }

  /**
   * Waits until everything is written, at most so long, then counts the rest as dropped and closes.
   *
   * @throws HttplogError with `fail`, when the end of what was written did not arrive
   *
   * A pipe nobody reads may keep a write of `process.stdout` pending: end the command by `process.exit`.
   */
  close(deadlineMs: number): Promise<void> {
    this.#closed ??= this.#closeAll(deadlineMs);
    return this.#closed;
  }

  async #closeAll(deadlineMs: number): Promise<void> {
    const queues = [...this.#openQueues.values()].map(({ queue }) => queue);
    const hasEnded = this.#endError !== null;
    if (
      queues.length === 0 &&
      this.#standardOutput !== null &&
      this.#target.document !== undefined
    ) {
      // Who reads it gets a document, if one of no lines.
      queues.push(new BatchQueue(this.#standardOutput, this.#owner));
    }
    for (const queue of queues) {
      queue.retryNow();
    }
    await settlesWithin(Promise.all(queues.map((queue) => queue.drained())), deadlineMs);
    await Promise.all(queues.map((queue) => queue.close()));
    await Promise.all(this.#closings);
    if (this.#keeper !== null) {
      await settlesWithin(this.#keeper.close(), deadlineMs);
    }
    this.#openQueues.clear();
    if (!hasEnded && this.#endError !== null && this.#options.policy === 'fail') {
      throw this.#endError;
    }
  }

  #useQueue(batch: LineBatch): OpenQueue {
    const path = findBatchPath(this.#target, batch);
    const nowMs = performance.now();
    const open = this.#openQueues.get(path) ?? {
      queue: new BatchQueue(this.#createOutput(path, batch), this.#owner),
      day: batch.day,
      lastAppendMs: nowMs,
    };
    open.lastAppendMs = nowMs;
    this.#openQueues.delete(path);
    this.#closeSpareFiles(nowMs);
    this.#openQueues.set(path, open);
    this.#newestDay = Math.max(this.#newestDay, batch.day);
    return open;
  }

  #createOutput(path: string, { day, stream }: LineBatch): LineOutput {
    if (this.#standardOutput !== null) {
      return this.#standardOutput;
    }
    const onOpen = (openedPath: string): void => {
      this.counters.filesOpened += 1;
      this.#options.events?.onOpen?.(openedPath);
    };
    const { header, document } = this.#target;
    // A daemon writes for long, and whoever owns a directory has the time to turn it.
    const isStrict = this.#options.policy === 'hold';
    const trust = { isNamed: this.#target.kind === 'file', isStrict };
    if (document !== undefined) {
      return new DocumentOutput(new WholeFile(path, trust, onOpen), document);
    }
    return this.#keeper !== null && this.#target.kind === 'daily'
      ? new DailyFile({
          directory: this.#target.directory,
          day,
          stream,
          keeper: this.#keeper,
          header,
          isStrict,
          onOpen,
        })
      : new DiskFile(path, trust, onOpen, header);
  }

  /**
   * Makes room for one more file and closes those of past days. A file that still has batches waiting stays:
   * then there are more than `OPEN_FILES_MAX`, but never more than batches.
   */
  #closeSpareFiles(nowMs: number): void {
    const idleFileCloseMs = this.#options.idleFileCloseMs ?? IDLE_FILE_CLOSE_MS;
    for (const [path, { queue, day, lastAppendMs }] of this.#openQueues) {
      const isPast = day < this.#newestDay && nowMs - lastAppendMs >= idleFileCloseMs;
      if (queue.isIdle && (isPast || this.#openQueues.size >= OPEN_FILES_MAX)) {
        this.#openQueues.delete(path);
        const closing = queue.close().then(() => {
          this.#closings.delete(closing);
        });
        this.#closings.add(closing);
      }
    }
  }
}

function createTargetKeeper(
  target: OutputTarget,
  { policy, events = {} }: LogWriterOptions,
): FileKeeper | null {
  if (target.kind !== 'daily') {
    return null;
  }
  const { directory, suffix = DAILY_SUFFIX, upkeep } = target;
  return createKeeper({ directory, suffix, upkeep, events }, policy);
}

/** With colours where a terminal shows the lines: a copy, so that the batch stays what it was. */
function paintBatch(target: OutputTarget, batch: LineBatch): LineBatch {
  if (target.kind !== 'stdout' || target.paint === undefined) {
    return batch;
  }
  const bytes = target.paint(batch.bytes.subarray(0, batch.byteLength));
  return { ...batch, bytes, byteLength: bytes.byteLength };
}
