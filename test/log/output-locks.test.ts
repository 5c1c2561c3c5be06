import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findLockHolder, refuseLockedOutputs } from '../../src/log/lock-places.ts';
import { lockOutputs } from '../../src/log/output-locks.ts';
import type { OutputPlan } from '../../src/plan/output-plan.ts';
import {
  findReasonNotToMount,
  makeDirectory,
  mountSmallDisk,
  removeDirectory,
  unmountSmallDisk,
} from './small-disk.ts';

const noMount = findReasonNotToMount();
let directory = '';
beforeEach(() => {
  directory = makeDirectory();
});
afterEach(() => removeDirectory(directory));

const settings = {
  format: 'text',
  template: undefined,
  records: 'messages',
  isSplitByType: false,
} as const;
const daily = (suffix = 'log'): OutputPlan => ({
  settings,
  target: { kind: 'lines', target: { kind: 'daily', directory, suffix } },
});
const file = (path: string): OutputPlan => ({
  settings,
  target: { kind: 'lines', target: { kind: 'file', path } },
});
const database = (path: string): OutputPlan => ({
  settings,
  target: { kind: 'sqlite', target: { path } },
});
const unwarned = (text: string): never => expect.fail(text);
const lockNameOf = (name: string): string => join(directory, name);

describe('lockOutputs', () => {
  test('a lock is held until it is released, and leaves nothing behind', () => {
    const locks = lockOutputs([daily(), file(join(directory, 'out'))], unwarned);
    expect(readdirSync(directory)).toEqual(['.http-log.lock', '.out.lock']);
    expect(findLockHolder(lockNameOf('.http-log.lock'))).toBe(process.pid);
    for (const plan of [daily(), file(join(directory, 'out'))]) {
      expect(() => lockOutputs([plan], unwarned)).toThrow(
        `Another httplog, pid ${process.pid}, writes to`,
      );
      expect(() => refuseLockedOutputs([plan])).toThrow(/writes to/);
    }
    locks.release();
    expect(readdirSync(directory)).toEqual([]);
    lockOutputs([daily()], unwarned).release();
  });

  test('the locks before one that is refused are given back', () => {
    const locks = lockOutputs([daily('json')], unwarned);
    expect(() => lockOutputs([daily(), daily('json')], unwarned)).toThrow(/\*\.json/);
    expect(readdirSync(directory)).toEqual(['.http-json.lock']);
    locks.release();
  });

  test('what others write to at once has no lock', () => {
    const stdout: OutputPlan = { settings, target: { kind: 'lines', target: { kind: 'stdout' } } };
    lockOutputs([stdout, file('/dev/null')], unwarned).release();
    lockOutputs([stdout, file('/dev/null')], unwarned).release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test('rows of a replay may join those of a daemon, lines may not', () => {
    const path = join(directory, 'out');
    const locks = lockOutputs([database(path)], unwarned);
    expect(() => lockOutputs([database(path)], unwarned)).toThrow(/writes to/);
    refuseLockedOutputs([database(path)]);
    expect(() => refuseLockedOutputs([file(path)])).toThrow(/writes to/);
    locks.release();
  });

  test('a file that only looks like a lock keeps nobody away', () => {
    writeFileSync(lockNameOf('.http-log.lock'), '1\n');
    refuseLockedOutputs([daily()]);
    lockOutputs([daily()], unwarned).release();
  });

  test.skipIf(noMount)('where no lock can be made a warning says so, and it goes on', () => {
    mountSmallDisk(directory, '256k,nr_inodes=1');
    try {
      const warnings: string[] = [];
      lockOutputs([daily()], (text) => warnings.push(text)).release();
      expect(warnings).toEqual([
        `Cannot lock daily files *.log in ${directory}: no space left on device (ENOSPC)` +
          '; a second httplog that writes there would not be noticed',
      ]);
    } finally {
      unmountSmallDisk(directory);
    }
  });
});
