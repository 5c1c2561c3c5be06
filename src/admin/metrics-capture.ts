import type { CaptureSnapshot } from './capture-snapshot.ts';
import {
  createHistogram,
  createLabelledMetric,
  createMetric,
  type Metric,
} from './metrics-text.ts';
import { type CountedRow, readUpkeepRows, readWorkerRows, readWriterRows } from './tally.ts';

/** A gauge of the capture that nobody counts: it is looked at when it is asked for. */
interface SnapshotRow {
  metric: string;
  help: string;
  note?: string;
  read(capture: CaptureSnapshot): number;
}

const CAPTURE_ROWS: readonly SnapshotRow[] = [
  {
    metric: 'httplog_capturing',
    help: '1 while packets are captured, else 0',
    read: ({ isCapturing }) => (isCapturing ? 1 : 0),
  },
  {
    metric: 'httplog_workers',
    help: 'Decode workers, each with a thread and a ring',
    read: ({ workersCount }) => workersCount,
  },
];

const FILE_ROWS: readonly SnapshotRow[] = [
  {
    metric: 'httplog_batches_pending',
    help: 'Batches of lines that wait for the disk',
    note: '128 at most',
    read: ({ pendingBatches }) => pendingBatches,
  },
  {
    metric: 'httplog_files_failing',
    help: 'Files that cannot be written now',
    read: ({ failingPaths }) => failingPaths.length,
  },
];

/** The metrics of a capture. They are there from the start, zero where nothing has happened. */
export function collectCaptureMetrics(capture: CaptureSnapshot): Metric[] {
  return [
    ...readWorkerRows(capture).flatMap(createRowMetric),
    ...CAPTURE_ROWS.map((row) => readSnapshotRow(row, capture)),
    ...readWriterRows(capture).flatMap(createRowMetric),
    ...FILE_ROWS.map((row) => readSnapshotRow(row, capture)),
    ...readUpkeepRows(capture.upkeep).flatMap(createRowMetric),
  ];
}

/** Nothing for a row that has no metric. */
function createRowMetric({ row, counts }: CountedRow): Metric[] {
  const { metric, help, note, label, bounds } = row;
  if (metric === undefined) {
    return [];
  }
  const names = { name: metric, help, note };
  const values = counts.map(([, count]) => count);
  if (bounds !== undefined) {
    const sum = values[bounds.length + 1];
    return [createHistogram(names, bounds, values.slice(0, bounds.length + 1), sum)];
  }
  const type = row.type === 'gauge' ? 'gauge' : 'counter';
  return [
    label === undefined
      ? createMetric(type, names, values[0])
      : createLabelledMetric(type, names, label, counts),
  ];
}

function readSnapshotRow(row: SnapshotRow, capture: CaptureSnapshot): Metric {
  const { metric: name, help } = row;
  return createMetric('gauge', { name, help, note: row.note }, row.read(capture));
}
