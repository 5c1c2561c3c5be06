import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import {
  type CaptureStatistics,
  FILL_END,
  FILL_FRAMES,
  type FrameSource,
} from '../capture/frame.ts';
import {
  COUNTER_KERNEL_DROPS,
  COUNTER_KERNEL_FREEZES,
  COUNTER_KERNEL_PACKETS,
  COUNTER_PACKETS_ABANDONED,
} from '../counters/counter-table.ts';
import { noteRingFill } from '../counters/counters.ts';
import { createLocalNetworks } from '../decode/local-networks.ts';
import { HttplogError } from '../errors.ts';
import { BufferPools } from '../output/buffer-pool.ts';
import { PortSink } from '../output/port-sink.ts';
import { countRest } from './count-rest.ts';
import { startCpuProfile } from './cpu-profile.ts';
import { startHeartbeat } from './heartbeat.ts';
import { BATCH_FLUSH_INTERVAL_MS } from './limits.ts';
import type {
  LiveCapture,
  LiveCommand,
  LiveReport,
  LiveWorkerData,
  WorkerChange,
} from './live-protocol.ts';
import { loadChange } from './load-change.ts';
import { openLiveSource } from './open-live-source.ts';
import {
  createPipeline,
  endPipeline,
  expirePipeline,
  flushPipeline,
  PIPELINE_DONE,
  PIPELINE_FULL,
  runPipeline,
} from './pipeline.ts';
import { createPipelineOptions } from './pipeline-settings.ts';
import type { Pipeline } from './pipeline-state.ts';
import { describeFailure, type WorkerFailure } from './worker-failure.ts';

/**
 * The entry of a decode worker's thread: ring to line batches, until it is told to stop.
 *
 * A `fill` gives the event loop a turn now and then, so commands are heard between two fills and never within one.
 */
class LiveWorker {
  readonly #port: MessagePort;
  readonly #data: LiveWorkerData;
  #capture: LiveCapture;
  readonly #sink: PortSink;
  readonly #pipeline: Pipeline;
  /** Kernel counters of sources that were closed, and of what threads before this one have read. */
  readonly #closedStatistics: CaptureStatistics;
  #source: FrameSource | null = null;
  #isStopping = false;
  #isReopening = false;
  #wake: (() => void) | null = null;
  /** Changes are made one after the other, and none while a source is being opened. */
  #configuring: Promise<void> = Promise.resolve();
  #lastFlushMs = 0;

  constructor(port: MessagePort, data: LiveWorkerData, sink: PortSink, pipeline: Pipeline) {
    this.#port = port;
    this.#data = data;
    this.#capture = data.capture;
    this.#sink = sink;
    this.#pipeline = pipeline;
    this.#closedStatistics = {
      packets: data.counters[COUNTER_KERNEL_PACKETS],
      drops: data.counters[COUNTER_KERNEL_DROPS],
      freezes: data.counters[COUNTER_KERNEL_FREEZES],
    };
    port.on('message', (command: LiveCommand) => this.#obey(command));
  }

  async run(): Promise<void> {
    let isDone = false;
    try {
      while (!this.#isStopping && !isDone) {
        this.#isReopening = false;
        if (await this.#openSource()) {
          isDone = await this.#readSource();
          this.#closeSource();
        } else {
          await this.#waitForCommand();
        }
      }
      endPipeline(this.#pipeline);
    } catch (error) {
      this.#giveUp();
      throw error;
    }
    this.#post({ kind: 'stopped', isDone });
  }

  /** Something has failed that must not: the next thread goes on with the ring, what was written is whole. */
  #giveUp(): void {
    if (this.#source !== null) {
      this.#publishStatistics();
      if (this.#source.abandon === undefined) {
        this.#closeSource();
      } else {
        this.#abandonBlock(this.#source);
      }
    }
    flushPipeline(this.#pipeline);
  }

  #abandonBlock(source: FrameSource): void {
    this.#data.counters[COUNTER_PACKETS_ABANDONED] += source.abandon?.() ?? 0;
  }

