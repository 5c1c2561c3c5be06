/** Something that is counted, told once: slots, Prometheus' metric and docs/metrics.md are made from such rows. */
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
}

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
