import type { CaptureSnapshot } from '../admin/capture-snapshot.ts';
import { describeLoss } from '../admin/summary.ts';
import type { Tally } from '../admin/tally.ts';
import type { Settings } from '../config/settings.ts';
import { COUNTER_KERNEL_PACKETS } from '../counters/counter-table.ts';
import type { HttplogError } from '../errors.ts';
import { BATCHES_MAX } from '../limits.ts';
import { type OutputWriters, openOutputs } from '../log/output-writers.ts';
import { settlesWithin } from '../log/settles-within.ts';
import { LEFT_ALONE } from '../log/upkeep.ts';
import {
  chooseFlowSeed,
  createLiveCapture,
  createPacketQuota,
  createPipelineSettings,
  describeCapture,
} from '../plan/capture-plan.ts';
import { planRecords, type RecordPlan } from '../plan/output-plan.ts';
import { createUpkeep } from '../plan/upkeep-plan.ts';
import type { WorkerLoss } from '../worker/dead-worker.ts';
import type { LiveWorkerData, WorkerChange } from '../worker/live-protocol.ts';
import type { SharedState } from '../worker/shared-state.ts';
import { InterfaceKeeper } from './interface-keeper.ts';
import {
  DRAIN_DEADLINE_MS,
  INTERFACE_WATCH_INTERVAL_MS,
  WORKERS_STOP_DEADLINE_MS,
} from './limits.ts';
import { LiveWorkers } from './live-workers.ts';
import { findLocalNetworks, listAddresses } from './local-addresses.ts';
import type { ServiceLog } from './service-log.ts';
import { createWriterEvents } from './writer-events.ts';

/** How a live capture ended. */
export interface CaptureOutcome {
  tally: Tally;
  /** What ended it, when it was not a stop that was asked for. */
  error: HttplogError | undefined;
}

/**
 * A live capture from start to end: the workers, the log writer, and what watches over them.
 *
 * The order of a stop: no new packets, workers write what they hold, the writer empties itself, the tally is
 * taken. Each step has a deadline, so a stop always ends.
 */
export class CaptureSession {
  #settings: Settings;
  readonly #interfaceName: string;
  readonly #serviceLog: ServiceLog;
  #plan: RecordPlan;
  readonly #flowSeed = chooseFlowSeed();
  readonly #writer: OutputWriters;
  readonly #workers: LiveWorkers;
  readonly #interface: InterfaceKeeper;
  readonly #endWatches: (() => void)[] = [];
  #finish!: (outcome: CaptureOutcome) => void;
  #resolveCapturing!: () => void;
  #isStopping = false;
  #hasCaptured = false;
  #error: HttplogError | undefined;
  #lastLoss: string | undefined;
  /** This host's, when workers were told of them. */
  #addresses = '';
  /** Resolves when packets flow for the first time. */
  readonly capturing: Promise<void>;
  /** Resolves when everything was written and closed. */
  readonly finished: Promise<CaptureOutcome>;

