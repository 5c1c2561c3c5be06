import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { PATIENCE_MS } from '../patience.ts';
import { waitUntil } from './child-process.ts';
import { type HttplogProcess, startHttplog } from './httplog-process.ts';
import { makeLogDirectory, removeLogDirectory } from './log-lines.ts';

/**
 * Where a decode worker can be held: before its thread does anything, before it binds its socket and joins its
 * fanout group, before it waits for packets, and before libpcap's last look at an interface that is gone. `throw` is
 * no hold: it fails when it next waits for packets; with `refuse` it gets no memory for a filter.
 */
export type HoldPoint = 'start' | 'bind' | 'fanout' | 'poll' | 'drain' | 'throw' | 'refuse';

/** A daemon whose decode workers can be held, see hold-worker.ts. */
export interface HeldDaemon {
  httplog: HttplogProcess;
  /** Resolves when that worker is held. */
  hold(point: HoldPoint, index: number): Promise<void>;
  /** The order alone, which the worker comes to later. */
  order(point: HoldPoint, index: number): void;
  waitUntilHeld(point: HoldPoint, index: number): Promise<void>;
  release(point: HoldPoint, index: number): void;
}

const HOLD_WORKER = new URL('hold-worker.ts', import.meta.url).href;
const ENTRY = fileURLToPath(new URL('../../src/cli/httplog.ts', import.meta.url));
const WAIT_MS = PATIENCE_MS;

/** Starts httplog as `bin/httplog` does, and ends it with the test. */
export async function startHeldDaemon(
  args: readonly string[],
  options: { namespace: string; ready?: RegExp; orders?: readonly [HoldPoint, number][] },
): Promise<HeldDaemon> {
  const directory = makeLogDirectory();
  onTestFinished(() => removeLogDirectory(directory));
  const pathOf = (point: HoldPoint, index: number) => join(directory, `${point}-${index}`);
  const heldPathOf = (point: HoldPoint, index: number) => join(directory, `held-${point}-${index}`);
  const order = (point: HoldPoint, index: number) => {
    rmSync(heldPathOf(point, index), { force: true });
    writeFileSync(pathOf(point, index), '');
  };
  const waitUntilHeld = (point: HoldPoint, index: number) =>
    waitUntil(
      `worker ${index} is held at ${point}`,
      () => existsSync(heldPathOf(point, index)),
      WAIT_MS,
    );
  for (const [point, index] of options.orders ?? []) {
    order(point, index);
  }
  const { namespace, ready } = options;
  const httplog = await startHttplog({
    program: process.execPath,
    args: ['--disable-sigusr1', '--import', HOLD_WORKER, ENTRY, ...args],
    env: { HOLD_WORKER_DIRECTORY: directory },
    namespace,
    readyTimeoutMs: WAIT_MS,
    ...(ready !== undefined && { ready }),
  });
  onTestFinished(async () => void (await httplog.stop()));
  return {
    httplog,
    order,
    waitUntilHeld,
    hold: (point, index) => {
      order(point, index);
      return waitUntilHeld(point, index);
    },
    release: (point, index) => rmSync(pathOf(point, index), { force: true }),
  };
}
