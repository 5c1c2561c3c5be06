import { ratioOf, type Spread } from '../measure/statistics.ts';
import { KB_PER_MEBIBYTE } from '../measure/units.ts';
import {
  carriedByRound,
  findResult,
  liveCostRatio,
  offlineRatio,
  peakMemoryKb,
} from './figures.ts';
import type { Report } from './report.ts';

/** A promise of httplog's, and how the measurements tell whether it is kept. */
export interface Target {
  what: string;
  limit: number;
  /** `most`: the figure must not be above the limit; `least`: not below. */
  bound: 'most' | 'least';
  unit?: string;
  measure(report: Report): Spread | undefined;
}

export const TARGETS: readonly Target[] = [
  atMost(0.25, 'offline `site`, wall, against httpry', ({ offline }) =>
    offlineRatio(offline?.results, 'site', 'httplog', 'httpry', 'wallSec'),
  ),
  atMost(1.2, 'offline `site`, wall, against tcpdump, which parses nothing', ({ offline }) =>
    offlineRatio(offline?.results, 'site', 'httplog', 'tcpdump', 'wallSec'),
  ),
  atMost(1.2, 'offline `flood`, wall, against tcpdump likewise', ({ offline }) =>
    offlineRatio(offline?.results, 'flood', 'httplog', 'tcpdump', 'wallSec'),
  ),
  ...(
    [
      ['site', 'httpry', 0.25],
      ['site', 'tcpdump', 1.2],
      ['flood', 'tcpdump', 1.2],
    ] as const
  ).map(([workload, peer, limit]) =>
    atMost(limit, `offline \`${workload}\` with one worker, wall, against ${peer}`, ({ offline }) =>
      offlineRatio(offline?.results, workload, 'httplog-1', peer, 'wallSec'),
    ),
  ),
  atMost(0.35, 'live `site`, CPU per packet, against httpry', ({ live }) =>
    liveCostRatio(live?.results, 'site', 'httplog', 'httpry'),
  ),
  atMost(0.1, 'live `site`, CPU per packet, against the gopacket program', ({ live }) =>
    liveCostRatio(live?.results, 'site', 'httplog', 'gopacket'),
  ),
  {
    what: 'live `site`, load without loss, against the best peer that parses HTTP',
    limit: 1.5,
    bound: 'least',
    measure: carriedAgainstBestPeer,
  },
  atMost(0.65, 'one large capture with two workers, wall, against one', ({ offline }) =>
    offlineRatio(offline?.results, 'site', 'httplog-2', 'httplog-1', 'wallSec'),
  ),
  {
    what: 'peak memory, live `site`, with an 8 MB ring',
    limit: 130,
    bound: 'most',
    unit: 'MB',
    measure: ({ live }) => divide(peakMemoryKb(findResult(live?.results, 'site', 'httplog'))),
  },
];

/** Undefined where it was not measured. */
export function isMet(target: Target, report: Report): boolean | undefined {
  const measured = target.measure(report)?.median;
  if (measured === undefined) {
    return undefined;
  }
  return target.bound === 'most' ? measured <= target.limit : measured >= target.limit;
}

function atMost(limit: number, what: string, measure: Target['measure']): Target {
  return { what, limit, bound: 'most', measure };
}

/** httplog has no peer in itself, whatever its engine. */
function carriedAgainstBestPeer({ live, candidates }: Report): Spread | undefined {
  const carried = (name: string) => carriedByRound(findResult(live?.results, 'site', name));
  const ratios = candidates
    .filter(({ name, parsesHttp }) => parsesHttp && !name.startsWith('httplog'))
    .map(({ name }) => ratioOf(carried('httplog'), carried(name)))
    .filter((ratio) => ratio !== undefined);
  return ratios.toSorted((a, b) => a.median - b.median)[0];
}

function divide(peakKb: Spread | undefined): Spread | undefined {
  return (
    peakKb && {
      median: peakKb.median / KB_PER_MEBIBYTE,
      min: peakKb.min / KB_PER_MEBIBYTE,
      max: peakKb.max / KB_PER_MEBIBYTE,
    }
  );
}
