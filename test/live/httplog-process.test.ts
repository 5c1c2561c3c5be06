import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runHttplog, startHttplog } from './httplog-process.ts';

/** Stands in for the daemon: says that it is ready, and ends orderly on SIGTERM. */
const STAND_IN = `#!/bin/sh
echo "arguments: $*; device: \${HTTPLOG_DEVICE-unset}; port: \${HTTPLOG_PORT-unset}"
[ "$1" = run ] || exit 2
trap 'echo summary >&2; exit 0' TERM
echo "capturing on lo" >&2
while :; do sleep 0.05; done
`;

describe('the handle on a httplog process', () => {
  let folder: string;
  let program: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'httplog-stand-in-'));
    program = join(folder, 'httplog');
    writeFileSync(program, STAND_IN);
    chmodSync(program, 0o755);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('start waits for the ready line, end gives code, output and usage', async () => {
    const httplog = await startHttplog({ program, args: ['run'], ready: /capturing on \S+/ });
    expect(httplog.stderr()).toContain('capturing on lo');
    expect(httplog.usage().peakMemoryKb).toBeGreaterThan(100);
    const exit = await httplog.end();
    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(exit.stderr).toContain('summary');
    expect(exit.usage.peakMemoryKb).toBeGreaterThan(100);
    expect((await httplog.stop()).code).toBe(0);
  });

  test('a process that ends before it is ready is an error with what it said', async () => {
    const args = ['wrong'];
    await expect(startHttplog({ program, args, ready: /capturing/ })).rejects.toThrow(
      /ended \(2\).*arguments: wrong/s,
    );
  });

  test('run gives the exit code of a process that ends by itself', async () => {
    expect(await runHttplog(['wrong'], { program })).toMatchObject({ code: 2 });
  });

  test('a process that does not end in time is an error, and is gone after it', async () => {
    await expect(runHttplog(['run'], { program, timeoutMs: 200 })).rejects.toThrow(
      'still runs after 200 ms',
    );
  });

  test('the environment holds the HTTPLOG_ variables of the test and no others', async () => {
    process.env.HTTPLOG_PORT = '8080';
    try {
      const exit = await runHttplog(['x'], { program, env: { HTTPLOG_DEVICE: 'lo' } });
      expect(exit.stdout).toContain('device: lo; port: unset');
    } finally {
      delete process.env.HTTPLOG_PORT;
    }
  });
});
