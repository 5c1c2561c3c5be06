/**
 * Whether httplog has become slower, in seconds and without rights: replays of built captures, their CPU time
 * divided by that of a fixed work in the same round, next to the ratios that are checked in. It prints the
 * difference and never fails because of it.
 *
 *     npm run bench:check [-- --write] [--rounds 3] [--copies 1000]
 *
 * `--write` puts what was measured into bench/check/baseline.json.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ownSettings } from '../test/live/own-settings.ts';
import { BUILT_CAPTURES, writeCopies } from './check/built-capture.ts';
import { compareRatios, type Ratios } from './check/compare.ts';
import { ratioOf } from './measure/statistics.ts';
import { type Command, timeCommand } from './measure/time-command.ts';

const HTTPLOG = fileURLToPath(new URL('../bin/httplog', import.meta.url));
const FIXED_WORK = fileURLToPath(new URL('check/fixed-work-main.ts', import.meta.url));
const BASELINE = fileURLToPath(new URL('check/baseline.json', import.meta.url));

const { values } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    copies: { type: 'string', default: '1000' },
  },
});

function measureRatios(folder: string): Ratios {
  const replay = (name: string, ...options: string[]): Command => [
    HTTPLOG,
    ...ownSettings(['replay', join(folder, name), '-o', join(folder, 'lines')]),
    // One worker: what the loop costs, and not how many threads share it.
    ...['-cpu', '1', ...options],
  ];
  const fixedWork = 'fixed work';
  const commands: Readonly<Record<string, Command>> = {
    [fixedWork]: [process.execPath, FIXED_WORK],
    site: replay('site'),
    'site as json': replay('site', '--format', 'json'),
    flood: replay('flood'),
  };
  const cpuSec: Record<string, number[]> = {};
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const [name, command] of Object.entries(commands)) {
      rmSync(join(folder, 'lines'), { force: true });
      cpuSec[name] = [...(cpuSec[name] ?? []), timeCommand(command).cpuSec];
    }
  }
  const ratios: Record<string, number> = {};
  for (const [name, figures] of Object.entries(cpuSec)) {
    const ratio = ratioOf(figures, cpuSec[fixedWork]);
    if (name !== fixedWork && ratio !== undefined) {
      ratios[name] = Number(ratio.median.toFixed(3));
    }
  }
  return ratios;
}

const folder = mkdtempSync(join(tmpdir(), 'httplog-check-'));
try {
  for (const [name, build] of Object.entries(BUILT_CAPTURES)) {
    writeCopies(join(folder, name), build(), Number(values.copies));
  }
  const ratios = measureRatios(folder);
  console.log(compareRatios(ratios, JSON.parse(readFileSync(BASELINE, 'utf8'))).join('\n'));
  if (values.write) {
    writeFileSync(BASELINE, `${JSON.stringify(ratios, undefined, 2)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
