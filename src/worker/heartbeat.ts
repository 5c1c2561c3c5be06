import { HEARTBEAT_INTERVAL_MS, HEARTBEAT_SILENCE_MAX_MS } from './limits.ts';

/** When a thread's event loop last had a turn: milliseconds of the machine's monotonic clock, in shared memory. */
export type Heartbeat = Float64Array<SharedArrayBuffer>;

/** Has beaten just now: a thread gets its time to start. */
export function createHeartbeat(): Heartbeat {
  const heartbeat = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  beat(heartbeat);
  return heartbeat;
}

/** Beats for the thread that calls this, as long as its event loop turns. Keeps no process alive. */
export function startHeartbeat(heartbeat: Heartbeat): void {
  setInterval(() => beat(heartbeat), HEARTBEAT_INTERVAL_MS).unref();
}

export function beat(heartbeat: Heartbeat): void {
  heartbeat[0] = monotonicMs();
}

/** False for a thread that is stuck in a loop or in a call, or has ended. */
export function isBeating(heartbeat: Heartbeat): boolean {
  return monotonicMs() - heartbeat[0] < HEARTBEAT_SILENCE_MAX_MS;
}

/** The same in all threads, unlike `performance.now`, and never set, unlike `Date.now`. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}
