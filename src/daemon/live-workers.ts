import { sumCounters } from '../counters/counters.ts';
import { EXIT_RUNTIME, HttplogError } from '../errors.ts';
import type { LineBatch } from '../format/line-batch.ts';
import { chooseFanoutGroup } from '../plan/capture-plan.ts';
import type { NetworkPrefix } from '../record/network-prefix.ts';
import type { WorkerLoss } from '../worker/dead-worker.ts';
import type { LiveCommand, LiveWorkerData, WorkerChange } from '../worker/live-protocol.ts';
import { createSharedState, type SharedState } from '../worker/shared-state.ts';
import { DecodeWorker } from './decode-worker.ts';
import { WORKER_FAILURES_MAX, WORKER_FAILURES_WINDOW_MS } from './limits.ts';

/** What the workers tell their owner. */
export interface LiveWorkersEvents {
  /** Resolves when the batch's bytes may be used again; rejects when writing has failed for good. */
  onBatch(batch: LineBatch): Promise<unknown>;
  /** Every worker captures; after a loss or a restart, again. */
  onCapturing(): void;
  onLost(reason: string): void;
  /** A worker has failed in the middle of its work, and was started anew. */
  onRestarted(failure: HttplogError, loss: WorkerLoss): void;
  /** A worker has used the packet quota up. */
  onDone(): void;
  /** Capture cannot go on. */
  onFailed(error: HttplogError): void;
}

/** The decode workers, started anew when they fail, unless they do so again and again. */
export class LiveWorkers {
  readonly #events: LiveWorkersEvents;
  readonly #workers: DecodeWorker[];
  /** When workers failed, within the last WORKER_FAILURES_WINDOW_MS. */
  #failuresMs: number[] = [];
  #isStopping = false;
  #isTerminating = false;
  #lastReason = '';

  /** @param createData makes the data of the worker with this index around what it shares */
  constructor(
    workersCount: number,
    createData: (index: number, shared: SharedState) => LiveWorkerData,
    events: LiveWorkersEvents,
  ) {
    this.#events = events;
    this.#workers = Array.from({ length: workersCount }, (_, index) => {
      return new DecodeWorker(index, createData(index, createSharedState()), {
        onBatch: (batch) => this.#writeBatch(batch),
        onCapturing: () => this.#noteCapturing(),
        onLost: (reason) => this.#noteLost(reason),
        onDone: () => events.onDone(),
        onDied: (worker, failure, loss) => this.#noteDeath(worker, failure, loss),
      });
    });
  }

  /** The counters of all workers added up, as they stand now. */
  counters(): Float64Array {
    return sumCounters(this.#workers.map(({ counters }) => counters));
  }

  /** False while one of them is stuck. */
  areAlive(): boolean {
    return this.#workers.every(({ isAlive }) => isAlive);
  }

  /**
   * What the workers have open is of an interface that is no more. They meet again in a group of their own: one
   * that is late is still in the old one, and the kernel lets nobody join it from another interface.
   */
  leaveInterface(): void {
    const fanoutGroup = chooseFanoutGroup(this.#workers.length);
    for (const worker of this.#workers) {
      worker.leaveInterface(fanoutGroup);
    }
  }

  /** Makes the workers that do not capture open their source anew. */
  reopen(): void {
    for (const worker of this.#workers) {
      worker.reopen();
    }
  }

  /**
   * What all workers are to do from now on: all of them, or none.
   *
   * @returns why one of them cannot, or undefined once all do
   */
  async configure(change: WorkerChange): Promise<HttplogError | undefined> {
    const before = this.#workers.map((worker) => worker.change);
    const failures = await this.#configureEach(() => change);
    const failure = failures.find((each) => each !== undefined);
    if (failure !== undefined) {
      const left = await this.#configureEach((index) => before[index]);
      if (left.some((each) => each !== undefined)) {
        return describeHalf(failure);
      }
    }
    return failure;
  }

  #configureEach(changeOf: (index: number) => WorkerChange): Promise<(HttplogError | undefined)[]> {
    return Promise.all(this.#workers.map((worker, index) => worker.configure(changeOf(index))));
  }

  tellLocalNetworks(networks: NetworkPrefix[]): void {
    for (const worker of this.#workers) {
      worker.tellLocalNetworks(networks);
    }
  }

  /** Lets no new packet in; resolves when every worker has written what it had and ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#tell({ kind: 'stop' });
    await Promise.all(this.#workers.map(({ ended }) => ended));
  }

  /** Ends the threads at once, whatever they hold. */
  async terminate(): Promise<void> {
    this.#isTerminating = true;
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #tell(command: LiveCommand): void {
    for (const worker of this.#workers) {
      worker.tell(command);
    }
  }

  async #writeBatch(batch: LineBatch): Promise<void> {
    try {
      await this.#events.onBatch(batch);
    } catch (error) {
      this.#events.onFailed(error as HttplogError);
    }
  }

  #noteCapturing(): void {
    if (this.#workers.every(({ isCapturing }) => isCapturing)) {
      this.#lastReason = '';
      this.#events.onCapturing();
    }
  }

  #noteLost(reason: string): void {
    if (reason !== this.#lastReason) {
      this.#lastReason = reason;
      this.#events.onLost(reason);
    }
  }

  #noteDeath(worker: DecodeWorker, failure: HttplogError, loss: WorkerLoss): void {
    if (this.#isStopping) {
      if (!this.#isTerminating) {
        this.#events.onFailed(describeFailureAtStop(failure, loss));
      }
      return;
    }
    if (!worker.hasCaptured) {
      this.#events.onFailed(failure);
      return;
    }
    if (this.#countFailures() < WORKER_FAILURES_MAX) {
      worker.restart();
      this.#events.onRestarted(failure, loss);
      return;
    }
    this.#events.onFailed(describeLastFailure(failure));
  }

  /** Failures within the window, this one counted. */
  #countFailures(): number {
    const nowMs = performance.now();
    this.#failuresMs = this.#failuresMs.filter((ms) => nowMs - ms < WORKER_FAILURES_WINDOW_MS);
    this.#failuresMs.push(nowMs);
    return this.#failuresMs.length;
  }
}

/** Nobody starts it anew, so what it held is lost, and counted. */
function describeFailureAtStop(failure: HttplogError, { lines }: WorkerLoss): HttplogError {
  return new HttplogError(
    `A decode worker failed at the stop: ${failure.message}; lost with it: ${lines} lines`,
    {
      code: 'HTTPLOG_WORKER',
      exitCode: EXIT_RUNTIME,
      hint: 'Please report this with the version of httplog',
      cause: failure,
    },
  );
}

/** One took the change and could not be brought back from it. */
function describeHalf(failure: HttplogError): HttplogError {
  return new HttplogError(
    `${failure.message}, and not every decode worker could go back to what was before: restart httplog`,
    { code: failure.code, exitCode: failure.exitCode, cause: failure },
  );
}

function describeLastFailure(failure: HttplogError): HttplogError {
  const seconds = WORKER_FAILURES_WINDOW_MS / 1000;
  return new HttplogError(
    `Decode workers failed ${WORKER_FAILURES_MAX} times within ${seconds} seconds; the last time: ${failure.message}`,
    {
      code: 'HTTPLOG_WORKER',
      exitCode: EXIT_RUNTIME,
      hint: 'The messages before this one tell of each; please report them with the version of httplog',
      cause: failure,
    },
  );
}
