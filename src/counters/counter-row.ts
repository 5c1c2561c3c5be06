/**
 * Something that is counted, told once: slots, Prometheus' metric, docs/metrics.md, the summary of a run and `/status`
 * are made from such rows.
 */
export interface CounterRow {
  /** Its name in Prometheus; absent: the summary alone shows it. */
  metric?: string;
  /** A counter unless it says otherwise. */
  type?: 'gauge' | 'histogram';
  /** One sentence without a final period. */
  help: string;
  /** What the documentation says beyond that. */
  note?: string;
  /** A counter for each of the label's values, one behind the other. */
  label?: string;
  values?: readonly string[];
  /** Of a label whose values are known at run time alone: how many there may be. */
  valuesMax?: number;
  /** Of a histogram: upper bounds of its classes; behind them stand one for all that is larger, and the sum. */
  bounds?: readonly number[];
  /** Several workers together have the largest of their values, not the sum. */
  isLargest?: boolean;
  /** Absent: the summary does not have it. */
  summary?: SummaryPart;
  /** Where `/status` has the sum of its counts, and what stands there while that is zero. */
  status?: { key: string; atZero?: null };
}

/** What the summary of a run says of a row: its counts, each with words behind it. */
export interface SummaryPart {
  line: SummaryLine;
  /** Of the parts of a line the one with the smaller number stands first, whatever the order of the table. */
  place: number;
  /** Of its sum; or of each of its counts, which without words have the label's value. */
  words?: string | readonly string[];
  /** The first of the label's values that is told of; those that make up the sum stand in parentheses behind it. */
  detailsFrom?: number;
  /** Told of live runs, or of replays, alone. */
  of?: 'run' | 'replay';
  /** Left out at zero: the row as a whole, or each of its counts. */
  leavesOut?: 'row' | 'counts';
  /** Stands before it, instead of a comma and a space. */
  separator?: string;
}

export type SummaryLine = 'packets' | 'workers' | 'messages' | 'exchanges' | 'redactions' | 'lines';

/** Keys that rows have in `/status`, with the types of their values. */
export type StatusOf<Rows> = {
  -readonly [Name in keyof Rows as Rows[Name] extends { status: { key: infer Key extends string } }
    ? Key
    : never]: Rows[Name] extends { status: { atZero: null } } ? number | null : number;
};

/** Slots that a row takes. */
export function countSlots({ values, valuesMax, bounds }: CounterRow): number {
  return bounds === undefined ? (valuesMax ?? values?.length ?? 1) : bounds.length + 2;
}

/** The first slot of each row, in their order. */
export function layOutRows<Name extends string>(
  rows: Readonly<Record<Name, CounterRow>>,
): Readonly<Record<Name, number>> {
  let slot = 0;
  const places = Object.entries<CounterRow>(rows).map(([name, row]) => {
    const first = slot;
    slot += countSlots(row);
    return [name, first];
  });
  return Object.fromEntries(places);
}

/** Slots of all rows together. */
export function countAllSlots(rows: Readonly<Record<string, CounterRow>>): number {
  return Object.values(rows).reduce((sum, row) => sum + countSlots(row), 0);
}
