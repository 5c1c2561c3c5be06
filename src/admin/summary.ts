import type { SummaryLine } from '../counters/counter-row.ts';
import {
  COUNTER_FRAMES_TRUNCATED,
  COUNTER_KERNEL_DROPS,
  COUNTER_KERNEL_FREEZES,
  COUNTER_KERNEL_PACKETS,
  COUNTER_LINES_DROPPED,
  COUNTER_MESSAGES_FIRST,
  COUNTER_PACKETS_ABANDONED,
  COUNTER_PACKETS_UNREAD,
  COUNTER_VERDICT_FIRST,
} from '../counters/counter-table.ts';
import { countFrames } from '../counters/counters.ts';
import { VERDICT_FIRST_UNDECODABLE, VERDICTS_COUNT } from '../decode/verdicts.ts';
import { TYPES_COUNT } from '../record/message-type.ts';
import { type CountedRow, readRows, sumOf, type Tally } from './tally.ts';

/** Lines of the summary in their order, by what they begin with. */
const LINES: readonly (readonly [line: SummaryLine, name: string])[] = [
  ['packets', 'Packets'],
  ['workers', 'Decode workers'],
  ['messages', 'Messages'],
  ['exchanges', 'Exchanges'],
  ['redactions', 'Redacted'],
  ['lines', 'Lines'],
];
/** Those that are left out while the first of their rows has counted nothing. */
const SELDOM: ReadonlySet<SummaryLine> = new Set(['workers', 'exchanges', 'redactions']);

/** Some words of a line, and what stands before them where others do. */
interface Piece {
  text: string;
  separator: string;
}

/** The lines of the summary of a live run. */
export function describeRun(tally: Tally): string[] {
  return describeLines(tally, 'run');
}

/**
 * The lines of the summary of a replay.
 *
 * @param cut the number of `-c` that left something unread, where one did
 */
export function describeReplay(tally: Tally, cut?: number): string[] {
  const [packets, ...others] = describeLines(tally, 'replay', [
    { text: `${countRead(tally)} read`, separator: '' },
  ]);
  return [cut === undefined ? packets : `${packets}; those behind -c ${cut} not read`, ...others];
}

/** @param packets what the line of packets begins with */
function describeLines(tally: Tally, of: 'run' | 'replay', packets: Piece[] = []): string[] {
  const rows = readRows(tally)
    .filter(({ row: { summary } }) => summary !== undefined && (summary.of ?? of) === of)
    .sort((one, other) => placeOf(one) - placeOf(other));
  return LINES.flatMap(([line, name]) => {
    const ofLine = rows.filter(({ row }) => row.summary?.line === line);
    if (SELDOM.has(line) && (ofLine.length === 0 || sumOf(ofLine[0].counts) === 0)) {
      return [];
    }
    const pieces = [...(line === 'packets' ? packets : []), ...ofLine.flatMap(describeRow)];
    const texts = pieces.map(({ text, separator }, index) => (index > 0 ? separator : '') + text);
    return `${name}: ${texts.join('')}`;
  });
}

function placeOf({ row }: CountedRow): number {
  return row.summary?.place ?? 0;
}

function describeRow({ row, counts }: CountedRow): Piece[] {
  const { words, detailsFrom, leavesOut, separator = ', ' } = row.summary ?? {};
  if (leavesOut === 'row' && sumOf(counts) === 0) {
    return [];
  }
  if (typeof words === 'string') {
    const told = counts.slice(detailsFrom ?? 0);
    const parts = told.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${count}`);
    const details = detailsFrom === undefined || parts.length === 0 ? '' : ` (${parts.join(', ')})`;
    return [{ text: `${sumOf(told)} ${words}${details}`, separator }];
  }
  return counts
    .map(([name, count], index) => ({ count, text: `${count} ${words?.[index] ?? name}` }))
    .filter(({ count }) => leavesOut !== 'counts' || count > 0)
    .map(({ text }, index) => ({ text, separator: index === 0 ? separator : ', ' }));
}

/** Whether lines say less than the packets did, or nothing: then the summary is told unasked. */
export function isNoteworthy(tally: Tally): boolean {
  const { counters } = tally;
  const undecodable = counters.subarray(
    COUNTER_VERDICT_FIRST + VERDICT_FIRST_UNDECODABLE,
    COUNTER_VERDICT_FIRST + VERDICTS_COUNT,
  );
  return (
    counters[COUNTER_FRAMES_TRUNCATED] > 0 ||
    undecodable.some((count) => count > 0) ||
    counters[COUNTER_PACKETS_UNREAD] > 0 ||
    countLinesDropped(tally) > 0 ||
    countMessages(tally) === 0
  );
}

/** Frames or packets read, whatever became of them. */
export function countRead({ counters }: Tally): number {
  return countFrames(counters);
}

export function countMessages({ counters }: Tally): number {
  const messages = counters.subarray(COUNTER_MESSAGES_FIRST, COUNTER_MESSAGES_FIRST + TYPES_COUNT);
  return messages.reduce((sum, count) => sum + count, 0);
}

/** Lines that found no buffer, and lines given up at the disk. */
export function countLinesDropped({
  counters,
  writer,
}: Pick<Tally, 'counters' | 'writer'>): number {
  return counters[COUNTER_LINES_DROPPED] + writer.linesDropped;
}

/** What was lost so far, in one line, or undefined when nothing was. Equal text = nothing new. */
export function describeLoss(tally: Tally): string | undefined {
  const { counters } = tally;
  const kernelDrops = counters[COUNTER_KERNEL_DROPS];
  const abandoned = counters[COUNTER_PACKETS_ABANDONED];
  const linesDropped = countLinesDropped(tally);
  if (kernelDrops + abandoned + linesDropped === 0) {
    return undefined;
  }
  return (
    `${kernelDrops} of ${counters[COUNTER_KERNEL_PACKETS]} packets dropped by the kernel` +
    ` (queue frozen ${counters[COUNTER_KERNEL_FREEZES]} times), ` +
    (abandoned === 0 ? '' : `${abandoned} left behind by a failed worker, `) +
    `${linesDropped} lines dropped`
  );
}
