/**
 * A process of its own that appends numbered batches and tells on standard error, as one JSON line, how it
 * ended. Its argument is an `AppendTask` as JSON.
 */
import { HttplogError } from '../../src/errors.ts';
import { type LogWriterOptions, openLogWriter } from '../../src/log/log-writer.ts';
import type { OutputTarget } from '../../src/log/output-target.ts';
import { makeBatches } from './line-batches.ts';

export interface AppendTask {
  target: OutputTarget;
  /** The target's header. */
  header?: string;
  policy: LogWriterOptions['policy'];
  batchCount: number;
  closeMs: number;
  /** Becomes this user first. */
  uid?: number;
}

export interface AppendReport {
  counters?: Record<string, number>;
  errors: Array<{ code: string; exitCode: number; message: string }>;
}

const task = JSON.parse(process.argv[2]) as AppendTask;
if (task.uid !== undefined) {
  process.setgroups?.([]);
  process.setgid?.(task.uid);
  process.setuid?.(task.uid);
}
const report: AppendReport = { errors: [] };
const note = (error: unknown): void => {
  if (!(error instanceof HttplogError)) {
    throw error;
  }
  report.errors.push({ code: error.code, exitCode: error.exitCode, message: error.message });
};
try {
  const header = task.header === undefined ? undefined : new TextEncoder().encode(task.header);
  const target: OutputTarget = { ...task.target, header };
  const writer = await openLogWriter(target, { policy: task.policy, retryIntervalMs: 20 });
  const appends = makeBatches(task.batchCount).map((batch) => writer.append(batch).catch(note));
  if (task.policy === 'fail') {
    await Promise.all(appends);
  }
  await writer.close(task.closeMs);
  report.counters = { ...writer.counters };
} catch (error) {
  note(error);
}
process.stderr.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
