import type { CounterRow } from '../counters/counter-row.ts';
import { COUNTER_LINES_DROPPED, COUNTER_ROWS, COUNTER_SLOTS } from '../counters/counter-table.ts';
import type { Counters } from '../counters/counters.ts';
import { KIND_OTHER, readUnreadFrames } from '../counters/unread-frames.ts';
import { describeUnreadKind } from '../decode/unread-kinds.ts';
import { DELETE_REASONS } from '../log/upkeep.ts';
import type { CaptureSnapshot } from './capture-snapshot.ts';
import {
  createHistogram,
  createLabelledMetric,
  createMetric,
  type Metric,
} from './metrics-text.ts';

/** A metric of the capture that no decode worker counts. */
interface SnapshotRow {
  metric: string;
  type: 'counter' | 'gauge';
  help: string;
  note?: string;
  label?: string;
  read(capture: CaptureSnapshot): number | readonly (readonly [labelValue: string, number])[];
}

const SNAPSHOT_ROWS: readonly SnapshotRow[] = [
  {
    metric: 'httplog_capturing',
    type: 'gauge',
    help: '1 while packets are captured, else 0',
    read: ({ isCapturing }) => (isCapturing ? 1 : 0),
  },
  {
    metric: 'httplog_workers',
    type: 'gauge',
    help: 'Decode workers, each with a thread and a ring',
    read: ({ workersCount }) => workersCount,
  },
  {
    metric: 'httplog_frames_unread_total',
    type: 'counter',
    help: 'Frames that are not read, by what they carry',
    note: 'live those that pass the filter; UDP among them',
    label: 'kind',
    read: ({ counters }) =>
      readUnreadFrames(counters).map(([kind, count]) => [
        kind === KIND_OTHER ? 'other' : describeUnreadKind(kind),
        count,
      ]),
  },
  {
    metric: 'httplog_lines_written_total',
    type: 'counter',
    help: 'Lines or rows written',
    read: ({ writer }) => writer.linesWritten,
  },
  {
    metric: 'httplog_written_bytes_total',
    type: 'counter',
    help: 'Bytes of the lines written',
    read: ({ writer }) => writer.bytesWritten,
  },
  {
    metric: 'httplog_lines_dropped_total',
    type: 'counter',
    help: 'Lines lost: no buffer was free, or they were given up at the disk',
    note: '`no_buffer` = the disk did not keep up, `given_up` = a stop could not wait longer',
    label: 'reason',
    read: ({ counters, writer }) => [
      ['no_buffer', counters[COUNTER_LINES_DROPPED]],
      ['given_up', writer.linesDropped],
    ],
  },
  {
    metric: 'httplog_write_errors_total',
    type: 'counter',
    help: 'Writes and opens that failed',
    note: 'each try counts',
    read: ({ writer }) => writer.writeErrors,
  },
  {
    metric: 'httplog_files_opened_total',
    type: 'counter',
    help: 'Log files or databases opened',
    read: ({ writer }) => writer.filesOpened,
  },
  {
    metric: 'httplog_batches_pending',
    type: 'gauge',
    help: 'Batches of lines that wait for the disk',
    note: '128 at most',
    read: ({ pendingBatches }) => pendingBatches,
  },
  {
    metric: 'httplog_files_failing',
    type: 'gauge',
    help: 'Files that cannot be written now',
    read: ({ failingPaths }) => failingPaths.length,
  },
  {
    metric: 'httplog_files_rotated_total',
    type: 'counter',
    help: 'Daily files that were full and are followed by another one',
    note: 'databases as well; see `--rotate-size`',
    read: ({ upkeep }) => upkeep.filesRotated,
  },
  {
    metric: 'httplog_files_compressed_total',
    type: 'counter',
    help: 'Files compressed',
    note: 'see `--compress`',
    read: ({ upkeep }) => upkeep.filesCompressed,
  },
  {
    metric: 'httplog_compression_input_bytes_total',
    type: 'counter',
    help: 'Bytes of the compressed files before',
    read: ({ upkeep }) => upkeep.compressionInputBytes,
  },
  {
    metric: 'httplog_compression_output_bytes_total',
    type: 'counter',
    help: 'Bytes of the compressed files after',
    read: ({ upkeep }) => upkeep.compressionOutputBytes,
  },
  {
    metric: 'httplog_files_deleted_total',
    type: 'counter',
    help: 'Files deleted, by the option that asked for it',
    label: 'reason',
    read: ({ upkeep }) =>
      DELETE_REASONS.map((reason) => [reason.replace('-', '_'), upkeep.filesDeleted[reason]]),
  },
  {
    metric: 'httplog_upkeep_errors_total',
    type: 'counter',
    help: 'Files that could not be compressed or deleted, and directories that could not be read',
    note: 'each try counts',
    read: ({ upkeep }) => upkeep.upkeepErrors,
  },
];

/** The metrics of a capture. They are there from the start, zero where nothing has happened. */
export function collectCaptureMetrics(capture: CaptureSnapshot): Metric[] {
  const counted = Object.entries<CounterRow>(COUNTER_ROWS).flatMap(([name, row]) =>
    readCounterRow(row, COUNTER_SLOTS[name as keyof typeof COUNTER_ROWS], capture),
  );
  return [...counted, ...SNAPSHOT_ROWS.map((row) => readSnapshotRow(row, capture))];
}

/** Nothing for a row that has no metric. */
function readCounterRow(
  row: CounterRow,
  first: number,
  { counters, redactionNames }: CaptureSnapshot,
): Metric[] {
  const { metric, help, note, label, bounds } = row;
  if (metric === undefined) {
    return [];
  }
  if (bounds !== undefined) {
    const sumAt = first + bounds.length + 1;
    const counts = [...counters.subarray(first, sumAt)];
    return [createHistogram({ name: metric, help, note }, bounds, counts, counters[sumAt])];
  }
  const type = row.type === 'gauge' ? 'gauge' : 'counter';
  const names = { name: metric, help, note };
  return label === undefined
    ? [createMetric(type, names, counters[first])]
    : [
        createLabelledMetric(
          type,
          names,
          label,
          pairUp(row.values ?? redactionNames, counters, first),
        ),
      ];
}

/** Counters that stand one behind the other, each with its label's value. */
function pairUp(
  labelValues: readonly string[],
  counters: Counters,
  first: number,
): [string, number][] {
  return labelValues.map((labelValue, index) => [labelValue, counters[first + index]]);
}

function readSnapshotRow(row: SnapshotRow, capture: CaptureSnapshot): Metric {
  const { metric: name, type, help, note, label } = row;
  const value = row.read(capture);
  return typeof value === 'number'
    ? createMetric(type, { name, help, note }, value)
    : createLabelledMetric(type, { name, help, note }, label ?? '', value);
}
