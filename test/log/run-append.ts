import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { AppendReport, AppendTask } from './append-main.ts';

const MAIN_PATH = join(import.meta.dirname, 'append-main.ts');
/** For a shell line that has nothing to wait for. */
const TIMEOUT_MS = 30_000;

export interface AppendRun {
  report: AppendReport;
  /** What came out at the end of the shell line. */
  stdout: string;
}

/** Runs `append-main.ts` as `$APPEND` of a shell line, such as `$APPEND | head -n 3`. */
export function runAppend(shellLine: string, task: AppendTask): AppendRun {
  const child = spawnSync(
    'bash',
    [
      '-c',
      shellLine.replaceAll('$APPEND', '"$0" "$1" "$2"'),
      process.execPath,
      MAIN_PATH,
      JSON.stringify(task),
    ],
    {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const reportLine = child.stderr.split('\n').find((line) => line.startsWith('{'));
  if (reportLine === undefined) {
    throw new Error(`No report from the process: ${child.error ?? child.stderr}`);
  }
  return {
    report: JSON.parse(reportLine) as AppendReport,
    stdout: child.stdout,
  };
}
