/** What the tests of this room share: a directory a test, what a writer has told, a clock, a disk that fills. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe } from 'vitest';
import type { WriteFault, WriteRecovery } from '../../src/log/write-fault.ts';
import { waitUntil } from '../live/child-process.ts';
import { PATIENCE_MS } from '../patience.ts';
import {
  findReasonNotToMount,
  makeDirectory,
  mountSmallDisk,
  removeDirectory,
  unmountSmallDisk,
} from './small-disk.ts';

/** For a `close` that has all it needs. */
export const CLOSE_MS = 5000;
/** A deadline for what comes as soon as the machine gets round to it. */
export const WAIT_MS = PATIENCE_MS;

export interface LogScene {
  /** **Only within tests**, as all that follows; without a name the directory itself. */
  pathOf(name?: string): string;
  read(name: string): string;
  list(): string[];
  /** Told to `events`; emptied before each test. */
  readonly faults: WriteFault[];
  readonly recoveries: WriteRecovery[];
  readonly events: {
    onFault(fault: WriteFault): void;
    onRecovery(recovery: WriteRecovery): void;
  };
  /** Waits until as many faults have been told. */
  faultSeen(count?: number): Promise<void>;
}

/** Gives each test of this file an empty directory, and no faults. */
export function useLogScene(): LogScene {
  let directory = '';
  const faults: WriteFault[] = [];
  const recoveries: WriteRecovery[] = [];
  beforeEach(() => {
    directory = makeDirectory();
    faults.length = 0;
    recoveries.length = 0;
  });
  afterEach(() => removeDirectory(directory));
  return {
    pathOf: (name = '') => join(directory, name),
    read: (name) => readFileSync(join(directory, name), 'utf8'),
    list: () => readdirSync(directory).sort(),
    faults,
    recoveries,
    events: {
      onFault: (fault) => void faults.push(fault),
      onRecovery: (recovery) => void recoveries.push(recovery),
    },
    faultSeen: (count = 1) => waitUntil(`${count} faults`, () => faults.length >= count, WAIT_MS),
  };
}

/** Tests whose directory is a disk of 256 KiB; skipped, with the reason, where nothing can be mounted. */
export function describeOnSmallDisk(title: string, scene: LogScene, body: () => void): void {
  const reason = findReasonNotToMount();
  const why = reason === undefined ? '' : ` [skipped: ${reason}]`;
  describe.skipIf(reason !== undefined)(`${title}${why}`, () => {
    beforeEach(() => mountSmallDisk(scene.pathOf()));
    afterEach(() => unmountSmallDisk(scene.pathOf()));
    body();
  });
}

/** A clock that runs, and can be set ahead: the timers of this thread stay as they are. */
export function useClock(): { skip(milliseconds: number): void } {
  const now = performance.now.bind(performance);
  let skippedMs = 0;
  beforeEach(() => {
    skippedMs = 0;
    performance.now = () => now() + skippedMs;
  });
  afterEach(() => {
    performance.now = now;
  });
  return {
    skip(milliseconds) {
      skippedMs += milliseconds;
    },
  };
}
