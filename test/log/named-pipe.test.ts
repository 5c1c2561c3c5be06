import { execFileSync, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type LogWriter, type LogWriterOptions, openLogWriter } from '../../src/log/log-writer.ts';
import { waitUntil } from '../live/child-process.ts';
import { joinText, makeBatches, sumLines } from './line-batches.ts';
import { CLOSE_MS, useLogScene, WAIT_MS } from './scene.ts';

const scene = useLogScene();
let path = '';
beforeEach(() => {
  path = scene.pathOf('pipe');
  execFileSync('mkfifo', [path]);
});

function open(policy: LogWriterOptions['policy']): Promise<LogWriter> {
  return openLogWriter(
    { kind: 'file', path },
    { policy, retryIntervalMs: 20, events: scene.events },
  );
}

/** Until somebody reads it, a pipe cannot be opened without waiting. */
async function waitForReader(): Promise<void> {
  const hasReader = (): boolean => {
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      onTestFinished(() => closeSync(fd));
      return true;
    } catch {
      return false;
    }
  };
  await waitUntil('a reader', hasReader, WAIT_MS);
}

describe('LogWriter: a named pipe with -o', () => {
  test('without a reader it is a fault, and a slow reader then gets every line', async () => {
    const writer = await open('hold');
    const batches = makeBatches(60);
    const appends = batches.map((batch) => writer.append(batch));
    await scene.faultSeen();
    expect(scene.faults[0].errorName).toBe('ENXIO');
    const copy = scene.pathOf('copy');
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
    // For longer than this test may take: a close that waited for it would never end.
    const reader = spawn('bash', ['-c', `exec sleep 3600 < ${path}`]);
    onTestFinished(() => void reader.kill());
    await waitForReader();
    const writer = await open('hold');
    const batches = makeBatches(60);
    const appends = batches.map((batch) => writer.append(batch));
    await waitUntil('a full pipe', () => writer.counters.linesWritten > 0, WAIT_MS);
    await writer.close(100);
    expect(reader.exitCode ?? reader.signalCode, 'the reader is still there').toBe(null);
    const { linesWritten, linesDropped } = writer.counters;
    expect(linesWritten).toBeGreaterThan(0);
    expect(linesDropped).toBeGreaterThan(0);
    expect(linesWritten + linesDropped).toBe(sumLines(batches));
    expect(await Promise.all(appends)).toHaveLength(batches.length);
  });

  test('with fail a reader that leaves is HTTPLOG_OUTPUT_CLOSED', async () => {
    const reader = spawn('bash', ['-c', `head -n 1 < ${path}`]);
    await waitForReader();
    const writer = await open('fail');
    const settled = await Promise.allSettled(makeBatches(60).map((batch) => writer.append(batch)));
    expect(settled.at(-1)).toMatchObject({
      reason: { code: 'HTTPLOG_OUTPUT_CLOSED', exitCode: 0 },
    });
    await writer.close(CLOSE_MS);
    reader.kill();
  });
});
