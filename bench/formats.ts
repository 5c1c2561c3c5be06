/**
 * What each format costs: replay of one capture as a whole process, next to text lines of messages, in turn,
 * several rounds in one session.
 *
 *     node bench/formats.ts CAPTURE [--rounds 5] [--formats json,combined]
 *
 * `npm run bench -- --only offline --workloads site` leaves one in bench/.workloads. The ratios of one session are what to quote.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ownSettings } from '../test/live/own-settings.ts';
import { median, ratioOf } from './measure/statistics.ts';
import { type Run, timeCommand } from './measure/time-command.ts';
import { BYTES_PER_MEGABYTE } from './measure/units.ts';

const HTTPLOG = fileURLToPath(new URL('../bin/httplog', import.meta.url));
const FORMATS = 'json,ecs,otel,common,combined,combined-timed,audit,tsv';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    formats: { type: 'string', default: FORMATS },
  },
});
const [capture] = positionals;
if (capture === undefined) {
  console.error('usage: node bench/formats.ts CAPTURE [--rounds N] [--formats LIST]');
  process.exit(2);
}

const directory = mkdtempSync(join(tmpdir(), 'httplog-bench-'));
const output = join(directory, 'lines');
const replay = [HTTPLOG, ...ownSettings(['replay', capture, '-o', output])];
const candidates = new Map<string, string[]>([
  ['text messages', replay],
  ...values.formats
    .split(',')
    .map((format): [string, string[]] => [`${format} exchanges`, [...replay, '--format', format]]),
  ['json messages', [...replay, '--format', 'json', '--records', 'messages']],
]);

const runs = new Map<string, Run[]>([...candidates.keys()].map((name) => [name, []]));
const bytes = new Map<string, number>();
for (let round = -1; round < Number(values.rounds); round++) {
  for (const [name, command] of candidates) {
    rmSync(output, { force: true });
    const run = timeCommand(command);
    bytes.set(name, statSync(output).size);
    // The first round warms the page cache and is not counted.
    if (round >= 0) {
      runs.get(name)?.push(run);
    }
  }
}
rmSync(directory, { recursive: true });

console.log(`${capture}: ${(statSync(capture).size / 1e6).toFixed(0)} MB, ${values.rounds} rounds`);
const base = runs.get('text messages') ?? [];
console.table(
  [...runs].map(([name, results]) => ({
    candidate: name,
    'wall s': median(results.map((run) => run.wallSec)).toFixed(3),
    'CPU s': median(results.map((run) => run.cpuSec)).toFixed(3),
    'MB written': ((bytes.get(name) ?? 0) / BYTES_PER_MEGABYTE).toFixed(0),
    'it/text, wall': ratioTo(base, results, 'wallSec'),
    'it/text, CPU': ratioTo(base, results, 'cpuSec'),
  })),
);

function ratioTo(base: readonly Run[], runs: readonly Run[], figure: keyof Run): string {
  const figures = (list: readonly Run[]) => list.map((run) => run[figure]);
  return ratioOf(figures(runs), figures(base))?.median.toFixed(2) ?? '-';
}
