import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { LiveStep } from '../../bench/measure/live-step.ts';
import { liveCostRatio } from '../../bench/report/figures.ts';
import { needsOfLinks } from '../../bench/report/links.ts';
import { markdownTable, showSpread } from '../../bench/report/markdown.ts';
import type { Report } from '../../bench/report/report.ts';
import { isMet, TARGETS } from '../../bench/report/targets.ts';
import { readReport, writeReport } from '../../bench/report/write-report.ts';

function step(offeredPerSec: number, cpuSec: number, drops: number): LiveStep {
  return {
    ...{ offeredPerSec, sentPerSec: offeredPerSec, packets: 1000, refusals: 0, cpuSec, drops },
    ...{ threadsCpuSec: [cpuSec], peakMemoryKb: 100 * 1024 },
  };
}

function runs(...wallSecs: number[]) {
  return wallSecs.map((wallSec) => ({ wallSec, cpuSec: wallSec, peakMemoryKb: 2048 }));
}

const LADDER = { firstPerSec: 100, factor: 2, lastPerSec: 400, refinements: 0 };
const REPORT: Report = {
  machine: {
    ...{ cpu: 'A CPU', cores: 2, memoryBytes: 2 ** 30, kernel: '6.1', system: 'Debian' },
    ...{ node: 'v24', isVirtual: true },
  },
  candidates: ['httplog', 'httpry', 'tcpdump'].map((name) => ({
    ...{ name, version: '1.0', does: `what ${name} does`, parsesHttp: name !== 'tcpdump' },
  })),
  missing: { tshark: 'no tshark installed' },
  workloads: [{ name: 'site', packets: 1000, bytes: 1_000_000 }],
  offline: {
    ...{ startedAt: '2026-01-02T03:04:05Z', rounds: 2 },
    results: [
      { workload: 'site', candidate: 'httplog', messages: 500, runs: runs(1, 1.2) },
      { workload: 'site', candidate: 'httpry', messages: 500, runs: runs(5, 6) },
      { workload: 'site', candidate: 'tcpdump', runs: runs(0.5, 0.5) },
      { workload: 'site', candidate: 'ngrep', runs: [], failure: 'ngrep ended with 3' },
    ],
  },
  live: {
    startedAt: '2026-01-02T03:04:05Z',
    settings: { rounds: 1, seconds: 1, ringMegabytes: 8, ladder: LADDER },
    results: [
      {
        ...{ workload: 'site', candidate: 'httplog' },
        rounds: [[step(100, 0.2, 0), step(200, 0.1, 0), step(400, 0.1, 0)]],
      },
      {
        ...{ workload: 'site', candidate: 'httpry' },
        rounds: [[step(100, 0.4, 0), step(200, 0.5, 0), step(400, 0.1, 9)]],
      },
    ],
  },
};

test('markdownTable: figures to the right, what is not known as a dash', () => {
  expect(
    markdownTable(
      ['name', 'figure'],
      [
        ['a', '1.5 (1..2)'],
        ['b', undefined],
      ],
    ),
  ).toBe('| name | figure |\n| --- | ---: |\n| a | 1.5 (1..2) |\n| b | - |');
});

test('showSpread: median and both ends', () => {
  expect(showSpread({ median: 1234.5, min: 0.25, max: 2000 }, 1)).toBe('1,234.5 (0.3..2,000.0)');
  expect(showSpread(undefined, 1)).toBeUndefined();
});

test('liveCostRatio: at the highest load that both carried, not where one had less to do', () => {
  expect(liveCostRatio(REPORT.live?.results, 'site', 'httplog', 'httpry')?.median).toBeCloseTo(0.2);
});

test('targets: met, missed, and not measured', () => {
  const verdicts = Object.fromEntries(TARGETS.map((one) => [one.what, isMet(one, REPORT)]));
  expect(verdicts['offline `site`, wall, against httpry']).toBe(true);
  expect(verdicts['offline `site`, wall, against tcpdump, which parses nothing']).toBe(false);
  expect(verdicts['offline `flood`, wall, against tcpdump likewise']).toBeUndefined();
  expect(verdicts['live `site`, load without loss, against the best peer that parses HTTP']).toBe(
    true,
  );
  expect(verdicts['peak memory, live `site`, with an 8 MB ring']).toBe(true);
});

test('needsOfLinks: packets with what is between them on the wire, workers that are not full', () => {
  // 10 Gbit/s of frames of 976 bytes and 24 around each: 1.25 million a second, 1.25 cores at 1 us.
  const [ten, , hundred] = needsOfLinks(976, 1);
  expect(ten).toEqual({
    linkGbit: 10,
    packetsPerSec: 1_250_000,
    workers: 2,
    memoryGBytesPerSec: 2.44,
  });
  expect(hundred.workers).toBe(18);
});

test('writeReport: JSON that is read again, Markdown that names what is missing, plots that it shows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'httplog-report-'));
  try {
    await writeReport(folder, REPORT);
    expect(readReport(folder)).toEqual(REPORT);
    expect(readdirSync(folder)).toEqual(['loss.svg', 'results.json', 'results.md']);
    const markdown = readFileSync(join(folder, 'results.md'), 'utf8');
    expect(markdown).toContain('| tshark | **missing** | no tshark installed |');
    expect(markdown).toContain('| httpry | 5.50 (5.00..6.00) |');
    expect(markdown).toContain('ngrep **failed**: ngrep ended with 3.');
    expect(markdown).toContain('](loss.svg)');
    const svg = readFileSync(join(folder, 'loss.svg'), 'utf8');
    expect(svg).toMatch(/^<svg /);
    expect(svg).toContain('>httpry</text>');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
