import type { TrafficReport } from '../counters/traffic-report.ts';
import { describeTraffic } from './describe-traffic.ts';

/** What `httplog top` shows at a moment. */
export interface TopMoment {
  interfaceName: string;
  isCapturing: boolean;
  report: TrafficReport;
  /** Exchanges of the last interval, by the second. */
  ratePerSecond: number;
  /** Packets and lines that were lost; undefined: none. */
  loss: string | undefined;
}

/** Where the first line begins; what is behind the cursor on its line, and below it. @see ECMA-48 section 8.3 */
const HOME = '\x1b[H';
const CLEAR_LINE = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

const MS_PER_SECOND = 1000;
const KEYS = 'q ends, r begins anew';

/** Whole lines, the first one of now, the others of what was seen so far. */
export function describeTop(moment: TopMoment): string[] {
  const { interfaceName, isCapturing, report, ratePerSecond, loss } = moment;
  const state = isCapturing ? `${Math.round(ratePerSecond)} a second` : 'waits for the interface';
  return [
    `httplog top on ${interfaceName}: ${state}. ${KEYS}`,
    ...(loss === undefined ? [] : [`Lost: ${loss}`]),
    ...(report.count === 0 ? ['', 'No exchange yet'] : describeTraffic(report)),
  ];
}

/** The lines in place of the screen's: cut to it, nothing left of what was there. */
export function drawScreen(lines: readonly string[], columns: number, rows: number): string {
  const shown = lines.slice(0, rows).map((line) => `${cut(line, columns)}${CLEAR_LINE}`);
  return `${HOME}${shown.join('\n')}${CLEAR_BELOW}`;
}

function cut(line: string, columns: number): string {
  return line.length > columns ? `${line.slice(0, columns - 1)}\u2026` : line;
}

/** Exchanges a second between two looks. */
export function findRate(countBefore: number, count: number, elapsedMs: number): number {
  return elapsedMs > 0 ? (Math.max(count - countBefore, 0) * MS_PER_SECOND) / elapsedMs : 0;
}
