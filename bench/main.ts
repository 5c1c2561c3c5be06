/**
 * httplog beside its peers, measured side by side: offline, live and at scale. Writes JSON, Markdown and SVG to
 * docs/performance; docs/performance/README.md says how to read them.
 *
 *     npm run bench -- [--quick] [--only offline|live|scale|report] [--rounds N] ...
 *
 * Needs root for namespaces, live capture and the installation of what is missing.
 */
import { mkdirSync } from 'node:fs';
import { canMakeNamespaces } from '../test/live/requirements.ts';
import { type LiveResult, measureLive } from './measure/live.ts';
import { measureOffline, type OfflineResult } from './measure/offline.ts';
import { type BenchOptions, readOptions, USAGE } from './options.ts';
import type { Candidate } from './peers/candidate.ts';
import { CANDIDATES } from './peers/candidates.ts';
import { findCandidates, readVersion } from './peers/install.ts';
import { describeMachine } from './report/machine.ts';
import type { CandidateNote, Report } from './report/report.ts';
import { readReport, writeJson, writeReport } from './report/write-report.ts';
import { provideWorkload, type Workload } from './workloads/workloads.ts';

/** Two workers are compared with one, live, on many flows and on a single one; of a capture offline. */
const WORKER_CANDIDATES = ['httplog', 'httplog-2'];
const WORKER_WORKLOADS = ['wide', 'elephant'];
/** Candidates whose cost against header size and number of flows is plotted. */
const COST_CANDIDATES = ['httplog-1', 'httpry', 'gopacket', 'tcpdump'];
const COST_WORKLOADS = [
  ...[100, 250, 500, 1000, 1400].map((bytes) => `header-${bytes}`),
  ...[32, 1_000, 10_000, 100_000].map((flows) => `flows-${flows}`),
];
/** Live, `site` decides and is swept in all rounds; the other workloads are swept once. */
const DECISIVE_WORKLOAD = 'site';
/** With one connection there is nothing that peers do otherwise. */
const SCALE_ONLY_WORKLOADS = ['elephant'];

/** What whoever runs the bench can do something about: no stack says more than its sentence. */
class BenchRefusal extends Error {}

async function runBench(options: BenchOptions): Promise<void> {
  makeFolder(options.outFolder);
  const earlier = readReport(options.outFolder);
  const isMeasured = options.parts.some((part) => part !== 'report');
  if (!isMeasured) {
    if (earlier.machine === undefined) {
      throw new BenchRefusal(`Nothing has been measured yet in ${options.outFolder}`);
    }
    await writeReport(options.outFolder, earlier as Report);
    return;
  }
  const reason = canMakeNamespaces();
  if (reason !== undefined) {
    throw new BenchRefusal(`The bench cannot make its namespaces: ${reason}`);
  }
  const chosen = CANDIDATES.filter(({ name }) => options.candidates.includes(name));
  const { candidates, missing } = findCandidates(chosen);
  const report: Report = {
    workloads: [],
    ...earlier,
    machine: describeMachine(),
    candidates: noteCandidates(earlier.candidates ?? [], candidates),
    missing,
  };
  const measure = { offline: runOffline, live: runLive, scale: runScale, report: async () => {} };
  for (const part of options.parts) {
    await measure[part](options, candidates, report);
    writeJson(options.outFolder, report);
  }
  await writeReport(options.outFolder, report);
  console.log(`Written to ${options.outFolder}`);
}

/** At once: nobody wants to learn after hours that the results cannot be written. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new BenchRefusal(`${path} is no place for results: ${(error as Error).message}`);
  }
}

/** Those of this run, and those of earlier ones that it leaves out, in the order of the report. */
function noteCandidates(
  earlier: readonly CandidateNote[],
  candidates: readonly Candidate[],
): CandidateNote[] {
  const notes = candidates.map((candidate) => ({
    name: candidate.name,
    version: readVersion(candidate),
    does: candidate.does,
    parsesHttp: candidate.parsesHttp,
  }));
  return CANDIDATES.flatMap(
    ({ name }) => [...notes, ...earlier].find((note) => note.name === name) ?? [],
  );
}

