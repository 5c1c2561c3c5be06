import type { WriterCounters } from '../counters/writer-counts.ts';
import type { HttplogError } from '../errors.ts';
import type { LineBatch } from '../format/line-batch.ts';
import type { AppendOutcome } from './batch-queue.ts';

/**
 * What becomes of a batch that is not to be queued: it has nothing in it, or its writer has ended, and then its lines
 * are dropped and counted. Undefined: it is to be queued.
 *
 * @param endError what the writer has ended with; null: nothing
 * @throws that error
 */
export function answerAtOnce(
  { byteLength, lineCount }: LineBatch,
  counters: WriterCounters,
  endError: HttplogError | null,
  isClosed: boolean,
): AppendOutcome | undefined {
  if (byteLength === 0) {
    return { linesWritten: 0, linesDropped: 0 };
  }
  if (endError === null && !isClosed) {
    return undefined;
  }
  counters.linesDropped += lineCount;
  if (endError !== null) {
    throw endError;
  }
  return { linesWritten: 0, linesDropped: lineCount };
}
