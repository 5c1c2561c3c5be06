/**
 * Replay of one capture as a whole process, next to peers, in turn, several rounds in one session.
 *
 *     node bench/offline.ts CAPTURE [--rounds 5]
 *
 * `node bench/record-site.ts CAPTURE` makes a capture. Peers that are not installed are named, not left out
 * in silence. Machines are noisy: the ratios of one session are what to quote.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median, type Run, ratio, timeCommand } from './time-command.ts';

const HTTPLOG = fileURLToPath(new URL('../bin/httplog', import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' } },
});
const [capture] = positionals;
if (capture === undefined) {
  console.error('usage: node bench/offline.ts CAPTURE [--rounds N]');
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'httplog-bench-'));
const output = join(directory, 'lines');
const candidates: Record<string, string[]> = {
  httplog: [HTTPLOG, 'replay', capture, '-o', output],
  httpry: ['httpry', '-r', capture, '-o', output],
  // Onto standard output, which is thrown away: run by root it would give /dev/null another owner.
  tcpdump: ['tcpdump', '-r', capture, '-w', '-'],
};

const runs = new Map<string, Run[]>();
for (const [name, command] of Object.entries(candidates)) {
  if (spawnSync('sh', ['-c', `command -v "${command[0]}"`]).status === 0) {
    runs.set(name, []);
  } else {
    console.log(`${name} is not installed and is left out`);
  }
}
for (let round = -1; round < Number(values.rounds); round++) {
  for (const [name, results] of runs) {
    rmSync(output, { force: true });
    const run = timeCommand(candidates[name]);
    // The first round warms the page cache and is not counted.
    if (round >= 0) {
      results.push(run);
    }
  }
}
rmSync(directory, { recursive: true });

console.log(`${capture}: ${(statSync(capture).size / 1e6).toFixed(0)} MB, ${values.rounds} rounds`);
const base = runs.get('httplog') ?? [];
console.table(
  [...runs].map(([name, results]) => ({
    candidate: name,
    'wall s': median(results.map((run) => run.wall)).toFixed(3),
    'CPU s': median(results.map((run) => run.cpu)).toFixed(3),
    'httplog/it, wall': ratio(base, results, 'wall'),
    'httplog/it, CPU': ratio(base, results, 'cpu'),
  })),
);
