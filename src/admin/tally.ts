import type { CounterRow } from '../counters/counter-row.ts';
import { COUNTER_LINES_DROPPED, COUNTER_ROWS, COUNTER_SLOTS } from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import {
  UPKEEP_COUNT_ROWS,
  type UpkeepCounters,
  WRITER_COUNT_ROWS,
  type WriterCounters,
} from '../counters/writer-counts.ts';

/** The counts of a run at one moment. */
export interface Tally {
  /** Of all workers together. */
  counters: Counters;
  /** Of the writers of all outputs together. */
  writer: WriterCounters;
  /** What redactions are counted for, in the order of their counters. */
  redactionNames: readonly string[];
}

/** A count, with its label's value where its row has a label. */
export type NamedCount = readonly [labelValue: string, count: number];

/** A row of a table with its counts. */
export interface CountedRow {
  row: CounterRow;
  counts: readonly NamedCount[];
}

/** All that the tables of workers and writers have, which the summary and the status are made of. */
export function readRows(tally: Tally): CountedRow[] {
  return [...readWorkerRows(tally), ...readWriterRows(tally)];
}

/** The counts of a histogram are those of its classes, and its sum. */
export function readWorkerRows(tally: Tally): CountedRow[] {
  return Object.entries<CounterRow>(COUNTER_ROWS).map(([name, row]) => {
    const first = COUNTER_SLOTS[name as keyof typeof COUNTER_ROWS];
    return { row, counts: readCounts(row, first, tally) };
  });
}

export function readWriterRows(tally: Tally): CountedRow[] {
  return Object.entries<CounterRow>(WRITER_COUNT_ROWS).map(([name, row]) => ({
    row,
    counts: readWritten(name as keyof WriterCounters, tally),
  }));
}

export function readUpkeepRows(upkeep: UpkeepCounters): CountedRow[] {
  return Object.entries<CounterRow>(UPKEEP_COUNT_ROWS).map(([name, row]) => {
    const count = upkeep[name as keyof UpkeepCounters];
    return { row, counts: typeof count === 'number' ? [['', count]] : namesOf(count) };
  });
}

/** Prometheus has no dash in the names that it has chosen, and none here for likeness. */
function namesOf(counts: Readonly<Record<string, number>>): NamedCount[] {
  return Object.entries(counts).map(([name, count]) => [name.replaceAll('-', '_'), count]);
}

function readCounts(
  { values, valuesMax, bounds }: CounterRow,
  first: number,
  { counters, redactionNames }: Tally,
): NamedCount[] {
  const names =
    bounds !== undefined
      ? [...bounds.map(String), '+Inf', 'sum']
      : (values ?? (valuesMax === undefined ? [''] : redactionNames));
  return names.map((name, index) => [name, counters[first + index]]);
}

/** Lines are dropped at two places. */
function readWritten(name: keyof WriterCounters, { counters, writer }: Tally): NamedCount[] {
  return name === 'linesDropped'
    ? [
        ['no_buffer', counters[COUNTER_LINES_DROPPED]],
        ['given_up', writer.linesDropped],
      ]
    : [['', writer[name]]];
}

/** Of one row, all its counts together. */
export function sumOf(counts: readonly NamedCount[]): number {
  return counts.reduce((sum, [, count]) => sum + count, 0);
}
