import { createUpkeepCounters, type UpkeepCounters } from '../counters/writer-counts.ts';
import { systemErrorName } from '../errors.ts';
import type { CompressedFile } from './compress-file.ts';
import { FAULT_REPORT_INTERVAL_MS } from './limits.ts';
import type { DeleteReason, UpkeepEvents } from './upkeep.ts';
import { describeSystemError, type WriteFault } from './write-fault.ts';

/** Counts and tells what became of files. */
export class UpkeepReports {
  readonly counters: UpkeepCounters = createUpkeepCounters();
  readonly #events: UpkeepEvents & { onFault?(fault: WriteFault): void };
  #reportedAtMs = Number.NEGATIVE_INFINITY;

  constructor(events: UpkeepEvents & { onFault?(fault: WriteFault): void }) {
    this.#events = events;
  }

  noteRotated(path: string, nextPath: string): void {
    this.counters.filesRotated += 1;
    this.#events.onRotate?.(path, nextPath);
  }

  noteCompressed(path: string, compressed: CompressedFile): void {
    const { bytesBefore, bytesAfter } = compressed;
    this.counters.filesCompressed += 1;
    this.counters.compressionInputBytes += bytesBefore;
    this.counters.compressionOutputBytes += bytesAfter;
    this.#events.onCompress?.(path, compressed.path, bytesBefore, bytesAfter);
  }

  noteDeleted(path: string, reason: DeleteReason, byteLength: number): void {
    this.counters.filesDeleted[reason] += 1;
    this.#events.onDelete?.(path, reason, byteLength);
  }

  /** Counted each time, told at most once in the interval: a directory may have many such files. */
  noteFault(path: string, verb: string, error: unknown): void {
    this.counters.upkeepErrors += 1;
    const nowMs = performance.now();
    if (nowMs - this.#reportedAtMs < FAULT_REPORT_INTERVAL_MS) {
      return;
    }
    this.#reportedAtMs = nowMs;
    this.#events.onFault?.({
      path,
      errorName: systemErrorName(error),
      message: `Cannot ${verb} ${path}: ${describeSystemError(error)}; it stays as it is`,
      hint: 'Look at the disk and at the permissions of its directory; httplog tries again every minute',
    });
  }
}
