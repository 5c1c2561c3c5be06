import type { LiveResult } from '../measure/live.ts';
import type { OfflineResult } from '../measure/offline.ts';
import { median, spreadOf } from '../measure/statistics.ts';
import type { Run } from '../measure/time-command.ts';
import { BYTES_PER_MEGABYTE, KB_PER_MEBIBYTE } from '../measure/units.ts';
import {
  carriedByRound,
  lostShare,
  offlineRatio,
  packetCostUs,
  peakMemoryKb,
  pointsByLoad,
  stepsByLoad,
} from './figures.ts';
import { type Cell, markdownTable, showNumber, showSpread } from './markdown.ts';
import type { Report, WorkloadNote } from './report.ts';
import { isMet, TARGETS } from './targets.ts';

/** Of httplog's name alone: its other forms are compared with it like peers. */
const OURS = 'httplog';

export function targetTable(report: Report): string {
  const verdict = { true: 'yes', false: '**no**', undefined: 'not measured' };
  return markdownTable(
    ['', 'wanted', 'measured', 'met'],
    TARGETS.map((target) => [
      target.what,
      `at ${target.bound} ${target.limit}${target.unit === undefined ? '' : ` ${target.unit}`}`,
      showSpread(target.measure(report), 2),
      verdict[`${isMet(target, report)}`],
    ]),
  );
}

export function candidateTable({ candidates, missing }: Report): string {
  return markdownTable(
    ['candidate', 'version', 'what it does'],
    [
      ...candidates.map(({ name, version, does }) => [name, version, does]),
      ...Object.entries(missing).map(([name, reason]) => [name, '**missing**', reason]),
    ],
  );
}

/** One row a candidate. */
export function offlineTable(results: readonly OfflineResult[], workload: WorkloadNote): string {
  const rows = results.filter(
    ({ runs, ...one }) => one.workload === workload.name && runs.length > 0,
  );
  return markdownTable(
    [
      ...['candidate', 'wall s', 'CPU s', 'peak MB', 'MB/s', 'packets/s', 'messages/s', 'messages'],
      `${OURS}/it, wall`,
    ],
    rows.map((result) => offlineRow(result, workload, results)),
  );
}

function offlineRow(
  { candidate, runs, messages }: OfflineResult,
  workload: WorkloadNote,
  results: readonly OfflineResult[],
): Cell[] {
  const figures = (figure: keyof Run) => runs.map((run) => run[figure]);
  const wallSec = median(figures('wallSec'));
  const againstIt = offlineRatio(results, workload.name, OURS, candidate, 'wallSec');
  return [
    candidate,
    showSpread(spreadOf(figures('wallSec')), 2),
    showSpread(spreadOf(figures('cpuSec')), 2),
    showNumber(median(figures('peakMemoryKb')) / KB_PER_MEBIBYTE),
    showNumber(workload.bytes / BYTES_PER_MEGABYTE / wallSec),
    showNumber(workload.packets / wallSec),
    messages === undefined ? undefined : showNumber(messages / wallSec),
    messages === undefined ? undefined : showNumber(messages),
    candidate === OURS ? undefined : showSpread(againstIt, 2),
  ];
}

/** A sentence for each candidate that has failed in a workload. */
export function failureLines(
  results: readonly { workload: string; candidate: string; failure?: string }[],
  workload: string,
): string[] {
  return results
    .filter((one) => one.workload === workload && one.failure !== undefined)
    .map(({ candidate, failure }) => `${candidate} **failed**: ${failure}.`);
}

/** One row a candidate. */
export function liveTable(results: readonly LiveResult[], workload: string): string {
  const rows = results.filter((result) => result.workload === workload && result.rounds.length > 0);
  return markdownTable(
    [
      ...[
        'candidate',
        'packets/s without loss',
        'sender’s rate at most',
        'lost at the highest load',
      ],
      ...['CPU s per million packets, lowest load', 'highest load without loss', 'peak MB'],
    ],
    rows.map(liveRow),
  );
}

function liveRow(result: LiveResult): Cell[] {
  const steps = result.rounds.flat();
  const carried = carriedByRound(result);
  const lowest = [...stepsByLoad(result).values()][0];
  const best = result.rounds.flatMap((round, index) =>
    round.filter(({ sentPerSec }) => sentPerSec === carried[index]),
  );
  const last = pointsByLoad(result, lostShare).at(-1)?.[1];
  return [
    result.candidate,
    showSpread(spreadOf(carried), 0),
    showNumber(Math.max(...steps.map(({ sentPerSec }) => sentPerSec))),
    last === undefined ? undefined : `${showNumber(100 * last, 1)} %`,
    showSpread(spreadOf(lowest.map(packetCostUs)), 2),
    best.length === 0 ? undefined : showSpread(spreadOf(best.map(packetCostUs)), 2),
    showNumber((peakMemoryKb(result)?.median ?? 0) / KB_PER_MEBIBYTE),
  ];
}

/** How the busiest threads share the work: workers of one socket group each get their flows. */
export function workerTable(results: readonly LiveResult[]): string {
  return markdownTable(
    ['workload, workers', 'packets/s without loss', 'CPU s per million packets', 'busiest threads'],
    results.map((result) => {
      const steps = [...stepsByLoad(result).values()].at(-1) ?? [];
      const threads = steps[0]?.threadsCpuSec ?? [];
      const sum = threads.reduce((total, cpuSec) => total + cpuSec, 0);
      return [
        `${result.workload}, ${result.candidate}`,
        showSpread(spreadOf(carriedByRound(result)), 0),
        showSpread(spreadOf(steps.map(packetCostUs)), 2),
        threads.map((cpuSec) => `${showNumber((100 * cpuSec) / sum)} %`).join(', '),
      ];
    }),
  );
}

export function machineText({ machine, offline, live, scale }: Report): string {
  const parts = Object.entries({ offline, live, scale })
    .filter(([, part]) => part !== undefined)
    .map(([name, part]) => `${name} ${part?.startedAt.slice(0, 10)}`);
  const memory = showNumber(machine.memoryBytes / 2 ** 30);
  return (
    `${machine.cpu}, ${machine.cores} cores${machine.isVirtual ? ' of a virtual machine' : ''}, ` +
    `${memory} GiB, Linux ${machine.kernel}, ${machine.system}, Node ${machine.node}; ` +
    `measured: ${parts.join(', ')}.`
  );
}
