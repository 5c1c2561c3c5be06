import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { createHeartbeat, type Heartbeat, isBeating } from '../../src/worker/heartbeat.ts';
import { HEARTBEAT_SILENCE_MAX_MS } from '../../src/worker/limits.ts';
import { waitUntil } from '../live/child-process.ts';
import { PATIENCE_MS } from '../patience.ts';

const MODULE = new URL('../../src/worker/heartbeat.ts', import.meta.url).href;

/** A thread that beats until its event loop is stopped by a message. */
async function startThread(heartbeat: Heartbeat): Promise<Worker> {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(${JSON.stringify(MODULE)}).then(({ startHeartbeat }) => {
      startHeartbeat(workerData);
      parentPort.on('message', () => {
        parentPort.postMessage('is stuck');
        for (;;) {}
      });
      parentPort.postMessage('runs');
    });`;
  const thread = new Worker(code, { eval: true, workerData: heartbeat });
  onTestFinished(async () => void (await thread.terminate()));
  await once(thread, 'message');
  return thread;
}

test('a heartbeat beats at first, and for as long as nothing is known', () => {
  const heartbeat = createHeartbeat();
  expect(isBeating(heartbeat)).toBe(true);
  heartbeat[0] -= HEARTBEAT_SILENCE_MAX_MS;
  expect(isBeating(heartbeat)).toBe(false);
});

test('a thread beats in the clock of all threads, until it is stuck', async () => {
  const heartbeat = createHeartbeat();
  heartbeat[0] = 0;
  expect(isBeating(heartbeat)).toBe(false);
  const thread = await startThread(heartbeat);
  await waitUntil('a beat', () => isBeating(heartbeat), PATIENCE_MS);
  const first = heartbeat[0];
  await waitUntil('another beat', () => heartbeat[0] > first, PATIENCE_MS);
  const isStuck = once(thread, 'message');
  thread.postMessage('be stuck');
  await isStuck;
  // As if it had been silent for so long; a thread that began later has its turns meanwhile.
  heartbeat[0] -= HEARTBEAT_SILENCE_MAX_MS;
  const stuckAt = heartbeat[0];
  const other = createHeartbeat();
  await startThread(other);
  for (let beats = 0; beats < 3; beats++) {
    const last = other[0];
    await waitUntil('a beat of the other', () => other[0] > last, PATIENCE_MS);
  }
  expect(isBeating(heartbeat)).toBe(false);
  expect(heartbeat[0]).toBe(stuckAt);
});
