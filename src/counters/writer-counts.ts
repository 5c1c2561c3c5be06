import type { CounterRow } from './counter-row.ts';

/** Of a row: one count, or one of each of its label's values. */
type Counts<Rows extends Readonly<Record<string, CounterRow>>> = {
  -readonly [Name in keyof Rows]: Rows[Name] extends {
    values: readonly (infer Value extends string)[];
  }
    ? Record<Value, number>
    : number;
};

/** What the writer of an output counts, over all its files. */
export const WRITER_COUNT_ROWS = {
  linesWritten: {
    metric: 'httplog_lines_written_total',
    help: 'Lines or rows written',
    summary: { line: 'lines', place: 1, words: 'written' },
    status: { key: 'linesWritten' },
  },
  bytesWritten: {
    metric: 'httplog_written_bytes_total',
    help: 'Bytes of the lines written',
  },
  /** Given up: at the deadline of a stop, after an error that ends a replay, or after the stop. */
  linesDropped: {
    metric: 'httplog_lines_dropped_total',
    help: 'Lines lost: no buffer was free, or they were given up at the disk',
    note: '`no_buffer` = the disk did not keep up, `given_up` = a stop could not wait longer',
    label: 'reason',
    summary: { line: 'lines', place: 2, words: 'dropped' },
    status: { key: 'linesDropped' },
  },
  /** A try that fails again counts again. */
  writeErrors: {
    metric: 'httplog_write_errors_total',
    help: 'Writes and opens that failed',
    note: 'each try counts',
  },
  filesOpened: {
    metric: 'httplog_files_opened_total',
    help: 'Log files or databases opened',
  },
} as const satisfies Record<string, CounterRow>;

export type WriterCounters = Counts<typeof WRITER_COUNT_ROWS>;

/** What is counted of closed files. */
export const UPKEEP_COUNT_ROWS = {
  filesRotated: {
    metric: 'httplog_files_rotated_total',
    help: 'Daily files that were full and are followed by another one',
    note: 'databases as well; see `--rotate-size`',
  },
  filesCompressed: {
    metric: 'httplog_files_compressed_total',
    help: 'Files compressed',
    note: 'see `--compress`',
  },
  compressionInputBytes: {
    metric: 'httplog_compression_input_bytes_total',
    help: 'Bytes of the compressed files before',
  },
  compressionOutputBytes: {
    metric: 'httplog_compression_output_bytes_total',
    help: 'Bytes of the compressed files after',
  },
  filesDeleted: {
    metric: 'httplog_files_deleted_total',
    help: 'Files deleted, by the option that asked for it',
    label: 'reason',
    values: ['keep-days', 'keep-files', 'max-disk'],
  },
  upkeepErrors: {
    metric: 'httplog_upkeep_errors_total',
    help: 'Files that could not be compressed or deleted, and directories that could not be read',
    note: 'each try counts',
  },
} as const satisfies Record<string, CounterRow>;

export type UpkeepCounters = Counts<typeof UPKEEP_COUNT_ROWS>;

export function createWriterCounters(): WriterCounters {
  return createCounts(WRITER_COUNT_ROWS);
}

export function createUpkeepCounters(): UpkeepCounters {
  return createCounts(UPKEEP_COUNT_ROWS);
}

/** Adds what one output has counted to the counts of several. */
export function addWritten<C extends WriterCounters | UpkeepCounters>(sum: C, part: C): void {
  addEach(sum as Record<string, unknown>, part as Record<string, unknown>);
}

function createCounts<Rows extends Readonly<Record<string, CounterRow>>>(rows: Rows): Counts<Rows> {
  const counts = Object.entries<CounterRow>(rows).map(([name, { values }]) => [
    name,
    values === undefined ? 0 : Object.fromEntries(values.map((value) => [value, 0])),
  ]);
  return Object.fromEntries(counts);
}

function addEach(sum: Record<string, unknown>, part: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(part)) {
    if (typeof value === 'number') {
      sum[name] = (sum[name] as number) + value;
    } else {
      addEach(sum[name] as Record<string, unknown>, value as Record<string, unknown>);
    }
  }
}
