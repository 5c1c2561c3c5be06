import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWorkload, WORKLOADS } from '../workloads/workloads.ts';
import { linkTable } from './links.ts';
import { markdownTable, showNumber } from './markdown.ts';
import { drawPlots } from './plots.ts';
import type { Report, WorkloadNote } from './report.ts';
import {
  candidateTable,
  failureLines,
  liveTable,
  machineText,
  offlineTable,
  targetTable,
  workerTable,
} from './tables.ts';

const JSON_NAME = 'results.json';
const MARKDOWN_NAME = 'results.md';

/** What an earlier run has left, so that parts can be measured one at a time. */
export function readReport(folder: string): Partial<Report> {
  const path = join(folder, JSON_NAME);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

/** Kept after each part: a run of hours must not lose them all. */
export function writeJson(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, JSON_NAME), `${JSON.stringify(report, undefined, 1)}\n`);
}

/** JSON, Markdown and SVG. */
export async function writeReport(folder: string, report: Report): Promise<void> {
  writeJson(folder, report);
  const plots = await drawPlots(report);
  for (const { fileName, svg } of plots) {
    writeFileSync(join(folder, fileName), svg);
  }
  writeFileSync(join(folder, MARKDOWN_NAME), `${describeReport(report, plots).join('\n\n')}\n`);
}

function describeReport(
  report: Report,
  plots: readonly { fileName: string; about: string }[],
): string[] {
  return [
    '# Results',
    'Written by `npm run bench`; what is measured, and how: [README.md](README.md).',
    machineText(report),
    '## Targets',
    'Medians over the rounds of httplog’s figure divided by the peer’s in the same round (lowest..highest).',
    targetTable(report),
    '## Candidates',
    candidateTable(report),
    '## Workloads',
    workloadTable(report),
    ...plots.map(({ fileName, about }) => `![${about}](${fileName})`),
    ...describeOffline(report),
    ...describeLive(report),
    ...describeScale(report),
  ];
}

function workloadTable(report: Report): string {
  return markdownTable(
    ['workload', 'packets', 'bytes a packet', 'what it is'],
    sortWorkloads(report).map(({ name, packets, bytes }) => [
      `\`${name}\``,
      showNumber(packets),
      showNumber(bytes / packets),
      describeWorkload(name),
    ]),
  );
}

/** In the order of their description, whenever they were measured; those that carry a number last. */
function sortWorkloads({ workloads }: Report): WorkloadNote[] {
  const order = Object.keys(WORKLOADS);
  const named = order.flatMap((name) => workloads.filter((one) => one.name === name));
  return [...named, ...workloads.filter(({ name }) => !order.includes(name))];
}

function describeOffline(report: Report): string[] {
  const { offline } = report;
  if (offline === undefined) {
    return [];
  }
  const measured = sortWorkloads(report).filter(({ name }) =>
    offline.results.some(({ workload }) => workload === name),
  );
  return [
    '## Offline',
    `Whole processes that read a capture, in turn; rounds: ${offline.rounds}. Median (lowest..highest).`,
    ...measured.flatMap((workload) => [
      `### ${workload.name}`,
      offlineTable(offline.results, workload),
      ...failureLines(offline.results, workload.name),
    ]),
  ];
}

function describeLive({ live }: Report): string[] {
  if (live === undefined) {
    return [];
  }
  const { rounds, seconds, ringMegabytes } = live.settings;
  return [
    '## Live',
    `Frames sent over a veth pair for ${seconds} s at each load, upwards until something is lost, rings of ` +
      `${ringMegabytes} MB where they can be chosen; rounds: ${rounds}, of other workloads than \`site\` one. Median (lowest..highest).`,
    ...[...new Set(live.results.map(({ workload }) => workload))].flatMap((workload) => [
      `### ${workload}, live`,
      liveTable(live.results, workload),
      ...failureLines(live.results, workload),
    ]),
  ];
}

function describeLinks(report: Report): string[] {
  const table = linkTable(report);
  return table === undefined ? [] : ['### What a link needs', table];
}

function describeScale(report: Report): string[] {
  const { scale, offline, workloads } = report;
  if (scale === undefined) {
    return [];
  }
  const site = workloads.find(({ name }) => name === 'site');
  const ofWorkers = (offline?.results ?? []).filter(({ candidate }) =>
    ['httplog-1', 'httplog-2'].includes(candidate),
  );
  return [
    '## Scale',
    'What it means for larger machines: [scale.md](scale.md).',
    ...(site === undefined || ofWorkers.length === 0
      ? []
      : ['### One capture, one and two workers', offlineTable(ofWorkers, site)]),
    ...(scale.live.length === 0 ? [] : ['### Live, one and two workers', workerTable(scale.live)]),
    ...describeLinks(report),
  ];
}
