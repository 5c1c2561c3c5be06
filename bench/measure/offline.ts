import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Candidate } from '../peers/candidate.ts';
import type { Workload } from '../workloads/workloads.ts';
import { countMessages } from './count-messages.ts';
import { type Command, type Run, timeCommand } from './time-command.ts';

/** One candidate's rounds over one workload. */
export interface OfflineResult {
  workload: string;
  candidate: string;
  /** Lines that stand for a message each, counted in its output; undefined where it writes none. */
  messages?: number;
  runs: Run[];
  /** Why it was left out from then on. */
  failure?: string;
}

/** What it has said itself, not where the bench stood: that is for the report. */
export function describeFailure(error: unknown): string {
  return (error as Error).message.split('\n')[0];
}

type Reader = Candidate & Required<Pick<Candidate, 'readsCapture'>>;

/**
 * All candidates in turn, round by round, so that what disturbs the machine disturbs all of them. A round
 * before the first warms the page cache and counts the messages; it is not timed.
 */
export function measureOffline(
  workload: Workload,
  candidates: readonly Candidate[],
  rounds: number,
): OfflineResult[] {
  const readers = candidates.filter(
    (candidate): candidate is Reader => candidate.readsCapture !== undefined,
  );
  const folder = mkdtempSync(join(tmpdir(), 'httplog-bench-'));
  const output = join(folder, 'output');
  const results = readers.map(
    ({ name }): OfflineResult => ({ workload: workload.name, candidate: name, runs: [] }),
  );
  try {
    for (let round = -1; round < rounds; round++) {
      for (const [index, reader] of readers.entries()) {
        runRound(reader, results[index], workload, output, round);
      }
      const name = round < 0 ? 'warm-up' : `round ${round + 1} of ${rounds}`;
      console.log(`${workload.name}: ${name}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return results;
}

/** One that fails must not end a run of hours for the others. */
function runRound(
  reader: Reader,
  result: OfflineResult,
  workload: Workload,
  output: string,
  round: number,
): void {
  if (result.failure !== undefined) {
    return;
  }
  try {
    if (round >= 0) {
      result.runs.push(runReader(reader, workload, output, reader.isOutputDiscarded === true));
    } else {
      const messages = countOffline(reader, workload, output);
      Object.assign(result, messages !== undefined && { messages });
    }
  } catch (error) {
    result.failure = describeFailure(error);
    console.log(`${reader.name} has failed: ${result.failure}`);
  }
}

/** What the candidate finds in a workload; undefined where it writes no messages. */
export function countOffline(
  candidate: Candidate,
  workload: Workload,
  output: string,
): number | undefined {
  runReader(candidate as Reader, workload, output, candidate.messagePattern === undefined);
  return candidate.messagePattern === undefined
    ? undefined
    : countMessages(output, candidate.messagePattern);
}

function runReader(reader: Reader, workload: Workload, output: string, isDiscarded: boolean): Run {
  // Some make no file where there is nothing to write.
  writeFileSync(output, '');
  const command: Command = reader.readsCapture(workload.path, output, workload.filter);
  // Who writes to a file itself says nothing on standard output.
  const stdout = isDiscarded || command.includes(output) ? '/dev/null' : output;
  return timeCommand(command, stdout, reader.exitCodes);
}
