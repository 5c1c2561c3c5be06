import { describeBridge } from './bridge.ts';
import { describeRename, isInterfaceUp, watchInterface } from './interface-watch.ts';
import { INTERFACE_WATCH_INTERVAL_MS } from './limits.ts';
import type { ServiceLog } from './service-log.ts';

/** The workers of a capture, as far as their interface goes. */
export interface InterfaceWorkers {
  /** What they have open is of an interface that is no more. */
  leaveInterface(): void;
  /** Those that do not capture open the interface anew. */
  reopen(): void;
}

/** Keeps a capture on its interface: waits for it, has it opened anew, and tells each change once. */
export class InterfaceKeeper {
  readonly #name: string;
  readonly #serviceLog: ServiceLog;
  readonly #workers: InterfaceWorkers;
  readonly #endWatches: (() => void)[] = [];
  #isInterrupted = false;
  #isDownTold = false;
  #isEnded = false;

  constructor(name: string, serviceLog: ServiceLog, workers: InterfaceWorkers) {
    this.#name = name;
    this.#serviceLog = serviceLog;
    this.#workers = workers;
    if (name === 'any') {
      return;
    }
    const bridge = describeBridge(name);
    if (bridge !== undefined) {
      serviceLog.warn(bridge);
    }
    if (!isInterfaceUp(name)) {
      this.#tellDown();
    }
    this.#endWatches.push(this.#watch(), this.#retryWhileInterrupted());
  }

  /** True while a worker is without the interface. */
  get isInterrupted(): boolean {
    return this.#isInterrupted;
  }

  /** A worker has lost the interface, or could not open it. */
  noteLost(reason: string): void {
    if (this.#isEnded) {
      return;
    }
    // Of one that is down or has vanished the watch may have told already.
    if (!this.#isInterrupted && !this.#isDownTold) {
      this.#serviceLog.warn(`${reason}; waiting until it is up again`);
      this.#isDownTold = true;
    }
    this.#isInterrupted = true;
  }

  /** Every worker captures. */
  noteCapturing(): void {
    this.#isInterrupted = false;
    this.#isDownTold = false;
  }

  /** From here on nothing is waited for, and nothing told. */
  end(): void {
    this.#isEnded = true;
    for (const endWatch of this.#endWatches) {
      endWatch();
    }
  }

  #watch(): () => void {
    const name = this.#name;
    return watchInterface(name, {
      onDown: () => this.#tellDown(),
      onUp: () => {
        this.#isDownTold = false;
        this.#serviceLog.info(`Interface ${name} is up again`);
      },
      onRenamed: (newName) => this.#serviceLog.warn(describeRename(name, newName)),
      onGone: () => {
        this.#serviceLog.warn(`Interface ${name} has vanished; waiting until it is up again`);
        this.#leave();
      },
      // What looks below opens it anew, once.
      onReplaced: () => this.#leave(),
    });
  }

  #tellDown(): void {
    if (!this.#isDownTold) {
      this.#isDownTold = true;
      this.#serviceLog.warn(`Interface ${this.#name} is down; waiting until it is up`);
    }
  }

  #leave(): void {
    this.#isInterrupted = true;
    this.#workers.leaveInterface();
  }

  /** A worker is without the interface: it is opened anew as soon as it is up. */
  #retryWhileInterrupted(): () => void {
    const timer = setInterval(() => {
      if (this.#isInterrupted && isInterfaceUp(this.#name)) {
        this.#workers.reopen();
      }
    }, INTERFACE_WATCH_INTERVAL_MS);
    return () => clearInterval(timer);
  }
}
