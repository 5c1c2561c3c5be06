/**
 * Replay of one large capture by several workers next to one, as whole processes, in turn, several rounds.
 *
 *     node bench/parallel.ts CAPTURE [--workers 2] [--rounds 5]
 *
 * `npm run bench -- --only offline --workloads site` leaves captures in `bench/.workloads`; one should be of a
 * gigabyte or more, so that the start of a process does not count for much. Workers beyond the machine's idle cores show nothing.
 */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ownSettings } from '../test/live/own-settings.ts';
import { median, ratioOf } from './measure/statistics.ts';
import { type Run, timeCommand } from './measure/time-command.ts';

const HTTPLOG = fileURLToPath(new URL('../bin/httplog', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
  },
});
const [capture] = positionals;
if (capture === undefined) {
  console.error('usage: node bench/parallel.ts CAPTURE [--workers N] [--rounds N]');
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'httplog-bench-'));
const candidates = ['1', values.workers].map((workers) => ({
  workers,
  output: join(directory, workers),
  runs: [] as Run[],
}));
for (let round = -1; round < Number(values.rounds); round++) {
  for (const { workers, output, runs } of candidates) {
    rmSync(output, { force: true });
    const run = timeCommand([
      HTTPLOG,
      ...ownSettings(['replay', capture, '-cpu', workers, '-o', output]),
    ]);
    // The first round warms the page cache and is not counted.
    if (round >= 0) {
      runs.push(run);
    }
  }
}
const [one, several] = candidates;
const isSame = readFileSync(one.output).equals(readFileSync(several.output));
rmSync(directory, { recursive: true });

const load = loadavg().map((average) => average.toFixed(1));
console.log(`${capture}: ${(statSync(capture).size / 1e6).toFixed(0)} MB, ${values.rounds} rounds`);
console.log(`load ${load.join(' ')}; the lines are ${isSame ? '' : 'NOT '}the same`);
console.table(
  candidates.map(({ workers, runs }) => ({
    workers,
    'wall s': median(runs.map(({ wallSec }) => wallSec)).toFixed(3),
    'CPU s': median(runs.map(({ cpuSec }) => cpuSec)).toFixed(3),
    'it/one, wall': ratioToOne(runs, ({ wallSec }) => wallSec),
    'it/one, CPU': ratioToOne(runs, ({ cpuSec }) => cpuSec),
  })),
);
process.exitCode = isSame ? 0 : 1;

function ratioToOne(runs: readonly Run[], figure: (run: Run) => number): string | undefined {
  return ratioOf(runs.map(figure), one.runs.map(figure))?.median.toFixed(2);
}
