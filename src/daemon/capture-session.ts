import { randomInt } from 'node:crypto';
import { METHODS_DEFAULT } from '../decode/http-grammar.ts';
import type { HttplogError } from '../errors.ts';
import type { LineBatch } from '../format/line-batch.ts';
import {
  BATCHES_MAX,
  DRAIN_DEADLINE_MS,
  INTERFACE_WATCH_INTERVAL_MS,
  WORKERS_STOP_DEADLINE_MS,
} from '../limits.ts';
import { type LogWriter, openLogWriter } from '../log/log-writer.ts';
import type { OutputTarget } from '../log/output-target.ts';
import { settlesWithin } from '../log/settles-within.ts';
import type { LiveCapture, LiveWorkerData } from '../worker/live-protocol.ts';
import type { NetworkPrefix, PipelineSettings } from '../worker/pipeline-settings.ts';
import type { Settings } from './configuration.ts';
import { isInterfaceUp, watchInterface } from './interface-watch.ts';
import { LiveWorkers } from './live-workers.ts';
import { findLocalNetworks } from './local-addresses.ts';
import type { ServiceLog } from './service-log.ts';
import { describeLoss, type Tally, takeTally } from './summary.ts';

const BYTES_PER_MEGABYTE = 1024 * 1024;
/** Fanout group ids have 16 bits; by chance, so that two daemons on one host do not share a group. */
const FANOUT_GROUPS_COUNT = 65_536;
/** Atomics work on words of 32 bits. */
const PACKET_QUOTA_MAX = 2 ** 31 - 1;

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
  readonly #settings: Settings;
  readonly #interfaceName: string;
  readonly #serviceLog: ServiceLog;
  readonly #writer: LogWriter;
  readonly #workers: LiveWorkers;
  readonly #endWatches: (() => void)[] = [];
  readonly #finished: Promise<CaptureOutcome>;
  #finish!: (outcome: CaptureOutcome) => void;
  #resolveCapturing!: () => void;
  #isStopping = false;
  #isInterrupted = false;
  #hasCaptured = false;
  #error: HttplogError | undefined;
  #lastLoss: string | undefined;
  /** Resolves when packets flow for the first time. */
  readonly capturing: Promise<void>;

  constructor(
    settings: Settings,
    interfaceName: string,
    serviceLog: ServiceLog,
    writer: LogWriter,
  ) {
    this.#settings = settings;
    this.#interfaceName = interfaceName;
    this.#serviceLog = serviceLog;
    this.#writer = writer;
    this.#finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.capturing = new Promise((resolve) => {
      this.#resolveCapturing = resolve;
    });
    this.#workers = new LiveWorkers(settings.workers, this.#planWorkers(), {
      onBatch: (batch) => this.#writeBatch(batch),
      onCapturing: () => this.#noteCapturing(),
      onLost: (reason) => this.#noteLost(reason),
      onDone: () => void this.stop(),
      onFailed: (error) => this.#fail(error),
    });
    this.#startWatches();
  }

  /** Resolves when everything was written and closed. */
  get finished(): Promise<CaptureOutcome> {
    return this.#finished;
  }

  /** False while not one packet could have been seen. */
  get hasCaptured(): boolean {
    return this.#hasCaptured;
  }

  /** Drains what was captured, then finishes. Later calls change nothing. */
  async stop(): Promise<void> {
    if (this.#isStopping) {
      return;
    }
    this.#isStopping = true;
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
    return takeTally(this.#workers.counters(), this.#writer.counters);
  }

  #planWorkers(): (index: number, counters: Float64Array<SharedArrayBuffer>) => LiveWorkerData {
    const settings = this.#settings;
    const pipeline = createLivePipelineSettings(settings);
    const capture = createLiveCapture(settings, this.#interfaceName);
    const packetQuota = createPacketQuota(settings.packetCountMax);
    return (index, counters) => ({
      capture,
      pipeline,
      counters,
      packetQuota,
      buffersMax: Math.max(2, Math.floor(BATCHES_MAX / settings.workers)),
      cpuProfilePath: index === 0 ? settings.cpuProfilePath : undefined,
    });
  }

  #writeBatch(batch: LineBatch): Promise<unknown> {
    return this.#writer.append(batch);
  }

  #noteCapturing(): void {
    const isAgain = this.#hasCaptured && this.#isInterrupted;
    this.#hasCaptured = true;
    this.#resolveCapturing();
    this.#serviceLog.info(
      isAgain
        ? `Capturing on ${this.#interfaceName} again`
        : describeCapture(this.#settings, this.#interfaceName),
    );
    this.#isInterrupted = false;
  }

  #noteLost(reason: string): void {
    this.#isInterrupted = true;
    this.#serviceLog.warn(`${reason}; waiting until ${this.#interfaceName} is there again`);
  }

  #fail(error: HttplogError): void {
    this.#error ??= error;
    void this.stop();
  }

  #startWatches(): void {
    const name = this.#interfaceName;
    if (name !== 'any') {
      this.#endWatches.push(
        watchInterface(name, {
          onDown: () => this.#serviceLog.warn(`Interface ${name} is down; waiting until it is up`),
          onUp: () => this.#serviceLog.info(`Interface ${name} is up again`),
          onGone: () => this.#noteLost(`Interface ${name} has vanished`),
          onReplaced: () => this.#workers.reopen(),
        }),
        this.#retryWhileInterrupted(),
      );
    }
    if (this.#settings.localNetworks.length === 0) {
      this.#watchAddresses();
    }
    this.#watchLoss();
  }

  /** The engine gave up on the interface: it is opened anew as soon as it is up. */
  #retryWhileInterrupted(): () => void {
    const timer = setInterval(() => {
      if (this.#isInterrupted && isInterfaceUp(this.#interfaceName)) {
        this.#workers.reopen();
      }
    }, INTERFACE_WATCH_INTERVAL_MS);
    return () => clearInterval(timer);
  }

  /** Keeps the set of local addresses current: DHCP, failover and new tunnels change it at any time. */
  #watchAddresses(): void {
    let last = JSON.stringify(findLocalNetworks([]), toText);
    const timer = setInterval(() => {
      const networks = findLocalNetworks([]);
      const text = JSON.stringify(networks, toText);
      if (text !== last) {
        last = text;
        this.#serviceLog.info("This host's addresses have changed", { count: networks.length });
        this.#workers.tell({ kind: 'local-networks', networks });
      }
    }, INTERFACE_WATCH_INTERVAL_MS);
    this.#endWatches.push(() => clearInterval(timer));
  }

  /** Tells what was lost, each time that `-log_every` packets have passed and something new was. */
  #watchLoss(): void {
    const { logEvery } = this.#settings;
    if (logEvery === 0) {
      return;
    }
    let lastPackets = 0;
    const timer = setInterval(() => {
      const tally = this.tally();
      if (tally.kernelPackets - lastPackets >= logEvery) {
        lastPackets = tally.kernelPackets;
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
 * @throws HttplogError when the log cannot be written
 */
export async function startCapture(
  settings: Settings,
  interfaceName: string,
  serviceLog: ServiceLog,
): Promise<CaptureSession> {
  const writer = await openLogWriter(chooseOutput(settings), {
    policy: 'hold',
    events: {
      onFault: ({ message, hint }) => serviceLog.error(`${message}. ${hint}`),
      onRecovery: ({ path, secondsDown, failedTries }) =>
        serviceLog.info(`${path} is written again`, { secondsDown, failedTries }),
    },
  });
  return new CaptureSession(settings, interfaceName, serviceLog, writer);
}

export function chooseOutput({ outputPath, directory }: Settings): OutputTarget {
  if (outputPath === undefined) {
    return { kind: 'daily', directory };
  }
  return outputPath === '-' ? { kind: 'stdout' } : { kind: 'file', path: outputPath };
}

function createLivePipelineSettings(settings: Settings): PipelineSettings {
  return {
    // The kernel passes whole what it cannot follow (IPv6 extension headers): ports are looked at here too.
    ports: settings.filter === undefined ? settings.ports : 'any',
    methods: METHODS_DEFAULT,
    localNetworks: findLocalNetworks(settings.localNetworks),
    timezone: settings.timezone,
    isSplitByType: settings.splitByType && settings.outputPath === undefined,
    hasVlan: settings.addVlan,
    snaplenBytes: 0,
    framesMax: -1,
    isLossless: false,
  };
}

function createLiveCapture(settings: Settings, interfaceName: string): LiveCapture {
  return {
    engine: settings.engine,
    interfaceName,
    ports: settings.ports,
    filterExpression: settings.filter,
    snaplenBytes: settings.snaplen,
    ringBytes: settings.ringMegabytes * BYTES_PER_MEGABYTE,
    isPromiscuous: settings.promiscuous,
    fanoutGroup: settings.workers > 1 ? randomInt(FANOUT_GROUPS_COUNT) : undefined,
  };
}

function createPacketQuota(packetCountMax: number): Int32Array<SharedArrayBuffer> | undefined {
  if (packetCountMax < 0) {
    return undefined;
  }
  const quota = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  quota[0] = Math.min(packetCountMax, PACKET_QUOTA_MAX);
  return quota;
}

function describeCapture(settings: Settings, interfaceName: string): string {
  const workers = settings.workers === 1 ? '1 worker' : `${settings.workers} workers`;
  const what =
    settings.filter ??
    (settings.ports === 'any' ? 'any TCP port' : `port ${describePorts(settings.ports)}`);
  const where = settings.outputPath ?? settings.directory;
  return (
    `Capturing on ${interfaceName} (${what}; ${settings.engine}, ${workers},` +
    ` ${settings.ringMegabytes} MB ring), writing to ${where === '-' ? 'standard output' : where}`
  );
}

function describePorts(ranges: readonly { first: number; last: number }[]): string {
  return ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',');
}

/** Typed arrays as their bytes, so that two lists of networks compare as text. */
function toText(_key: string, value: unknown): unknown {
  return value instanceof Uint8Array
    ? Buffer.from(value).toString('hex')
    : (value as NetworkPrefix);
}
