import type { LineBatch } from '../format/line-batch.ts';
import type { AppendOutcome, LogWriterCounters } from './batch-queue.ts';
import type { BatchWriter } from './batch-writer.ts';
import { type LogWriterEvents, openLogWriter } from './log-writer.ts';
import type { OutputTarget } from './output-target.ts';
import type { SqliteTarget } from './sqlite-target.ts';
import {
  addUpkeepCounters,
  createUpkeepCounters,
  type Upkeep,
  type UpkeepCounters,
} from './upkeep.ts';

/** Where one output's lines go: files of lines, or databases. */
export type OutputPlace =
  | { kind: 'sqlite'; target: SqliteTarget }
  | { kind: 'lines'; target: OutputTarget };

/** All outputs at one moment. */
export interface WritersSnapshot {
  writer: LogWriterCounters;
  /** What became of their files. */
  upkeep: UpkeepCounters;
  /** Batches that wait for the disk. */
  pendingBatches: number;
  /** Files that cannot be written at the moment. */
  failingPaths: readonly string[];
}

export interface OutputWritersOptions {
  /** See `LogWriterOptions`. */
  policy: 'hold' | 'fail';
  events?: LogWriterEvents;
}

/** The writers of all outputs, as one: a batch knows which output it is of. */
export class OutputWriters {
  readonly #writers: readonly BatchWriter[];
  readonly #failingPaths: Set<string>;

  constructor(writers: readonly BatchWriter[], failingPaths: Set<string>) {
    this.#writers = writers;
    this.#failingPaths = failingPaths;
  }

  /** Of all outputs together. */
  get counters(): LogWriterCounters {
    const sum = {
      linesWritten: 0,
      bytesWritten: 0,
      linesDropped: 0,
      writeErrors: 0,
      filesOpened: 0,
    };
    for (const { counters } of this.#writers) {
      sum.linesWritten += counters.linesWritten;
      sum.bytesWritten += counters.bytesWritten;
      sum.linesDropped += counters.linesDropped;
      sum.writeErrors += counters.writeErrors;
      sum.filesOpened += counters.filesOpened;
    }
    return sum;
  }

  /** Of all outputs together. */
  get upkeepCounters(): UpkeepCounters {
    const sum = createUpkeepCounters();
    for (const { upkeepCounters } of this.#writers) {
      if (upkeepCounters !== undefined) {
        addUpkeepCounters(sum, upkeepCounters);
      }
    }
    return sum;
  }

  /** Batches that wait, of all outputs together. */
  get pendingBatches(): number {
    return this.#writers.reduce((sum, { pendingBatches }) => sum + pendingBatches, 0);
  }

  /** Files that cannot be written at the moment: their batches wait. */
  findFailingPaths(): string[] {
    // What failed only when it was closed never recovers, and nothing of it waits.
    if (this.pendingBatches === 0) {
      this.#failingPaths.clear();
    }
    return [...this.#failingPaths];
  }

  snapshot(): WritersSnapshot {
    return {
      writer: this.counters,
      upkeep: this.upkeepCounters,
      pendingBatches: this.pendingBatches,
      failingPaths: this.findFailingPaths(),
    };
  }

  get outputsCount(): number {
    return this.#writers.length;
  }

  /** See `BatchWriter.append`. */
  append(batch: LineBatch): Promise<AppendOutcome> {
    return this.#writers[batch.output].append(batch);
  }

  /** From here on this holds for the daily files of every output. */
  changeUpkeep(upkeep: Upkeep): void {
    for (const writer of this.#writers) {
      writer.changeUpkeep(upkeep);
    }
  }

  reopen(): void {
    for (const writer of this.#writers) {
      writer.reopen();
    }
  }

  async close(deadlineMs: number): Promise<void> {
    await Promise.all(this.#writers.map((writer) => writer.close(deadlineMs)));
  }
}

/**
 * Opens every output; those that were opened are closed again when one cannot be.
 *
 * @throws HttplogError when an output cannot be written
 */
export async function openOutputs(
  outputs: readonly { target: OutputPlace }[],
  options: OutputWritersOptions,
): Promise<OutputWriters> {
  const writers: BatchWriter[] = [];
  const failingPaths = new Set<string>();
  const watched = { ...options, events: watchFaults(options.events, failingPaths) };
  try {
    for (const { target } of outputs) {
      writers.push(
        target.kind === 'lines'
          ? await openLogWriter(target.target, watched)
          : // Loaded when asked for: it brings SQLite with it.
            await (await import('./sqlite-writer.ts')).openSqliteWriter(target.target, watched),
      );
    }
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.close(0)));
    throw error;
  }
  return new OutputWriters(writers, failingPaths);
}

/** The events, passed on, and the set of what fails kept by them. */
function watchFaults(
  events: LogWriterEvents | undefined,
  failingPaths: Set<string>,
): LogWriterEvents {
  return {
    ...events,
    onFault(fault) {
      failingPaths.add(fault.path);
      events?.onFault?.(fault);
    },
    onRecovery(recovery) {
      failingPaths.delete(recovery.path);
      events?.onRecovery?.(recovery);
    },
  };
}
