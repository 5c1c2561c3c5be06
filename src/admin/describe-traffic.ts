import { findPercentile } from '../counters/duration-histogram.ts';
import type { RouteShare, TrafficReport, TrafficShare } from '../counters/traffic-report.ts';
import { describeDuration } from '../human-units.ts';
import { INCOMPLETE_NAMES, INCOMPLETE_NONE } from '../record/exchange.ts';
import { REPORT_COLUMNS, REPORT_ROWS_MAX } from './limits.ts';

/** The report of the traffic in words and columns, for somebody who looks at it. */

/** By first digit of the status code. */
const STATUS_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'];
const MEDIAN = 0.5;
const SLOWEST = 0.99;
const NS_PER_MS = 1e6;
const NUMBER_COLUMNS = 10;
const DURATION_COLUMNS = 9;
const HALF_COLUMNS = REPORT_COLUMNS / 2 - 1;
const ROUTE_COLUMNS = REPORT_COLUMNS - 2 * NUMBER_COLUMNS - 2 * DURATION_COLUMNS;

/** At most 80 columns and 24 lines, the first one empty; none where there was no exchange. */
export function describeTraffic(report: TrafficReport): string[] {
  if (report.count === 0) {
    return [];
  }
  return [
    '',
    describeRate(report),
    ...describeStatus(report),
    ...describeIncomplete(report),
    ...describeRoutes(report),
    ...describeBusiest(report),
  ];
}

function describeRate({ count, firstMs, lastMs, busiest }: TrafficReport): string {
  const spanMs = lastMs - firstMs;
  const exchanges = count === 1 ? '1 exchange' : `${groupDigits(count)} exchanges`;
  const span = describeDuration(Math.min(spanMs * NS_PER_MS, Number.MAX_SAFE_INTEGER));
  const rate =
    spanMs < 1000
      ? ''
      : `: ${groupDigits((count * 1000) / spanMs)} a second, ${groupDigits(busiest)} in the busiest`;
  return `${exchanges} in ${span}${rate}`;
}

/** Classes that no registry knows stand together. */
function describeStatus({ statusClasses }: TrafficReport): string[] {
  const others = statusClasses.subarray(STATUS_CLASSES.length);
  const parts = STATUS_CLASSES.map((name, firstDigit) => ({
    name,
    count: statusClasses[firstDigit],
  }));
  parts.push({ name: 'other', count: others.reduce((sum, count) => sum + count, 0) });
  return listCounts('Status:', parts);
}

function describeIncomplete({ incomplete }: TrafficReport): string[] {
  const parts = INCOMPLETE_NAMES.map((name, reason) => ({
    name: name.replace('_', ' '),
    count: reason === INCOMPLETE_NONE ? 0 : incomplete[reason],
  }));
  return listCounts('Not whole:', parts);
}

/** Those that are not 0, on as many lines as they need. */
function listCounts(title: string, parts: readonly { name: string; count: number }[]): string[] {
  const texts = parts
    .filter(({ count }) => count > 0)
    .map(({ name, count }) => `${name} ${groupDigits(count)}`);
  const lines: string[] = [];
  for (const [index, text] of texts.entries()) {
    const piece = index === texts.length - 1 ? text : `${text},`;
    const line = lines.at(-1) ?? title;
    if (line.length + 1 + piece.length > REPORT_COLUMNS) {
      lines.push(`  ${piece}`);
    } else {
      lines[Math.max(lines.length - 1, 0)] = `${line} ${piece}`;
    }
  }
  return lines;
}

function describeRoutes({ routes, others }: TrafficReport): string[] {
  const timed = [...routes]
    .filter(([, { durations }]) => durations.count > 0)
    .map(([name, route]) => ({ name, route, slowestNs: findPercentile(route.durations, SLOWEST) }))
    .sort((one, other) => other.slowestNs - one.slowestNs)
    .slice(0, REPORT_ROWS_MAX);
  if (timed.length === 0) {
    return [];
  }
  const note = others.routes === 0 ? '' : `, without ${groupDigits(others.routes)} exchanges`;
  return [
    '',
    routeRow(`Slowest routes${note}`, 'count', 'errors', 'p50', 'p99'),
    ...timed.map(({ name, route, slowestNs }) => describeRoute(name, route, slowestNs)),
  ];
}

function describeRoute(name: string, { count, errors, durations }: RouteShare, slowestNs: number) {
  const median = describeDuration(findPercentile(durations, MEDIAN));
  return routeRow(
    ...([name, groupDigits(count), groupDigits(errors)] as const),
    ...([median, describeDuration(slowestNs)] as const),
  );
}

function routeRow(name: string, count: string, errors: string, median: string, slowest: string) {
  return (
    cut(name, ROUTE_COLUMNS).padEnd(ROUTE_COLUMNS) +
    count.padStart(NUMBER_COLUMNS) +
    errors.padStart(NUMBER_COLUMNS) +
    median.padStart(DURATION_COLUMNS) +
    slowest.padStart(DURATION_COLUMNS)
  );
}

/** Hosts on the left, clients on the right. */
function describeBusiest({ hosts, clients, others }: TrafficReport): string[] {
  const left = describeShares('Busiest hosts', hosts, others.hosts);
  const right = describeShares('Busiest clients', clients, others.clients);
  const rows = Math.max(left.length, right.length);
  const gap = ' '.repeat(REPORT_COLUMNS - 2 * HALF_COLUMNS);
  return [
    '',
    ...Array.from({ length: rows }, (_, row) =>
      `${(left[row] ?? '').padEnd(HALF_COLUMNS)}${gap}${right[row] ?? ''}`.trimEnd(),
    ),
  ];
}

function describeShares(
  title: string,
  shares: ReadonlyMap<string, TrafficShare>,
  others: number,
): string[] {
  const busiest = [...shares]
    .sort(([, one], [, other]) => other.count - one.count)
    .slice(0, others > 0 ? REPORT_ROWS_MAX - 1 : REPORT_ROWS_MAX)
    .map(([name, { count }]) => shareRow(name === '' ? '-' : name, groupDigits(count)));
  const rest = others > 0 ? [shareRow('(later ones)', groupDigits(others))] : [];
  return [shareRow(title, 'count'), ...busiest, ...rest];
}

function shareRow(name: string, count: string): string {
  const columns = HALF_COLUMNS - NUMBER_COLUMNS;
  return cut(name, columns).padEnd(columns) + count.padStart(NUMBER_COLUMNS);
}

function cut(text: string, columns: number): string {
  return text.length > columns ? `${text.slice(0, columns - 1)}\u2026` : text;
}

/** `1,204` */
function groupDigits(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}
