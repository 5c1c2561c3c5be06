import { FAULT_REPORT_INTERVAL_MS } from './limits.ts';
import { createWriteFault, type WriteFault, type WriteRecovery } from './write-fault.ts';

/** Who is told about faults and their end; what it says to the operator is not decided here. */
export interface OutageListener {
  onFault(fault: WriteFault): void;
  onRecovery(recovery: WriteRecovery): void;
}

/** The time in which one file cannot be written, from the first failed try on. */
export class Outage {
  readonly #path: string;
  readonly #listener: OutageListener;
  readonly #startedAtMs: number;
  #reportedAtMs = Number.NEGATIVE_INFINITY;
  #failedTries = 0;

  /** @param startedAtMs by `performance.now()`: of the first try, where that did not fail at once */
  constructor(path: string, listener: OutageListener, startedAtMs = performance.now()) {
    this.#path = path;
    this.#listener = listener;
    this.#startedAtMs = startedAtMs;
  }

  /** Told at its beginning, and again at most once in the interval while it lasts. */
  noteFailedTry(error: unknown): void {
    const nowMs = performance.now();
    this.#failedTries += 1;
    if (nowMs - this.#reportedAtMs >= FAULT_REPORT_INTERVAL_MS) {
      this.#reportedAtMs = nowMs;
      this.#listener.onFault(createWriteFault(this.#path, error));
    }
  }

  end(): void {
    this.#listener.onRecovery({
      path: this.#path,
      secondsDown: (performance.now() - this.#startedAtMs) / 1000,
      failedTries: this.#failedTries,
    });
  }
}
