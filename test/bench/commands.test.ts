import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { compareRatios } from '../../bench/check/compare.ts';
import { timeCommand } from '../../bench/measure/time-command.ts';
import { readOptions } from '../../bench/options.ts';
import { runCommand } from '../live/child-process.ts';

const CHECK = fileURLToPath(new URL('../../bench/check.ts', import.meta.url));
const CHECK_TIMEOUT_MS = 120_000;

describe('timeCommand', () => {
  test('gives the time and keeps the output', () => {
    const folder = mkdtempSync(join(tmpdir(), 'httplog-time-'));
    try {
      const output = join(folder, 'output');
      const run = timeCommand(['sh', '-c', 'echo said; echo complained >&2; sleep 0.2'], output);
      expect(readFileSync(output, 'utf8')).toBe('said\n');
      expect(run.wallSec).toBeGreaterThanOrEqual(0.2);
      expect(run.cpuSec).toBeLessThanOrEqual(run.wallSec);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('throws with what a failed command said, unless it may end so', () => {
    const command = ['sh', '-c', 'echo no such luck >&2; exit 3'];
    expect(() => timeCommand(command)).toThrow(/ended with 3: no such luck/);
    expect(() => timeCommand(command, '/dev/null', [0, 3])).not.toThrow();
  });
});

describe('readOptions', () => {
  test('a quick run is small, and keeps away from the figures that are checked in', () => {
    const { rounds, offlinePackets, outFolder } = readOptions(['--quick']);
    expect({ rounds, offlinePackets }).toEqual({ rounds: 1, offlinePackets: 10_000 });
    expect(outFolder).not.toContain('docs');
    expect(readOptions([]).outFolder).toMatch(/docs\/performance$/);
  });

  test.each([
    [['--only', 'everything'], /--only does not know everything: choose of offline, live/],
    [['--workloads', 'site,sight'], /--workloads does not know sight/],
    [['--candidates', 'wget'], /--candidates does not know wget/],
    [['--rounds', '0'], /--rounds is a whole number from 1 up, not 0/],
    [['--fast'], /Unknown option '--fast'/],
  ])('%s is refused', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});

describe('the check of CI', () => {
  test('compareRatios: one sentence a case, with the difference', () => {
    expect(compareRatios({ site: 1.1, new: 2 }, { site: 1 })).toEqual([
      'site: 1.10 of the fixed work, checked in 1.00, +10 %',
      'new: 2.00 of the fixed work, none checked in',
    ]);
  });

  test(
    'runs and prints a ratio for every case that is checked in',
    async () => {
      const args = [CHECK, '--rounds', '1', '--copies', '20'];
      const { code, stdout, stderr } = await runCommand(process.execPath, args, {
        timeoutMs: CHECK_TIMEOUT_MS,
      });
      expect(stderr).toBe('');
      expect(code).toBe(0);
      const sentence = /^(site|site as json|flood): \d+\.\d\d of the fixed work, checked in /;
      const lines = stdout.trim().split('\n');
      expect(lines).toHaveLength(3);
      for (const line of lines) {
        expect(line).toMatch(sentence);
      }
    },
    CHECK_TIMEOUT_MS,
  );
});
