import type { UpkeepCounters, WriterCounters } from '../counters/writer-counts.ts';
import type { LineBatch } from '../format/line-batch.ts';
import type { AppendOutcome } from './batch-queue.ts';
import type { Upkeep } from './upkeep.ts';

/** What takes batches and keeps them: log files, or a database. */
export interface BatchWriter {
  readonly counters: WriterCounters;
  /** What became of closed files; undefined when nothing ever does. */
  readonly upkeepCounters: UpkeepCounters | undefined;
  /** Batches whose `append` has not settled yet. */
  readonly pendingBatches: number;
  /**
   * Appends a batch. **Its bytes belong to the writer until the promise settles**; `batch.bytes` may then
   * be another view than before, of the same length.
   *
   * @throws HttplogError when writing has failed for good; every later append rejects with the same error
   */
  append(batch: LineBatch): Promise<AppendOutcome>;
  /** From here on this holds for its daily files; nothing where it has none. */
  changeUpkeep(upkeep: Upkeep): void;
  /** What is written next goes to what then has the path's name, as after a rotation. */
  reopen(): void;
  /**
   * Waits until everything is written, at most so long, then counts the rest as dropped and closes.
   *
   * @throws HttplogError of a replay, when the end of what was written did not arrive
   */
  close(deadlineMs: number): Promise<void>;
}