async function runOffline(
  options: BenchOptions,
  candidates: readonly Candidate[],
  report: Report,
): Promise<void> {
  const { rounds } = options;
  const results = keepOthers(report.offline?.results, options);
  report.offline = { startedAt: new Date().toISOString(), rounds, results };
  for (const workload of await provideAll(options, report)) {
    results.push(...measureOffline(workload, candidates, rounds));
    writeJson(options.outFolder, report);
  }
}

async function runLive(
  options: BenchOptions,
  candidates: readonly Candidate[],
  report: Report,
): Promise<void> {
  const settings = options.live;
  const results = keepOthers(report.live?.results, options);
  report.live = { startedAt: new Date().toISOString(), settings, results };
  for (const name of without(options.workloads, ...SCALE_ONLY_WORKLOADS)) {
    const workload = await provideLive(name, options);
    const rounds = name === DECISIVE_WORKLOAD ? settings.rounds : 1;
    const listeners = without(candidates, 'httplog-2');
    results.push(...(await measureLive(workload, listeners, { ...settings, rounds })));
    writeJson(options.outFolder, report);
  }
}

async function runScale(
  options: BenchOptions,
  candidates: readonly Candidate[],
  report: Report,
): Promise<void> {
  const { rounds, live: settings } = options;
  const of = (names: readonly string[]) => candidates.filter(({ name }) => names.includes(name));
  const results: OfflineResult[] = [];
  const live: LiveResult[] = [];
  report.scale = { startedAt: new Date().toISOString(), rounds, results, live, settings };
  for (const name of COST_WORKLOADS) {
    const workload = await provide(name, options.offlinePackets, options, report);
    results.push(...measureOffline(workload, of(COST_CANDIDATES), rounds));
    writeJson(options.outFolder, report);
  }
  for (const name of WORKER_WORKLOADS) {
    const workload = await provideLive(name, options);
    live.push(...(await measureLive(workload, of(WORKER_CANDIDATES), settings)));
    writeJson(options.outFolder, report);
  }
}

/** Workloads that this run measures take the place of what was there; a workload is never of two runs. */
function keepOthers<Result extends { workload: string }>(
  earlier: readonly Result[] | undefined,
  { workloads }: BenchOptions,
): Result[] {
  return (earlier ?? []).filter(({ workload }) => !workloads.includes(workload));
}

async function provideAll(options: BenchOptions, report: Report): Promise<Workload[]> {
  const workloads: Workload[] = [];
  for (const name of without(options.workloads, ...SCALE_ONLY_WORKLOADS)) {
    workloads.push(await provide(name, options.offlinePackets, options, report));
  }
  return workloads;
}

/** A workload, noted in the report in the place of what was measured of it before. */
async function provide(
  name: string,
  packets: number,
  { workloadFolder }: BenchOptions,
  report: Report,
): Promise<Workload> {
  const workload = await provideWorkload(name, { folder: workloadFolder, packets });
  const note = { name, packets: workload.packets, bytes: workload.bytes };
  report.workloads = [...report.workloads.filter((one) => one.name !== name), note];
  return workload;
}

function provideLive(
  name: string,
  { workloadFolder, livePackets }: BenchOptions,
): Promise<Workload> {
  return provideWorkload(name, { folder: workloadFolder, packets: livePackets });
}

function without<One extends string | Candidate>(
  list: readonly One[],
  ...names: readonly string[]
): One[] {
  return list.filter((one) => !names.includes(typeof one === 'string' ? one : one.name));
}

let options: BenchOptions | undefined;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exitCode = 2;
}
if (options !== undefined) {
  try {
    await runBench(options);
  } catch (error) {
    console.error(error instanceof BenchRefusal ? error.message : error);
    process.exitCode = 1;
  }
}
