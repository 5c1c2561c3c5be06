/**
 * Loaded into every thread with `--import`: breaks a decode worker in the way that is named in a file, once.
 * Fails as real defects would: in the middle of the loop, in a callback, for want of memory, by the thread's end.
 */
import { readFileSync, unlinkSync } from 'node:fs';
import { isMainThread, workerData } from 'node:worker_threads';

const WATCH_INTERVAL_MS = 20;
const path = process.env.BREAK_WORKER_FILE;

if (path !== undefined && !isMainThread && workerData?.capture !== undefined) {
  setInterval(() => breakAsTold(path), WATCH_INTERVAL_MS).unref();
}

function breakAsTold(file: string): void {
  let how: string;
  try {
    how = readFileSync(file, 'utf8');
    // Another worker may have taken it.
    unlinkSync(file);
  } catch {
    return;
  }
  if (how === 'callback') {
    throw new Error('thrown in a callback');
  }
  if (how === 'exit') {
    process.exit(7);
  }
  if (how === 'stuck') {
    for (;;) {}
  }
  if (how === 'memory') {
    const hoard: unknown[] = [];
    for (;;) {
      hoard.push(new Array(100_000).fill(hoard.length));
    }
  }
  breakLoop();
}

/** The worker asks for the time once a turn of its loop. */
function breakLoop(): void {
  const { now } = performance;
  performance.now = () => {
    performance.now = now;
    throw new TypeError('thrown in the loop');
  };
}
