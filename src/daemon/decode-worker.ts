import { Worker } from 'node:worker_threads';
import { COUNTER_RESTARTS } from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import { EXIT_RUNTIME, HttplogError } from '../errors.ts';
import type { LineBatch } from '../format/line-batch.ts';
import { returnBuffer } from '../output/port-sink.ts';
import type { NetworkPrefix } from '../record/network-prefix.ts';
import { settleDeadWorker, type WorkerLoss } from '../worker/dead-worker.ts';
import { beat, isBeating } from '../worker/heartbeat.ts';
import type {
  LiveCommand,
  LiveReport,
  LiveWorkerData,
  WorkerChange,
} from '../worker/live-protocol.ts';
import { threadModule } from '../worker/thread-module.ts';
import { restoreFailure } from '../worker/worker-failure.ts';
import { CONFIGURE_DEADLINE_MS, WORKER_HEAP_MEGABYTES_MAX } from './limits.ts';

/** What a decode worker tells its owner. */
export interface DecodeWorkerEvents {
  /** Resolves when the batch's bytes may be used again; never rejects. */
  onBatch(batch: LineBatch): Promise<void>;
  /** Packets flow; after a loss or a restart, again. */
  onCapturing(): void;
  /** The interface went away under it. */
  onLost(reason: string): void;
  /** It has used the packet quota up. */
  onDone(): void;
  /** The thread has ended without having been told to. */
  onDied(worker: DecodeWorker, failure: HttplogError, loss: WorkerLoss): void;
}

/** One decode worker through all its lives: its counters go on when its thread is started anew. */
export class DecodeWorker {
  readonly #index: number;
  readonly #events: DecodeWorkerEvents;
  #data: LiveWorkerData;
  #thread: Worker;
  #linesReceived = 0;
  #hasStopped = false;
  #failure: HttplogError | undefined;
  #changesCount = 0;
  /** By number of the change: what is called when it was taken, or could not be. */
  readonly #awaited = new Map<number, (failure?: HttplogError) => void>();
  /** Resolves when the thread has ended; all its reports came before. */
  ended: Promise<void>;
  isCapturing = false;
  /** It has not said yet whether it could open its source. */
  #isOpening = true;
  /** What it has open, or is about to, is of an interface that is no more. */
  #mustReopen = false;
  /** Stays when the worker fails: from then on a failure is no wrong set-up. */
  hasCaptured = false;

  constructor(index: number, data: LiveWorkerData, events: DecodeWorkerEvents) {
    this.#index = index;
    this.#data = data;
    this.#events = events;
    this.#thread = this.#start();
    this.ended = this.#follow(this.#thread);
  }

  get counters(): Counters {
    return this.#data.counters;
  }

  /** What it does now. */
  get change(): WorkerChange {
    const { capture, pipeline } = this.#data;
    return { capture, pipeline };
  }

