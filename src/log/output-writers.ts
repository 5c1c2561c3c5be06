import {
  addWritten,
  createUpkeepCounters,
  createWriterCounters,
  type UpkeepCounters,
  type WriterCounters,
} from '../counters/writer-counts.ts';
import type { LineBatch } from '../format/line-batch.ts';
import type { AppendOutcome } from './batch-queue.ts';
import type { BatchWriter } from './batch-writer.ts';
import { refuseLockedOutputs } from './lock-places.ts';
import type { LogWriterEvents } from './log-writer.ts';
import type { WriterOptions } from './output-kind.ts';
import { kindOf, type PlacedOutput } from './output-kinds.ts';
import type { OutputLocks } from './output-locks.ts';
import type { Upkeep } from './upkeep.ts';

/** All outputs at one moment. */
export interface WritersSnapshot {
  writer: WriterCounters;
  /** What became of their files. */
  upkeep: UpkeepCounters;
  /** Batches that wait for the disk. */
  pendingBatches: number;
  /** Files that cannot be written at the moment. */
  failingPaths: readonly string[];
}

export interface OutputWritersOptions extends WriterOptions {
  events?: OutputEvents;
}

export interface OutputEvents extends LogWriterEvents {
  /** Told, with `hold`, where a second httplog would not be noticed. */
  onUnlocked?(text: string): void;
}

/** The writers of all outputs, as one: a batch knows which output it is of. */
export class OutputWriters {
  readonly #writers: readonly BatchWriter[];
  readonly #failingPaths: Set<string>;
  readonly #locks: OutputLocks | undefined;

  constructor(writers: readonly BatchWriter[], failingPaths: Set<string>, locks?: OutputLocks) {
    this.#writers = writers;
    this.#failingPaths = failingPaths;
    this.#locks = locks;
  }

  /** Of all outputs together. */
  get counters(): WriterCounters {
    const sum = createWriterCounters();
    for (const { counters } of this.#writers) {
      addWritten(sum, counters);
    }
    return sum;
  }

  /** Of all outputs together. */
  get upkeepCounters(): UpkeepCounters {
    const sum = createUpkeepCounters();
    for (const { upkeepCounters } of this.#writers) {
      if (upkeepCounters !== undefined) {
        addWritten(sum, upkeepCounters);
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

  /** See `BatchWriter.close`; every output is closed, whatever becomes of another. */
  async close(deadlineMs: number): Promise<void> {
    const closings = this.#writers.map((writer) => writer.close(deadlineMs));
    const failed = (await Promise.allSettled(closings)).find(({ status }) => status === 'rejected');
    this.#locks?.release();
    if (failed?.status === 'rejected') {
      throw failed.reason;
    }
  }
}

/**
 * Opens every output; those that were opened are closed again when one cannot be. A daemon keeps others from
 * them until they are closed.
 *
 * @throws HttplogError when an output cannot be written, or a daemon writes it
 */
export async function openOutputs(
  outputs: readonly PlacedOutput[],
  options: OutputWritersOptions,
): Promise<OutputWriters> {
  const locks = await lockForPolicy(outputs, options);
  const writers: BatchWriter[] = [];
  const failingPaths = new Set<string>();
  const watched = { ...options, events: watchFaults(options.events, failingPaths) };
  try {
    for (const { target } of outputs) {
      writers.push(await kindOf(target).open(target.target, watched));
    }
  } catch (error) {
    await Promise.all(writers.map((writer) => writer.close(0)));
    locks?.release();
    throw error;
  }
  return new OutputWriters(writers, failingPaths, locks);
}

/** A replay takes no lock, and does not load what takes them: several of them may write to one place. */
async function lockForPolicy(
  outputs: readonly PlacedOutput[],
  { policy, events }: OutputWritersOptions,
): Promise<OutputLocks | undefined> {
  if (policy === 'fail') {
    refuseLockedOutputs(outputs);
    return undefined;
  }
  return (await import('./output-locks.ts')).lockOutputs(outputs, (text) =>
    events?.onUnlocked?.(text),
  );
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
