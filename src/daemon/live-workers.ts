import { Worker } from 'node:worker_threads';
import { HttplogError } from '../errors.ts';
import type { LineBatch } from '../format/line-batch.ts';
import { createCounters, sumCounters } from '../worker/counters.ts';
import type { LiveCommand, LiveReport, LiveWorkerData } from '../worker/live-protocol.ts';
import { returnBuffer } from '../worker/port-sink.ts';
import { threadModule } from '../worker/thread-module.ts';
import { restoreFailure } from '../worker/worker-failure.ts';

/** What the workers tell their owner. */
export interface LiveWorkersEvents {
  /** Resolves when the batch's bytes may be used again. */
  onBatch(batch: LineBatch): Promise<unknown>;
  /** Every worker captures; after a loss, again. */
  onCapturing(): void;
  onLost(reason: string): void;
  /** A worker has used the packet quota up. */
  onDone(): void;
  onFailed(error: HttplogError): void;
}

/** The decode workers' threads. */
export class LiveWorkers {
  readonly #events: LiveWorkersEvents;
  readonly #threads: Worker[];
  readonly #counters: Float64Array<SharedArrayBuffer>[];
  readonly #ended: Promise<unknown>;
  readonly #capturing = new Set<Worker>();
  #lastReason = '';

  /** @param createData makes the data of the worker with this index around its counters */
  constructor(
    workersCount: number,
    createData: (index: number, counters: Float64Array<SharedArrayBuffer>) => LiveWorkerData,
    events: LiveWorkersEvents,
  ) {
    this.#events = events;
    this.#counters = Array.from({ length: workersCount }, createCounters);
    this.#threads = this.#counters.map((counters, index) => {
      const workerData = createData(index, counters);
      return new Worker(threadModule('live-worker'), { workerData, name: `decode ${index}` });
    });
    this.#ended = Promise.all(this.#threads.map((thread) => this.#follow(thread)));
  }

  /** The counters of all workers added up, as they stand now. */
  counters(): Float64Array {
    return sumCounters(this.#counters);
  }

  /** Makes every worker open its source anew. */
  reopen(): void {
    this.#capturing.clear();
    this.tell({ kind: 'reopen' });
  }

  tell(command: LiveCommand): void {
    for (const thread of this.#threads) {
      thread.postMessage(command);
    }
  }

  /** Lets no new packet in; resolves when every worker has written what it had and ended. */
  async stop(): Promise<void> {
    this.tell({ kind: 'stop' });
    await this.#ended;
  }

  /** Ends the threads at once, whatever they hold. */
  async terminate(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }

  /** Resolves when the thread has ended; all its reports came before. */
  #follow(thread: Worker): Promise<void> {
    thread.on('message', (report: LiveReport) => this.#hear(thread, report));
    thread.on('error', (error: Error) => {
      this.#events.onFailed(
        new HttplogError(`A decode worker failed: ${error.message}`, {
          code: 'HTTPLOG_WORKER',
          exitCode: 1,
          cause: error,
        }),
      );
    });
    return new Promise((resolve) => thread.on('exit', () => resolve()));
  }

  #hear(thread: Worker, report: LiveReport): void {
    switch (report.kind) {
      case 'batch':
        this.#writeBatch(thread, report.batch);
        return;
      case 'capturing':
        this.#capturing.add(thread);
        if (this.#capturing.size === this.#threads.length) {
          this.#lastReason = '';
          this.#events.onCapturing();
        }
        return;
      case 'lost':
        this.#capturing.delete(thread);
        if (report.reason !== this.#lastReason) {
          this.#lastReason = report.reason;
          this.#events.onLost(report.reason);
        }
        return;
      case 'stopped':
        if (report.isDone) {
          this.#events.onDone();
        }
        return;
      case 'failed':
        this.#events.onFailed(restoreFailure(report.failure));
        return;
      default:
        report satisfies never;
    }
  }

  #writeBatch(thread: Worker, batch: LineBatch): void {
    this.#events.onBatch(batch).then(
      () => returnBuffer(thread, batch),
      (error: unknown) => this.#events.onFailed(error as HttplogError),
    );
  }
}