  /** False while its thread is stuck. */
  get isAlive(): boolean {
    return isBeating(this.#data.heartbeat);
  }

  /** Once the thread has died. */
  restart(): void {
    // The profile of the thread that died stays.
    this.#data = { ...this.#data, cpuProfilePath: undefined };
    this.#data.counters[COUNTER_RESTARTS]++;
    this.#failure = undefined;
    this.#isOpening = true;
    this.#thread = this.#start();
    this.ended = this.#follow(this.#thread);
  }

  tell(command: LiveCommand): void {
    this.#thread.postMessage(command);
  }

  /** The source is opened anew by `reopen`, within this group, after a restart too. */
  leaveInterface(fanoutGroup: number | undefined): void {
    this.#data = { ...this.#data, capture: { ...this.#data.capture, fanoutGroup } };
    this.isCapturing = false;
    this.#mustReopen = true;
  }

  /** Opens the source anew, unless it captures or is about to tell. */
  reopen(): void {
    if (this.isCapturing || this.#isOpening) {
      return;
    }
    this.#isOpening = true;
    this.#mustReopen = false;
    this.tell({ kind: 'reopen', fanoutGroup: this.#data.capture.fanoutGroup });
  }

  /** Holds after a restart, too. */
  tellLocalNetworks(networks: NetworkPrefix[]): void {
    this.#data.pipeline.localNetworks = networks;
    this.tell({ kind: 'local-networks', networks });
  }

  /**
   * What the worker is to do from now on, and after a restart; it stays in its fanout group.
   *
   * @returns why it cannot, or undefined once it does
   */
  configure({ capture, pipeline }: WorkerChange): Promise<HttplogError | undefined> {
    const { fanoutGroup } = this.#data.capture;
    const change = { capture: { ...capture, fanoutGroup }, pipeline };
    this.#data = { ...this.#data, ...change };
    const id = ++this.#changesCount;
    return new Promise((resolve) => {
      const timer = setTimeout(() => settle(noAnswerError()), CONFIGURE_DEADLINE_MS);
      const settle = (failure?: HttplogError): void => {
        clearTimeout(timer);
        this.#awaited.delete(id);
        resolve(failure);
      };
      this.#awaited.set(id, settle);
      this.tell({ kind: 'configure', id, change });
    });
  }

  async terminate(): Promise<void> {
    await this.#thread.terminate();
  }

  #start(): Worker {
    const workerData = this.#data;
    // A thread gets its time to start.
    beat(workerData.heartbeat);
    return new Worker(threadModule('live-worker'), {
      workerData,
      name: `decode ${this.#index}`,
      resourceLimits: { maxOldGenerationSizeMb: WORKER_HEAP_MEGABYTES_MAX },
    });
  }

  #follow(thread: Worker): Promise<void> {
    thread.on('message', (report: LiveReport) => this.#hear(thread, report));
    thread.on('error', (error: Error) => {
      this.#failure ??= workerError(error.message, error);
    });
    return new Promise((resolve) => {
      thread.on('exit', (code) => {
        // The next thread begins with the change, and without one there is nothing to change.
        for (const settle of this.#awaited.values()) {
          settle();
        }
        if (!this.#hasStopped) {
          this.#settleDeath(code);
        }
        resolve();
      });
    });
  }

  #settleDeath(code: number): void {
    this.isCapturing = false;
    const loss = settleDeadWorker(this.#data.counters, this.#linesReceived);
    this.#linesReceived += loss.lines;
    const failure = this.#failure ?? workerError(`its thread ended with exit code ${code}`);
    this.#events.onDied(this, failure, loss);
  }

  #hear(thread: Worker, report: LiveReport): void {
    switch (report.kind) {
      case 'batch':
        this.#linesReceived += report.batch.lineCount;
        // Back to the thread that made it: one that was started since has buffers of its own.
        void this.#events.onBatch(report.batch).then(() => returnBuffer(thread, report.batch));
        return;
      case 'capturing':
        this.#isOpening = false;
        this.isCapturing = !this.#mustReopen;
        this.hasCaptured = true;
        this.#events.onCapturing();
        return;
      case 'lost':
        this.#isOpening = false;
        this.isCapturing = false;
        this.#events.onLost(report.reason);
        return;
      case 'stopped':
        this.#hasStopped = true;
        if (report.isDone) {
          this.#events.onDone();
        }
        return;
      case 'configured':
        this.#awaited.get(report.id)?.(report.failure && restoreFailure(report.failure));
        return;
      case 'failed':
        this.#failure = restoreFailure(report.failure);
        return;
      default:
        report satisfies never;
    }
  }
}

function noAnswerError(): HttplogError {
  const seconds = CONFIGURE_DEADLINE_MS / 1000;
  return workerError(`A decode worker has not answered within ${seconds} seconds`);
}

function workerError(message: string, cause?: Error): HttplogError {
  return new HttplogError(message, { code: 'HTTPLOG_WORKER', exitCode: EXIT_RUNTIME, cause });
}
