import { median } from '../measure/statistics.ts';
import { MICROSECONDS_PER_SECOND } from '../measure/units.ts';
import { carriedByRound, findResult, packetCostUs } from './figures.ts';
import { markdownTable, showNumber } from './markdown.ts';
import type { Report } from './report.ts';

const LINKS_GBIT = [10, 40, 100];
const BITS_PER_GBIT = 1e9;
/** Preamble, frame check sequence and gap, which no capture has. @see IEEE 802.3 */
const WIRE_OVERHEAD_BYTES = 24;
/** Share of a core that a worker may use in the mean, so that its ring takes a peak. */
const CORE_SHARE = 0.7;

/** What a link needs that is full of one workload in one direction. */
export interface LinkNeed {
  linkGbit: number;
  packetsPerSec: number;
  workers: number;
  /** Into the rings and out of them. */
  memoryGBytesPerSec: number;
}

/** @param costUs CPU microseconds of the workers for each packet */
export function needsOfLinks(bytesPerPacket: number, costUs: number): LinkNeed[] {
  return LINKS_GBIT.map((linkGbit) => {
    const packetsPerSec = (linkGbit * BITS_PER_GBIT) / (8 * (bytesPerPacket + WIRE_OVERHEAD_BYTES));
    const cores = (packetsPerSec * costUs) / MICROSECONDS_PER_SECOND;
    return {
      linkGbit,
      packetsPerSec,
      workers: Math.ceil(cores / CORE_SHARE),
      memoryGBytesPerSec: (2 * packetsPerSec * bytesPerPacket) / 1e9,
    };
  });
}

/** One row a workload and link, from what a packet costs at the highest load without loss. */
export function linkTable({ live, workloads }: Report): string | undefined {
  const rows = workloads.flatMap(({ name, bytes, packets }) => {
    const costUs = costAtHighestLoad(live?.results, name);
    return costUs === undefined
      ? []
      : needsOfLinks(bytes / packets, costUs).map((need) => [
          `\`${name}\`, ${need.linkGbit} GbE`,
          showNumber(costUs, 2),
          showNumber(need.packetsPerSec),
          showNumber(need.workers),
          showNumber(need.memoryGBytesPerSec, 1),
        ]);
  });
  const headings = ['a link full of', 'CPU us a packet', 'packets/s', 'workers', 'memory GB/s'];
  return rows.length === 0 ? undefined : markdownTable(headings, rows);
}

function costAtHighestLoad(
  results: NonNullable<Report['live']>['results'] | undefined,
  workload: string,
): number | undefined {
  const result = findResult(results, workload, 'httplog');
  const carried = carriedByRound(result);
  const costs = (result?.rounds ?? []).flatMap((steps, round) =>
    steps.filter(({ sentPerSec }) => sentPerSec === carried[round]).map(packetCostUs),
  );
  return costs.length === 0 ? undefined : median(costs);
}
