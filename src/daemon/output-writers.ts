import type { LineBatch } from '../format/line-batch.ts';
import type { AppendOutcome, LogWriterCounters } from '../log/batch-queue.ts';
import type { BatchWriter } from '../log/batch-writer.ts';
import { type LogWriterEvents, openLogWriter } from '../log/log-writer.ts';
import type { OutputPlan } from './output-plan.ts';

export interface OutputWritersOptions {
  /** See `LogWriterOptions`. */
  policy: 'hold' | 'fail';
  events?: LogWriterEvents;
}

/** The writers of all outputs, as one: a batch knows which output it is of. */
export class OutputWriters {
  readonly #writers: readonly BatchWriter[];

  constructor(writers: readonly BatchWriter[]) {
    this.#writers = writers;
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

  get outputsCount(): number {
    return this.#writers.length;
  }

  /** See `BatchWriter.append`. */
  append(batch: LineBatch): Promise<AppendOutcome> {
    return this.#writers[batch.output].append(batch);
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
  plans: readonly OutputPlan[],
  options: OutputWritersOptions,
): Promise<OutputWriters> {
  const writers: BatchWriter[] = [];
  try {
    for (const { target } of plans) {
      writers.push(
        target.kind === 'lines'
          ? await openLogWriter(target.target, options)
          : // Loaded when asked for: it brings SQLite with it.
            await (await import('../log/sqlite-writer.ts')).openSqliteWriter(
              target.target,
              options,
            ),
      );
    }
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.close(0)));
    throw error;
  }
  return new OutputWriters(writers);
}