  constructor(
    settings: Settings,
    interfaceName: string,
    serviceLog: ServiceLog,
    plan: RecordPlan,
    writer: OutputWriters,
  ) {
    this.#settings = settings;
    this.#interfaceName = interfaceName;
    this.#serviceLog = serviceLog;
    this.#plan = plan;
    this.#writer = writer;
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.capturing = new Promise((resolve) => {
      this.#resolveCapturing = resolve;
    });
    this.#workers = new LiveWorkers(settings.workers, this.#planWorkers(), {
      onBatch: (batch) => this.#writer.append(batch),
      onCapturing: () => this.#noteCapturing(),
      onLost: (reason) => this.#interface.noteLost(reason),
      onRestarted: (failure, loss) => this.#noteRestart(failure, loss),
      onDone: () => void this.stop(),
      onFailed: (error) => this.#fail(error),
    });
    this.#interface = new InterfaceKeeper(interfaceName, serviceLog, this.#workers);
    this.#watchAddresses();
    this.#watchLoss();
  }

  /** False while not one packet could have been seen. */
  get hasCaptured(): boolean {
    return this.#hasCaptured;
  }

  /** As they hold now: those of the start, and what was changed since. */
  get settings(): Settings {
    return this.#settings;
  }

  /** What the settings mean for records now. */
  get plan(): RecordPlan {
    return this.#plan;
  }

  get isStopping(): boolean {
    return this.#isStopping;
  }

  /**
   * Makes all workers do what these settings mean, or none.
   *
   * @returns why one of them cannot
   */
  changeWorkers(settings: Settings, plan: RecordPlan): Promise<HttplogError | undefined> {
    return this.#workers.configure(this.#planChange(settings, plan));
  }

  /** Takes over settings that workers know already, as far as they have to. */
  adopt(settings: Settings, plan: RecordPlan): void {
    const [before, after] = [this.#settings, settings].map((each) => createUpkeep(each));
    this.#settings = settings;
    this.#plan = plan;
    if (JSON.stringify(before) !== JSON.stringify(after)) {
      this.#writer.changeUpkeep(after ?? LEFT_ALONE);
    }
    this.#tellLocalNetworks();
  }

  /** What is written next goes to what then has the files' names. */
  reopenFiles(): void {
    this.#writer.reopen();
  }

  /** Drains what was captured, then finishes. Later calls change nothing. */
  async stop(): Promise<void> {
    if (this.#isStopping) {
      return;
    }
    this.#isStopping = true;
    this.#interface.end();
    for (const endWatch of this.#endWatches) {
      endWatch();
    }
    if (!(await settlesWithin(this.#workers.stop(), WORKERS_STOP_DEADLINE_MS))) {
      this.#serviceLog.warn('A decode worker did not stop in time and was ended');
      await this.#workers.terminate();
    }
    await this.#writer.close(DRAIN_DEADLINE_MS);
    this.#finish({ tally: this.tally(), error: this.#error });
  }

  tally(): Tally {
    const { redactionNames } = this.#plan;
    return { counters: this.#workers.counters(), writer: this.#writer.counters, redactionNames };
  }

  /** The capture at this moment, for the admin server. */
  snapshot(): CaptureSnapshot {
    return {
      interfaceName: this.#interfaceName,
      isCapturing: this.#hasCaptured && !this.#interface.isInterrupted && !this.#isStopping,
      counters: this.#workers.counters(),
      ...this.#writer.snapshot(),
      redactionNames: this.#plan.redactionNames,
      workersCount: this.#settings.workers,
      areWorkersAlive: this.#workers.areAlive(),
    };
  }

  #planWorkers(): (index: number, shared: SharedState) => LiveWorkerData {
    const settings = this.#settings;
    const change = this.#planChange(settings, this.#plan);
    const packetQuota = createPacketQuota(settings.packetCountMax);
    return (index, shared) => ({
      ...shared,
      ...change,
      packetQuota,
      buffersMax: Math.max(2, Math.floor(BATCHES_MAX / settings.workers)),
      cpuProfilePath: index === 0 ? settings.cpuProfilePath : undefined,
    });
  }

  #planChange(settings: Settings, plan: RecordPlan): WorkerChange {
    const pipeline = createPipelineSettings(settings, plan, {
      localNetworks: findLocalNetworks(settings.localNetworks),
      snaplenBytes: 0,
      flowSeed: this.#flowSeed,
    });
    return { capture: createLiveCapture(settings, plan, this.#interfaceName), pipeline };
  }

  #noteCapturing(): void {
    const isAgain = this.#hasCaptured;
    this.#hasCaptured = true;
    // A worker that has begun while it was told to stop writes what it sees, and is no news.
    if (this.#isStopping) {
      return;
    }
    this.#interface.noteCapturing();
    this.#resolveCapturing();
    this.#serviceLog.info(
      isAgain
        ? `Capturing on ${this.#interfaceName} again`
        : describeCapture(this.#settings, this.#plan, this.#interfaceName),
    );
  }

  #noteRestart(failure: HttplogError, { lines, flows }: WorkerLoss): void {
    this.#serviceLog.error(
      `A decode worker failed and was started anew: ${failure.message}` +
        `; lost with it: ${lines} lines, and what it knew of ${flows} connections` +
        '. Please report this with the version of httplog',
      { stack: failure.stack },
    );
  }

  #fail(error: HttplogError): void {
    this.#error ??= error;
    void this.stop();
  }

  /** Keeps the set of local addresses current: DHCP, failover and new tunnels change it at any time. */
  #watchAddresses(): void {
    this.#addresses = listAddresses();
    const timer = setInterval(() => {
      const addresses = listAddresses();
      if (addresses === this.#addresses || this.#settings.localNetworks.length > 0) {
        return;
      }
      const count = findLocalNetworks([]).length;
      this.#serviceLog.info(`This host's addresses have changed (${count} now)`);
      this.#tellLocalNetworks();
    }, INTERFACE_WATCH_INTERVAL_MS);
    this.#endWatches.push(() => clearInterval(timer));
  }

  #tellLocalNetworks(): void {
    this.#addresses = listAddresses();
    this.#workers.tellLocalNetworks(findLocalNetworks(this.#settings.localNetworks));
  }

  /** Tells what was lost, each time that `-log_every` packets have passed and something new was. */
  #watchLoss(): void {
    let lastPackets = 0;
    const timer = setInterval(() => {
      const { logEvery } = this.#settings;
      if (logEvery === 0) {
        return;
      }
      const tally = this.tally();
      const packets = tally.counters[COUNTER_KERNEL_PACKETS];
      if (packets - lastPackets >= logEvery) {
        lastPackets = packets;
        this.#reportLoss(tally);
      }
    }, INTERFACE_WATCH_INTERVAL_MS);
    this.#endWatches.push(() => clearInterval(timer));
  }

  #reportLoss(tally: Tally): void {
    const loss = describeLoss(tally);
    if (loss !== undefined && loss !== this.#lastLoss) {
      this.#lastLoss = loss;
      this.#serviceLog.warn(`Lost: ${loss}`);
    }
  }
}

/**
 * Opens the log and starts the capture.
 *
 * @param plan what the settings mean for records, where that is known already
 * @throws HttplogError when the log cannot be written
 */
export async function startCapture(
  settings: Settings,
  interfaceName: string,
  serviceLog: ServiceLog,
  plan: RecordPlan = planRecords(settings),
): Promise<CaptureSession> {
  const writer = await openOutputs(plan.outputs, {
    policy: 'hold',
    events: createWriterEvents(serviceLog),
  });
  return new CaptureSession(settings, interfaceName, serviceLog, plan, writer);
}