  /** Gives false when the interface is not there: the control plane was told, and will say when it is. */
  async #openSource(): Promise<boolean> {
    try {
      const opening = this.#configuring.then(() => openLiveSource(this.#capture, this.#data.ring));
      this.#configuring = opening.then(
        () => undefined,
        () => undefined,
      );
      this.#source = await opening;
      // Of a thread that ended without warning.
      this.#abandonBlock(this.#source);
      if (this.#isStopping) {
        this.#source.stop();
      }
      this.#post({ kind: 'capturing' });
      return true;
    } catch (error) {
      this.#reportLoss(error);
      return false;
    }
  }

  /** Reads until stopped, reopened or lost. Gives true when the packet quota is used up. */
  async #readSource(): Promise<boolean> {
    const source = this.#source as FrameSource;
    try {
      while (!this.#isReopening) {
        const state = await source.fill();
        if (this.#takeFrames(source)) {
          await countRest(this.#pipeline, source);
          return true;
        }
        if (
          state !== FILL_FRAMES ||
          performance.now() - this.#lastFlushMs > BATCH_FLUSH_INTERVAL_MS
        ) {
          this.#flush();
        }
        if (state === FILL_END) {
          return false;
        }
      }
    } catch (error) {
      this.#reportLoss(error);
      await this.#waitForCommand();
    }
    return false;
  }

  /** Gives true when the packet quota is used up. A full sink is no reason to wait: lines are dropped then. */
  #takeFrames(source: FrameSource): boolean {
    let state = runPipeline(this.#pipeline, source);
    while (state === PIPELINE_FULL) {
      state = runPipeline(this.#pipeline, source);
    }
    return state === PIPELINE_DONE;
  }

  #closeSource(): void {
    const source = this.#source as FrameSource;
    source.close();
    const { packets, drops, freezes } = source.statistics();
    this.#closedStatistics.packets += packets;
    this.#closedStatistics.drops += drops;
    this.#closedStatistics.freezes += freezes;
    this.#source = null;
    this.#publishStatistics();
  }

  #flush(): void {
    this.#lastFlushMs = performance.now();
    // Live, the packets' clock is the machine's: what waits expires though no packet comes.
    expirePipeline(this.#pipeline, Date.now() / 1000);
    flushPipeline(this.#pipeline, (output) => this.#sink.isBehind(output));
    this.#publishStatistics();
  }

  #publishStatistics(): void {
    const { counters } = this.#data;
    const current = this.#source?.statistics();
    const { packets, drops, freezes } = this.#closedStatistics;
    counters[COUNTER_KERNEL_PACKETS] = packets + (current?.packets ?? 0);
    counters[COUNTER_KERNEL_DROPS] = drops + (current?.drops ?? 0);
    counters[COUNTER_KERNEL_FREEZES] = freezes + (current?.freezes ?? 0);
    noteRingFill(counters, current?.ringFill);
  }

  /** An interface that went away is waited for; anything else ends the worker. */
  #reportLoss(error: unknown): void {
    const isInterfaceGone =
      error instanceof HttplogError &&
      (error.code === 'HTTPLOG_INTERFACE_LOST' || error.code === 'HTTPLOG_INTERFACE_NOT_FOUND');
    if (!isInterfaceGone) {
      throw error;
    }
    this.#post({ kind: 'lost', reason: error.message });
  }

  #waitForCommand(): Promise<void> {
    if (this.#isStopping || this.#isReopening) {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #obey(command: LiveCommand): void {
    switch (command.kind) {
      case 'buffer':
        this.#sink.give(command);
        return;
      case 'local-networks':
        this.#pipeline.localNetworks = createLocalNetworks(command.networks);
        return;
      case 'configure':
        this.#configuring = this.#configuring.then(() =>
          this.#configure(command.id, command.change),
        );
        return;
      case 'stop':
        this.#isStopping = true;
        this.#source?.stop();
        break;
      case 'reopen':
        this.#capture = { ...this.#capture, fanoutGroup: command.fanoutGroup };
        this.#isReopening = true;
        break;
      default:
        command satisfies never;
    }
    this.#wake?.();
    this.#wake = null;
  }

  /** Never throws: a change that cannot be made is answered, and leaves everything as it was. */
  async #configure(id: number, change: WorkerChange): Promise<void> {
    let failure: WorkerFailure | undefined;
    try {
      const makeChange = await loadChange(change);
      // Not awaited, and between two blocks: no frame is seen by halves of it.
      if (!this.#isStopping) {
        makeChange(this.#pipeline, this.#capture, this.#source);
        this.#capture = change.capture;
      }
    } catch (error) {
      failure = describeFailure(error);
    }
    this.#post({ kind: 'configured', id, failure });
  }

  #post(report: LiveReport): void {
    this.#port.postMessage(report);
  }
}

/** Runs the worker whose data the thread was given, and reports how it ended. */
async function runThread(port: MessagePort, data: LiveWorkerData): Promise<void> {
  startHeartbeat(data.heartbeat);
  const endProfile = await startCpuProfile(data.cpuProfilePath, { isStrict: true });
  const sink = new PortSink(
    port,
    new BufferPools(data.buffersMax, data.pipeline.outputs.length),
    false,
  );
  const options = await createPipelineOptions(data.pipeline, undefined);
  const pipeline = createPipeline(
    { ...options, frameQuota: data.packetQuota },
    sink,
    data.counters,
  );
  await new LiveWorker(port, data, sink, pipeline).run();
  await endProfile?.();
}

if (parentPort !== null) {
  const port = parentPort;
  runThread(port, workerData)
    .catch((error: unknown) => {
      const report: LiveReport = { kind: 'failed', failure: describeFailure(error) };
      port.postMessage(report);
    })
    .finally(() => port.close());
}
