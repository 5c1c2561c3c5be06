import { readFileSync } from 'node:fs';
import { ProcessMetrics } from '../src/admin/metrics-process.ts';
import type { Metric } from '../src/admin/metrics-text.ts';
import { collectMetrics } from '../src/admin/service.ts';
import { readVersion } from '../src/admin/version.ts';
import { createCounters } from '../src/counters/counters.ts';
import { createUpkeepCounters, createWriterCounters } from '../src/counters/writer-counts.ts';
import { renderTable } from './markdown-table.ts';

const BEGIN = '<!-- metrics: made by node scripts/generate-conf.ts -->';
const END = '<!-- end of metrics -->';

/** docs/metrics.md with its table of metrics as they are. */
export function renderMetricsPage(): string {
  const page = readFileSync(new URL('../docs/metrics.md', import.meta.url), 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) {
    throw new Error(`docs/metrics.md has no lines ${BEGIN} and ${END}`);
  }
  return `${page.slice(0, begin)}${BEGIN}\n\n${renderMetricsTable()}\n\n${page.slice(end)}`;
}

function renderMetricsTable(): string {
  const metrics = collectAll();
  return renderTable(
    ['metric', 'type', 'what it counts'],
    metrics.map((metric) => [
      `\`${metric.name}${renderLabels(metric)}\``,
      metric.type,
      describe(metric),
    ]),
  );
}

/** Of a capture in which nothing has happened. */
function collectAll(): Metric[] {
  const ofProcess = new ProcessMetrics(readVersion());
  try {
    return collectMetrics(
      {
        interfaceName: '',
        isCapturing: true,
        counters: createCounters(),
        writer: createWriterCounters(),
        upkeep: createUpkeepCounters(),
        pendingBatches: 0,
        failingPaths: [],
        redactionNames: ['email'],
        workersCount: 1,
        areWorkersAlive: true,
      },
      [],
      ofProcess,
    );
  } finally {
    ofProcess.close();
  }
}

function renderLabels({ type, samples }: Metric): string {
  const names = type === 'histogram' ? [] : (samples[0]?.labels ?? []).map(([name]) => name);
  return names.length === 0 ? '' : `{${names.join(',')}}`;
}

function describe({ help, note, samples, type }: Metric): string {
  const values = samples.flatMap(({ labels = [] }) => labels.map(([, value]) => `\`${value}\``));
  const isShortList = type !== 'histogram' && samples.length > 1 && values.length <= 7;
  const parts = [help, ...(note === undefined ? [] : [note])];
  return isShortList && note === undefined ? `${help}: ${values.join(', ')}` : parts.join('; ');
}
