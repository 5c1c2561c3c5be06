import { getSystemErrorMessage } from 'node:util';
import type { CaptureSnapshot } from '../admin/capture-snapshot.ts';
import { countLinesDropped } from '../admin/summary.ts';
import { COUNTER_KERNEL_DROPS, COUNTER_KERNEL_PACKETS } from '../counters/counter-table.ts';
import { sendDatagram, UNIX_ADDRESS_BYTES_MAX } from '../system/datagram.ts';
import { isInterfaceUp } from './interface-watch.ts';
import { SYSTEMD_NOTIFY_INTERVAL_MS } from './limits.ts';

/** What is told of a capture. */
type CaptureState = Pick<
  CaptureSnapshot,
  'interfaceName' | 'isCapturing' | 'areWorkersAlive' | 'counters' | 'writer'
>;

/** The capture that is told about. */
export interface NotifiedCapture {
  /** Resolves when packets flow for the first time. */
  readonly capturing: Promise<void>;
  snapshot(): CaptureState;
}

/** What systemd sets for a service; not meant for what the service starts. */
const VARIABLES = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;
/** The path of a socket, or `@` and an abstract name. */
const ADDRESS = /^[/@]./;
const MICROSECONDS = /^[1-9]\d{0,15}$/;

/**
 * Tells systemd, or what else listens at NOTIFY_SOCKET, how the daemon is: ready, reloading, stopping, its
 * state in a line, and that it is alive. Nothing that fails here ends or delays the daemon.
 *
 * @see sd_notify(3), sd_watchdog_enabled(3)
 */
export class SystemdNotifier {
  readonly #address: string;
  /** Undefined when no watchdog watches. */
  readonly #watchdogMs: number | undefined;
  readonly #warn: (text: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #isReady = false;
  #isStopping = false;
  #isStuck = false;
  #isFailing = false;
  #lastStatus = '';

  constructor(address: string, watchdogMs: number | undefined, warn: (text: string) => void) {
    this.#address = address;
    this.#watchdogMs = watchdogMs;
    this.#warn = warn;
  }

  /** Feeds the watchdog while all decode workers go on; the event loop of this thread shows for itself. */
  follow(capture: NotifiedCapture): void {
    const look = () => this.#look(capture.snapshot());
    // Half of what the watchdog waits, as sd_watchdog_enabled(3) advises, or more often.
    const intervalMs = Math.min(SYSTEMD_NOTIFY_INTERVAL_MS, (this.#watchdogMs ?? Infinity) / 2);
    this.#timer = setInterval(look, intervalMs).unref();
    void capture.capturing.then(look);
    look();
  }

  /** From here until `reloaded` the service is being reloaded. */
  reloading(): void {
    if (this.#isReady) {
      this.#send('RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
    }
  }

  reloaded(): void {
    if (this.#isReady && !this.#isStopping) {
      this.#send('READY=1');
    }
  }

  /** What is captured is still to be written; the watchdog is fed meanwhile, though the workers end. */
  stopping(): void {
    this.#isStopping = true;
    this.#send('STOPPING=1', 'STATUS=Writing what was captured');
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(capture: CaptureState): void {
    if (!this.#isStopping) {
      this.#tellState(capture);
    }
    if (this.#watchdogMs !== undefined && (capture.areWorkersAlive || this.#isStopping)) {
      this.#send('WATCHDOG=1');
    }
  }

  #tellState(capture: CaptureState): void {
    const isWaiting = isInterfaceAway(capture.interfaceName);
    // An interface may come up an hour later: to wait for it is all that a start has to do.
    if (!this.#isReady && (capture.isCapturing || isWaiting)) {
      this.#isReady = this.#send('READY=1');
    }
    const status = describeState(capture, isWaiting);
    if (this.#isReady && status !== this.#lastStatus) {
      this.#lastStatus = status;
      this.#send(`STATUS=${status}`);
    }
    if (!capture.areWorkersAlive && !this.#isStuck) {
      this.#warn("A decode worker is stuck: systemd's watchdog is not told that httplog is alive");
    }
    this.#isStuck = !capture.areWorkersAlive;
  }

  /** Gives true when it was sent. What fails is told once, until something is sent again. */
  #send(...assignments: string[]): boolean {
    const error = sendDatagram(this.#address, assignments.join('\n'));
    if (error !== 0 && !this.#isFailing) {
      this.#warn(
        `Cannot tell systemd at NOTIFY_SOCKET ${this.#address}: ${getSystemErrorMessage(-error)}`,
      );
    }
    this.#isFailing = error !== 0;
    return error === 0;
  }
}

/**
 * The notifier that the environment asks for, or undefined where nobody listens.
 *
 * @param environment of this process; what is meant for it alone is taken out
 */
export function openSystemdNotifier(
  environment: NodeJS.ProcessEnv,
  warn: (text: string) => void,
): SystemdNotifier | undefined {
  const { NOTIFY_SOCKET: address, WATCHDOG_USEC, WATCHDOG_PID } = environment;
  for (const name of VARIABLES) {
    delete environment[name];
  }
  if (!address) {
    return undefined;
  }
  if (!ADDRESS.test(address) || Buffer.byteLength(address) > UNIX_ADDRESS_BYTES_MAX) {
    warn(
      `NOTIFY_SOCKET ${address} is neither an absolute path nor @ and a name` +
        `, of ${UNIX_ADDRESS_BYTES_MAX} bytes at most: systemd is told nothing`,
    );
    return undefined;
  }
  const isOurs = WATCHDOG_PID === undefined || WATCHDOG_PID === `${process.pid}`;
  const isWatched = isOurs && MICROSECONDS.test(WATCHDOG_USEC ?? '');
  return new SystemdNotifier(address, isWatched ? Number(WATCHDOG_USEC) / 1000 : undefined, warn);
}

function isInterfaceAway(name: string): boolean {
  return name !== 'any' && !isInterfaceUp(name);
}

function describeState(capture: CaptureState, isWaiting: boolean): string {
  const { counters, writer } = capture;
  const capturing = capture.isCapturing ? 'Capturing on' : 'Not capturing on';
  const state = isWaiting ? 'Waiting for interface' : capturing;
  return (
    `${capture.areWorkersAlive ? '' : 'A decode worker is stuck. '}${state} ${capture.interfaceName}: ` +
    `${counters[COUNTER_KERNEL_PACKETS]} packets, ${counters[COUNTER_KERNEL_DROPS]} dropped by the kernel; ` +
    `${writer.linesWritten} lines written, ${countLinesDropped(capture)} dropped`
  );
}
