import { createWriterCounters } from '../counters/writer-counts.ts';
import type { LineBatch } from '../format/line-batch.ts';
import type { AppendOutcome } from './batch-queue.ts';
import type { BatchWriter } from './batch-writer.ts';
import type { OutputKind } from './output-kind.ts';

/** Who takes lines in this process, and writes them nowhere. */
export interface ReportTarget {
  /** **Must be done with the bytes when it returns.** */
  take(lines: Uint8Array): void;
}

/** The report of the traffic at the end: an output like the others, so that workers know nothing of it. */
export const REPORT_KIND: OutputKind<ReportTarget> = {
  createTarget: ({ take = () => undefined }) => ({ take }),
  describe: () => 'the report at the end',
  nameOf: () => 'report',
  findLock: () => undefined,
  countNeeds: () => ({ descriptors: 0, threads: 0 }),
  open: async (target) => new ReportWriter(target),
};

/** Takes batches at once. What it takes is no line of the log, and counted as none. */
class ReportWriter implements BatchWriter {
  readonly counters = createWriterCounters();
  readonly upkeepCounters = undefined;
  readonly pendingBatches = 0;
  readonly #target: ReportTarget;

  constructor(target: ReportTarget) {
    this.#target = target;
  }

  async append({ bytes, byteLength }: LineBatch): Promise<AppendOutcome> {
    this.#target.take(bytes.subarray(0, byteLength));
    return { linesWritten: 0, linesDropped: 0 };
  }

  changeUpkeep(): void {
    // It has no files.
  }

  reopen(): void {
    // It has no files.
  }

  async close(): Promise<void> {
    // What was appended was taken.
  }
}
