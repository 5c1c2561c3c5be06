/**
 * Draws what `bench/soak.ts` saw: memory, open files and CPU over the time of a soak.
 *
 *     node bench/plot-soak.ts soak.json docs/performance/soak.svg
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { drawLineChart, type Series } from './report/line-chart.ts';
import type { SoakSample } from './soak/read-sample.ts';

const [reportPath, plotPath] = process.argv.slice(2);
if (plotPath === undefined) {
  throw new Error('usage: node bench/plot-soak.ts SOAK_JSON PLOT_SVG');
}
/** Samples between two points: more would be one thick line. */
const SAMPLES_PER_POINT = 9;
const MEGABYTE = 1024 * 1024;

const { samples }: { samples: readonly SoakSample[] } = JSON.parse(
  readFileSync(reportPath, 'utf8'),
);
const drawn = samples.filter((_, index) => index % SAMPLES_PER_POINT === 0);
const series: Series[] = [
  {
    name: 'memory, MB',
    points: pointsOf(({ residentBytes }) => residentBytes / MEGABYTE),
  },
  { name: 'open files', points: pointsOf(({ openFiles }) => openFiles) },
  { name: 'CPU, % of a core', points: cpuPoints() },
  { name: 'packets dropped', points: pointsOf(({ packetsDropped }) => packetsDropped) },
];
const svg = await drawLineChart({
  title: 'An hour at half load: rotation by size, zstd and retention on',
  x: { title: 'minutes', format: 'd' },
  y: { title: 'MB, files, per cent, packets', format: 'd' },
  series,
  names: series.map(({ name }) => name),
});
writeFileSync(plotPath, svg);

function pointsOf(figure: (sample: SoakSample) => number): [number, number][] {
  return drawn.map((sample) => [sample.elapsedSec / 60, figure(sample)]);
}

/** Between each point and the one before. */
function cpuPoints(): [number, number][] {
  return drawn.slice(1).map((sample, index) => {
    const before = drawn[index];
    const seconds = sample.elapsedSec - before.elapsedSec;
    return [sample.elapsedSec / 60, (100 * (sample.cpuSeconds - before.cpuSeconds)) / seconds];
  });
}
