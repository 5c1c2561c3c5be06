import { REPEATED_SIGNAL_MS } from './limits.ts';

/** What a running capture does on signals. None of these throws. */
export interface SignalActions {
  /** The first SIGTERM or SIGINT. */
  stop(signal: NodeJS.Signals): void;
  /** The second one: ends the process here and now. */
  abandon(signal: NodeJS.Signals): void;
  /** SIGHUP */
  reload(): void;
  /** SIGUSR1 */
  reopen(): void;
  /** SIGUSR2 */
  tellStatistics(): void;
}

/**
 * The signals of a live capture, listened to from before there is one: without a listener SIGHUP and SIGUSR2
 * end the process, and SIGUSR1 makes Node open its debugger, unless bin/httplog has it blocked until there is a
 * capture. What comes before `begin` asks for nothing that the start does not do anyway. SIGTERM and SIGINT end
 * a start at once, as they end any program.
 */
export class RunSignals {
  #actions: SignalActions | undefined;
  #stoppedAtMs: number | undefined;

  constructor() {
    process.on('SIGHUP', () => this.#actions?.reload());
    process.on('SIGUSR1', () => this.#actions?.reopen());
    process.on('SIGUSR2', () => this.#actions?.tellStatistics());
  }

  begin(actions: SignalActions): void {
    this.#actions = actions;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => this.#stop(signal));
    }
  }

  /** Signals mean nothing any more: everything is written, the process is about to end by itself. */
  end(): void {
    this.#actions = undefined;
  }

  #stop(signal: NodeJS.Signals): void {
    const actions = this.#actions;
    if (actions === undefined) {
      return;
    }
    const nowMs = performance.now();
    if (this.#stoppedAtMs === undefined) {
      this.#stoppedAtMs = nowMs;
      actions.stop(signal);
    } else if (nowMs - this.#stoppedAtMs >= REPEATED_SIGNAL_MS) {
      actions.abandon(signal);
    }
  }
}
