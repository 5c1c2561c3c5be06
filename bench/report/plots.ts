import type { LiveResult } from '../measure/live.ts';
import type { OfflineResult } from '../measure/offline.ts';
import { median } from '../measure/statistics.ts';
import { NANOSECONDS_PER_SECOND } from '../measure/units.ts';
import { CANDIDATES } from '../peers/candidates.ts';
import { findResult, lostShare, type Point, packetCostUs, pointsByLoad } from './figures.ts';
import { drawLineChart, type LineChart, type Series } from './line-chart.ts';
import type { Report } from './report.ts';

/** A plot of `docs/performance`, and what can be read off it. */
interface Plot {
  fileName: string;
  about: string;
  chart(report: Report): Omit<LineChart, 'names'>;
}

const PACKETS_AXIS = { title: 'packets a second, offered', isLogarithmic: true };
const CPU_AXIS = { title: 'CPU microseconds a packet', isLogarithmic: true };

const PLOTS: readonly Plot[] = [
  {
    fileName: 'loss.svg',
    about:
      'What is lost of the workload `site` as the load grows: a line that leaves zero has lost.',
    chart: ({ live }) => ({
      title: 'Live, site: what is lost',
      x: PACKETS_AXIS,
      y: { title: 'messages lost (tcpdump: packets)', format: '.0%' },
      series: liveSeries(live?.results, 'site', lostShare),
    }),
  },
  {
    fileName: 'cost-packets.svg',
    about: 'Cost against packet rate, live, workload `flood`: packets that are no HTTP.',
    chart: ({ live }) => ({
      title: 'Live, flood: CPU time a packet',
      x: PACKETS_AXIS,
      y: CPU_AXIS,
      series: liveSeries(live?.results, 'flood', packetCostUs),
    }),
  },
  {
    fileName: 'cost-messages.svg',
    about: 'Cost against message rate, live, workload `api`: nearly every packet begins a message.',
    chart: ({ live }) => ({
      title: 'Live, api: cores in use',
      x: { title: 'messages a second, offered', isLogarithmic: true },
      y: { title: 'cores', isLogarithmic: true },
      series: liveSeries(live?.results, 'api', coresUsed, messagesShare),
    }),
  },
  {
    fileName: 'cost-header.svg',
    about: 'Cost against the size of a request’s head, offline.',
    chart: (report) => ({
      title: 'Offline: CPU time a message',
      x: { title: 'bytes of a request’s head', format: 'd' },
      y: { title: 'CPU nanoseconds a message', format: '~s' },
      series: argumentSeries(report, 'header', ({ messages }) => messages),
    }),
  },
  {
    fileName: 'cost-flows.svg',
    about: 'Cost against the number of flows, offline, the packets of `site`.',
    chart: (report) => ({
      title: 'Offline, site: CPU time a packet',
      x: { title: 'flows', isLogarithmic: true },
      y: { title: 'CPU nanoseconds a packet', format: '~s' },
      series: argumentSeries(
        report,
        'flows',
        ({ workload }) => report.workloads.find(({ name }) => name === workload)?.packets,
      ),
    }),
  },
];

/** The plots that there are figures for. */
export async function drawPlots(
  report: Report,
): Promise<{ fileName: string; about: string; svg: string }[]> {
  const drawn = [];
  for (const { fileName, about, chart } of PLOTS) {
    const names = CANDIDATES.map(({ name }) => name);
    const { series, ...rest } = chart(report);
    const lines = series
      .map((one) => withoutHoles(one, rest))
      .filter(({ points }) => points.length > 0);
    if (lines.length > 0) {
      drawn.push({ fileName, about, svg: await drawLineChart({ ...rest, names, series: lines }) });
    }
  }
  return drawn;
}

/** A logarithmic axis has no place for zero: what used less than a clock tick, or found no message. */
function withoutHoles({ name, points }: Series, { x, y }: Pick<LineChart, 'x' | 'y'>): Series {
  const isShown = ([pointX, pointY]: Point) =>
    (pointX > 0 || x.isLogarithmic !== true) && (pointY > 0 || y.isLogarithmic !== true);
  return { name, points: points.filter(isShown) };
}

function liveSeries(
  results: readonly LiveResult[] | undefined,
  workload: string,
  figure: Parameters<typeof pointsByLoad>[1],
  unitsPerPacket: (result: LiveResult) => number = () => 1,
): Series[] {
  return (results ?? [])
    .filter((result) => result.workload === workload && result.rounds.length > 0)
    .map((result) => ({
      name: result.candidate,
      points: pointsByLoad(result, figure).map(
        ([load, value]): Point => [load * unitsPerPacket(result), value],
      ),
    }));
}

function coresUsed({ cpuSec, packets, sentPerSec }: LiveResult['rounds'][0][0]): number {
  return (cpuSec * sentPerSec) / packets;
}

/** Of a workload without messages, and of a candidate that writes none, there is no point. */
function messagesShare({ rounds }: LiveResult): number {
  const [step] = rounds.flat();
  return (step.messages?.expected ?? 0) / step.packets;
}

/** The workloads `KIND-NUMBER` in the order of their numbers, one line a candidate. */
function argumentSeries(
  { scale }: Report,
  kind: string,
  unitsOf: (result: OfflineResult) => number | undefined,
): Series[] {
  const results = scale?.results.filter(({ workload }) => workload.startsWith(`${kind}-`)) ?? [];
  const workloads = [...new Set(results.map(({ workload }) => workload))];
  const candidates = [...new Set(results.map(({ candidate }) => candidate))];
  const point = (workload: string, candidate: string): Point[] => {
    const result = findResult(results, workload, candidate);
    const units = result && unitsOf(result);
    return result === undefined || units === undefined || units === 0
      ? []
      : [[argumentOf(workload), (median(cpuOf(result)) * NANOSECONDS_PER_SECOND) / units]];
  };
  return candidates.map((name) => ({
    name,
    points: workloads
      .flatMap((workload) => point(workload, name))
      .toSorted(([first], [second]) => first - second),
  }));
}

function cpuOf({ runs }: OfflineResult): number[] {
  return runs.map(({ cpuSec }) => cpuSec);
}

function argumentOf(workload: string): number {
  return Number(workload.split('-')[1]);
}
