import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type LogWriter, type LogWriterOptions, openLogWriter } from '../../src/log/log-writer.ts';
import type { WriteFault } from '../../src/log/write-fault.ts';
import { joinText, makeBatches, sumLines } from './line-batches.ts';
import { makeDirectory, removeDirectory } from './small-disk.ts';

const CLOSE_MS = 5000;

let directory = '';
let path = '';
let faults: WriteFault[] = [];
beforeEach(() => {
  directory = makeDirectory();
  path = join(directory, 'pipe');
  execFileSync('mkfifo', [path]);
  faults = [];
});
afterEach(() => removeDirectory(directory));

function open(policy: LogWriterOptions['policy']): Promise<LogWriter> {
  return openLogWriter(
    { kind: 'file', path },
    { policy, retryIntervalMs: 20, events: { onFault: (fault) => faults.push(fault) } },
  );
}

describe('LogWriter: a named pipe with -o', () => {
  test('without a reader it is a fault, and a slow reader then gets every line', async () => {
    const writer = await open('hold');
    const batches = makeBatches(60);
    const appends = batches.map((batch) => writer.append(batch));
    await vi.waitFor(() => expect(faults).not.toEqual([]));
    expect(faults[0].errorName).toBe('ENXIO');
    const copy = join(directory, 'copy');
    const reader = spawn('bash', [
      '-c',
      `{ sleep 0.2; dd bs=5000 status=none; } < ${path} > ${copy}`,
    ]);
    const ended = new Promise((resolve) => reader.once('close', resolve));
    await Promise.all(appends);
    await writer.close(CLOSE_MS);
    await ended;
    expect(readFileSync(copy, 'utf8')).toBe(joinText(batches));
    expect(writer.counters).toMatchObject({ linesWritten: sumLines(batches), linesDropped: 0 });
  });

  test('a reader that takes nothing does not hold up the close', async () => {
    const reader = spawn('bash', ['-c', `exec sleep 60 < ${path}`]);
    const writer = await open('hold');
    const batches = makeBatches(60);
    const appends = batches.map((batch) => writer.append(batch));
    await sleep(200);
    const startMs = performance.now();
    await writer.close(100);
    expect(performance.now() - startMs).toBeLessThan(500);
    reader.kill();
    const { linesWritten, linesDropped } = writer.counters;
    expect(linesWritten).toBeGreaterThan(0);
    expect(linesDropped).toBeGreaterThan(0);
    expect(linesWritten + linesDropped).toBe(sumLines(batches));
    expect(await Promise.all(appends)).toHaveLength(batches.length);
  });

  test('with fail a reader that leaves is HTTPLOG_OUTPUT_CLOSED', async () => {
    const reader = spawn('bash', ['-c', `head -n 1 < ${path}`]);
    await sleep(100);
    const writer = await open('fail');
    const settled = await Promise.allSettled(makeBatches(60).map((batch) => writer.append(batch)));
    expect(settled.at(-1)).toMatchObject({
      reason: { code: 'HTTPLOG_OUTPUT_CLOSED', exitCode: 0 },
    });
    await writer.close(CLOSE_MS);
    reader.kill();
  });
});
